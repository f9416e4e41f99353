"""The interface of a microphone: an iterable of blocks of samples, each with the time at which it was captured."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

RATE_HZ, CHANNELS = 48_000, 2
"""What every microphone is converted to by the sound server; one that is mono is heard on both sides."""


@dataclass(frozen=True, slots=True)
class SoundBlock:
    """Successive samples with the moment at which they were captured."""

    time_s: float
    """Of the first sample, on the clock of `time.monotonic()`, which is the cameras' too."""
    samples: NDArray[np.float32]
    """(n, 2) from −1 to 1, at `RATE_HZ` of the microphone's own clock."""


class SoundSource(Protocol):
    """Opened by its constructor (or `SourceError`), iterated once by one thread, closed by any thread."""

    @property
    def name(self) -> str:
        """What messages call it."""

    def blocks(self) -> Iterator[SoundBlock]:
        """Yield the sound until closed. Raises `SourceError`, one sentence, when the microphone goes away."""

    def close(self) -> None:
        """End the iteration and release the device; calling it again does nothing."""


@dataclass(frozen=True, slots=True)
class Microphone:
    """A microphone of this machine."""

    name: str
    """What the sound server calls it; the same after a restart."""
    description: str
    """What a person calls it."""
