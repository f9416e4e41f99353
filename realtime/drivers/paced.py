"""A recording played in real time, as if it were a camera."""

import math
import threading
import time
from collections.abc import Iterator
from typing import Self

from realtime.sources import Item, Source


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
