"""The sound of a recording: decoded from any time on, at full speed or slowly with its pitch kept.

Times are those of the file's time line, on which picture and sound may begin at different times, see `Container`.
"""

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Self

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray

from medn.media_file import open_media
from realtime.sources import SourceError
from realtime.sources.container import Container, read_container
from realtime.sources.decoder import decoded

RATE_HZ, CHANNELS = 48_000, 2
"""What every recording is converted to."""
LEAD_IN_S = 0.15
"""Decoded and left out before a time that was jumped to: decoders need what came before (AAC, Opus: 0.1 s)."""
GAP_S = 0.02
"""Times of successive packets that differ by less from the samples between them are rounded, not gaps."""
SLOWEST_STEP = 0.5
"""The slowest tempo that one atempo filter takes; slower ones are chained."""
EARLY_S = 1024 / RATE_HZ
"""Each atempo filter lets a sound begin early by about half of its window, in the time of what it is given."""

Samples = NDArray[np.float32]
"""(n, 2) from −1 to 1, at `RATE_HZ`."""


class SoundTrack:
    """The sound of an open file; one thread at a time."""

    def __init__(self, path: Path, container: Container) -> None:
        assert container.sound is not None
        self._container = open_media(path)
        self._stream = self._container.streams[container.sound]
        self._origin_s = container.origin_s
        for other in self._container.streams:
            if other is not self._stream:
                other.discard = av.stream.Discard.all

    def samples(self, from_s: float, speed: float = 1.0) -> Iterator[Samples]:
        """Yield the sound from a time on, slowed down to `speed`; what is missing or cannot be decoded is silent.

        The first sample is that of `from_s`. Ends with the sound.
        """
        if speed == 1.0:
            return self._without_gaps(from_s)
        tempos = _tempos(speed)
        early_s = sum(EARLY_S * math.prod(tempos[:place]) for place in range(len(tempos)))
        return _slowly(self._without_gaps(from_s - early_s), tempos)

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _without_gaps(self, from_s: float) -> Iterator[Samples]:
        """Each block at its time: gaps are filled with silence, and what overlaps is cut."""
        due, rounded = round(from_s * RATE_HZ), 0.0  # the first sample is exact
        for time_s, block in self._decoded(max(from_s - LEAD_IN_S, 0.0)):
            begins = round(time_s * RATE_HZ)
            if begins + len(block) <= due:
                continue
            if begins - due > rounded:
                for silent in _silence(begins - due):
                    due += len(silent)
                    yield silent
            there = block[due - begins :] if due - begins > rounded else block
            rounded = GAP_S * RATE_HZ / 2  # what `_decoded` found to be a gap is more than twice as long
            due += len(there)
            yield there

    def _decoded(self, from_s: float) -> Iterator[tuple[float, Samples]]:
        """Blocks with the times at which they begin."""
        resampler = av.AudioResampler("flt", "stereo", RATE_HZ)
        form: tuple[str, str, int] | None = None
        base = self._stream.time_base or Fraction(1, RATE_HZ)
        self._container.seek(round((from_s + self._origin_s) / base), stream=self._stream)
        next_s: float | None = None
        for frame in decoded(self._container, self._stream):
            if frame.pts is not None and frame.time_base is not None:
                begins_s = float(frame.pts * frame.time_base) - self._origin_s
                if next_s is None or abs(begins_s - next_s) > GAP_S:
                    resampler = av.AudioResampler("flt", "stereo", RATE_HZ)  # what it holds lies before the gap
                    next_s = begins_s
            if next_s is None:
                continue
            before, form = form, (frame.format.name, frame.layout.name, frame.sample_rate)
            if before not in (None, form):  # television changes from stereo to 5.1 and back
                resampler = av.AudioResampler("flt", "stereo", RATE_HZ)
            frame.pts = None
            for converted in resampler.resample(frame):
                block = converted.to_ndarray().reshape(-1, CHANNELS)
                yield next_s, block
                next_s += len(block) / RATE_HZ


def open_sound(path: Path) -> SoundTrack | None:
    """Open the sound of a recording; None if it has none that can be decoded."""
    try:
        container = read_container(path)
        return None if container is None or container.sound is None else SoundTrack(path, container)
    except (SourceError, OSError, av.FFmpegError):
        return None


def _silence(count: int) -> Iterator[Samples]:
    for begins in range(0, count, RATE_HZ):
        yield np.zeros((min(RATE_HZ, count - begins), CHANNELS), np.float32)


def _tempos(speed: float) -> list[float]:
    """Tempos of one filter each that make a speed together."""
    tempos = []
    while speed < 1.0:
        tempos.append(max(speed, SLOWEST_STEP))
        speed /= tempos[-1]
    return tempos


def _slowly(blocks: Iterator[Samples], tempos: list[float]) -> Iterator[Samples]:
    """The same sound at another tempo and the same pitch, by FFmpeg's atempo."""
    graph = Graph()
    source = graph.add_abuffer(sample_rate=RATE_HZ, format="flt", layout="stereo", time_base=Fraction(1, RATE_HZ))
    chain = [source, *(graph.add("atempo", f"{tempo:g}") for tempo in tempos), graph.add("abuffersink")]
    for one, other in pairwise(chain):
        one.link_to(other)
    graph.configure()
    pushed = 0
    for block in blocks:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block.reshape(1, -1)), "flt", "stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, pushed, Fraction(1, RATE_HZ)
        pushed += len(block)
        graph.push(frame)
        yield from _pulled(graph)
    graph.push(None)
    yield from _pulled(graph)


def _pulled(graph: Graph) -> Iterator[Samples]:
    while True:
        try:
            yield np.asarray(graph.pull().to_ndarray(), np.float32).reshape(-1, CHANNELS)
        except (av.BlockingIOError, av.EOFError):
            return
