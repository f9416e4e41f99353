"""Which action units make which class of emotion, for training pairs: textbook priors, so that no database is touched.

After the FACS manual's and EMFACS' prototypes and their parts (Ekman, Friesen & Hager 2002): micro-expressions seldom
show a whole prototype, so single units and pairs come most. Weights are our reading. Contempt (AU14) and what holds an
expression back (AU15, AU17, AU24) count as negative, as in the three classes of MEGC 2019.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from medn.data.movements import Emotion
from medn.model import AU_NAMES

COMBINATIONS: Mapping[Emotion, Mapping[tuple[int, ...], float]] = {
    "negative": {
        (4,): 6, (7,): 3, (9,): 2, (10,): 2.5, (14,): 2, (15,): 1.5, (17,): 2, (20,): 0.7, (24,): 0.5,
        (4, 7): 5, (4, 9): 2, (4, 10): 1.5, (7, 10): 1, (9, 10): 1, (4, 7, 9): 1, (4, 7, 10): 1, (4, 9, 10): 0.7,
        (1, 4): 1.5, (1, 15): 0.5, (1, 4, 15): 0.7, (1, 2, 4): 0.7, (1, 2, 4, 5): 0.5, (4, 5): 1, (4, 5, 7): 1,
        (15, 17): 3, (4, 15): 0.7, (4, 17): 0.7, (7, 17): 0.4, (10, 17): 0.4, (17, 24): 0.4, (15, 17, 24): 0.3,
        (4, 14): 0.7, (14, 17): 0.5, (4, 6, 7): 0.5, (6, 7): 0.3,
    },
    "positive": {
        (12,): 7, (6,): 1, (6, 12): 5, (12, 25): 1, (6, 12, 25): 1, (6, 7, 12): 0.7, (7, 12): 0.7, (10, 12): 0.5,
        (12, 17): 0.4, (12, 14): 0.4, (12, 15): 0.2,
    },
    "surprise": {
        (1, 2): 7, (1,): 1.5, (2,): 2, (5,): 1, (26,): 0.3, (1, 2, 5): 2, (2, 5): 0.7, (1, 2, 25): 1, (1, 2, 26): 1,
        (1, 2, 5, 26): 0.7, (1, 2, 7): 0.2,
    },
}  # fmt: skip
"""Action units that show a class of emotion, with how often, by class."""
CONTEMPT: Mapping[tuple[int, ...], float] = {(12,): 1.2, (12, 14): 1.5, (14,): 1.5}
"""Action units that show contempt where they come on one side of the face only, with how often among negative ones."""


class Combination(NamedTuple):
    """Action units that move together."""

    emotion: Emotion
    units: tuple[str, ...]
    one_sided: bool = False
    """Whether it means this emotion on one side of the face only; the others come on both sides or on one."""


def draw_combination(rng: np.random.Generator) -> Combination:
    """Action units and the class of emotion that they show.

    Half of the time each class comes as often, half of the time each of the network's action units: else the rarer
    ones (AU9, AU10, AU14, AU15) would be seen too seldom to be learned.
    """
    if rng.random() < 0.5:
        emotion = tuple(COMBINATIONS)[rng.integers(len(COMBINATIONS))]
        weights = {drawn: weight for drawn, weight in _WEIGHTS.items() if drawn.emotion == emotion}
    else:
        unit = str(rng.choice(AU_NAMES))
        weights = {drawn: weight for drawn, weight in _WEIGHTS.items() if unit in drawn.units}
    chances = np.array(list(weights.values()))
    return tuple(weights)[rng.choice(len(weights), p=chances / chances.sum())]


def _named(units: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(f"AU{number}" for number in units)


_TABLES: tuple[tuple[Emotion, Mapping[tuple[int, ...], float], bool], ...] = (
    ("negative", COMBINATIONS["negative"], False),
    ("negative", CONTEMPT, True),
    ("positive", COMBINATIONS["positive"], False),
    ("surprise", COMBINATIONS["surprise"], False),
)
_WEIGHTS = {
    Combination(emotion, _named(units), one_sided): weight
    for emotion, table, one_sided in _TABLES
    for units, weight in table.items()
}
