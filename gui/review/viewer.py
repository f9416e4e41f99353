"""The viewer of Review: the film at the cursor with the overlay of that frame, or an event looping, also magnified."""

import time
from pathlib import Path

import numpy as np
from PyQt6.QtCore import pyqtSignal
from PyQt6.QtGui import QPainter

from gui import overlay
from gui.player import SPEEDS, MomentPlayer
from gui.review.film import Film, Shown
from gui.settings import Settings
from gui.video import ToWidget, VideoView
from gui.widgets import button, column, label, row
from realtime.results import Event
from realtime.session import StoredEvent
from realtime.viewing.history import Trace
from realtime.viewing.moments import Moment

NO_SESSION = "Open a session from the list, or from elsewhere with Ctrl+O. Live and Analyze make new ones."
NO_VIDEO = "No video was kept with this session. Its events, traces and notes are all here."
GONE_VIDEO = "The video is no longer at {video}. Everything else is here."


class Viewer(VideoView):
    """Owns the film, the place in it and the speed."""

    locate_asked = pyqtSignal()

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self.film: Film | None = None
        self.position_s = 0.0
        self.end_s = 0.0
        self.playing = False
        self.speed = 1.0
        self.loop: tuple[float, float] | None = None
        """From when to when it plays over and over."""
        self.magnified = False
        self.chosen: StoredEvent | None = None
        self.trace: Trace | None = None
        self._player: MomentPlayer | None = None
        self._shown: Shown | None = None
        self._clock_s = time.monotonic()
        self._words = label("", quiet=True, wrap=True)
        self._locate = button("Locate video …", self.locate_asked.emit)
        self._empty = column(None, row(None, self._words, None), row(None, self._locate, None), None, gap=12)
        self.setLayout(self._empty)
        self.layers = (self._paint_overlay,)
        self.setMinimumHeight(220)
        self.clear()

    def open(self, video: str | None) -> None:
        """Show a session's film from its beginning, or say why there is none."""
        self.clear()
        found = video is not None and Path(video).exists()
        self.film = Film(Path(video)) if video is not None and found else None
        why_none = GONE_VIDEO.format(video=video) if video else NO_VIDEO
        self._say("" if found else why_none, locate=not found)
        self.seek(0.0)

    def clear(self) -> None:
        """Show nothing: no session is open."""
        self.close_film()
        self.position_s, self.playing, self.loop, self.chosen = 0.0, False, None, None
        self._shown, self._player, self.magnified = None, None, False
        self.show_image(None)
        self.trace = None
        self._say(NO_SESSION, locate=False)

    def close_film(self) -> None:
        """Let go of the file."""
        if self.film is not None:
            self.film.close()
            self.film = None

    def seek(self, time_s: float) -> None:
        """Go to a time."""
        self.position_s = min(max(time_s, 0.0), self.end_s)
        self._player = None if not self.magnified else self._player
        self._ask()

    def step(self, frames: int) -> None:
        """Go by frames; without a film, by thirtieths of a second."""
        self.playing, self.loop = False, None
        times_s = self.film.times_s if self.film else None
        if times_s is None:
            self.seek(self.position_s + frames / 30)
            return
        now = int(np.searchsorted(times_s, self.position_s + 1e-4, "right")) - 1
        self.seek(float(times_s[min(max(now + frames, 0), len(times_s) - 1)]))

    def play(self, *, on: bool) -> None:
        """Play on, or stop."""
        self.playing = on
        self._clock_s = time.monotonic()
        if on and self.position_s >= self.end_s - 0.02:
            self.seek(0.0)

    def play_event(self, stored: StoredEvent | None, *, loop: bool) -> None:
        """Go to an event's onset, and let it play over and over slowly."""
        self.chosen = stored
        self._player = None
        if stored is None:
            self.loop = None
            return
        air_s = 0.25
        self.loop = (stored.event.onset_s - air_s, stored.event.offset_s + air_s) if loop else None
        self.speed = SPEEDS[0] if loop else self.speed
        self.seek(stored.event.onset_s)
        self.play(on=loop)
        if self.film is not None:
            self.film.ask_moment(stored.id, stored.event)

    def magnify(self, *, on: bool) -> None:
        """Show the chosen event ten times as large, or the film."""
        self.magnified = on
        self._player = None
        if not on:
            self._shown = None
            self._ask()

    @property
    def moment(self) -> Moment | None:
        """The chosen event in pictures, once they are there."""
        return self.film.moment(self.chosen.id) if self.film and self.chosen else None

    def advance(self) -> None:
        """Let time pass; called on a timer."""
        now_s = time.monotonic()
        passed_s, self._clock_s = now_s - self._clock_s, now_s
        if self.film is not None and self.film.problem:
            self._say(self.film.problem, locate=True)
            self.close_film()
        if self.playing:
            self._pass(passed_s)
        moment = self.moment
        if self.magnified and moment is not None:
            if self._player is None or self._player.moment is not moment:
                self._player = MomentPlayer(moment)
                self._player.magnify(on=True)
            image, self.position_s = self._player.now()
            if image is not self.image:
                self.show_image(image)
        elif self.film is not None and self.film.newest is not self._shown:
            self._shown = self.film.newest
            self.show_image(self._shown.frame.image if self._shown else None)

    @property
    def doing(self) -> str:
        """What is shown, in a few words."""
        if self.magnified and self.chosen is not None:
            return "×10, making it …" if self._player is None or self._player.magnifying else "×10, ¼ speed"
        return f"{'looping, ' if self.loop else ''}{_speed(self.speed)} speed"

    def _pass(self, passed_s: float) -> None:
        to_s = self.position_s + self.speed * min(passed_s, 0.5)
        if self.loop and to_s > self.loop[1]:
            to_s = self.loop[0]
        if to_s >= self.end_s:
            self.playing = False
        self.seek(to_s)

    def _ask(self) -> None:
        if self.film is not None:
            with_faces = self._settings.show_outline or self._settings.show_events or self._settings.show_motion
            self.film.seek(self.position_s, with_faces=with_faces)

    def _say(self, words: str, *, locate: bool) -> None:
        self._words.setText(words)
        self._words.setVisible(bool(words))
        self._words.setMinimumWidth(420 if words else 0)
        self._locate.setVisible(locate)

    def _paint_overlay(self, painter: QPainter, to_widget: ToWidget) -> None:
        if self._shown is None or self.magnified:
            return
        frame, faces = self._shown.frame, self._shown.faces
        for points in faces:
            if self._settings.show_outline:
                overlay.outline(painter, to_widget, points)
        if len(faces) != 1:  # a session does not say where each of several faces was
            return
        if self._settings.show_motion and self.trace is not None and len(self.trace.times_s):
            place = int(np.abs(self.trace.times_s - frame.time_s).argmin())
            values = self.trace.motion[place], self.trace.threshold[place]
            overlay.motion_heat(painter, to_widget, faces[0], *values)
        event: Event | None = self.chosen.event if self.chosen else None
        if self._settings.show_events and event and event.onset_s - 0.02 <= frame.time_s <= event.offset_s + 0.02:
            overlay.event_regions(painter, to_widget, faces[0], event, 1.0)


def _speed(speed: float) -> str:
    return {0.25: "¼", 0.5: "½", 1.0: "full"}[speed]
