"""The queue between capture and analysis: newest frames win, and what gives way is told."""

import threading
import time
from collections import deque

from realtime.frame import Frame
from realtime.sources import Cause, Dropped, Item

MOST_FRAMES = 64
"""Bounds the memory whatever the rate: 177 MB at 720p."""


class NewestFrames:
    """Frames no older than `patience_s` before the newest item wait here; an older one becomes a drop.

    `patience_s` is what a slow moment may cost before frames are let go, and so also the delay under lasting overload.
    One thread puts, another takes; items keep their order.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._told: deque[Item] = deque()  # without frames; all older than what waits
        self._waiting: deque[Item] = deque()
        self._closed = False
        self._changed = threading.Condition()
        self.last_put_s = time.monotonic()
        """When the last item came, on `time.monotonic()`'s clock."""

    def put(self, item: Item) -> None:
        """Add the newest item; never waits."""
        with self._changed:
            self.last_put_s = time.monotonic()
            self._waiting.append(item)
            while item.time_s - self._waiting[0].time_s > self._patience_s or len(self._waiting) > MOST_FRAMES:
                self._let_go(Cause.OVERRUN)
            self._changed.notify()

    def close(self) -> None:
        """Nothing more will be put; what waits can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def take(self, timeout_s: float) -> Item | None:
        """The oldest item, waiting for one; None after `timeout_s`, or when all was taken."""
        with self._changed:
            self._changed.wait_for(lambda: self._told or self._waiting or self._closed, timeout_s)
            if self._told:
                return self._told.popleft()
            return self._waiting.popleft() if self._waiting else None

    @property
    def exhausted(self) -> bool:
        """Closed, and all was taken."""
        with self._changed:
            return self._closed and not self._told and not self._waiting

    def give_up(self) -> list[Item]:
        """Everything that still waits, its frames as dropped because of the stop."""
        with self._changed:
            while self._waiting:
                self._let_go(Cause.STOPPED)
            left = list(self._told)
            self._told.clear()
            return left

    def _let_go(self, cause: Cause) -> None:
        item = self._waiting.popleft()
        self._told.append(Dropped(item.index, item.time_s, cause) if isinstance(item, Frame) else item)
