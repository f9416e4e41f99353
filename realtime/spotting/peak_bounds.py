"""Onset, apex and offset of a movement at a peak of the matched filter, read from the course around it by trees.

The peak itself is the middle of the symmetric movement that fits best; true ones rise and fall as they like. Extremely
randomised regression trees (Geurts et al. 2006) were taught by movements added in traces, whose bounds are known
(`realtime.training.peak_bounds`), and ship as `peak_bounds.npz`.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from realtime.spotting.detector import Peak
from realtime.spotting.responses import GRID_HZ
from realtime.spotting.trees import Trees

PEAK_BOUNDS_FILE = Path(__file__).with_name("peak_bounds.npz")
COURSE_STEPS = 15
"""Steps of the course on either side of the peak that are looked at: half a second."""
STATISTIC = 1
"""The place of the peak's statistic among `bounds_inputs`."""
LEAST_S = 0.04
"""From onset to apex, and from apex to offset."""
MOST_APART_S = 0.2
"""The apex lies no further from the peak."""


class Span(NamedTuple):
    """When a movement begins, peaks and ends."""

    onset_s: float
    apex_s: float
    offset_s: float


@dataclass(frozen=True, slots=True)
class PeakBounds(Trees):
    """Trees whose leaves (T, N, 3) hold onset, apex and offset, s from the peak."""

    def __call__(self, peak: Peak) -> Span:
        """The bounds of the movement at a peak."""
        onset, apex, offset = self.leaves(bounds_inputs(peak)).mean(axis=0).tolist()
        apex = min(max(apex, -MOST_APART_S), MOST_APART_S)
        at_s = peak.moment.time_s
        return Span(at_s + min(onset, apex - LEAST_S), at_s + apex, at_s + max(offset, apex + LEAST_S))


@cache
def shipped_peak_bounds() -> PeakBounds:
    """The trees that ship with the package."""
    return PeakBounds.load(PEAK_BOUNDS_FILE)


def bounds_inputs(peak: Peak) -> NDArray[np.float32]:
    """(n,) of a peak: its duration and statistic, the shares of the four lengths, its course and its part of the face.

    The course reaches over `COURSE_STEPS` on either side, from the level beside the movement, in units of its height.
    """
    statistic = peak.moment.statistic[peak.part]
    course, middle = peak.course.astype(np.float64), len(peak.course) // 2
    steps = np.arange(-COURSE_STEPS, COURSE_STEPS + 1)
    near = np.interp(steps, np.arange(len(course)) - middle, course)
    t, half_s = steps / GRID_HZ, peak.duration_s / 2
    bump = np.where(np.abs(t) <= half_s, 0.5 * (1 + np.cos(np.pi * t / half_s)), 0.0)
    fitted = np.abs(t) <= half_s + 0.13
    design = np.stack([bump, np.ones_like(t), t], axis=1)
    (size, level, _), *_ = np.linalg.lstsq(design[fitted], near[fitted], rcond=None)
    shape = np.clip((near - level) / (abs(size) + 0.5), -3, 3)
    shares = statistic / (statistic.max() + 0.5)
    return np.array([peak.duration_s, statistic.max(), *shares, *shape, peak.part], np.float32)
