"""Live: capture on its own thread, analysis of the newest frames in the caller's, every drop counted with its cause."""

import math
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from realtime.drivers.newest import NewestFrames
from realtime.drivers.paced import Paced
from realtime.drivers.run import Analyser, Run, Sink, StopSign
from realtime.drivers.tally import Summary, Tally
from realtime.frame import Frame
from realtime.sources import Item, Notice, NoticeKind, Source

DEVICE_PATIENCE_S = 0.15
"""How old a waiting frame of a device may get before it gives way to newer ones."""
FILE_PATIENCE_S = 1.0
"""The same for a paced recording, which nobody sits in front of."""
STALL_S = 1.5
"""A device that gives no frame for so long is reported as stalled."""
POLL_S = 0.1
"""How often a run without frames looks at its clock and at the stop sign."""


def run_live(
    source: Source,
    pipeline: Analyser,
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
    watch = _Watch(source.name) if source.live else None
    live = source if source.live else Paced(source)
    frames = NewestFrames(DEVICE_PATIENCE_S if source.live else FILE_PATIENCE_S)
    run = Run(live, pipeline, sinks, tally or Tally())
    stop = stop or threading.Event()
    began_s = time.monotonic()
    with ThreadPoolExecutor(1, "capture") as thread, live:
        capture = thread.submit(_capture, live, frames)
        while not stop.is_set() and not frames.exhausted:
            item = frames.take(POLL_S)
            if seconds is not None and (item.time_s if item else _elapsed_s(live, began_s) - POLL_S) >= seconds:
                break
            if watch and (notice := watch.look(item, frames.last_put_s, live.zero_s)):
                run.take(notice)
            if item:
                run.take(item)
        live.close()
        capture.result()  # raises here what was raised while capturing
        for left in frames.give_up():
            if seconds is None or left.time_s < seconds:
                run.take(left)
        return run.finish()


def _capture(source: Source, frames: NewestFrames) -> None:
    try:
        for item in source:
            frames.put(item)
    finally:
        frames.close()


def _elapsed_s(source: Source, began_s: float) -> float:
    return time.monotonic() - (began_s if math.isnan(source.zero_s) else source.zero_s)


class _Watch:
    """Sees from outside that a device gives nothing: a read may hang, so the device cannot tell it by itself."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._silent_since_s = math.nan

    def look(self, item: Item | None, last_put_s: float, zero_s: float) -> Notice | None:
        """What is to be told before `item` (None: nothing came); times on `time.monotonic()`'s clock."""
        now_s = time.monotonic()
        time_s = 0.0 if math.isnan(zero_s) else now_s - zero_s
        silent = not math.isnan(self._silent_since_s)
        if isinstance(item, Notice):
            # the device itself noticed, and will also tell when it is back
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
