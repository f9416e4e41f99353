"""What a sound device is to play next: plays, pauses, jumps and loops without clicks, and knows when what is heard.

One thread, that of the device, calls `take`; any thread gives commands, the newest counts.
"""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from realtime.viewing.sound import CHANNELS, RATE_HZ, Samples, SoundTrack

FADE = round(0.012 * RATE_HZ)
"""Samples over which sound comes and goes, wherever it begins, ends or changes its volume."""
HELD_SPANS = 64
"""Spans whose times are known: many more than fit into a device's buffer."""


@dataclass(frozen=True, slots=True)
class Play:
    """What to play: from `from_s` on, or again and again from start to end of `loop`; ends at `end_s`."""

    from_s: float
    end_s: float
    speed: float = 1.0
    loop: tuple[float, float] | None = None
    silent: bool = False
    """Whether the sound is left out, as at a low speed if the user wants it so; times pass all the same."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What is heard at a moment."""

    play: Play | None
    """The command that it belongs to; compare by identity."""
    time_s: float
    speed: float
    """How fast the time passes: 0 in a pause, and at the end."""


@dataclass(frozen=True, slots=True)
class _Span:
    """A stretch of what was taken, from the sample with this number on."""

    begins: int
    heard: Heard


class SoundFeed:
    """The sound of a track, block by block."""

    def __init__(self, track: SoundTrack) -> None:
        self.volume = 1.0
        """From 0 to 1, as loud as it sounds: an amplitude of its square."""
        self._track = track
        self._wanted: Play | None = None
        self._playing: Play | None = None
        self._part: _Part | None = None
        self._taken = 0
        self._gain: float | None = None
        self._spans: deque[_Span] = deque([_Span(0, Heard(None, 0.0, 0.0))], maxlen=HELD_SPANS)

    def play(self, play: Play) -> None:
        """Play from now on."""
        self._wanted = play

    def pause(self) -> None:
        """Be silent."""
        self._wanted = None

    @property
    def idle(self) -> bool:
        """Whether there is only silence to take until the next command."""
        return self._wanted is self._playing and self._part is None

    def take(self, count: int) -> Samples:
        """Return the next samples for the device."""
        result = np.zeros((count, CHANNELS), np.float32)
        filled = 0
        while filled < count:
            if self._wanted is not self._playing:
                if self._part is not None:
                    self._part.fade_out()
                else:
                    self._begin(self._wanted, filled)
            if self._part is None:
                break
            block = self._part.take(count - filled)
            result[filled : filled + len(block)] = block
            filled += len(block)
            if self._part.over:
                self._end_part(filled)
        self._taken += count
        return result * self._gains(count)

    def heard_at(self, sample: int) -> Heard:
        """What is heard with a sample, counted from the first that was taken."""
        span = next((each for each in reversed(self._spans) if each.begins <= sample), self._spans[0])
        heard = span.heard
        return Heard(heard.play, heard.time_s + heard.speed * (sample - span.begins) / RATE_HZ, heard.speed)

    def _begin(self, play: Play | None, at: int) -> None:
        self._playing = play
        if play is not None:
            self._start(play, play.from_s, at)

    def _start(self, play: Play, from_s: float, at: int) -> None:
        end_s = play.loop[1] if play.loop and from_s < play.loop[1] else play.end_s
        self._spans.append(_Span(self._taken + at, Heard(play, from_s, play.speed)))
        self._part = _Part(self._track, play, from_s, end_s)

    def _end_part(self, at: int) -> None:
        """Begin the loop again, or be silent."""
        play, self._part = self._playing, None
        if play is None or self._wanted is not play:
            return
        if play.loop:
            self._start(play, play.loop[0], at)
        else:
            self._spans.append(_Span(self._taken + at, Heard(play, play.end_s, 0.0)))

    def _gains(self, count: int) -> Samples:
        """(count, 1): the volume, which changes over one block."""
        wanted = min(max(self.volume, 0.0), 1.0) ** 2
        gain = wanted if self._gain is None else self._gain
        self._gain = wanted
        ramp = np.minimum(np.arange(1, count + 1, dtype=np.float32) / max(min(count, FADE), 1), 1.0)
        return np.asarray(gain + (wanted - gain) * ramp, np.float32)[:, None]


class _Part:
    """A stretch of sound that fades in at its start and out at its end."""

    def __init__(self, track: SoundTrack, play: Play, from_s: float, end_s: float) -> None:
        self._length = max(math.ceil((end_s - from_s) / play.speed * RATE_HZ), 1)
        self._place = 0
        self._blocks: Iterator[Samples] = iter(()) if play.silent else track.samples(from_s, play.speed)
        self._rest: Samples = np.zeros((0, CHANNELS), np.float32)

    @property
    def over(self) -> bool:
        return self._place >= self._length

    def fade_out(self) -> None:
        """End soon."""
        self._length = min(self._length, self._place + FADE)

    def take(self, most: int) -> Samples:
        """Return the next samples, silent ones where the track has ended."""
        count = min(most, self._length - self._place)
        while len(self._rest) < count and (block := next(self._blocks, None)) is not None:
            self._rest = np.concatenate([self._rest, block])
        result = np.zeros((count, CHANNELS), np.float32)
        there = self._rest[:count]
        result[: len(there)] = there
        self._rest = self._rest[len(there) :]
        places = self._place + np.arange(count)
        edge = np.minimum(places + 1, self._length - places - 1) / FADE
        self._place += count
        return result * np.clip(edge, 0.0, 1.0).astype(np.float32)[:, None]
