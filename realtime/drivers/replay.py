"""Replay: every frame of a recording, as fast as the machine allows; nothing is ever dropped for lack of time.

Decoding, landmarks and all that follows them each have a thread: each needs of the one before only what it has already
given. What comes out is what one thread would give.
"""

import queue
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, TypeVar

from realtime.drivers.run import Analyzer, Run, StopSign
from realtime.drivers.summary import Summary, Tally
from realtime.sink import Sink
from realtime.sources import Item, Source
from realtime.types import Frame

if TYPE_CHECKING:
    from realtime.faces.detector import Detections

AHEAD = 8
"""Items that each thread may be ahead of the next: enough to ride over a slow frame, 22 MB a thread at 720p."""

_Thing = TypeVar("_Thing")


def run_replay(
    source: Source,
    pipeline: Analyzer,
    sinks: Sequence[Sink] = (),
    *,
    seconds: float | None = None,
    stop: StopSign | None = None,
    tally: Tally | None = None,
) -> Summary:
    """Run a recording through the pipeline in the caller's thread, while others decode and find faces ahead.

    Ends at the recording's end, before the first frame at or after `seconds` of its time, or when `stop` is set; the
    pipeline is flushed and the source closed in each case. Frames decoded ahead of a stop were not offered.
    """
    tally = tally or Tally()
    run = Run(source, pipeline, sinks, tally)
    stop = stop or threading.Event()
    complete = True
    with looked_ahead(source, pipeline, tally) as items:
        for item, detections in items:
            if stop.is_set() or (seconds is not None and item.time_s >= seconds):
                complete = False
                break
            run.take(item, detections)
    return run.finish(complete=complete)


@contextmanager
def looked_ahead(
    source: Source, pipeline: Analyzer, tally: Tally
) -> "Iterator[Iterator[tuple[Item, Detections | None]]]":
    """A source's items, each frame with its faces: one thread decodes, another looks for faces; closed at the end."""
    with (
        source,
        closing(_ahead(_timed(source, tally), "decode")) as decoded,
        closing(_ahead(_detected(decoded, pipeline), "landmarks")) as items,
    ):
        yield items


def _timed(source: Source, tally: Tally) -> Iterator[Item]:
    """A source's items; how long each frame took is recorded."""
    began_s = time.monotonic()
    for item in source:
        if isinstance(item, Frame):
            tally.latencies.record("decode", (time.monotonic() - began_s) * 1000)
        yield item
        began_s = time.monotonic()


def _detected(items: Iterable[Item], pipeline: Analyzer) -> "Iterator[tuple[Item, Detections | None]]":
    """Items, each frame with its faces."""
    for item in items:
        yield item, pipeline.detect(item) if isinstance(item, Frame) else None


def _ahead(things: Iterable[_Thing], name: str) -> Generator[_Thing, None, None]:
    """The same things, made ahead of time by a thread; what is raised there is raised here, in its turn."""
    made: queue.Queue[tuple[_Thing] | None] = queue.Queue(AHEAD)
    ended = threading.Event()

    def make() -> None:
        try:
            for thing in things:
                if not put((thing,)):
                    return
        finally:
            put(None)

    def put(thing: tuple[_Thing] | None) -> bool:
        while not ended.is_set():
            try:
                made.put(thing, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    with ThreadPoolExecutor(1, name) as thread:
        making = thread.submit(make)
        try:
            while (thing := made.get()) is not None:
                yield thing[0]
            making.result()
        finally:
            ended.set()
