"""A decision on the matched filter's peaks, taught by movements added in traces: `peak_classifier.npz` and its like.

Positives are added movements that the filter found (and, where the truth is known, planted ones); negatives are the
peaks that the people in the recordings make themselves. Needs scikit-learn.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.recognition.classifier import PEAK_PRIOR, Classifier
from realtime.spotting.grid import Steps
from realtime.spotting.patterns import Patterns
from realtime.training.forest import fit_forest
from realtime.training.trace_peaks import INPUTS, Added, Peaks, find_peaks, overlapping, together

ADDED = 250
"""Movements that are added to a recording …"""
LEAST_APART_S = 0.5
"""… but no more than one in so many seconds, on average."""
LEAST_PEAKS = 10
"""Of either kind; from fewer nothing is learned."""


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """What one recording teaches."""

    added: Sequence[Added]
    """Movements that were added to its trace, found or not."""
    positives: Peaks
    """Peaks that are movements: added ones, and those that are known to be there."""
    negatives: Peaks
    """Peaks that are none."""
    seconds: float


def lesson(
    stretches: Sequence[Steps],
    patterns: Patterns,
    rng: np.random.Generator,
    truth_s: Sequence[tuple[float, float]] = (),
    added: int = ADDED,
    progress: Callable[[float], None] = lambda _: None,
    *,
    unlike: bool = False,
) -> Lesson:
    """Find the peaks of a recording's trace, and those of `added` movements that are added to it.

    `truth_s` are movements that are known to be there: their peaks are positives; what overlaps them less is left out.
    `unlike`: added movements differ from their patterns as movements in pictures do.
    """
    seconds = sum(steps.end_s - steps.first_s for steps in stretches)
    every_s = max(seconds / added, LEAST_APART_S)
    whole = sum(map(len, stretches))

    def after(before: int) -> Callable[[int], None]:
        return lambda count: progress((before + count) / whole)

    found: list[tuple[Peaks, list[Added]]] = []
    done = 0
    for steps in stretches:
        found.append(find_peaks(steps, patterns, rng, every_s, after(done), unlike=unlike))
        done += len(steps)
    plain = together(peaks for peaks, _ in found)
    each = [one for _, of_stretch in found for one in of_stretch]
    hit, near = overlapping(plain, truth_s), overlapping(plain, truth_s, 1e-6)
    positives = together([plain.part(hit), *(one.peaks for one in each)])
    return Lesson(each, positives, plain.part(~near), seconds)


def fit_peak_decision(lessons: Sequence[Lesson], seed: int, least_in_leaf: int = 8) -> Classifier:
    """Fit trees to the lessons of recordings. ValueError if they hold too little to learn from."""
    positives = together([one.positives for one in lessons])
    negatives = together([one.negatives for one in lessons])
    if min(len(positives.spans_s), len(negatives.spans_s)) < LEAST_PEAKS:
        raise ValueError("there are too few peaks to learn a decision from: give longer recordings")
    x = np.concatenate([negatives.inputs, positives.inputs])
    labels = np.arange(len(x)) >= len(negatives.spans_s)
    return fit_forest(x, labels, INPUTS, seed, least_in_leaf=least_in_leaf)


def log_odds(decision: Classifier, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n,) log odds of (n, `INPUTS`) peaks, as the pipeline takes them (`PEAK_PRIOR`)."""
    rows = (dict(zip(INPUTS, row.tolist(), strict=True)) for row in inputs)
    return np.array([decision.log_odds(row) for row in rows]) - PEAK_PRIOR
