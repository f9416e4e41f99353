"""Plays an event clip slowly in a loop, as filmed or magnified."""

import threading
import time

import numpy as np
from numpy.typing import NDArray

from realtime.viewing.event_clips import EventClip

MAGNIFICATION = 10.0
MAGNIFICATIONS = (2.0, 5.0, MAGNIFICATION, 20.0)
SPEEDS = (0.25, 0.5, 1.0)
HOLD_S = 0.4
"""The loop pauses this long on its last picture."""


class ClipPlayer:
    """Selects the picture of a clip that is due now. Magnified pictures are made once, in the background."""

    def __init__(self, clip: EventClip, speed: float = SPEEDS[0], factor: float = MAGNIFICATION) -> None:
        self.clip = clip
        self.speed = speed
        self.magnified = False
        self._factor = factor
        self._began_s = time.monotonic()
        self._large: list[NDArray[np.uint8]] | None = None
        self._working: threading.Thread | None = None

    @property
    def magnifying(self) -> bool:
        """Whether magnified pictures are being made."""
        return self.magnified and self._large is None

    def magnify(self, *, on: bool) -> None:
        """Show the movement larger, or as filmed."""
        self.magnified = on
        if on and self._large is None and self._working is None:
            self._working = threading.Thread(target=self._work, name="magnify")
            self._working.start()

    def now(self) -> tuple[NDArray[np.uint8], float]:
        """Return the picture to show, and its time in the recording in s."""
        times_s = np.array(self.clip.times_s)
        span_s = float(times_s[-1] - times_s[0])
        into_s = (time.monotonic() - self._began_s) % (span_s / self.speed + HOLD_S)
        index = int(np.searchsorted(times_s, times_s[0] + min(into_s * self.speed, span_s), "right") - 1)
        images = self._large if self.magnified and self._large else self.clip.images
        return images[index], float(times_s[index])

    def _work(self) -> None:
        from realtime.viewing.magnify import magnify

        onset = self.clip.index_at(self.clip.event.onset_s)
        self._large = magnify(self.clip.images, onset, self._factor)
