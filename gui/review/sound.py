"""The sound of the open recording: opened in the background, then played along with the viewer's commands."""

import threading
from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QLoggingCategory, QObject, pyqtSignal

from gui.review.speaker import Device, Speaker
from gui.settings import Settings
from realtime.sources.pulse import keep_cookie_here
from realtime.viewing.sound import SoundTrack, open_sound
from realtime.viewing.sound_feed import Heard, Play, SoundFeed
from realtime.viewing.waveform import Waveform

NO_DEVICE = "This machine has no sound device: recordings play without sound."
NO_LIBRARY = "Sound needs a library that is missing here ({error}): recordings play without sound."
VOLUME_STEP = 10

OpenDevice = Callable[[], Device]


def system_device() -> OpenDevice:
    """Return what opens the system's device. Raises RuntimeError without one."""
    QLoggingCategory.setFilterRules("qt.multimedia.*=false")  # it lists libraries on standard error while it loads
    keep_cookie_here()
    try:
        # loaded here and by the window's thread: in another one, loading it beside a running window crashes
        from gui.review.sound_device import QtDevice, default_output
    except ImportError as error:
        raise RuntimeError(NO_LIBRARY.format(error=error)) from error
    output = default_output()
    if output is None:
        raise RuntimeError(NO_DEVICE)
    return lambda: QtDevice(output)


class Sound(QObject):
    """One recording at a time; volume and choices are kept in the settings."""

    failed = pyqtSignal(str)
    """One sentence: why nothing is heard. Each only once."""
    changed = pyqtSignal()
    """Volume, muting, or whether there is sound."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self.waveform: Waveform | None = None
        """That of the recording; None without sound."""
        self._said: set[str] = set()
        self._opening: _Opening | None = None
        self._track: SoundTrack | None = None
        self._feed: SoundFeed | None = None
        self._speaker: Speaker | None = None
        self._play: Play | None = None

    @property
    def there(self) -> bool:
        """Whether the recording has sound that can be heard here."""
        return self._speaker is not None

    def open(self, path: Path) -> None:
        """Open a recording's sound; `poll` takes it over when that is done."""
        self.close()
        self._opening = _Opening(path)

    def close(self) -> None:
        """Be silent, and close the file."""
        if self._speaker is not None:
            self._speaker.close()
        if self._opening is not None:
            self._opening.close()
        if self._track is not None:
            self._track.close()
        if self.waveform is not None:
            self.waveform.close()
        self.waveform = None
        self._speaker = self._feed = self._track = self._opening = self._play = None
        self.changed.emit()

    def poll(self) -> None:
        """Take over a recording that was opened, or a device that failed; called on a timer."""
        if self._opening is not None and self._opening.done:
            opened, self._opening = self._opening, None
            self._track = opened.track
            if self._track is not None:
                self.waveform = Waveform(opened.path)
                self._begin(self._track)
        if self._speaker is not None and self._speaker.problem:
            self._fail(self._speaker.problem)
            self._speaker.close()
            self._speaker = self._feed = None
            self.changed.emit()

    def command(self, play: Play | None) -> None:
        """Play something from now on, or pause."""
        self._play = play
        if self._feed is not None:
            if play is None:
                self._feed.pause()
            else:
                self._feed.play(play)

    def heard(self) -> Heard | None:
        """Return what is heard of the newest command; None without sound or while paused."""
        return None if self._speaker is None or self._play is None else self._speaker.heard(self._play)

    def change_volume(self, percent: int) -> None:
        """Set the volume in %; this also ends muting."""
        self._settings.volume_pct, self._settings.muted = min(max(percent, 0), 100), False
        self._apply()

    def louder(self, steps: int) -> None:
        """Raise the volume by steps of `VOLUME_STEP`, or lower it."""
        self.change_volume(self._settings.volume_pct + steps * VOLUME_STEP)

    def toggle_mute(self) -> None:
        """Be silent, or heard again."""
        self._settings.muted = not self._settings.muted
        self._apply()

    def toggle_slow(self) -> None:
        """Hear sound at ¼ and ½ speed too, or only at full speed."""
        self._settings.slow_sound = not self._settings.slow_sound
        self.changed.emit()

    def _begin(self, track: SoundTrack) -> None:
        try:
            open_device = system_device()
        except RuntimeError as error:
            self._fail(str(error))
            return
        self._feed = SoundFeed(track)
        self._speaker = Speaker(self._feed, open_device)
        self._speaker.start()
        self._apply()

    def _apply(self) -> None:
        if self._feed is not None:
            self._feed.volume = 0.0 if self._settings.muted else self._settings.volume_pct / 100
        self.changed.emit()

    def _fail(self, sentence: str) -> None:
        if sentence not in self._said:
            self._said.add(sentence)
            self.failed.emit(sentence)


class _Opening:
    """A recording's sound that is being opened in the background."""

    def __init__(self, path: Path) -> None:
        self.track: SoundTrack | None = None
        self.done = False
        self.path, self._closed = path, False
        self._lock = threading.Lock()
        threading.Thread(target=self._work, name="open sound", daemon=True).start()

    def close(self) -> None:
        """Have no track."""
        with self._lock:
            self._closed = True
            if self.track is not None:
                self.track.close()

    def _work(self) -> None:
        track = open_sound(self.path)
        with self._lock:
            if self._closed and track is not None:
                track.close()
            self.track, self.done = track, True
