"""For how long the parts of the face were judged: when a movement of a known size would have been found."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from realtime.drivers.conditions import MAX_STEP_S
from realtime.session.rows import FrameRow


@dataclass(frozen=True, slots=True)
class JudgedTime:
    """Seconds of a session; in a frame with several faces each counts for its share of the frame."""

    duration_s: float
    """From the first frame to the last, dropped ones included."""
    upper_s: float
    lower_s: float
    either_s: float
    """In which the upper or the lower face was judged."""


def judged_time(rows: Iterable[FrameRow]) -> JudgedTime:
    """Add up the times of a session's frames (`Session.frames`).

    An analysed frame stands for the time since the one before, up to `MAX_STEP_S`: a longer gap was not looked at.
    """
    first_s = last_s = analysed_s = None
    seconds = [0.0, 0.0, 0.0]
    for time_s, group in groupby(rows, key=lambda row: row.time_s):
        faces = [row for row in group if not row.dropped]
        first_s = time_s if first_s is None else first_s
        last_s = time_s
        if not faces:
            continue
        step_s = 0.0 if analysed_s is None else min(max(time_s - analysed_s, 0.0), MAX_STEP_S)
        analysed_s = time_s
        for row in faces:
            upper, lower = (limit is not None for limit in row.limit_pct)
            for part, judged in enumerate((upper, lower, upper or lower)):
                seconds[part] += step_s / len(faces) * judged
    return JudgedTime((last_s or 0.0) - (first_s or 0.0), *seconds)
