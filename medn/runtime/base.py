"""What all runtimes share: windows in, `Recognition` out, through buffers that are allocated once.

`Runtime` calls one prepared network; `medn.runtime.choose` decides which library prepares it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from medn.contract import AU_NAMES, EMOTIONS, FLOW_SIZE, FRAMES, SIZE_PX
from medn.errors import UserError
from medn.face.window import Window

Notice = Callable[[str], None]
"""Receives one sentence for the user."""

Precision = Literal["fp16", "fp32"]
"""Of a TensorRT engine; with fp16 only the layers that tolerate it run in half precision."""

FACES_SHAPE = (FRAMES, SIZE_PX, SIZE_PX)
FLOW_SHAPE = (3, FLOW_SIZE, FLOW_SIZE)
CONTEXT_SHAPE = (2,)
"""Shapes of one window's inputs, without the batch axis."""

MAX_WINDOWS = 16
"""Windows in one call of a network; the batch profile of a TensorRT engine is 1 to this. More go in several calls."""

INPUTS = ("faces", "flow", "context")
OUTPUTS = ("emotion_logits", "au_logits", "micro_logit")
"""Names of the exported network's inputs and outputs, and of the arrays in `Buffers`."""


class RuntimeUnavailableError(UserError):
    """This runtime cannot run here; the message gives the reason and the remedy."""


class EngineRefusedError(UserError):
    """A TensorRT engine was built but does not give what PyTorch gives."""


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
    """MEDN's output for B windows. The arrays are the caller's own: later windows do not change them."""

    emotion: NDArray[np.float32]
    """(B, 3) probability of negative, positive and surprise; each row sums to 1. Calibrated in the weights."""
    aus: NDArray[np.float32]
    """(B, 12) probability of each action unit, in the order of `medn.contract.AU_NAMES`."""
    micro: NDArray[np.float32]
    """(B,) probability that the movement is a micro-expression."""

    @classmethod
    def empty(cls, windows: int) -> Self:
        """Room for the outputs of so many windows, not yet written."""
        return cls(
            np.empty((windows, len(EMOTIONS)), np.float32),
            np.empty((windows, len(AU_NAMES)), np.float32),
            np.empty(windows, np.float32),
        )

    def __len__(self) -> int:
        return len(self.micro)


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


@dataclass(frozen=True, slots=True)
class Prepared:
    """A network made ready by one library."""

    forward: Callable[[int], None]
    """Reads the first so many windows from the buffers it was made with, and writes their outputs there."""
    device: str
    """What it computes on, in words."""
    failures: tuple[type[Exception], ...] = ()
    """What the library raises when that device fails: out of memory, a driver that was reset."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What an engine is bound to."""

    gpu: str
    torch_tensorrt: str
    torch: str


@dataclass(frozen=True, slots=True, eq=False)
class Engine:
    """A built engine and how it is called."""

    plan: bytes
    """As TensorRT serialized it."""
    inputs: tuple[str, ...]
    """Which of faces, flow and context goes to each place."""
    bound_inputs: tuple[str, ...]
    """TensorRT's own names of those places."""
    bound_outputs: tuple[str, ...]


class Runtime:
    """Callable: a batch of windows → `Recognition`. One thread at a time, for its buffers are reused.

    No array as large as a window is allocated for one: only its output (16 numbers), Python's passing objects, and what
    the library inside takes: ONNX Runtime works in an arena that it keeps, a TensorRT engine in its own workspace;
    PyTorch takes memory for each intermediate result and gives it back.

    If the device fails (out of memory, a driver reset), `reserve` is made ready in its place, the windows in hand are
    computed again, `notice` is called, and `name` and `device` change; without a reserve the library's error goes on.
    """

    def __init__(
        self,
        name: str,
        prepare: Callable[[Buffers], Prepared],
        reserve: tuple[str, Callable[[Buffers], Prepared]] | None = None,
        notice: Notice = lambda _: None,
        explanation: str = "",
    ) -> None:
        self.name = name
        self.explanation = explanation
        """Why this one, in words for the log and `medn doctor`."""
        self._buffers = Buffers.allocate()
        self._prepared = prepare(self._buffers)
        self._reserve = reserve
        self._notice = notice

    @property
    def device(self) -> str:
        """What it computes on, in words."""
        return self._prepared.device

    def __call__(self, windows: WindowBatch) -> Recognition:
        """Read any number of windows; more than 16 go in several calls of the network."""
        recognition = Recognition.empty(len(windows))
        for start in range(0, len(windows), MAX_WINDOWS):
            stop = min(start + MAX_WINDOWS, len(windows))
            self._buffers.fill(windows.part(start, stop))
            self._forward(stop - start)
            self._write(recognition, start, stop)
        return recognition

    def warm_up(self, windows: int = 1) -> float:
        """Run blank windows twice, so many at once, for the first real ones to find all ready; the seconds it took."""
        began = time.perf_counter()
        blank = WindowBatch.empty(windows)
        for array in (blank.faces, blank.flow, blank.context):
            array.fill(0)
        self(blank)
        self(blank)
        return time.perf_counter() - began

    def _forward(self, count: int) -> None:
        try:
            self._prepared.forward(count)
        except self._prepared.failures as error:
            if self._reserve is None:
                raise
            failed, why = self.name, str(error).partition("\n")[0]
            self.name, prepare = self._reserve
            self._reserve = None
            self._prepared = prepare(self._buffers)
            self._prepared.forward(count)
            self._notice(f"{failed} failed ({why}); from here on {self.name} recognises, and no window was lost.")

    def _write(self, recognition: Recognition, start: int, stop: int) -> None:
        count, buffers = stop - start, self._buffers
        recognition.emotion[start:stop] = _softmax(buffers.emotion_logits[:count])
        recognition.aus[start:stop] = _sigmoid(buffers.au_logits[:count])
        recognition.micro[start:stop] = _sigmoid(buffers.micro_logit[:count])


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    # by tanh, which does not overflow
    return 0.5 * (1 + np.tanh(0.5 * logits))
