"""The limit of detection: the size from which half of all movements are found at a moment, in each half of the face.

The detector's matched filter sees a movement of a % iod at z = a · √(sᵀC⁻¹s) standard deviations of what this face does
anyway around this moment (`realtime.spotting.detector`). Half of all movements are found at z = z₅₀, so the limit is

    a₅₀ = z₅₀ / √(sᵀC⁻¹s)

In the dark less of a movement is measured, because the gradients are those of the noise, too, and few frames a second
miss its apex: `shown` and `sampled` lower z by it.

A moment at which nothing in the range of micro-expressions would be found is not judged: its limit is NaN. That is not
the same as a moment at which nothing happened.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

NOT_JUDGED = (math.nan, math.nan)
MAX_LIMIT_PCT = 3.5
"""Micro-expressions are 0.6–3.5 % iod at their apex: a limit above this judges none of them."""
MAX_YAW_DEG = 30.0
MAX_PITCH_DEG = 25.0
"""A face that is turned further hides a side; the patterns were measured on frontal faces."""

USUAL_SHARE = 0.94
"""What `shown` is compared with: its median, before the comparison, in the generated videos that z₅₀ was fitted on."""

LEAST_PER_PCT = 1e-6
"""Less is nothing: where each picture differs from the one before as noise does, no movement is measured at all."""


def shown(energy: NDArray[np.floating], share: NDArray[np.floating]) -> NDArray[np.floating]:
    """(patterns,) how much of a movement is measured against what z₅₀ takes for granted: 1 in good pictures.

    `energy`: (patterns, 450), see `Patterns.energy`; `share`: (225, 2), see `Motion.share`.
    """
    return np.sqrt(energy @ share.ravel() ** 2) / USUAL_SHARE


INTERVALS_S = (1 / 30, 1 / 25, 1 / 20, 1 / 15, 1 / 12.5, 1 / 10, 1 / 8, 1 / 6, 1 / 5)
SAMPLED_SHARES = (1.0, 0.99, 0.98, 0.95, 0.93, 0.89, 0.83, 0.73, 0.67)
"""How much is left of a movement of 0.36 s, sampled so far apart and drawn straight between, against 30 a second."""


def sampled(interval_s: float) -> float:
    """How much of a movement's size the frames show that come so far apart: 1 from 30 a second on."""
    return float(np.interp(interval_s, INTERVALS_S, SAMPLED_SHARES))


def turned_away(yaw_deg: float, pitch_deg: float) -> bool:
    """Whether a face is turned so far that it is not judged."""
    return abs(yaw_deg) > MAX_YAW_DEG or abs(pitch_deg) > MAX_PITCH_DEG


def limits_pct(
    per_pct: NDArray[np.floating], upper: NDArray[np.bool_], z50: Sequence[float], yaw_deg: float, pitch_deg: float
) -> tuple[float, float]:
    """(upper, lower) limit in % iod, each the median over the patterns of that part of the face; NaN: not judged.

    `per_pct`: (patterns,) √(sᵀC⁻¹s) for a movement of 1 % iod; `upper`: (patterns,) whether the pattern lies in the
    upper face; `z50`: of the upper and of the lower face.
    """
    if turned_away(yaw_deg, pitch_deg):
        return NOT_JUDGED
    above = z50[0] / max(float(np.median(per_pct[upper])), LEAST_PER_PCT)
    below = z50[1] / max(float(np.median(per_pct[~upper])), LEAST_PER_PCT)
    return (above if above <= MAX_LIMIT_PCT else math.nan, below if below <= MAX_LIMIT_PCT else math.nan)


def fit_z50(z: NDArray[np.floating], found: NDArray[np.bool_]) -> float:
    """The z at which half of the movements are found: logistic regression (Newton's method) on log z.

    `z` (n,) > 0 and `found` (n,) of implanted movements. ValueError if all or none were found, or if larger ones were
    not found more often.
    """
    if found.all() or not found.any():
        raise ValueError("The limit of detection cannot be fitted: all or none of the movements were found.")
    x = np.stack([np.log(z), np.ones(len(z))], axis=1)
    weights = np.zeros(2)
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        # a weak prior on the slope keeps perfectly separated movements from an infinite one
        gradient = x.T @ (found - p) - np.array([1e-2, 0]) * weights
        hessian = (x * (p * (1 - p))[:, None]).T @ x + np.diag([1e-2, 1e-9])
        weights += np.linalg.solve(hessian, gradient)
    if weights[0] <= 0:
        raise ValueError("The limit of detection cannot be fitted: larger movements were not found more often.")
    return float(np.exp(-weights[1] / weights[0]))
