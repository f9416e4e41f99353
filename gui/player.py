"""Plays a moment: an event in pictures, slowly and over and over, as it was or magnified."""

import threading
import time

import numpy as np
from numpy.typing import NDArray

from realtime.viewing.moments import Moment

MAGNIFICATION = 10.0
SPEEDS = (0.25, 0.5, 1.0)
HOLD_S = 0.4
"""The loop rests this long before it begins again."""


class MomentPlayer:
    """Which picture of a moment is to be shown now. Magnified pictures are made in the background, once."""

    def __init__(self, moment: Moment, speed: float = SPEEDS[0]) -> None:
        self.moment = moment
        self.speed = speed
        self.magnified = False
        self._began_s = time.monotonic()
        self._large: list[NDArray[np.uint8]] | None = None
        self._working: threading.Thread | None = None

    @property
    def magnifying(self) -> bool:
        """Whether magnified pictures are asked for and not yet there."""
        return self.magnified and self._large is None

    def magnify(self, *, on: bool) -> None:
        """Show the movement ten times as large, or as it was."""
        self.magnified = on
        if on and self._large is None and self._working is None:
            self._working = threading.Thread(target=self._work, name="magnify")
            self._working.start()

    def now(self) -> tuple[NDArray[np.uint8], float]:
        """The picture to show, and its time in the recording."""
        times_s = np.array(self.moment.times_s)
        span_s = float(times_s[-1] - times_s[0])
        into_s = (time.monotonic() - self._began_s) % (span_s / self.speed + HOLD_S)
        index = int(np.searchsorted(times_s, times_s[0] + min(into_s * self.speed, span_s), "right") - 1)
        images = self._large if self.magnified and self._large else self.moment.images
        return images[index], float(times_s[index])

    def _work(self) -> None:
        from realtime.viewing.magnify import magnify

        onset = self.moment.index_at(self.moment.event.onset_s)
        self._large = magnify(self.moment.images, onset, MAGNIFICATION)
