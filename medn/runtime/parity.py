"""How far two runtimes' answers lie apart on the same windows."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from medn.runtime.windows import Recognition


class Tolerance(NamedTuple):
    """What is let pass."""

    difference: float
    """Largest difference of any probability."""
    agreement: float
    """Least share of windows that get the same class."""


Precision = Literal["fp16", "fp32"]
"""Of a TensorRT engine; fp16 is for what forgives it, the rest stays fp32."""

TOLERANCES: dict[Precision, Tolerance] = {"fp16": Tolerance(2e-2, 0.99), "fp32": Tolerance(1e-3, 0.995)}
"""By precision, the faster first, against PyTorch in fp32 on the CPU. Not every class can be asked to agree: where two
classes are within the difference of a tie, either answer is right."""


@dataclass(frozen=True, slots=True)
class Parity:
    """Two runtimes on the same windows."""

    windows: int
    difference: float
    """Largest difference of any probability: emotion, action unit or "is a micro-expression"."""
    agreement: float
    """Share of windows that get the same class."""

    def within(self, tolerance: Tolerance) -> bool:
        """Whether it passes."""
        return self.difference <= tolerance.difference and self.agreement >= tolerance.agreement

    def __str__(self) -> str:
        return (
            f"largest difference {self.difference:.2g}, same class for {self.agreement:.1%} of {self.windows} windows"
        )


def parity(answer: Recognition, reference: Recognition) -> Parity:
    """Compare two answers; one that is not a number lies infinitely far."""
    pairs = ((answer.emotion, reference.emotion), (answer.aus, reference.aus), (answer.micro, reference.micro))
    apart = max(float(np.abs(a - b).max()) for a, b in pairs)
    same = answer.emotion.argmax(axis=1) == reference.emotion.argmax(axis=1)
    return Parity(len(answer), float("inf") if np.isnan(apart) else apart, float(same.mean()))
