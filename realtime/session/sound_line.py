"""A microphone's sound on the time line of a film, whose clock is the camera's.

Two clocks never run alike: where the sound would fall behind or run ahead, single samples are added or left out, spread
over a whole block. What is missing is silent, what comes twice is left out.
"""

import math

import numpy as np
from numpy.typing import NDArray

from realtime.sources.sound import CHANNELS, RATE_HZ

LINGER_S = 4.0
"""Over so long the distance between the clocks is averaged: single blocks' times are off by some ms."""
SHORTEST = 200
"""One sample of so many at most is added or left out: 9 cents of pitch. Shorter blocks stay as they are."""
ASTRAY_S, ASTRAY_BLOCKS = 0.03, 5
"""Where so many blocks in a row are further off, sound was lost, or came twice: the line jumps."""


class SoundLine:
    """Takes blocks with their times, gives samples without gaps."""

    def __init__(self, first: int = 0) -> None:
        """`first`: number of the first sample that is given."""
        self.next = first
        """Number of the next sample; number / `RATE_HZ` is its time in the film."""
        self._off = 0.0  # samples by which the sound is late on the line (negative: early), averaged
        self._astray = 0
        self._placed = False  # whether what comes next continues what came before

    def add(self, time_s: float, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the samples to append, (m, 2), for a block that was captured from a time of the film on.

        These are the block and what is silent before it; none where the line has passed it already.
        """
        off = time_s * RATE_HZ - self.next
        self._astray = self._astray + 1 if abs(off) > ASTRAY_S * RATE_HZ else 0
        if not self._placed or self._astray >= ASTRAY_BLOCKS:
            return self._appended(self._place(block, round(off)))
        self._off += min(len(block) / RATE_HZ / LINGER_S, 1.0) * (off - self._off)
        most = len(block) // SHORTEST
        change = math.trunc(min(max(self._off, -most), most))
        self._off -= change
        return self._appended(_stretched(block, change) if change else block)

    def silence(self, until: int) -> NDArray[np.float32]:
        """Return the silence to append so that this sample is the next one; empty where the line is there already."""
        count = max(until - self.next, 0)
        if count:
            self._placed = False
        return self._appended(np.zeros((count, CHANNELS), np.float32))

    def _place(self, samples: NDArray[np.float32], off: int) -> NDArray[np.float32]:
        """Begin anew at the block's own time."""
        there = np.concatenate([np.zeros((max(off, 0), CHANNELS), np.float32), samples[max(-off, 0) :]])
        self._placed, self._off, self._astray = len(there) > 0, 0.0, 0
        return there

    def _appended(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        self.next += len(samples)
        return samples


def _stretched(samples: NDArray[np.float32], change: int) -> NDArray[np.float32]:
    """The same with `change` more samples; its first and its last one stay."""
    there = np.arange(len(samples))
    wanted = np.linspace(0, len(samples) - 1, len(samples) + change)
    return np.stack([np.interp(wanted, there, side) for side in samples.T], axis=1).astype(np.float32)
