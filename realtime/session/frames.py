"""The rows of a session's table of frames, many at a time and by column: a recording of hours has a million of them.

A block of rows is checked as a whole; where anything in it is damaged, row by row (`realtime.session.rows.frame_row`).
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from realtime.session import check
from realtime.session.rows import FrameRow, frame_row
from realtime.sources import Cause
from realtime.types import MAX_TIME_S, REGION_GROUPS

NO_FACE = -1

_REGIONS = len(REGION_GROUPS)
_CAUSES = {cause.value: cause for cause in Cause}
_ENDS = np.cumsum([_REGIONS, _REGIONS, 3, 1, 1, 2])
"""Where in a row of measurements each kind ends: motion, thresholds, pose, eye distance, calibrated, limits."""


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """n rows: one for each face of a frame, or one for a frame without a face."""

    frame: NDArray[np.int64]
    """(n,)"""
    time_s: NDArray[np.float64]
    """(n,)"""
    dropped: NDArray[np.object_]
    """(n,) the `Cause`, or None where the frame was analysed."""
    face: NDArray[np.int64]
    """(n,) `NO_FACE` where none was found, or the frame was dropped; so are all numbers below NaN."""
    motion: NDArray[np.float64]
    """(n, 6) by `REGION_GROUPS`, in % iod."""
    threshold: NDArray[np.float64]
    """(n, 6)"""
    yaw_pitch_roll_deg: NDArray[np.float64]
    """(n, 3)"""
    eye_distance_px: NDArray[np.float64]
    """(n,)"""
    calibrated: NDArray[np.bool_]
    """(n,)"""
    limit_pct: NDArray[np.float64]
    """(n, 2) of the upper and the lower face, in % iod; NaN: not judged."""
    eyes_px: NDArray[np.float64]
    """(n, 2) middle between the eyes, in px of the frame; NaN in early sessions."""

    @classmethod
    def of(cls, rows: Sequence[FrameRow]) -> Self:
        """Rows as a block."""
        nan, nans = math.nan, (math.nan,) * _REGIONS
        places = [row.eyes_px or (nan, nan) for row in rows]
        limits = [[nan if pct is None else pct for pct in row.limit_pct] for row in rows]
        return cls(
            np.array([row.frame for row in rows], np.int64),
            np.array([row.time_s for row in rows], np.float64),
            np.array([row.dropped for row in rows], np.object_),
            np.array([NO_FACE if row.face is None else row.face for row in rows], np.int64),
            np.array([row.motion or nans for row in rows], np.float64).reshape(-1, _REGIONS),
            np.array([row.threshold or nans for row in rows], np.float64).reshape(-1, _REGIONS),
            np.array([row.yaw_pitch_roll_deg or (nan, nan, nan) for row in rows], np.float64).reshape(-1, 3),
            np.array([row.eye_distance_px for row in rows], np.float64),
            np.array([row.calibrated for row in rows], np.bool_),
            np.array(limits, np.float64).reshape(-1, 2),
            np.array(places, np.float64).reshape(-1, 2),
        )

    @classmethod
    def joined(cls, blocks: Iterable[Self]) -> Self:
        """Blocks as one."""
        parts = list(blocks) or [cls.of(())]
        return cls(*(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(cls)))

    def part(self, places: slice | NDArray[np.intp] | NDArray[np.bool_]) -> Self:
        """The rows at some places."""
        return type(self)(*(getattr(self, each.name)[places] for each in fields(self)))

    @property
    def analysed(self) -> NDArray[np.bool_]:
        """(n,) whether the frame was not dropped."""
        return np.fromiter((cause is None for cause in self.dropped), np.bool_, len(self))

    def by_face(self) -> dict[int, Self]:
        """The rows of each face."""
        return {face: self.part(self.face == face) for face in np.unique(self.face).tolist() if face != NO_FACE}

    def rows(self) -> Iterator[FrameRow]:
        """Each row by itself."""
        columns = (getattr(self, each.name).tolist() for each in fields(self))
        for frame, time_s, dropped, face, motion, threshold, pose, eyes_apart, calibrated, limit, place in zip(
            *columns, strict=True
        ):
            if face == NO_FACE:
                yield FrameRow(frame, time_s, dropped)
                continue
            upper, lower = (None if pct != pct else pct for pct in limit)  # NaN
            x, y = place
            eyes = None if x != x or y != y else (x, y)
            measured = tuple(motion), tuple(threshold), tuple(pose), eyes_apart, calibrated
            yield FrameRow(frame, time_s, None, face, *measured, (upper, lower), eyes)

    def __len__(self) -> int:
        return len(self.frame)


def frames(rows: Sequence[tuple[Any, ...]], faults: Counter[str]) -> Frames:
    """Rows of `FRAME_COLUMNS` as a block; damaged ones are left out and counted."""
    block = _whole(rows)
    if block is not None:
        return block
    good = []
    for row in rows:
        try:
            good.append(frame_row(row))
        except check.DamagedRowError as damage:
            faults[str(damage)] += 1
    return Frames.of(good)


def _whole(rows: Sequence[tuple[Any, ...]]) -> Frames | None:
    """Rows as a block if each is as `frame_row` wants it; None if one may not be."""
    frame, time_s, dropped, face, *measured = zip(*rows, strict=True)
    numbers = [_numbers(column) for column in (frame, time_s, face, *measured)]
    if any(column is None for column in numbers) or not _CAUSES.keys() >= {*dropped} - {None}:
        return None
    counted, times_s, faces, *columns = (column for column in numbers if column is not None)
    values, there = np.stack(columns, axis=1).astype(np.float64, copy=False), ~np.isnan(faces)
    if (
        counted.dtype.kind != "i"
        or not {int, type(None)} >= {*map(type, face)}
        or (counted < 0).any()
        or (faces[there] < 0).any()
        or not ((times_s >= 0) & (times_s <= MAX_TIME_S)).all()
        or np.isinf(values).any()
    ):
        return None
    values[~there] = math.nan
    motion, threshold, pose, eyes_apart, calibrated, limit, eyes = np.split(values, _ENDS, axis=1)
    eyes[np.isnan(eyes).any(axis=1)] = math.nan
    causes = np.full(len(rows), None, np.object_)
    for place in np.flatnonzero(~there).tolist():
        causes[place] = _CAUSES.get(dropped[place])
    return Frames(
        counted.astype(np.int64, copy=False),
        times_s.astype(np.float64, copy=False),
        causes,
        np.where(there, faces, NO_FACE).astype(np.int64),
        motion,
        threshold,
        pose,
        np.where(there, eyes_apart[:, 0], 0.0),
        np.nan_to_num(calibrated[:, 0]) != 0,
        limit,
        eyes,
    )


def _numbers(column: tuple[object, ...]) -> NDArray[np.int64] | NDArray[np.float64] | None:
    """A column of numbers, NaN where there is none; None if it holds anything else."""
    numbers = np.array(column)
    if numbers.dtype.kind in "if":
        return numbers
    return np.array(column, np.float64) if {int, float, type(None)} >= {*map(type, column)} else None
