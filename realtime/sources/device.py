"""What a camera and a network stream share: frames as they arrive, through losses and reconnections."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from statistics import median
from typing import Self

import cv2

from realtime.frame import Frame
from realtime.sources.source import Cause, Dropped, Item, Notice, NoticeKind, Numbering, SourceError

FIRST_WAIT_S = 0.25
"""Before the first attempt to reconnect; doubled after each one that fails."""


class Device:
    """Frames from `connect()`, reconnecting for as long as it is not closed; times and indices go on.

    `connect` returns an open capture or raises `SourceError` in bounded time; `stamp` tells the capture time, on
    `time.monotonic()`'s clock, of the frame just grabbed; `longest_wait_s` bounds the back-off between attempts to
    reconnect. A read that fails counts as one frame lost; what passes while the device is away cannot be counted.
    """

    live = True
    duration_s = None

    def __init__(
        self,
        name: str,
        connect: Callable[[], cv2.VideoCapture],
        stamp: Callable[[cv2.VideoCapture], float],
        longest_wait_s: float,
    ) -> None:
        self.name = name
        self.zero_s = math.nan
        self._connect, self._stamp, self._longest_wait_s = connect, stamp, longest_wait_s
        self._closed = threading.Event()
        self._iterating = False
        self._capture = connect()

    def __iter__(self) -> Iterator[Item]:
        """Frames until closed; blocks while none comes."""
        self._iterating = True
        numbering, wait_s, lost_s = Numbering(), FIRST_WAIT_S, math.nan
        try:
            while True:
                for item in self._until_failure(numbering):
                    if not math.isnan(lost_s):
                        text = f"{self.name} is back after {item.time_s - lost_s:.1f} s."
                        yield Notice(item.time_s, NoticeKind.RECONNECTED, text)
                        wait_s, lost_s = FIRST_WAIT_S, math.nan
                    yield item
                if self._closed.is_set():
                    return
                if math.isnan(lost_s):
                    lost_s = 0.0 if math.isnan(self.zero_s) else time.monotonic() - self.zero_s
                    yield numbering.dropped(lost_s, Cause.SOURCE_LOST)
                    yield Notice(lost_s, NoticeKind.LOST, f"{self.name} was lost; trying to get it back.")
                wait_s = self._reopen(wait_s)
        finally:
            self._capture.release()

    def close(self) -> None:
        """End the iteration; its own thread frees the device once the read it waits in returns."""
        self._closed.set()
        if not self._iterating:
            self._capture.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _until_failure(self, numbering: Numbering) -> Iterator[Frame | Dropped]:
        gaps = _Gaps()
        returned_s = time.monotonic()
        while not self._closed.is_set():
            away_s = time.monotonic() - returned_s
            if not self._capture.grab():
                return
            returned_s = time.monotonic()
            taken_s = self._stamp(self._capture)
            if math.isnan(self.zero_s):
                self.zero_s = taken_s
            time_s = taken_s - self.zero_s
            yield from (numbering.dropped(at_s, Cause.CAMERA_OVERRUN) for at_s in gaps.missed(time_s, away_s))
            decoded, image = self._capture.retrieve()
            yield numbering.frame(time_s, image) if decoded else numbering.dropped(time_s, Cause.DECODE_ERROR)

    def _reopen(self, wait_s: float) -> float:
        """Try to connect, waiting longer each time, until it works or the device is closed; the next wait in s."""
        self._capture.release()
        while not self._closed.wait(wait_s):
            wait_s = min(2 * wait_s, self._longest_wait_s)
            try:
                self._capture = self._connect()
            except SourceError:
                continue
            break
        return wait_s


class _Gaps:
    """Finds frames that a device lost because it was read too late: drivers do it without telling.

    A gap of several usual intervals counts only if the reader had been away for an interval shortly before (within the
    four buffers that cameras have); otherwise the device itself slowed down, as cameras do in the dark.
    """

    def __init__(self) -> None:
        self._last_s = math.nan
        self._intervals_s: deque[float] = deque(maxlen=31)
        self._away_s: deque[float] = deque(maxlen=4)

    def missed(self, time_s: float, away_s: float) -> list[float]:
        """About when the frames between the last one and the one at `time_s` were taken; `away_s` of work lay between
        the two reads.
        """
        gap_s, self._last_s = time_s - self._last_s, time_s
        self._away_s.append(away_s)
        usual_s = median(self._intervals_s) if self._intervals_s else math.inf
        if not math.isnan(gap_s):
            self._intervals_s.append(gap_s)
        if len(self._intervals_s) < 8 or max(self._away_s) < usual_s:
            return []
        count = round(gap_s / usual_s)
        return [time_s - gap_s + gap_s * place / count for place in range(1, count)]
