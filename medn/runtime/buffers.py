"""The fixed arrays through which every runtime is fed and answers: allocated once, whatever the number of windows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from medn.model import AU_NAMES, EMOTIONS
from medn.runtime.windows import CONTEXT_SHAPE, FACES_SHAPE, FLOW_SHAPE, WindowBatch

MAX_WINDOWS = 16
"""Windows in one call of a network; the batch profile of a TensorRT engine is 1 to this. More go in several calls."""


@dataclass(frozen=True, slots=True, eq=False)
class Buffers:
    """Inputs and outputs of up to 16 windows, float32, named as the exported network names them."""

    faces: NDArray[np.float32]
    """(16, 8, 128, 128), 0–1."""
    flow: NDArray[np.float32]
    context: NDArray[np.float32]
    emotion_logits: NDArray[np.float32]
    """(16, 3)."""
    au_logits: NDArray[np.float32]
    """(16, 12)."""
    micro_logit: NDArray[np.float32]
    """(16,)."""

    @classmethod
    def allocate(cls) -> Self:
        """Zeros throughout."""
        shapes = (FACES_SHAPE, FLOW_SHAPE, CONTEXT_SHAPE, (len(EMOTIONS),), (len(AU_NAMES),), ())
        return cls(*(np.zeros((MAX_WINDOWS, *shape), np.float32) for shape in shapes))

    def fill(self, windows: WindowBatch) -> None:
        """Copy at most 16 windows in; faces are brought to 0–1 on the way."""
        count = len(windows)
        if windows.faces.dtype == np.uint8:
            np.multiply(windows.faces, np.float32(1 / 255), out=self.faces[:count])
        else:
            self.faces[:count] = windows.faces
        self.flow[:count] = windows.flow
        self.context[:count] = windows.context


INPUTS = ("faces", "flow", "context")
OUTPUTS = ("emotion_logits", "au_logits", "micro_logit")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A network made ready by one library."""

    forward: Callable[[int], None]
    """Reads the first so many windows from the buffers it was made with, and writes their outputs there."""
    device: str
    """What it computes on, in words."""
    failures: tuple[type[Exception], ...] = ()
    """What the library raises when that device fails: out of memory, a driver that was reset."""
