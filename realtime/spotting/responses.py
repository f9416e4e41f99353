"""Bump responses: how much a trace rises and falls again around a moment, as one fixed linear filter a length.

The response of length d is the least-squares size of a raised cosine of that length beside a constant and a slope, over
d and `FLANK_S` on either side: drift, a held pose and steady motion answer with nothing.
"""

import numpy as np
from numpy.typing import NDArray

GRID_HZ = 30.0
"""Traces are resampled to this rate, whatever the camera's."""
DURATIONS_S = (0.20, 0.27, 0.36, 0.48)
"""Lengths of the movements that are looked for."""
FLANK_S = 0.13


def bump_filter(duration_s: float) -> NDArray[np.float32]:
    """(2 h + 1,) weights of the response of one length; its centre is the moment that it is about."""
    half = int((duration_s / 2 + FLANK_S) * GRID_HZ + 1e-6)
    t = np.arange(-half, half + 1) / GRID_HZ
    bump = np.where(np.abs(t) < duration_s / 2, 0.5 * (1 + np.cos(2 * np.pi * t / duration_s)), 0.0)
    return np.linalg.pinv(np.stack([bump, np.ones_like(t), t], axis=1))[0].astype(np.float32)


def filter_bank() -> NDArray[np.float32]:
    """(durations, 2 H + 1) all filters around one centre, the shorter ones padded with zeros."""
    filters = [bump_filter(duration_s) for duration_s in DURATIONS_S]
    width = max(len(weights) for weights in filters)
    bank = np.zeros((len(filters), width), np.float32)
    for row, weights in zip(bank, filters, strict=True):
        margin = (width - len(weights)) // 2
        row[margin : margin + len(weights)] = weights
    return bank
