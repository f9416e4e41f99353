"""Movements added in a trace: pattern × course × size at random moments, without rendering a picture.

They teach a decision what a micro-expression looks like among what a face does anyway, also a face without any truth.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medn.synthetic.timing import Curve, micro_curve
from realtime.spotting.patterns import Patterns

SIZE_PCT = (1.0, 3.6)
"""% iod, log-uniform."""
SHOWN = 0.75
"""The share of its size with which a movement in pictures shows in a trace (measured with implants: 0.5–0.95)."""


@dataclass(frozen=True, slots=True)
class TraceMovement:
    """One movement that was added."""

    curve: Curve
    unit: int
    """Which of the patterns."""
    size_pct: float
    """Of the face, % iod; it shows in the trace with `SHOWN` of it."""

    @property
    def span_s(self) -> tuple[float, float]:
        """Onset and offset."""
        return self.curve.onset_s, self.curve.offset_s


def draw_movement(onset_s: float, patterns: Patterns, rng: np.random.Generator) -> TraceMovement:
    """A movement that begins at a time, whatever the face does there."""
    size_pct = float(np.exp(rng.uniform(*np.log(SIZE_PCT))))
    return TraceMovement(micro_curve(onset_s, rng), int(rng.integers(len(patterns.patterns))), size_pct)


def added_values(movement: TraceMovement, time_s: float, patterns: Patterns) -> NDArray[np.float32]:
    """(450,) displacement in % iod that a movement adds to the trace at a time."""
    added = np.zeros(450, np.float32)
    added[patterns.channels] = SHOWN * movement.size_pct * movement.curve(time_s) * patterns.patterns[movement.unit]
    return added
