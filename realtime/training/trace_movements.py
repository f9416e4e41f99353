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
UNLIKE_SHOWN = (0.4, 0.95)
UNLIKE_OTHER = 0.5
UNLIKE_ROUGH = 0.25
"""Movements unlike their pattern: the share of their size that shows, the spread of another pattern's part in them, and
of what no pattern has, both as shares of the pattern's own strength."""


@dataclass(frozen=True, slots=True, eq=False)
class TraceMovement:
    """One movement that was added."""

    curve: Curve
    unit: int
    """Which of the patterns."""
    size_pct: float
    """Of the face, % iod."""
    drawn: NDArray[np.float32]
    """(channels,) what 1 % iod of it draws on the patches, % iod."""

    @property
    def span_s(self) -> tuple[float, float]:
        """Onset and offset."""
        return self.curve.onset_s, self.curve.offset_s


def draw_movement(onset_s: float, patterns: Patterns, rng: np.random.Generator, unlike: bool = False) -> TraceMovement:
    """A movement that begins at a time, whatever the face does there.

    It draws `SHOWN` of the unit's pattern; with `unlike`, it differs from the pattern as movements in pictures of a
    single face do from the median over faces.
    """
    size_pct = float(np.exp(rng.uniform(*np.log(SIZE_PCT))))
    curve, unit = micro_curve(onset_s, rng), int(rng.integers(len(patterns.patterns)))
    pattern = patterns.patterns[unit]
    drawn = _unlike(pattern, patterns, rng) if unlike else np.float32(SHOWN) * pattern
    return TraceMovement(curve, unit, size_pct, drawn)


def added_values(movement: TraceMovement, time_s: float, patterns: Patterns) -> NDArray[np.float32]:
    """(450,) displacement in % iod that a movement adds to the trace at a time."""
    added = np.zeros(450, np.float32)
    added[patterns.channels] = movement.size_pct * movement.curve(time_s) * movement.drawn
    return added


def _unlike(pattern: NDArray[np.float32], patterns: Patterns, rng: np.random.Generator) -> NDArray[np.float32]:
    other = patterns.patterns[int(rng.integers(len(patterns.patterns)))]
    strength = np.linalg.norm(pattern)
    mixed = pattern + rng.normal(0, UNLIKE_OTHER) * strength / np.linalg.norm(other) * other
    mixed = mixed + UNLIKE_ROUGH * strength / np.sqrt(len(pattern)) * rng.normal(0, 1, len(pattern))
    return (rng.uniform(*UNLIKE_SHOWN) * mixed).astype(np.float32)
