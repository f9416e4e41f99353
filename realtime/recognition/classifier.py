"""The classifier: how likely a candidate is a micro-expression, from its features and what MEDN recognized in it.

Boosted regression trees (Friedman 2001; trained by scikit-learn's HistGradientBoostingClassifier, see
`realtime.training`) on
this spotter's own hits and false alarms in planted, that is synthetic, videos (the shipped one: 160 videos, 200 min, of
training and validation identities). Kept as plain arrays: nothing but NumPy is needed to use them.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medn.contract import AU_NAMES
from realtime.recognition.recognizer import Recognized
from realtime.spotting.features import FEATURES
from realtime.spotting.parameters import MAX_MICRO_S
from realtime.spotting.trees import Trees
from realtime.types import Candidate

INPUTS = (*FEATURES, "micro", *AU_NAMES, "class")
"""What a classifier may use: the candidate's features, MEDN's "is a micro-expression", its action units, and the
probability of its most probable class."""

CLASSIFIER_FILE = Path(__file__).with_name("classifier.npz")
PEAK_CLASSIFIER_FILE = Path(__file__).with_name("peak_classifier.npz")
BUMP_PRIOR = 1.0
PEAK_PRIOR = 3.5
"""Micro-expressions are rarer in a recording than among the candidates that the classifiers were trained on: the log
odds of bumps and peaks are lowered by so much.

Chosen on generated people of validation who rest and on implants in real footage, development seeds:
docs/benchmarks/2026-11-28-two-stages.md.
"""


@dataclass(frozen=True, slots=True)
class Classifier(Trees):
    """Trees whose leaves (T, N) add to the log odds."""

    names: NDArray[np.str_]
    """Of the inputs, in their order: some of `INPUTS`."""
    calibration: NDArray[np.float64]
    """(2,) slope and offset of the log odds (Platt 1999), fitted on held-out videos."""

    def log_odds(self, inputs: Mapping[str, float]) -> float:
        """Calibrated log odds that a candidate of such `inputs` is a micro-expression; KeyError if one is missing."""
        x = np.array([inputs[name] for name in self.names], np.float32)
        slope, offset = self.calibration
        return float(slope * self.leaves(x).sum() + offset)


@cache
def shipped_classifier() -> Classifier:
    """The classifier that ships with the package."""
    return Classifier.load(CLASSIFIER_FILE)


@cache
def shipped_peak_classifier() -> Classifier:
    """The classifier of the matched filter's peaks that ships with the package."""
    return Classifier.load(PEAK_CLASSIFIER_FILE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The classifier's answer for one candidate."""

    score: float
    """0–1: calibrated probability of a micro-expression; 0 for a movement that is too long to be one."""
    reason: str
    """Why it is rejected, as a sentence; empty where it is accepted."""


def classify(
    candidate: Candidate, recognized: Recognized, score_threshold: float, peaks: Classifier | None = None
) -> Verdict:
    """Accept a candidate whose score reaches the threshold; reject another with its reason.

    Each stage has its classifier, that of the peaks is the shipped one or `peaks`; a movement is a micro-expression by
    one or the other with the sum of both odds, each lowered by its prior.
    """
    duration_s = candidate.offset_s - candidate.onset_s
    if duration_s > MAX_MICRO_S:
        return Verdict(0.0, f"macro-expression: it lasts {duration_s:.2f} s")
    bump = None
    if candidate.features:
        bump = shipped_classifier().log_odds(classifier_inputs(candidate.features, recognized))
    peak = (peaks or shipped_peak_classifier()).log_odds(candidate.peak) if candidate.peak else None
    score = score_of(bump, peak)
    if score >= score_threshold:
        return Verdict(score, "")
    return Verdict(score, f"score {score:.2f}: like {_likely_cause(candidate)}")


def score_of(bump: float | None, peak: float | None) -> float:
    """The score, 0–1, from the log odds of both classifiers, None where a stage found nothing."""
    log_odds = -math.inf if bump is None else bump - BUMP_PRIOR
    if peak is not None:
        log_odds = float(np.logaddexp(log_odds, peak - PEAK_PRIOR))
    return 1 / (1 + math.exp(-log_odds))


def classifier_inputs(features: Mapping[str, float], recognized: Recognized) -> dict[str, float]:
    """`INPUTS` of a candidate; 0 for action units and class where the network had no window."""
    aus = recognized.aus or dict.fromkeys(AU_NAMES, 0.0)
    surest = max((recognized.emotion or {"none": 0.0}).values())
    return {**features, "micro": recognized.micro, **aus, "class": surest}


def _likely_cause(candidate: Candidate) -> str:
    """What a rejected candidate most looks like: an explanation for the user, not part of the decision."""
    if not candidate.features:
        return _UNREST.format_map(candidate.peak)
    cause = next((text for applies, text in _CAUSES if applies(candidate.features)), _FAINT)
    return cause.format_map(candidate.features)


_CAUSES: tuple[tuple[Callable[[Mapping[str, float]], bool], str], ...] = (
    (lambda e: e["eyes_shut"] > 0.05, "a blink: the lids move by {eyes_pct:.1f} % of the eye distance"),
    (
        lambda e: max(e["head_x"], e["head_y"]) > 0.06,
        "head motion: {head_x:.2f} eye distances across, {head_y:.2f} down",
    ),
    (lambda e: e["jaw_before"] + e["jaw_after"] > 0.05, "speech: the jaw moves before or after"),
    (
        lambda e: max(e["mouth_pct_before"], e["brows_pct_before"]) > 0.9 * e["amplitude_pct"],
        "part of a longer movement: as much moves before it",
    ),
    (lambda e: max(e["gaze_x"], e["gaze_y"]) > 0.3, "a glance: the gaze moves"),
)
_UNREST = "what this face does anyway: {size_pct:.1f} % of the eye distance, {statistic:.1f} deviations"
_FAINT = "chance: {amplitude_pct:.2f} % of the eye distance"
