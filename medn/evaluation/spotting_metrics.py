"""How well movements are spotted in long videos: intervals matched one to one at IoU ≥ 0.5, counts pooled over videos.

The rules are those of the Micro-Expression Grand Challenge (MEGC 2020 and later, Li et al.): a spotted interval is a
hit where its intersection with a true one is at least half of their union, counts are added up over all videos, and
precision, recall and F1 come from the sums. Intervals are (M, 2) arrays of onset_s and offset_s, of one face.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

IOU_AT_LEAST = 0.5


@dataclass(frozen=True, slots=True)
class SpottingScores:
    """Pooled counts of hits, false alarms and misses; the shares are NaN where nothing can be divided."""

    tp: int
    fp: int
    fn: int
    duration_s: float

    @property
    def precision(self) -> float:
        """The share of the spotted intervals that are hits."""
        return _share(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """The share of the true intervals that were hit."""
        return _share(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return _share(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def false_alarms_per_min(self) -> float:
        """False alarms in a minute of video."""
        return _share(self.fp, self.duration_s / 60)


@dataclass(frozen=True, slots=True)
class AmplitudeBin:
    """How many of the true movements with an amplitude in [low, high) were hit."""

    low: float
    high: float
    hits: int
    movements: int


def spotting_scores(
    truth: Sequence[ArrayLike],
    spotted: Sequence[ArrayLike],
    duration_s: Sequence[float],
    iou_at_least: float = IOU_AT_LEAST,
) -> SpottingScores:
    """Pooled scores of many videos: of each its true intervals, its spotted intervals and its length."""
    hits = sum(len(match(t, s, iou_at_least)) for t, s in zip(truth, spotted, strict=True))
    return SpottingScores(
        tp=hits,
        fp=sum(len(_intervals(s)) for s in spotted) - hits,
        fn=sum(len(_intervals(t)) for t in truth) - hits,
        duration_s=float(sum(duration_s)),
    )


def match(truth: ArrayLike, spotted: ArrayLike, iou_at_least: float = IOU_AT_LEAST) -> list[tuple[int, int]]:
    """(true, spotted) index pairs: as many as can be matched one to one; of those ways the one with most overlap."""
    overlap = iou(truth, spotted)
    if not overlap.size:
        return []
    from scipy.optimize import linear_sum_assignment  # loaded here, because the app's start does without SciPy

    allowed = overlap >= iou_at_least
    # one more pair always outweighs any gain in overlap
    gain = np.where(allowed, min(overlap.shape) + overlap, 0.0)
    rows, columns = linear_sum_assignment(gain, maximize=True)
    return [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if allowed[r, c]]


def iou(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """(M, N): intersection over union of each of (M, 2) intervals with each of (N, 2); 0 where both are empty."""
    first, second = _intervals(a)[:, None, :], _intervals(b)[None, :, :]
    shared = np.minimum(first[..., 1], second[..., 1]) - np.maximum(first[..., 0], second[..., 0])
    shared = np.maximum(shared, 0.0)
    union = np.ptp(first, axis=-1) + np.ptp(second, axis=-1) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def recall_by_amplitude(amplitude: ArrayLike, hit: ArrayLike, edges: Sequence[float]) -> list[AmplitudeBin]:
    """The true movements' (M,) amplitudes (% iod) and whether each was hit, counted between neighbouring `edges`."""
    size, found = np.asarray(amplitude, np.float64), np.asarray(hit, np.bool_)
    bins = []
    for low, high in itertools.pairwise(edges):
        inside = (size >= low) & (size < high)
        bins.append(AmplitudeBin(low, high, int((inside & found).sum()), int(inside.sum())))
    return bins


def _intervals(values: ArrayLike) -> NDArray[np.float64]:
    intervals = np.asarray(values, np.float64)
    if not intervals.size:
        return np.empty((0, 2))
    if intervals.ndim != 2 or intervals.shape[1] != 2 or (intervals[:, 1] < intervals[:, 0]).any():
        raise ValueError("Intervals must be rows of onset and offset in seconds, with no offset before its onset.")
    return intervals


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
