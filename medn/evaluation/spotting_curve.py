"""Recall over false alarms a minute: detections ranked by score, matched one to one at IoU ≥ 0.5, pooled over videos.

From the highest score down, each detection takes the true interval that it overlaps most among those that are still
free (as in PASCAL VOC, Everingham et al. 2010); one that finds none is a false alarm. Detections of the same score
count together, so the curve does not depend on their order. Both recall and false alarms can only grow along it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medn.evaluation.spotting_metrics import IOU_AT_LEAST, iou

RATES_PER_MIN = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
"""The false alarms a minute at which recall is reported."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Detections of many videos, ranked together."""

    found_at: NDArray[np.float64]
    """(true intervals,) false alarms a minute at which each is found, in the videos' order; inf if it never is."""
    found_by: NDArray[np.int64]
    """(true intervals,) the detection that found it, counted through the videos; -1 if none did."""
    alarms_at: NDArray[np.float64]
    """(false alarms,) the scores of the false alarms, from the highest down."""
    minutes: float

    def recall(self, per_min: float, of: NDArray[np.bool_] | None = None) -> float:
        """The share found at no more than so many false alarms a minute, of all true intervals or those marked."""
        found = self.found_at if of is None else self.found_at[of]
        return float(np.mean(found <= per_min)) if len(found) else float("nan")

    def hits(self, per_min: float, of: NDArray[np.bool_] | None = None) -> int:
        """How many are found at no more than so many false alarms a minute."""
        found = self.found_at if of is None else self.found_at[of]
        return int(np.sum(found <= per_min))

    def score_at(self, per_min: float) -> float:
        """The lowest score from which on there are no more than so many false alarms a minute; -inf if any will do."""
        allowed = int(np.floor(per_min * self.minutes + 1e-9))
        if allowed >= len(self.alarms_at):
            return float("-inf")
        return float(np.nextafter(self.alarms_at[allowed], np.inf))  # that one is the first too many


def rank(
    truth: Sequence[ArrayLike],
    spotted: Sequence[ArrayLike],
    scores: Sequence[ArrayLike],
    duration_s: Sequence[float],
    iou_at_least: float = IOU_AT_LEAST,
) -> Ranking:
    """Rank the detections of many videos: of each its true intervals (n, 2) in s, its detections (m, 2) and their
    scores (m,), and its length.

    Raises ValueError if a video has not as many scores as detections.
    """
    spans = [np.asarray(s, np.float64).reshape(-1, 2) for s in truth]
    found = [np.asarray(s, np.float64).reshape(-1, 2) for s in spotted]
    values = [np.asarray(s, np.float64).reshape(-1) for s in scores]
    if [len(f) for f in found] != [len(v) for v in values]:
        raise ValueError("each detection needs one score.")
    minutes = float(sum(duration_s)) / 60
    overlaps = [iou(f, t) for f, t in zip(found, spans, strict=True)]
    first_true = np.cumsum([0, *(len(t) for t in spans)])
    which = [(video, k) for video, f in enumerate(found) for k in range(len(f))]
    every = np.concatenate([*values, np.zeros(0)])

    count = int(first_true[-1])
    taken = np.full(count, -1, np.int64)
    found_score = np.full(count, -np.inf)
    alarms: list[float] = []
    for number in np.argsort(-every, kind="stable"):
        video, k = which[number]
        row, first = overlaps[video][k], first_true[video]
        free = (taken[first : first + len(row)] < 0) & (row >= iou_at_least)
        if free.any():
            best = first + int(np.argmax(np.where(free, row, -1.0)))
            taken[best], found_score[best] = number, every[number]
        else:
            alarms.append(float(every[number]))
    alarms_at = np.array(alarms)
    with_it = np.searchsorted(-alarms_at, -found_score, side="right")  # false alarms of at least this score
    per_min = with_it / minutes if minutes > 0 else np.zeros(count)
    return Ranking(np.where(taken >= 0, per_min, np.inf), taken, alarms_at, minutes)
