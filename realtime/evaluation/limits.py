"""Whether the limit of detection holds: movements compared with the limit that was reported when they happened."""

import numpy as np

from realtime.session.frames import NO_FACE, Frames
from realtime.viewing.limits import Limits

AT_LIMIT = (0.8, 1.25)
"""A movement whose size is so many times the limit counts as one at the limit."""
GROUPS = ("not judged", "below the limit", "at the limit", "above the limit")


def group_of(limits: Limits, apex_s: float, half: str, size_pct: float) -> str:
    """Which of `GROUPS` a movement of the upper or the lower face (of both: the better judged one) belongs to.

    Where there are several faces it may be of any: the better judged one counts.
    """
    if not len(limits.times_s):
        return GROUPS[0]
    away_s = np.abs(limits.times_s - apex_s)
    halves = {"upper": [0], "lower": [1]}.get(half, [0, 1])
    judged = limits.limit_pct[away_s == away_s.min()][:, halves]
    judged = judged[~np.isnan(judged)]
    if not len(judged):
        return GROUPS[0]
    ratio = size_pct / float(judged.min())
    return GROUPS[1] if ratio < AT_LIMIT[0] else GROUPS[3] if ratio > AT_LIMIT[1] else GROUPS[2]


def limits_of(frames: Frames) -> Limits:
    """The limits in a session's frames."""
    seen = frames.face != NO_FACE
    return Limits(frames.time_s[seen], frames.limit_pct[seen])
