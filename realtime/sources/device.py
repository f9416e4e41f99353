"""What a camera and a network stream share: frames as they arrive, through losses and reconnections."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from typing import Self

from realtime.frame import Frame
from realtime.sources.capture import Capture
from realtime.sources.source import Cause, Dropped, Item, Notice, NoticeKind, Numbering, SourceError

FIRST_WAIT_S = 0.25
"""Before the first attempt to reconnect; doubled after each one that fails."""


class Device:
    """Frames from what `connect` opens, reconnecting for as long as it is not closed; times and indices go on.

    `connect` raises `SourceError` in bounded time; `longest_wait_s` bounds the back-off between attempts to reconnect.
    A read that fails counts as one frame lost; what passes while the device is away cannot be counted.
    """

    live = True
    duration_s = None

    def __init__(self, name: str, connect: Callable[[], Capture], longest_wait_s: float) -> None:
        self.name = name
        self.zero_s = math.nan
        self._connect, self._longest_wait_s = connect, longest_wait_s
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
        before_s = math.nan
        while not self._closed.is_set() and self._capture.grab():
            taken_s, lost = self._capture.taken_s, self._capture.lost
            if math.isnan(self.zero_s):
                self.zero_s = taken_s
            if lost:
                step_s = (taken_s - before_s) / (lost + 1)
                for place in range(1, lost + 1):
                    yield numbering.dropped(before_s + place * step_s - self.zero_s, Cause.CAMERA_OVERRUN)
            before_s, time_s = taken_s, taken_s - self.zero_s
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
