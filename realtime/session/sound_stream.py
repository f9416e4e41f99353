"""The sound of a video that is being written: AAC."""

from fractions import Fraction

import av
import numpy as np
from av.container import OutputContainer
from numpy.typing import NDArray

from realtime.sources.sound import CHANNELS, RATE_HZ

PACKET = 1024
"""Samples of a packet of AAC; its encoder begins so many before the first."""


class SoundStream:
    """A stream of a container, whose samples are appended one after the other."""

    def __init__(self, container: OutputContainer, first: int = 0) -> None:
        """`first`: number of the first sample; number / `RATE_HZ` is its time in the video."""
        self._container = container
        self._stream = container.add_stream("aac", rate=RATE_HZ, layout="stereo")
        self._stream.bit_rate = 160_000
        self._rest: NDArray[np.float32] = np.zeros((0, CHANNELS), np.float32)
        self._encoded = first

    @property
    def end_s(self) -> float:
        """Time of the sample that comes next."""
        return (self._encoded + len(self._rest)) / RATE_HZ

    def write(self, samples: NDArray[np.float32]) -> None:
        """Append (n, 2) samples."""
        self._rest = np.concatenate([self._rest, samples])
        while len(self._rest) >= PACKET:
            self._encode(self._rest[:PACKET])
            self._rest = self._rest[PACKET:]

    def end(self) -> None:
        """Write what is left."""
        if len(self._rest):
            self._encode(self._rest)
        self._container.mux(self._stream.encode())

    def _encode(self, samples: NDArray[np.float32]) -> None:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), "fltp", "stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, self._encoded, Fraction(1, RATE_HZ)
        self._encoded += len(samples)
        self._container.mux(self._stream.encode(frame))
