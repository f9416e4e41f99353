"""Frames made by a function, at given times: for tests, benchmarks and the synthetic demonstration."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from realtime.sources.source import Item, Numbering


class Generated:
    """`picture(i)`, a (height, width, 3) BGR array, at `times_s[i]`; for a stack of pictures, its `__getitem__`.

    Times are moved so that the first is 0, and a frame whose time is not later than the last one's is dropped, as with
    every source.
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
        """Every frame once, made when it is asked for."""
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
