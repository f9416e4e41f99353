"""Live: capture on its own thread, analysis of the newest frames in the caller's, every drop counted with its cause."""

import math
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Self

from realtime.drivers.run import Analyzer, Run, StopSign
from realtime.drivers.summary import Summary, Tally
from realtime.sink import Sink
from realtime.sources import Cause, Dropped, Item, Notice, NoticeKind, Source
from realtime.types import Frame

DEVICE_PATIENCE_S = 0.15
"""How old a waiting frame of a device may get before newer ones replace it."""
FILE_PATIENCE_S = 1.0
"""The same for a paced recording, which nobody sits in front of."""
STALL_S = 1.5
"""A device that gives no frame for so long is reported as stalled."""
POLL_S = 0.1
"""How often a run without frames looks at its clock and at the stop sign."""
MAX_FRAMES = 64
"""Bounds the memory whatever the rate: 177 MB at 720p."""


def run_live(
    source: Source,
    pipeline: Analyzer,
    sinks: Sequence[Sink] = (),
    *,
    seconds: float | None = None,
    stop: StopSign | None = None,
    tally: Tally | None = None,
) -> Summary:
    """Run a live source through the pipeline; a recording is played at its own pace.

    Ends before the first frame at or after `seconds`, when `stop` is set, or at the recording's end; the pipeline is
    flushed and the source closed in each case. Frames that wait when the run is stopped are counted as dropped.
    """
    monitor = _StallMonitor(source.name) if source.live else None
    live = source if source.live else Paced(source)
    frames = NewestFrames(DEVICE_PATIENCE_S if source.live else FILE_PATIENCE_S)
    run = Run(live, pipeline, sinks, tally or Tally(), clock=source.live)
    stop = stop or threading.Event()
    began_s = time.monotonic()
    with ThreadPoolExecutor(1, "capture") as thread, live:
        capture = thread.submit(_capture, live, frames, sinks, seconds)
        while not stop.is_set() and not frames.exhausted:
            item = frames.take(POLL_S)
            if item is None and seconds is not None and _elapsed_s(live, began_s) - POLL_S >= seconds:
                break
            if monitor and (notice := monitor.check(item, frames.last_put_s, live.zero_s)):
                run.take(notice)
            if item:
                run.take(item)
        live.close()
        capture.result()  # raises here what was raised while capturing
        for left in frames.give_up():
            run.take(left)
        return run.finish()


def _capture(source: Source, frames: "NewestFrames", sinks: Sequence[Sink], seconds: float | None) -> None:
    began = False
    try:
        for item in source:
            if seconds is not None and item.time_s >= seconds:
                return
            if isinstance(item, Frame):
                for sink in sinks:
                    if not began:
                        sink.on_zero(source.zero_s)
                    sink.on_capture(item)
                began = True
            frames.put(item)
    finally:
        frames.close()


def _elapsed_s(source: Source, began_s: float) -> float:
    return time.monotonic() - (began_s if math.isnan(source.zero_s) else source.zero_s)


class _StallMonitor:
    """Detects from outside that a device delivers nothing: a read may hang, so the device cannot report it itself."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._silent_since_s = math.nan

    def check(self, item: Item | None, last_put_s: float, zero_s: float) -> Notice | None:
        """The notice to report before `item` (None: nothing came); times on `time.monotonic()`'s clock."""
        now_s = time.monotonic()
        time_s = 0.0 if math.isnan(zero_s) else now_s - zero_s
        silent = not math.isnan(self._silent_since_s)
        if isinstance(item, Notice):
            # the device itself noticed, and will also report when it is back
            self._silent_since_s = now_s if item.kind is NoticeKind.LOST else math.nan
        elif isinstance(item, Frame) and silent:
            text = f"{self._name} gives frames again after {now_s - self._silent_since_s:.1f} s."
            self._silent_since_s = math.nan
            return Notice(time_s, NoticeKind.RESUMED, text)
        elif item is None and not silent and now_s - last_put_s > STALL_S:
            self._silent_since_s = last_put_s
            return Notice(
                time_s, NoticeKind.STALLED, f"{self._name} has given no frame for {now_s - last_put_s:.1f} s."
            )
        return None


class NewestFrames:
    """Frames no older than `patience_s` before the newest item wait here; an older one becomes a drop.

    `patience_s` is what a slow moment may cost before frames are let go, and so also the delay under lasting overload.
    One thread puts, another takes; items keep their order.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._passed: deque[Item] = deque()  # without frames; all older than what waits
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
            while item.time_s - self._waiting[0].time_s > self._patience_s or len(self._waiting) > MAX_FRAMES:
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
            self._changed.wait_for(lambda: self._passed or self._waiting or self._closed, timeout_s)
            if self._passed:
                return self._passed.popleft()
            return self._waiting.popleft() if self._waiting else None

    @property
    def exhausted(self) -> bool:
        """Closed, and all was taken."""
        with self._changed:
            return self._closed and not self._passed and not self._waiting

    def give_up(self) -> list[Item]:
        """Everything that still waits, its frames as dropped because of the stop."""
        with self._changed:
            while self._waiting:
                self._let_go(Cause.STOPPED)
            left = list(self._passed)
            self._passed.clear()
            return left

    def _let_go(self, cause: Cause) -> None:
        item = self._waiting.popleft()
        self._passed.append(Dropped(item.index, item.time_s, cause) if isinstance(item, Frame) else item)


class Paced:
    """Items of a recording, each held back until it is due; `zero_s` is set when the first one comes.

    A frame's latency then counts from the moment at which it was due, even if decoding was late: waiting is not hidden
    ("coordinated omission").
    """

    live = True

    def __init__(self, source: Source) -> None:
        self._source = source
        self.name, self.duration_s = source.name, source.duration_s
        self.zero_s = math.nan
        self._closed = threading.Event()

    def __iter__(self) -> Iterator[Item]:
        """Items at their times."""
        for item in self._source:
            if math.isnan(self.zero_s):
                self.zero_s = time.monotonic() - item.time_s
            if self._closed.wait(max(0.0, self.zero_s + item.time_s - time.monotonic())):
                return
            yield item

    def close(self) -> None:
        """End the iteration."""
        self._closed.set()
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
