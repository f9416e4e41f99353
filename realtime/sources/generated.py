"""Frames made by a function at given times, for tests, benchmarks and synthetic videos."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from realtime.sources.source import Item, Numbering


class Generated:
    """Frames with picture `picture(i)`, a (height, width, 3) uint8 BGR array, at time `times_s[i]`.

    For a stack of pictures, pass its `__getitem__`. Times are shifted so that the first is 0. As with every source, a
    frame whose time is not later than that of the last frame is dropped.
    """

    live = False
    zero_s = math.nan

    def __init__(
        self, picture: Callable[[int], NDArray[np.uint8]], times_s: Sequence[float], name: str = "generated"
    ) -> None:
        self.name = name
        self.duration_s = times_s[-1] - times_s[0] if len(times_s) else 0.0
        self._picture, self._times_s = picture, times_s
        self._closed = False

    def __iter__(self) -> Iterator[Item]:
        """Yield every frame once; each is made on demand."""
        numbering = Numbering()
        for index, time_s in enumerate(self._times_s):
            if self._closed:
                return
            yield numbering.frame(time_s - self._times_s[0], self._picture(index))

    def close(self) -> None:
        """End the iteration."""
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
