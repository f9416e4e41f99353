"""The second stage: how likely a candidate is a micro-expression, from its evidence and what MEDN says of it.

Boosted regression trees (Friedman 2001; learned by scikit-learn's HistGradientBoostingClassifier, see `learn.py`) on
this spotter's own hits and false alarms in planted, that is synthetic, videos (the shipped one: 160 videos, 200 min, of
training and validation identities). Kept as plain arrays: nothing but NumPy is needed to use them.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from medn.model import AU_NAMES
from realtime.results import Event
from realtime.spotting.likeness import looks_like

LONGEST_S = 0.7
"""Published micro-expressions last up to 0.5–0.6 s (MMEW); what is measured longer than this is a macro-expression."""

DECISION_FILE = Path(__file__).with_name("decision.npz")


@dataclass(frozen=True, slots=True)
class Decision:
    """A forest of T trees with at most N nodes each; a leaf's children are the leaf itself."""

    names: NDArray[np.str_]
    """Of the features, in their order."""
    feature: NDArray[np.int16]
    """(T, N) index of the feature that a node looks at."""
    threshold: NDArray[np.float32]
    """(T, N): up to this value the way goes left."""
    left: NDArray[np.int16]
    right: NDArray[np.int16]
    value: NDArray[np.float32]
    """(T, N) what a leaf adds to the log odds."""
    depth: NDArray[np.int64]
    """() the longest way to a leaf."""
    calibration: NDArray[np.float64]
    """(2,) slope and offset of the log odds (Platt 1999), fitted on held-out videos."""

    def score(self, features: Mapping[str, float]) -> float:
        """Calibrated probability that a candidate of such `features` is a micro-expression. KeyError if one lacks."""
        x = np.array([features[name] for name in self.names], np.float32)
        trees = np.arange(len(self.feature))
        node = np.zeros(len(trees), np.intp)
        for _ in range(int(self.depth)):
            goes_left = x[self.feature[trees, node]] <= self.threshold[trees, node]
            node = np.where(goes_left, self.left[trees, node], self.right[trees, node])
        slope, offset = self.calibration
        return float(1 / (1 + np.exp(-(slope * self.value[trees, node].sum() + offset))))

    def save(self, path: Path) -> None:
        """Write the arrays."""
        np.savez_compressed(path, **asdict(self))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote; OSError or ValueError if it is not that."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(**arrays)


@cache
def shipped_decision() -> Decision:
    """The decision that travels with the package."""
    return Decision.load(DECISION_FILE)


def features(candidate: Event) -> dict[str, float]:
    """What a decision rests on: evidence, MEDN's action units and its surest class; 0 for those if it had no window."""
    aus = candidate.aus or dict.fromkeys(AU_NAMES, 0.0)
    return {**candidate.evidence, **aus, "class": max((candidate.emotion or {"none": 0.0}).values())}


def decide(candidate: Event, decision: Decision, least_score: float) -> Event:
    """The candidate with its score; accepted if that reaches the bound, otherwise rejected with the reason in words."""
    duration_s = candidate.offset_s - candidate.onset_s
    if duration_s > LONGEST_S:
        return replace(candidate, reason=f"macro-expression: it lasts {duration_s:.2f} s")
    score = decision.score(features(candidate))
    rejected = score < least_score
    return replace(
        candidate, score=score, reason=f"score {score:.2f}: like {looks_like(candidate.evidence)}" if rejected else ""
    )
