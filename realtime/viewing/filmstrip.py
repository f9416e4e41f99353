"""Small pictures over the length of a recording, made in the background, for who points at a time without going there.

They are held in memory while the recording is open and never written: they show faces, and would outlive it.
"""

import contextlib
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.sources import SourceError
from realtime.viewing.playback import Playback

HEIGHT_PX, MOST = 108, 240
"""Height of a picture, and how many there are at most: 15 MB."""
STEP_FRAMES = 30
"""From picture to picture where the frames are decoded one after the other."""
FEW_KEYS, SHORT_FRAMES = 40, 5000
"""With fewer key frames all frames are decoded, unless there are more than these: that would take minutes."""


@dataclass(frozen=True, slots=True)
class Still:
    """A small picture of a recording."""

    time_s: float
    image: NDArray[np.uint8]
    """(`HEIGHT_PX`, W, 3) BGR."""


class Filmstrip:
    """The pictures that are there so far; any thread may read. A recording that cannot be read has none."""

    def __init__(self, recording: Path) -> None:
        self.stills: tuple[Still, ...] = ()
        """In the order of time. Replaced when it grows."""
        self.done = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, args=(recording,), name="filmstrip", daemon=True)
        self._thread.start()

    def at(self, time_s: float) -> Still | None:
        """The picture nearest to a time; None before there is any."""
        return min(self.stills, key=lambda still: abs(still.time_s - time_s), default=None)

    def close(self) -> None:
        """Stop making pictures; waits for the one that is being made."""
        self._closing.set()
        self._thread.join()

    def _work(self, recording: Path) -> None:
        with contextlib.suppress(SourceError), Playback(recording) as playback:
            for index in wanted_frames(playback):
                began_s = time.monotonic()
                with contextlib.suppress(SourceError):  # one that cannot be decoded is left out
                    frame = playback.frame(index)
                    still = Still(frame.time_s, _small(frame.image))
                    self.stills = tuple(sorted((*self.stills, still), key=lambda each: each.time_s))
                # half of a core at most: the video that is watched goes first
                if self._closing.wait(time.monotonic() - began_s):
                    return
        self.done = True


def wanted_frames(playback: Playback) -> list[int]:
    """Numbers of the frames to make pictures of: key frames, which cost least, from all over the recording first."""
    frames = len(playback.times_s)
    if len(playback.keys) < FEW_KEYS and frames <= SHORT_FRAMES:
        return list(range(0, frames, STEP_FRAMES))
    places = np.unique(np.linspace(0, len(playback.keys) - 1, MOST).round().astype(int))
    keys = playback.keys[places].tolist()
    return list(dict.fromkeys(key for stride in (16, 4, 1) for key in keys[::stride]))


def _small(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    size = max(round(width * HEIGHT_PX / height), 1), HEIGHT_PX
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
