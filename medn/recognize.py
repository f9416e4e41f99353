"""MEDN on a window of one's own: `medn.load` makes it ready, its call recognizes one movement."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medn.contract import AU_NAMES, EMOTIONS, SIZE_PX
from medn.face.window import window
from medn.runtime import Runtime, WindowBatch, load_runtime
from medn.weights import SHIPPED, read_weights


@dataclass(frozen=True, slots=True)
class Movement:
    """What MEDN recognizes in one movement."""

    emotions: Mapping[str, float]
    """Calibrated probability of "negative", "positive" and "surprise"; they sum to 1."""
    action_units: Mapping[str, float]
    """Probability of each action unit, "AU1" …; one is reported as present from `medn.contract.AU_CLAIMED_AT` on."""
    is_micro: float
    """Probability that the movement is a micro-expression."""


class Network:
    """MEDN with its weights on one runtime; made by `load`, used from one thread at a time."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        """What it computes on: `runtime.name`, `runtime.device`."""
        self._batch = WindowBatch.empty(1)

    def __call__(
        self, faces: NDArray[np.uint8], times_s: NDArray[np.float64], onset_s: float, apex_s: float
    ) -> Movement:
        """Recognize the movement from `onset_s` to `apex_s`.

        `faces`: (N, 128, 128) uint8, aligned grey faces (`medn.face.aligned.align`), all under one warp; `times_s`:
        (N,) float64, when each was taken, increasing. Raises ValueError where the shapes are others, the apex does not
        come after the onset, or either lies outside of `times_s`.
        """
        faces, times_s = np.asarray(faces), np.asarray(times_s, np.float64)
        if faces.dtype != np.uint8 or faces.shape != (len(times_s), SIZE_PX, SIZE_PX) or len(times_s) < 2:
            raise ValueError(
                f"faces must be uint8 of shape (N, {SIZE_PX}, {SIZE_PX}) with N times, at least 2, not "
                f"{faces.dtype} of shape {faces.shape} with {len(times_s)} times."
            )
        if not (np.diff(times_s) > 0).all():
            raise ValueError("times_s must increase.")
        self._batch.put(0, window(faces, times_s, onset_s, apex_s))
        answer = self.runtime(self._batch)
        return Movement(
            emotions=dict(zip(EMOTIONS, answer.emotion[0].tolist(), strict=True)),
            action_units=dict(zip(AU_NAMES, answer.aus[0].tolist(), strict=True)),
            is_micro=float(answer.micro[0]),
        )


def load(weights: str | Path = SHIPPED, runtime: str = "auto") -> Network:
    """MEDN made ready to run: shipped weights by name or a .safetensors file, on the best runtime or one by name.

    Takes about a second, for its first window is computed here. Raises ValueError where there are no such weights and
    `medn.runtime.RuntimeUnavailableError` where the runtime cannot run here.
    """
    ready = load_runtime(runtime, read_weights(weights))
    ready.warm_up()
    return Network(ready)
