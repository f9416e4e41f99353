"""The limit of detection over time, as a viewer shows it: stretches to draw, the values at a moment, a summary."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from realtime.types import FACE_PARTS

STEP_S = 0.5
"""Limits change slowly; what is shown is their mean over so long, which does not flicker."""

PartLimits = tuple[float | None, float | None]
"""Of the upper and the lower face, in % iod; None: not judged."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time with the same limits, to 0.1 % iod."""

    start_s: float
    end_s: float
    limit_pct: PartLimits


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """The limit of detection of one face at n moments."""

    times_s: NDArray[np.float64]
    """(n,)"""
    limit_pct: NDArray[np.floating]
    """(n, 2) of the upper and the lower face, % iod; NaN: not judged."""

    def stretches(self) -> list[Stretch]:
        """The course in steps of `STEP_S`; a step is judged if at least half of its moments were.

        Between two stretches lie times without this face.
        """
        if not len(self.times_s):
            return []
        steps = np.floor(self.times_s / STEP_S)
        first = np.flatnonzero(np.diff(steps, prepend=-np.inf))
        count = np.diff(first, append=len(steps))[:, None]
        judged = np.add.reduceat(~np.isnan(self.limit_pct), first, dtype=np.int64)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.add.reduceat(np.nan_to_num(self.limit_pct), first) / judged
        shown = np.where(2 * judged >= count, np.round(mean, 1), np.nan)
        result: list[Stretch] = []
        for step, pcts in zip(steps[first] * STEP_S, shown.tolist(), strict=True):
            limit_pct = (_or_none(pcts[0]), _or_none(pcts[1]))
            before = result[-1] if result else None
            if before is not None and before.end_s == step and before.limit_pct == limit_pct:
                result[-1] = Stretch(before.start_s, step + STEP_S, limit_pct)
            else:
                result.append(Stretch(float(step), float(step + STEP_S), limit_pct))
        return result


def limits_at(stretches: Sequence[Stretch], time_s: float) -> PartLimits:
    """The limits at a time; nothing is judged between stretches."""
    place = bisect_right(stretches, time_s, key=lambda stretch: stretch.start_s) - 1
    return stretches[place].limit_pct if place >= 0 and time_s < stretches[place].end_s else (None, None)


def sampled(stretches: Sequence[Stretch], start_s: float, end_s: float, most: int) -> list[Stretch]:
    """The stretches of a time, for a picture that is `most` px wide: of more, what holds in the middle of each px."""
    first = max(bisect_right(stretches, start_s, key=lambda stretch: stretch.start_s) - 1, 0)
    last = bisect_left(stretches, end_s, key=lambda stretch: stretch.start_s)
    there = [stretch for stretch in stretches[first:last] if stretch.end_s > start_s]
    if len(there) <= most:
        return there
    step_s = (end_s - start_s) / most
    shown: list[Stretch] = []
    for place, middle_s in enumerate((start_s + (np.arange(most) + 0.5) * step_s).tolist()):
        under = bisect_right(there, middle_s, key=lambda stretch: stretch.start_s) - 1
        if under < 0 or middle_s >= there[under].end_s:
            continue
        here = Stretch(start_s + place * step_s, start_s + (place + 1) * step_s, there[under].limit_pct)
        before = shown[-1] if shown else None
        if before is not None and before.limit_pct == here.limit_pct and here.start_s - before.end_s < step_s / 2:
            shown[-1] = replace(before, end_s=here.end_s)
        else:
            shown.append(here)
    return shown


def limit_summary(faces: Iterable[Limits], readings: int) -> dict[str, dict[str, float | None]]:
    """As `Summary.limit`: the share of readings that were judged and their median, for each part of the face.

    `readings`: the readings of all faces and the frames without any.
    """
    tables = [face.limit_pct for face in faces]
    values = np.concatenate(tables) if tables else np.empty((0, len(FACE_PARTS)))
    summary: dict[str, dict[str, float | None]] = {}
    for part, column in zip(FACE_PARTS, values.T, strict=True):
        judged = column[~np.isnan(column)]
        share = len(judged) / readings if readings else 0.0
        summary[part] = {"judged_share": share, "median_pct": float(np.median(judged)) if len(judged) else None}
    return summary


def _or_none(pct: float) -> float | None:
    return None if np.isnan(pct) else pct
