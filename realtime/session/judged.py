"""For how long the parts of the face were judged: when a movement of a known size would have been found."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from realtime.drivers.conditions import MAX_STEP_S
from realtime.session.frames import Frames


@dataclass(frozen=True, slots=True)
class JudgedTime:
    """Seconds of a session; in a frame with several faces each counts for its share of the frame."""

    duration_s: float
    """From the first frame to the last, dropped ones included."""
    upper_s: float
    lower_s: float
    either_s: float
    """In which the upper or the lower face was judged."""


def judged_time(blocks: Iterable[Frames]) -> JudgedTime:
    """Add up the times of a session's frames (`Session.frame_blocks`).

    An analysed frame stands for the time since the one before, up to `MAX_STEP_S`: a longer gap was not looked at.
    """
    parts = [(block.time_s, block.analysed, ~np.isnan(block.limit_pct)) for block in blocks if len(block)]
    if not parts:
        return JudgedTime(0.0, 0.0, 0.0, 0.0)
    times_s, analysed, judged = (np.concatenate(part) for part in zip(*parts, strict=True))
    duration_s = float(times_s[-1] - times_s[0])
    times_s, judged = times_s[analysed], judged[analysed]
    starts = np.flatnonzero(np.diff(times_s, prepend=-np.inf) != 0)  # of the rows of each frame
    faces = np.diff(starts, append=len(times_s))
    steps_s = np.clip(np.diff(times_s[starts], prepend=times_s[:1]), 0.0, MAX_STEP_S)
    share_s = np.repeat(steps_s / faces, faces)
    seconds = (float((share_s * part).sum()) for part in (*judged.T, judged.any(axis=1)))
    return JudgedTime(duration_s, *seconds)
