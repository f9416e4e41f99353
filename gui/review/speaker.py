"""The speaker: a thread that fills a sound device from a feed and knows at any time what is heard."""

import time
from collections.abc import Callable
from typing import Protocol

from PyQt6.QtCore import Qt, QThread, QTimer

from realtime.viewing.sound import RATE_HZ, Samples
from realtime.viewing.sound_feed import Heard, Play, SoundFeed

TICK_MS = 8
REST_TICKS = 250
"""After two seconds of silence the device rests."""
STUCK_TICKS = 400
"""A device that is full and has played nothing for three seconds is gone."""
FURTHEST_S = 0.1
"""How far what is heard is continued from the last reading of the device's clock."""
JUMP_S, FOLLOWED = 0.05, 0.1
"""A device's clock moves in steps: smaller differences are followed by this share."""


class Device(Protocol):
    """A sound device that plays (n, 2) samples at `RATE_HZ`. Used by one thread."""

    def room(self) -> int:
        """Samples that can be written now."""

    def write(self, samples: Samples) -> None:
        """Play these after what was written."""

    def played(self) -> int:
        """Samples that were heard since the beginning."""

    def rest(self, *, on: bool) -> None:
        """Pause the device, or go on."""

    def close(self) -> None:
        """Stop."""


class Speaker(QThread):
    """Plays a feed on a device that `open_device` opens within the thread; RuntimeError if it cannot be opened."""

    def __init__(self, feed: SoundFeed, open_device: Callable[[], Device]) -> None:
        super().__init__()
        self.problem = ""
        """Why nothing is played any more."""
        self._feed, self._open = feed, open_device
        self._now: tuple[float, Heard] = (0.0, Heard(None, 0.0, 0.0))

    def heard(self, play: Play) -> Heard:
        """Return what is heard of a command; until it is reached, its beginning."""
        read_s, heard = self._now
        if heard.play is not play:
            return Heard(play, play.from_s, 0.0)
        passed_s = min(max(time.monotonic() - read_s, 0.0), FURTHEST_S)
        return Heard(play, heard.time_s + heard.speed * passed_s, heard.speed)

    def close(self) -> None:
        """Stop playing."""
        self.quit()
        self.wait()

    def run(self) -> None:
        """Fill the device until the thread is told to end."""
        try:
            device = self._open()
        except RuntimeError as error:
            self.problem = str(error)
            return
        filling = _Filling(device, self._feed)

        def tick() -> None:
            try:
                self._now = filling.go_on()
            except RuntimeError as error:
                self.problem = str(error)
                self.quit()

        timer = QTimer()
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.timeout.connect(tick)
        timer.start(TICK_MS)
        self.exec()
        timer.stop()
        device.close()


class _Filling:
    """Keeps a device filled, and reads its clock evenly."""

    def __init__(self, device: Device, feed: SoundFeed) -> None:
        self._device, self._feed = device, feed
        self._silent_ticks = self._stuck_ticks = 0
        self._resting = False
        self._played = 0
        self._read_s = time.monotonic()
        self._even = 0.0  # samples heard

    def go_on(self) -> tuple[float, Heard]:
        """Fill the device; return the time by the system's clock and what is heard then."""
        self._silent_ticks = self._silent_ticks + 1 if self._feed.idle else 0
        rests = self._silent_ticks > REST_TICKS
        if rests != self._resting:
            self._device.rest(on=rests)
            self._resting = rests
        if not rests:
            room = self._device.room()
            if room > 0:
                self._device.write(self._feed.take(room))
            self._read_clock(full=room <= 0)
        return self._read_s, self._feed.heard_at(round(self._even))

    def _read_clock(self, *, full: bool) -> None:
        played, now_s = self._device.played(), time.monotonic()
        self._stuck_ticks = self._stuck_ticks + 1 if full and played == self._played else 0
        if self._stuck_ticks > STUCK_TICKS:
            raise RuntimeError("The sound device does not play any more: the recording goes on without sound.")
        expected = self._even + (now_s - self._read_s) * RATE_HZ
        off = played - expected
        self._even = expected + FOLLOWED * off if abs(off) < JUMP_S * RATE_HZ else float(played)
        self._played, self._read_s = played, now_s
