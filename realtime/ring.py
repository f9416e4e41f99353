"""A ring of the newest values with their times: any window of it is one contiguous slice, never a copy."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

MAX_RATE_HZ = 250
"""Frame rate up to which rings hold as many seconds as they are asked for."""


class NotHeldError(LookupError):
    """The window that was asked for is not, or no longer, wholly in the ring."""


@dataclass(frozen=True, slots=True)
class Window:
    """Consecutive values; views into the ring, valid until `capacity` further appends."""

    times_s: NDArray[np.float64]
    frames: NDArray[np.int64]
    values: NDArray[Any]


class Ring:
    """The newest `capacity` values of one shape and dtype.

    Every value is written twice, `capacity` slots apart, so that each window lies in one piece (after friture's ring
    buffer). Times must increase.
    """

    def __init__(self, capacity: int, shape: tuple[int, ...], dtype: DTypeLike) -> None:
        self.capacity = capacity
        self._values = np.zeros((2 * capacity, *shape), dtype)
        self._times_s = np.full(2 * capacity, -np.inf)
        self._frames = np.full(2 * capacity, -1, np.int64)
        self._written = 0

    def __len__(self) -> int:
        return min(self._written, self.capacity)

    def append(self, time_s: float, frame: int, value: NDArray[Any]) -> None:
        """Add the next value; the oldest one leaves when the ring is full. ValueError if time does not increase."""
        if self._written and time_s <= self.newest_s:
            raise ValueError(f"time went from {self.newest_s} s to {time_s} s: it must increase")
        for slot in self._slots(self._written):
            self._values[slot] = value
            self._times_s[slot] = time_s
            self._frames[slot] = frame
        self._written += 1

    def clear(self) -> None:
        """Forget everything."""
        self._written = 0

    @property
    def oldest_s(self) -> float:
        """Time of the oldest value held."""
        return float(self._times_s[self._held().start])

    @property
    def newest_s(self) -> float:
        """Time of the newest value."""
        return float(self._times_s[self._held().stop - 1])

    def newest(self, count: int | None = None) -> Window:
        """The newest `count` values (all that are held if None). NotHeldError if there are fewer."""
        held = self._held()
        size = held.stop - held.start
        if count is None:
            return self._window(held)
        if count > size:
            raise NotHeldError(f"{count} values were asked for, {size} are held")
        return self._window(slice(held.stop - count, held.stop))

    def between(self, start_s: float, end_s: float) -> Window:
        """The values with start_s ≤ time ≤ end_s.

        NotHeldError if values from the beginning have left the ring or ones towards the end have not yet come.
        """
        held = self._held()
        if held.start == held.stop or end_s > self.newest_s or (start_s < self.oldest_s and self._overwritten):
            span = f"{self.oldest_s:.3f}–{self.newest_s:.3f} s" if len(self) else "nothing"
            raise NotHeldError(f"{start_s:.3f}–{end_s:.3f} s was asked for, the ring holds {span}")
        times_s = self._times_s[held]
        first = held.start + int(np.searchsorted(times_s, start_s, "left"))
        last = held.start + int(np.searchsorted(times_s, end_s, "right"))
        return self._window(slice(first, last))

    def frames(self, first: int, last: int) -> Window:
        """The values of frames first…last, both included. NotHeldError if either is not in the ring."""
        held = self._held()
        numbers = self._frames[held]
        start, stop = (int(np.searchsorted(numbers, n)) for n in (first, last))
        if stop >= len(numbers) or numbers[start] != first or numbers[stop] != last:
            span = f"{numbers[0]}–{numbers[-1]}" if len(numbers) else "nothing"
            raise NotHeldError(f"frames {first}–{last} were asked for, the ring holds {span}")
        return self._window(slice(held.start + start, held.start + stop + 1))

    @property
    def _overwritten(self) -> bool:
        return self._written > self.capacity

    def _slots(self, count: int) -> tuple[int, int]:
        slot = count % self.capacity
        return slot, slot + self.capacity

    def _held(self) -> slice:
        stop = (self._written - 1) % self.capacity + self.capacity + 1 if self._written else 0
        return slice(stop - len(self), stop)

    def _window(self, where: slice) -> Window:
        views = (self._times_s[where], self._frames[where], self._values[where])
        for view in views:
            view.flags.writeable = False
        return Window(*views)
