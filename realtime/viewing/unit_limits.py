"""The limit of detection of each action unit, on request: computed anew from the trace that a session keeps.

Frames keep the limit of the upper and of the lower face, the median over their patterns. What noise hid is in those
and not in the trace, so the units' limits are brought to the same median. Where a part was not judged, its median is
known to be above `MAX_LIMIT_PCT`, whatever the trace alone says.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.session import Session
from realtime.session.frames import Frames
from realtime.spotting.detector import Detector
from realtime.spotting.grid import Steps
from realtime.spotting.limit import MAX_LIMIT_PCT, turned_away
from realtime.spotting.patterns import UNITS, shipped_patterns
from realtime.types import FACE_PARTS, LIMIT_DELAY_S

LEAD_S = 45.0
"""The trace is read from so long before: what a face does anyway is known from 30 s, and older moments fade."""
FRAME_S = 0.25
"""A moment without a frame of its face this near is not judged."""
UNKNOWN_S = LIMIT_DELAY_S + FRAME_S
"""Nothing is known of moments so short before a face is gone: frames keep no limit of them."""

SINGLE = tuple(number for number, unit in enumerate(UNITS) if len(unit.aus) == 1)
"""The patterns of one action unit each."""
UNIT_NAMES = tuple((UNITS[number].aus[0], UNITS[number].side) for number in SINGLE)
"""Their action units and sides: both, or the person's left or right alone."""


@dataclass(frozen=True, slots=True, eq=False)
class UnitLimits:
    """The limits of one face at n moments."""

    times_s: NDArray[np.float64]
    """(n,)"""
    limit_pct: NDArray[np.float64]
    """(n, `UNIT_NAMES`) % iod; NaN: not judged."""


def unit_limits(session: Session, between_s: tuple[float, float]) -> dict[int, UnitLimits]:
    """The limits at moments within a span of a session, 30 a second, by face; empty if it holds no trace there.

    Nothing is there in the first 3 s of a face, which is being learned, and in its last second (`UNKNOWN_S`). Raises
    `SessionError`.
    """
    begin_s, end_s = between_s
    moments: defaultdict[int, list[tuple[float, NDArray[np.float32]]]] = defaultdict(list)
    for face, steps in session.traces((begin_s - LEAD_S, end_s + 1.0)):
        moments[face] += _moments(steps, between_s)
    if not any(moments.values()):
        return {}
    by_face = Frames.joined(session.frame_blocks((begin_s - 1.0, end_s + 2.0))).by_face()
    return {face: _limits(moments[face], frames) for face, frames in by_face.items() if moments[face]}


def _moments(steps: Steps, between_s: tuple[float, float]) -> list[tuple[float, NDArray[np.float32]]]:
    """Time and (patterns,) √(sᵀC⁻¹s) of each moment of a stretch of the trace that lies within a span."""
    detector, found = Detector(), []
    begin_s, end_s = between_s[0], min(between_s[1], steps.end_s - UNKNOWN_S)
    for at_s, values in steps:
        before = detector.newest
        detector.step(at_s, values)
        newest = detector.newest
        if newest is not None and newest is not before and begin_s <= newest.time_s < end_s:
            found.append((newest.time_s, newest.limit))
    return found


def _limits(moments: Iterable[tuple[float, NDArray[np.float32]]], frames: Frames) -> UnitLimits:
    """Limits as the frames of the same face say of its parts: not judged where it was turned away or gone."""
    times_s, per_pct = map(np.array, zip(*moments, strict=True))
    nearest = frames.part(np.searchsorted((frames.time_s[1:] + frames.time_s[:-1]) / 2, times_s))
    turned = np.array([turned_away(yaw_deg, pitch_deg) for yaw_deg, pitch_deg, _ in nearest.yaw_pitch_roll_deg])
    gone = np.abs(nearest.time_s - times_s) > FRAME_S
    patterns = shipped_patterns()
    limit_pct = np.empty(per_pct.shape)
    for part in range(len(FACE_PARTS)):
        own = patterns.upper == (part == 0)
        alone_pct = patterns.z50[part] / per_pct[:, own]
        median_pct = np.median(alone_pct, axis=1)
        ratio = nearest.limit_pct[:, part] / median_pct
        known = ~np.isnan(ratio)
        usual = np.median(ratio[known]) if known.any() else 1.0
        ratio[~known] = np.maximum(usual, MAX_LIMIT_PCT / median_pct[~known])
        limit_pct[:, own] = alone_pct * ratio[:, None]
    limit_pct[(turned | gone)[:, None] | (limit_pct > MAX_LIMIT_PCT)] = np.nan
    return UnitLimits(times_s, limit_pct[:, SINGLE])
