"""The grid of the trace: the patches of a face at `GRID_HZ`, whatever the camera's rate.

The matched filter works on it, and sessions keep it, so that a recording can be looked at again without its pictures.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from realtime.spotting.responses import GRID_HZ


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """Successive steps of the grid of one face, `1 / GRID_HZ` apart."""

    first_s: float
    """Time of the first."""
    values: NDArray[np.float32]
    """(n, 450) displacement in % iod, x and y of each of the 225 patches."""

    @classmethod
    def none(cls) -> Self:
        """No step."""
        return cls(0.0, np.zeros((0, 450), np.float32))

    @property
    def end_s(self) -> float:
        """When the next step would be."""
        return self.first_s + len(self.values) / GRID_HZ

    def part(self, start: int, stop: int) -> Self:
        """Those from one number up to another."""
        return replace(self, first_s=self.first_s + start / GRID_HZ, values=self.values[start:stop])

    def goes_on(self, later: "Steps") -> bool:
        """Whether others follow these without a gap."""
        return abs(later.first_s - self.end_s) < 0.5 / GRID_HZ

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[tuple[float, NDArray[np.float32]]]:
        """Time and (450,) displacements of each."""
        return ((self.first_s + number / GRID_HZ, row) for number, row in enumerate(self.values))


def joined(parts: Iterable[Steps]) -> list[Steps]:
    """Steps in the order of time, put together where nothing is missing between them."""
    runs: list[list[Steps]] = []
    for steps in parts:
        if runs and runs[-1][-1].goes_on(steps):
            runs[-1].append(steps)
        else:
            runs.append([steps])
    return [Steps(run[0].first_s, np.concatenate([steps.values for steps in run])) for run in runs]


class Grid:
    """Call it with the patches of each frame: the steps since the frame before, interpolated."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the frame before: the next one gives no step."""
        self._before: tuple[float, NDArray[np.float32]] | None = None

    def __call__(self, time_s: float, patches: NDArray[np.float32]) -> Steps:
        """Take in (225, 2) displacement in % iod at a time later than the last."""
        now = patches.reshape(-1)
        before, self._before = self._before, (time_s, now)
        if before is None:
            return Steps.none()
        then_s, then = before
        first, last = int(np.floor(then_s * GRID_HZ)) + 1, int(np.floor(time_s * GRID_HZ))
        if last < first:
            return Steps.none()
        shares = ((np.arange(first, last + 1) / GRID_HZ - then_s) / (time_s - then_s)).astype(np.float32)
        return Steps(first / GRID_HZ, then + shares[:, None] * (now - then))
