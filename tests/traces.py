"""Traces of faces, drawn instead of filmed."""

import numpy as np

from realtime.spotting.grid import Steps
from realtime.spotting.patterns import shipped_patterns
from realtime.spotting.responses import GRID_HZ


def restless_face(seconds: float, seed: int) -> Steps:
    """A face that makes a small movement about every 0.7 s, beside the noise of measuring."""
    rng, patterns = np.random.default_rng(seed), shipped_patterns()
    count = round(seconds * GRID_HZ)
    values = rng.normal(0, 0.12, (count, 450))
    t = np.arange(count) / GRID_HZ
    at_s = 0.3
    while at_s < seconds:
        length_s, size_pct = rng.uniform(0.2, 0.5), rng.uniform(0.2, 1.2)
        course = np.where(np.abs(t - at_s) < length_s / 2, np.cos(np.pi * (t - at_s) / length_s) ** 2, 0)
        values[:, patterns.channels] += size_pct * course[:, None] * patterns.patterns[rng.integers(43)]
        at_s += rng.uniform(0.3, 1.1)
    return Steps(1 / GRID_HZ, values.astype(np.float32))
