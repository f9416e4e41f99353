"""MEDN made ready to run: windows in, `Recognition` out, on whichever library and device were chosen."""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from medn.runtime.buffers import MAX_WINDOWS, Buffers, Prepared
from medn.runtime.windows import Recognition, WindowBatch

Notice = Callable[[str], None]
"""Is told, in one sentence, what a person should know."""


class Runtime:
    """Callable: a batch of windows → `Recognition`. One thread at a time, for its buffers are reused.

    No array as large as a window is allocated for one: only its answer (16 numbers), Python's passing objects, and what
    the library inside takes: ONNX Runtime works in an arena that it keeps, a TensorRT engine in its own workspace;
    PyTorch takes memory for each intermediate result and gives it back.

    If the device fails (out of memory, a driver reset), `reserve` is made ready in its place, the windows in hand are
    computed again, `notice` is told, and `name` and `device` change; without a reserve the library's error goes on.
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
        answer = Recognition.empty(len(windows))
        for start in range(0, len(windows), MAX_WINDOWS):
            stop = min(start + MAX_WINDOWS, len(windows))
            self._buffers.fill(windows.part(start, stop))
            self._forward(stop - start)
            self._tell(answer, start, stop)
        return answer

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

    def _tell(self, answer: Recognition, start: int, stop: int) -> None:
        count, buffers = stop - start, self._buffers
        answer.emotion[start:stop] = _softmax(buffers.emotion_logits[:count])
        answer.aus[start:stop] = _sigmoid(buffers.au_logits[:count])
        answer.micro[start:stop] = _sigmoid(buffers.micro_logit[:count])


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    # by tanh, which does not overflow
    return 0.5 * (1 + np.tanh(0.5 * logits))
