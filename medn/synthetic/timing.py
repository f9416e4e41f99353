"""When facial movements begin, peak and end: durations as they were measured, and smooth curves between them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RISE_MS = {"CASME II": (75, 150, 325), "SAMM": (70, 160, 301), "MMEW": (67, 144, 289), "DFME": (90, 200, 313)}
"""Onset to apex of real micro-expressions by database: 5th, 50th and 95th percentile of the databases' own coding."""
FALL_MS = {"CASME II": (50, 150, 326), "SAMM": (54, 200, 330), "MMEW": (122, 244, 422), "DFME": (60, 180, 300)}
"""Apex to offset, likewise."""
WHOLE_MS = {"CASME II": (180, 305, 500), "SAMM": (200, 390, 500), "MMEW": (233, 422, 601), "DFME": (205, 395, 500)}
"""Onset to offset, likewise; what is drawn from the two tables above stays within its outer percentiles."""


@dataclass(frozen=True)
class Curve:
    """A rise, a hold and a fall between 0 and 1, at rest (zero velocity) at the onset, the apex and the offset."""

    onset_s: float
    apex_s: float
    """Where it first reaches 1."""
    offset_s: float
    hold_s: float = 0.0
    """How long it stays at 1."""
    skew: tuple[float, float] = (1.0, 1.0)
    """Below 1 the rise (the fall) is fast at first, above 1 fast at last; 0.7–1.4."""
    rebound: float = 0.0
    """How far it goes below 0 after the offset (0–0.1), for as long as the fall took."""

    def __call__(self, time_s: float) -> float:
        """The curve at a time; 0 outside it."""
        if time_s <= self.onset_s:
            return 0.0
        if time_s < self.apex_s:
            return smooth(((time_s - self.onset_s) / (self.apex_s - self.onset_s)) ** self.skew[0])
        fall_s = self.offset_s - self.apex_s - self.hold_s
        falling = (time_s - self.apex_s - self.hold_s) / fall_s
        if falling <= 0:
            return 1.0
        if falling < 1:
            return 1.0 - smooth(falling ** self.skew[1])
        if falling < 2:
            return -self.rebound * 4 * smooth(falling - 1) * smooth(2 - falling)
        return 0.0

    @property
    def end_s(self) -> float:
        """When it is at rest for good."""
        return 2 * self.offset_s - self.apex_s - self.hold_s if self.rebound else self.offset_s


def smooth(at: float) -> float:
    """Hermite's smoothstep on 0–1."""
    return at * at * (3 - 2 * at)


def micro_curve(onset_s: float, rng: np.random.Generator) -> Curve:
    """The course of a micro-expression: one database is drawn, then its rise and fall from the measured percentiles."""
    database = str(rng.choice(sorted(RISE_MS)))
    shortest, _, longest = WHOLE_MS[database]
    while True:
        rise, fall = _quantile(RISE_MS[database], rng.random()), _quantile(FALL_MS[database], rng.random())
        if shortest <= rise + fall <= longest:
            break
    apex_s = onset_s + rise / 1000
    rebound = float(rng.uniform(0.02, 0.1)) if rng.random() < 0.3 else 0.0
    return Curve(onset_s, apex_s, apex_s + fall / 1000, skew=_skew(rng), rebound=rebound)


def macro_curve(onset_s: float, duration_s: float, rng: np.random.Generator) -> Curve:
    """The course of an ordinary expression: rise, hold and fall over a whole duration."""
    rise, fall = duration_s * rng.uniform(0.2, 0.4), duration_s * rng.uniform(0.25, 0.45)
    apex_s = onset_s + float(min(rise, 0.9))
    offset_s = onset_s + duration_s
    hold_s = max(offset_s - float(min(fall, 1.3)) - apex_s, 0.0)
    return Curve(onset_s, apex_s, offset_s, hold_s, _skew(rng))


def blink_curve(onset_s: float, rng: np.random.Generator) -> Curve:
    """A spontaneous blink: closing in about 67 ms, opening in about 200 ms."""
    apex_s = onset_s + float(np.clip(rng.normal(0.067, 0.01), 0.045, 0.1))
    hold_s = float(rng.uniform(0.0, 0.04))
    return Curve(
        onset_s, apex_s, apex_s + hold_s + float(np.clip(rng.normal(0.2, 0.035), 0.12, 0.3)), hold_s, (1.0, 0.8)
    )


def _quantile(percentiles: tuple[int, int, int], at: float) -> float:
    """The value at a quantile, straight between the three known ones, reaching a little beyond the outer two."""
    low, middle, high = percentiles
    values = np.array([low - 0.08 * (middle - low), low, middle, high, high + 0.08 * (high - middle)])
    return float(np.interp(at, [0.0, 0.05, 0.5, 0.95, 1.0], values))


def _skew(rng: np.random.Generator) -> tuple[float, float]:
    skew: NDArray[np.float64] = rng.uniform(0.75, 1.35, 2)
    return float(skew[0]), float(skew[1])
