"""The recent past of a run for a window that pulls: readings by face, events, rejected candidates, notices."""

import threading
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.ring import MAX_RATE_HZ, Ring
from realtime.sink import Sink
from realtime.sources import Notice
from realtime.types import FACE_PARTS, LIMIT_DELAY_S, REGION_GROUPS, Analysis, Event, Frame
from realtime.viewing.limits import Limits

LEVEL_STEP_S, LEVEL_STEPS = 0.1, 13
"""How finely, and over how many steps, the level is found that a brief movement rises from."""
_REGIONS = len(REGION_GROUPS)
_COLUMNS = 2 * _REGIONS + len(FACE_PARTS)
"""Motion, thresholds and limits of detection of a frame."""
MAX_EVENTS = 500
"""Events, candidates and notices that are held, of each; a window shows fewer."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Readings of one face, n frames."""

    times_s: NDArray[np.float64]
    """(n,)"""
    motion: NDArray[np.float32]
    """(n, 6) % iod, by `REGION_GROUPS`."""
    threshold: NDArray[np.float32]
    """(n, 6) % iod."""

    def brief(self) -> "Trace":
        """The readings above the level around them: what the threshold is about.

        The level is the median of about a second, so a movement that comes and goes stands out whole, and neither
        drift nor a pose that is held does. It is found on steps of `LEVEL_STEP_S`, which is fine enough and cheap.
        """
        if not len(self.times_s):
            return self
        places = np.flatnonzero(np.diff(np.floor(self.times_s / LEVEL_STEP_S), prepend=-np.inf))
        coarse = np.add.reduceat(self.motion, places) / np.diff(places, append=len(self.times_s))[:, None]
        level = _running_median(coarse)
        middle_s = self.times_s[places]
        smooth = np.stack([np.interp(self.times_s, middle_s, column) for column in level.T], axis=1)
        above = np.maximum(self.motion - smooth, 0).astype(np.float32)
        return Trace(self.times_s, above, self.threshold)

    def nearest(self, time_s: float) -> int:
        """The place of the reading nearest to a time; there must be one."""
        after = min(int(np.searchsorted(self.times_s, time_s)), len(self.times_s) - 1)
        before = max(after - 1, 0)
        return before if time_s - self.times_s[before] <= self.times_s[after] - time_s else after

    def between(self, start_s: float, end_s: float, most: int) -> "Trace":
        """The readings from start to end; of more than `most`, the largest of each stretch, so that no peak is lost."""
        first, last = np.searchsorted(self.times_s, (start_s, end_s))
        every = max(-(-(last - first) // most), 1)
        places = np.arange(max(first - 1, 0), min(last + 1, len(self.times_s)), every)
        if not len(places):
            return Trace(self.times_s[:0], self.motion[:0], self.threshold[:0])
        motion = np.maximum.reduceat(self.motion[: last + 1], places) if every > 1 else self.motion[places]
        return Trace(self.times_s[places], motion, self.threshold[places])


class History(Sink):
    """A sink that holds the last `seconds` of a run; the driver's thread writes, any thread reads copies."""

    def __init__(self, seconds: float) -> None:
        self._capacity = int(seconds * MAX_RATE_HZ)
        self._seconds = seconds
        self._lock = threading.Lock()
        self._rings: dict[int, Ring] = {}
        self._events: deque[Event] = deque(maxlen=MAX_EVENTS)
        self._rejected: deque[Event] = deque(maxlen=MAX_EVENTS)
        self._notices: deque[Notice] = deque(maxlen=MAX_EVENTS)
        self.events_seen = 0
        """Counts every event of the run, so that a window sees whether there is a new one."""

    def on_analysis(self, analysis: Analysis, frame: Frame | None) -> None:
        """Keep readings, events and rejected candidates."""
        with self._lock:
            self._events.extend(analysis.events)
            self.events_seen += len(analysis.events)
            self._rejected.extend(analysis.rejected)
            if frame is None:
                return
            for face in analysis.faces:
                ring = self._rings.get(face.face)
                if ring is None:
                    ring = self._rings[face.face] = Ring(self._capacity, (_COLUMNS,), np.float32)
                ring.append(frame.time_s, frame.index, np.concatenate([face.motion, face.threshold, face.limit_pct]))
            for number in [n for n, ring in self._rings.items() if frame.time_s - ring.newest_s > self._seconds]:
                del self._rings[number]

    def on_notice(self, notice: Notice) -> None:
        """Keep what the user should see."""
        with self._lock:
            self._notices.append(notice)

    def trace(self, face: int) -> tuple[Trace, Limits] | None:
        """The readings of one face over the last `seconds`, and its limits of detection; None if there are none."""
        with self._lock:
            ring = self._rings.get(face)
            if ring is None:
                return None
            window = ring.newest()
            first = int(np.searchsorted(window.times_s, window.times_s[-1] - self._seconds))
            times_s, values = window.times_s[first:].copy(), window.values[first:].copy()
        motion, threshold, limit_pct = np.split(values, (_REGIONS, 2 * _REGIONS), axis=1)
        return Trace(times_s, motion, threshold), Limits(times_s - LIMIT_DELAY_S, limit_pct)

    @property
    def faces(self) -> list[int]:
        """Numbers of the faces of the last `seconds`."""
        with self._lock:
            return sorted(self._rings)

    @property
    def events(self) -> list[Event]:
        """The newest events, oldest first."""
        with self._lock:
            return list(self._events)

    @property
    def rejected(self) -> list[Event]:
        """The newest rejected candidates, oldest first."""
        with self._lock:
            return list(self._rejected)

    @property
    def notices(self) -> list[Notice]:
        """The newest notices, oldest first."""
        with self._lock:
            return list(self._notices)


def _running_median(steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, columns) the median of `LEVEL_STEPS` around each step; the first and the last step stand for those beyond."""
    around = np.pad(steps, ((LEVEL_STEPS // 2, LEVEL_STEPS // 2), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(around, LEVEL_STEPS, axis=0)
    return np.partition(windows, LEVEL_STEPS // 2, axis=-1)[..., LEVEL_STEPS // 2]
