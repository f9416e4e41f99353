"""The trees that read a movement's bounds from the course at a peak, taught by movements added in traces."""

from collections.abc import Sequence

import numpy as np

from realtime.spotting.peak_bounds import STATISTIC, PeakBounds
from realtime.training.forest import fit_regression
from realtime.training.peak_decision import LEAST_PEAKS, Lesson

TREES = 80
LEAST_IN_LEAF = 6
LEAST_Z = 5.0
"""Of fainter movements a course shows mostly something else …"""
LEAST_STATISTIC = 2.5
"""… and so it does at lower peaks."""


def fit_peak_bounds(lessons: Sequence[Lesson], seed: int) -> PeakBounds:
    """Fit regression trees to the movements that were added in recordings. ValueError if they are too few."""
    x, bounds = [], []
    for added in (one for each in lessons for one in each.added if one.z >= LEAST_Z):
        curve = added.movement.curve
        for at_s, inputs in added.near:
            if inputs[STATISTIC] >= LEAST_STATISTIC:
                x.append(inputs)
                bounds.append((curve.onset_s - at_s, curve.apex_s - at_s, curve.offset_s - at_s))
    if len(x) < LEAST_PEAKS:
        raise ValueError(
            "there are too few movements that stand out to learn their bounds from: give longer recordings"
        )
    return PeakBounds(**fit_regression(np.array(x), np.array(bounds), seed, trees=TREES, least_in_leaf=LEAST_IN_LEAF))
