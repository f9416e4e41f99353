"""What a runtime is given and what it answers, both plain arrays."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from medn.face.aligned import SIZE_PX
from medn.face.window import Window
from medn.model import AU_NAMES, EMOTIONS, FLOW_SIZE, FRAMES

FACES_SHAPE = (FRAMES, SIZE_PX, SIZE_PX)
FLOW_SHAPE = (3, FLOW_SIZE, FLOW_SIZE)
CONTEXT_SHAPE = (2,)


@dataclass(frozen=True, slots=True, eq=False)
class WindowBatch:
    """B windows, onset to apex, that fell due together; raises ValueError where an array is not what it must be.

    Made once with `empty` and written over from then on: a runtime keeps nothing of it.
    """

    faces: NDArray[np.uint8] | NDArray[np.float32]
    """(B, 8, 128, 128) aligned grey faces, evenly spread in time: uint8 0–255, or float32 0–1."""
    flow: NDArray[np.float32]
    """(B, 3, 28, 28) u, v and optical strain, onset to apex."""
    context: NDArray[np.float32]
    """(B, 2) amplitude in % iod and rise time in s; zero where unknown."""

    def __post_init__(self) -> None:
        for name, array, shape, kinds in (
            ("faces", self.faces, FACES_SHAPE, (np.uint8, np.float32)),
            ("flow", self.flow, FLOW_SHAPE, (np.float32,)),
            ("context", self.context, CONTEXT_SHAPE, (np.float32,)),
        ):
            wanted = (len(self.faces), *shape)
            if array.shape != wanted or array.dtype not in kinds:
                types = " or ".join(np.dtype(kind).name for kind in kinds)
                raise ValueError(
                    f"The windows' {name} must be {types} of shape {wanted}, not {array.dtype} of shape {array.shape}."
                )

    @classmethod
    def empty(cls, capacity: int) -> Self:
        """Room for `capacity` windows with uint8 faces, not yet written."""
        return cls(
            np.empty((capacity, *FACES_SHAPE), np.uint8),
            np.empty((capacity, *FLOW_SHAPE), np.float32),
            np.empty((capacity, *CONTEXT_SHAPE), np.float32),
        )

    def __len__(self) -> int:
        return len(self.faces)

    def put(self, row: int, window: Window) -> None:
        """Write one window into a row; faces must be uint8."""
        self.faces[row] = window.faces
        self.flow[row] = window.flow
        self.context[row] = window.amplitude_iod, window.rise_s

    def part(self, start: int, stop: int) -> Self:
        """Windows `start` to `stop`, without copying."""
        return type(self)(self.faces[start:stop], self.flow[start:stop], self.context[start:stop])


@dataclass(frozen=True, slots=True, eq=False)
class Recognition:
    """What MEDN tells of B windows. The arrays are the caller's own: later windows do not change them."""

    emotion: NDArray[np.float32]
    """(B, 3) probability of negative, positive and surprise; each row sums to 1. Calibrated in the weights."""
    aus: NDArray[np.float32]
    """(B, 12) probability of each action unit, in the order of `medn.model.AU_NAMES`."""
    micro: NDArray[np.float32]
    """(B,) probability that the movement is a micro-expression."""

    @classmethod
    def empty(cls, windows: int) -> Self:
        """Room for the answers to so many windows, not yet written."""
        return cls(
            np.empty((windows, len(EMOTIONS)), np.float32),
            np.empty((windows, len(AU_NAMES)), np.float32),
            np.empty(windows, np.float32),
        )

    def __len__(self) -> int:
        return len(self.micro)
