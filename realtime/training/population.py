"""How the patches of many people move together: the population's correlation, which a face's background begins with."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from realtime.spotting.background import BANK, REFERENCE, Background
from realtime.spotting.grid import Steps
from realtime.spotting.patterns import Patterns

LEAST_SHOWN = 0.06
"""A channel that no pattern moves by this share of a movement's size is left out."""
EVERY = 2
"""Steps between samples."""


def without_correlation(measured: NDArray[np.float32]) -> Patterns:
    """Patterns from (portraits, units, 225, 2) measurements (`measure_patterns`), channels independent."""
    median = np.median(measured, axis=0).reshape(measured.shape[1], -1).astype(np.float32)
    channels = np.flatnonzero(np.abs(median).max(axis=0) >= LEAST_SHOWN)
    return Patterns(channels, np.ascontiguousarray(median[:, channels]), np.eye(len(channels), dtype=np.float32))


def correlation(people: Iterable[Sequence[Steps]], channels: NDArray[np.int64]) -> NDArray[np.float32]:
    """(channels, channels) correlation of the responses of people, each given as the stretches of one's trace.

    Every person counts alike, and moments that stand out count little. ValueError if no one moves.
    """
    total = np.zeros((len(channels), len(channels)))
    for stretches in people:
        own = np.zeros_like(total)
        samples = 0
        for steps in stretches:
            background, taps = Background(np.eye(len(channels), dtype=np.float32)), len(BANK[0])
            values = steps.values[:, channels]
            padded = np.concatenate([np.repeat(values[:1], taps - 1, axis=0), values])
            for step in range(len(values)):
                background.take(padded[step : step + taps])
                if step % EVERY == 0 and background.inverse is not None:
                    z = background.responses[REFERENCE] / background.scales[REFERENCE]
                    own += np.outer(z, z) / (1 + np.mean(z * z))
                    samples += 1
        if samples:
            total += own / np.trace(own)
    spread = np.sqrt(np.diag(total))
    if not spread.all():
        raise ValueError("The recordings are too short to learn how people move.")
    return (total / np.outer(spread, spread)).astype(np.float32)
