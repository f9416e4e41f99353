"""Replay: every frame of a recording, as fast as the machine allows; nothing is ever dropped for lack of time."""

import queue
import threading
import time
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from realtime.drivers.run import Analyser, Run, Sink, StopSign
from realtime.drivers.tally import Summary, Tally
from realtime.frame import Frame
from realtime.sources import Item, Source

AHEAD = 8
"""Items decoded ahead at most: enough to ride over a slow frame, 22 MB at 720p."""


def run_replay(
    source: Source,
    pipeline: Analyser,
    sinks: Sequence[Sink] = (),
    *,
    seconds: float | None = None,
    stop: StopSign | None = None,
    tally: Tally | None = None,
) -> Summary:
    """Run a recording through the pipeline in the caller's thread, while another thread decodes ahead.

    Ends at the recording's end, before the first frame at or after `seconds` of its time, or when `stop` is set; the
    pipeline is flushed and the source closed in each case. Frames decoded ahead of a stop were not offered.
    """
    tally = tally or Tally()
    run = Run(source, pipeline, sinks, tally)
    stop = stop or threading.Event()
    with source, closing(_decoded_ahead(source, tally)) as items:
        for item in items:
            if stop.is_set() or (seconds is not None and item.time_s >= seconds):
                break
            run.take(item)
        return run.finish()


def _decoded_ahead(source: Source, tally: Tally) -> Generator[Item, None, None]:
    items: queue.Queue[Item | None] = queue.Queue(AHEAD)
    ended = threading.Event()

    def decode() -> None:
        try:
            began_s = time.monotonic()
            for item in source:
                if isinstance(item, Frame):
                    tally.latencies.record("decode", (time.monotonic() - began_s) * 1000)
                if not put(item):
                    return
                began_s = time.monotonic()
        finally:
            put(None)

    def put(item: Item | None) -> bool:
        while not ended.is_set():
            try:
                items.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    with ThreadPoolExecutor(1, "decode") as thread:
        decoding = thread.submit(decode)
        try:
            while (item := items.get()) is not None:
                yield item
            decoding.result()  # raises here what was raised while decoding
        finally:
            ended.set()
