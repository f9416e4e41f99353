"""Speech as the face shows it: visemes of jaw, lips, mouth corners and cheeks, with stress, pauses and head beats.

The mouth runs through a series of targets, two for each syllable (a consonant, then a vowel). Each target has one
curve that rises from the target before and falls to the one after; together they interpolate smoothly between the
targets, so that neighbouring sounds blend (coarticulation).
"""

from collections.abc import Mapping

import numpy as np

from medn.synthetic.movements import Gesture, Movement
from medn.synthetic.timing import Curve

VOWELS: tuple[Mapping[str, float], ...] = (
    {"jawOpen": 0.36, "mouthLowerDown*": 0.45, "mouthUpperUp*": 0.15, "cheekSquint*": 0.03},  # a
    {"jawOpen": 0.22, "mouthStretch*": 0.20, "mouthLowerDown*": 0.40, "mouthUpperUp*": 0.15, "mouthSmile*": 0.03},  # e
    {"jawOpen": 0.10, "mouthStretch*": 0.28, "mouthSmile*": 0.06, "mouthLowerDown*": 0.20, "mouthUpperUp*": 0.15,
     "cheekSquint*": 0.05},  # i
    {"jawOpen": 0.22, "mouthFunnel": 0.40, "mouthLowerDown*": 0.1},  # o
    {"jawOpen": 0.08, "mouthPucker": 0.50, "mouthFunnel": 0.2},  # u
    {"jawOpen": 0.17, "mouthLowerDown*": 0.35, "mouthUpperUp*": 0.1},  # schwa
)  # fmt: skip
CONSONANTS: tuple[Mapping[str, float], ...] = (
    {"jawOpen": 0.0, "mouthPress*": 0.20, "mouthRollLower": 0.3, "mouthRollUpper": 0.2},  # p b m
    {"jawOpen": 0.03, "mouthRollLower": 0.35, "mouthUpperUp*": 0.25, "noseSneer*": 0.05},  # f v
    {"jawOpen": 0.05, "mouthLowerDown*": 0.25, "mouthStretch*": 0.08},  # t d n l s
    {"jawOpen": 0.05, "mouthLowerDown*": 0.25, "mouthStretch*": 0.08},
    {"jawOpen": 0.08, "mouthUpperUp*": 0.1},  # k g
    {"jawOpen": 0.06, "mouthFunnel": 0.4, "mouthPucker": 0.15},  # sh ch r
)
"""Weights of face units (`*`: Left and Right) for groups of sounds that look alike; our reading of the usual viseme
tables."""
PAUSE = 0.12
"""How often a syllable is followed by a pause of 0.1–0.5 s."""
STRESSED = 0.22
"""Share of the syllables that are stressed: wider, and often with a beat of the head."""


def speak(turn: tuple[float, float], syllables_hz: float, articulation: float, rng: np.random.Generator) -> Movement:
    """What the face does while it speaks from one time to another, ending with the mouth at rest."""
    start_s, end_s = turn
    sides = {"Left": float(rng.uniform(0.85, 1.1)), "Right": float(rng.uniform(0.85, 1.1))}
    knots: list[tuple[float, dict[str, float]]] = [(start_s, {})]
    beats: list[Gesture] = []
    at, phrase = start_s + 0.06, 1.0
    while at < end_s - 0.1:
        syllable_s = float(rng.uniform(0.7, 1.4)) / syllables_hz
        stressed = rng.random() < STRESSED
        loud = articulation * phrase * float(np.exp(rng.normal(0, 0.3))) * (1.35 if stressed else 0.85)
        knots.append((at, _target(CONSONANTS, loud, sides, rng)))
        knots.append((at + 0.5 * syllable_s, _target(VOWELS, loud, sides, rng)))
        if stressed:
            beats += _beat(at, rng)
        at += syllable_s
        if rng.random() < PAUSE and at < end_s - 0.5:
            knots.append((at + 0.05, {}))
            at += float(rng.uniform(0.1, 0.5))
            knots.append((at - 0.02, {}))
            phrase = float(np.exp(rng.normal(0, 0.25)))
    last_s = max(at, knots[-1][0] + 0.1)
    knots.append((last_s, {}))
    gestures = [
        Gesture(Curve(before, middle, after), target)
        for (before, _), (middle, target), (after, _) in zip(knots, knots[1:], knots[2:], strict=False)
        if target
    ]
    offset_s = max([last_s] + [beat.curve.offset_s for beat in beats])
    return Movement("speech", start_s, (start_s + last_s) / 2, offset_s, (*gestures, *beats))


def _target(
    sounds: tuple[Mapping[str, float], ...], loud: float, sides: Mapping[str, float], rng: np.random.Generator
) -> dict[str, float]:
    units: dict[str, float] = {}
    for pattern, weight in sounds[rng.integers(len(sounds))].items():
        size = loud * weight * float(rng.uniform(0.6, 1.4))
        if pattern.endswith("*"):
            for side, share in sides.items():
                units[pattern.rstrip("*") + side] = size * share * float(rng.uniform(0.9, 1.1))
        else:
            units[pattern] = size
    units["jawLeft"] = float(rng.normal(0, 0.05)) * loud
    return {name: float(np.clip(size, -1.0, 1.0)) for name, size in units.items()}


def _beat(at_s: float, rng: np.random.Generator) -> list[Gesture]:
    """What goes with a stressed syllable: the head dips or turns a little, the brows go along."""
    curve = Curve(at_s - 0.05, at_s + float(rng.uniform(0.08, 0.2)), at_s + float(rng.uniform(0.3, 0.6)))
    beats = []
    if rng.random() < 0.6:
        depth = float(rng.normal(0.7, 0.6))
        head = {"pitch_deg": depth, "y": 0.006 * depth, "yaw_deg": float(rng.normal(0, 0.2))}
        beats.append(Gesture(curve, head=head | {"roll_deg": float(rng.normal(0, 0.15))}))
    if rng.random() < 0.35:
        raised = float(rng.exponential(0.08))
        beats.append(Gesture(curve, {"browInnerUp": raised, "browOuterUpLeft": 0.6 * raised,
                                     "browOuterUpRight": 0.6 * raised}))  # fmt: skip
    return beats
