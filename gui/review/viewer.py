"""The viewer of Review: the video at the cursor with its overlay, or an event in a loop, also magnified."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QMouseEvent, QPainter, QPen

from gui.review.model import ReviewModel
from gui.review.sound import Sound
from gui.review.video_thread import Shown, VideoThread
from gui.settings import Settings
from gui.theme import colour, text_font
from gui.widgets import overlay
from gui.widgets.basic import button, column, label, row
from gui.widgets.player import MAGNIFICATION, MAGNIFICATIONS, SPEEDS, ClipPlayer
from gui.widgets.video import ToWidget
from gui.widgets.zoom_view import ZoomView
from realtime.types import Event
from realtime.viewing.event_clips import EventClip, ends_of
from realtime.viewing.sound_feed import Play

if TYPE_CHECKING:
    from realtime.viewing.filmstrip import Still
    from realtime.viewing.playback import SeenFace

NO_SESSION = "Open a session from the list, or a file with Ctrl+O. Live and Analyze create new sessions."
NO_VIDEO = "No video was stored with this session. Its events, traces and notes are complete."
GONE_VIDEO = "The video is no longer at {video}. Events, traces and notes are complete."


class Viewer(ZoomView):
    """Owns the video, the position in it and the speed. Where there is sound, it is the clock."""

    locate_asked = pyqtSignal()

    def __init__(self, settings: Settings, review: ReviewModel) -> None:
        super().__init__()
        self._settings, self._review = settings, review
        self.video: VideoThread | None = None
        self.position_s = 0.0
        self.playing = False
        self.speed = 1.0
        self.loop: tuple[float, float] | None = None
        """Start and end, in s, of the part that plays in a loop."""
        self.magnified = False
        self.factor = MAGNIFICATION
        """How many times as large a magnified movement is."""
        self.split: float | None = None
        """Where the picture passes from onset to apex, in shares of its width; None unless both are compared."""
        self._halves: tuple[EventClip, float] | None = None  # what is shown of a comparison
        self.sound = Sound(settings)
        self._jumps = 0  # counts what interrupts playing
        self._followed: tuple[object, ...] = ()  # what the sound was told to play last
        self._player: ClipPlayer | None = None
        self._shown: Shown | None = None
        self._paused_from = 0  # the first request after the video stopped
        self._clock_s = time.monotonic()
        self._message = label("", quiet=True, wrap=True)
        self._locate = button("Locate video …", self.locate_asked.emit)
        self._empty = column(None, row(None, self._message, None), row(None, self._locate, None), None, gap=12)
        self.setLayout(self._empty)
        self.layers = (self._paint_overlay,)
        self.setMinimumHeight(66)
        review.session_changed.connect(self._show_session)
        review.chosen_changed.connect(lambda: self.play_chosen(loop=True))
        review.readings_changed.connect(self._ask)
        self.clear()

    @property
    def end_s(self) -> float:
        """The session's length."""
        return self._review.end_s

    def _show_session(self) -> None:
        record = self._review.record
        if record is None:
            self.clear()
        else:
            self.open(record.info.video)

    def open(self, path: str | None) -> None:
        """Show a session's video from its beginning, or why there is none."""
        self.clear()
        record = self._review.record
        found = path is not None and os.path.exists(path)
        if path is not None and found and record is not None:
            self.video = VideoThread(Path(path), record)
            self.sound.open(Path(path))
        why_none = GONE_VIDEO.format(video=path) if path else NO_VIDEO
        self._show_message("" if found else why_none, locate=not found)
        self.seek(0.0)

    def clear(self) -> None:
        """Show that no session is open."""
        self.close_video()
        self.position_s, self.playing, self.loop = 0.0, False, None
        self._shown, self._player, self.magnified, self._paused_from = None, None, False, 0
        self.split = self._halves = None
        self.show_image(None)
        self._show_message(NO_SESSION, locate=False)

    def close_video(self) -> None:
        """Close the file."""
        self.sound.close()
        if self.video is not None:
            self.video.close()
            self.video = None

    def still_at(self, time_s: float) -> "Still | None":
        """A small picture of the recording at a time, as far as they are made."""
        strip = self.video.filmstrip if self.video else None
        return strip.at(time_s) if strip else None

    def seek(self, time_s: float) -> None:
        """Go to a time, in s."""
        self._jumps += 1
        self.split = self._halves = None
        self._go(time_s)

    def _go(self, time_s: float) -> None:
        self.position_s = min(max(time_s, 0.0), self.end_s)
        self._player = None if not self.magnified else self._player
        self._ask()

    def step(self, frames: int) -> None:
        """Go by frames; without a video, by thirtieths of a second."""
        self.playing, self.loop = False, None
        times_s = self.video.times_s if self.video else None
        if times_s is None:
            self.seek(self.position_s + frames / 30)
            return
        now = int(np.searchsorted(times_s, self.position_s + 1e-4, "right")) - 1
        self.seek(float(times_s[min(max(now + frames, 0), len(times_s) - 1)]))

    def play(self, *, on: bool) -> None:
        """Play, or stop."""
        if on and self.split is not None:
            self.split = self._halves = None
        self.playing = on
        self._clock_s = time.monotonic()
        if on and self.position_s >= self.end_s - 0.02:
            self.seek(0.0)
        if not on:
            self._ask()

    def play_chosen(self, *, loop: bool) -> None:
        """Go to the chosen event's onset; with `loop`, play it slowly in a loop."""
        stored = self._review.chosen
        self._player = None
        if stored is None:
            self.loop = None
            return
        margin_s = 0.25
        self.loop = (stored.event.onset_s - margin_s, stored.event.offset_s + margin_s) if loop else None
        self.speed = SPEEDS[0] if loop else self.speed
        split = self.split
        self.seek(stored.event.onset_s)
        self.split = split  # who compares goes on to compare
        self.play(on=loop and split is None)
        if self.video is not None:
            self.video.request_clip(stored.event)

    def magnify(self, *, on: bool) -> None:
        """Show the chosen event's movement `factor` times as large, or the video."""
        if on:
            self.split = self._halves = None
        self.magnified = on
        self._player = None
        if not on:
            self._shown = None
            self._ask()

    def magnify_next(self) -> None:
        """Magnify the chosen event's movement by the next factor."""
        if self.magnified:
            self.factor = MAGNIFICATIONS[(MAGNIFICATIONS.index(self.factor) + 1) % len(MAGNIFICATIONS)]
        self.magnify(on=True)

    def compare(self, *, on: bool) -> None:
        """Show the chosen event's onset on the left and its apex on the right of a line that the mouse moves."""
        self.split, self._halves, self._shown = 0.5 if on else None, None, None
        if on:
            self.magnify(on=False)
            self.play(on=False)
        self._ask()

    @property
    def clip(self) -> EventClip | None:
        """The clip of the chosen event; None until it is ready."""
        chosen = self._review.chosen
        return self.video.clip(chosen.event) if self.video and chosen is not None else None

    def advance(self) -> None:
        """Show the picture that is due now; called on a timer."""
        now_s = time.monotonic()
        passed_s, self._clock_s = now_s - self._clock_s, now_s
        if self.video is not None and self.video.problem:
            self._show_message(self.video.problem, locate=True)
            self.close_video()
        elif self.video is not None and self.video.missing != self._message.text():
            self._show_message(self.video.missing, locate=False)
        self.sound.poll()
        self._follow_with_sound()
        if self.playing:
            self._pass(passed_s)
        clip = self.clip
        if self.split is not None and clip is not None:
            self._show_halves(clip, self.split)
        elif self.magnified and clip is not None:
            if self._player is None or self._player.clip is not clip:
                self._player = ClipPlayer(clip, factor=self.factor)
                self._player.magnify(on=True)
            image, self.position_s = self._player.now()
            if image is not self.image:
                self.show_image(image)
        elif self.video is not None:
            shown = self._shown
            if self.playing:
                shown = self.video.due(self.position_s) or shown
            elif self.video.answered >= self._paused_from:
                shown = self.video.newest
            stale = shown is None and self.video.missing and self.image is not None
            if stale or shown is not self._shown:
                self._shown = shown
                self.show_image(shown.frame.image if shown else None)

    def _show_halves(self, clip: EventClip, split: float) -> None:
        if self._halves is not None and self._halves[0] is clip and self._halves[1] == split:
            return
        self._halves, self._shown = (clip, split), None
        onset, apex = ends_of(clip)
        place = round(split * onset.shape[1])
        self.show_image(np.hstack([onset[:, :place], apex[:, place:]]))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Move the line between onset and apex, or hold the picture."""
        if self.split is None:
            super().mousePressEvent(event)
        else:
            self.mouseMoveEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Move the line, or the picture."""
        if self.split is None:
            super().mouseMoveEvent(event)
        elif event is not None and event.buttons() & Qt.MouseButton.LeftButton:
            target = self.target()
            self.split = min(max((event.position().x() - target.left()) / target.width(), 0.0), 1.0)

    @property
    def doing(self) -> str:
        """What is shown, as a short text."""
        if self.split is not None and self._review.chosen_id is not None:
            return "onset | apex" if self.clip else "onset | apex, being cut out …"
        if self.magnified and self._review.chosen_id is not None:
            computing = self._player is None or self._player.magnifying
            return f"×{self.factor:g}, being computed …" if computing else f"×{self.factor:g}, ¼ speed"
        return f"{'looping, ' if self.loop else ''}{_speed(self.speed)} speed"

    def _follow_with_sound(self) -> None:
        """Tell the sound what to play whenever that changes."""
        playing = self.playing and not self.magnified
        silent = self.speed < 1 and not self._settings.slow_sound
        wanted = (playing, self.speed, self.loop, self.end_s, silent, self._jumps, self.sound.there)
        if wanted != self._followed:
            self._followed = wanted
            play = Play(self.position_s, self.end_s, self.speed, self.loop, silent)
            self.sound.command(play if playing else None)

    def _pass(self, passed_s: float) -> None:
        heard = self.sound.heard()
        if heard is not None:
            to_s = heard.time_s
        else:
            to_s = self.position_s + self.speed * min(passed_s, 0.5)
            if self.loop and to_s > self.loop[1]:
                to_s = self.loop[0]
        if to_s >= self.end_s:
            self.playing = False
        self._go(to_s)

    def _ask(self) -> None:
        if self.video is not None:
            with_faces = self._settings.show_outline or self._settings.show_events or self._settings.show_motion
            speed = self.speed if self.playing else 0.0
            number = self.video.seek(self.position_s, with_faces=with_faces, speed=speed)
            if self.playing:
                self._paused_from = number + 1

    def _show_message(self, text: str, *, locate: bool) -> None:
        self._message.setText(text)
        self._message.setVisible(bool(text))
        self._message.setMinimumWidth(min(420, self.width() - 40) if text else 0)
        self._locate.setVisible(locate)

    def _paint_overlay(self, painter: QPainter, to_widget: ToWidget) -> None:
        if self.split is not None:
            self._paint_line(painter, to_widget)
            return
        if self._shown is None or self.magnified:
            return
        frame, faces = self._shown.frame, self._shown.faces
        several = len(self._review.faces) > 1
        for seen in faces if self._settings.show_outline else ():
            overlay.outline(painter, to_widget, seen.points, seen.number if several else None)
        trace, chosen = self._review.trace, self._review.chosen
        traced = _one(faces, self._review.shown_face)
        if self._settings.show_motion and traced is not None and trace is not None and len(trace.times_s):
            place = trace.nearest(frame.time_s)
            values = trace.motion[place], trace.threshold[place]
            overlay.motion_heat(painter, to_widget, traced, *values)
        event: Event | None = chosen.event if chosen else None
        if self._settings.show_events and event and event.onset_s - 0.02 <= frame.time_s <= event.offset_s + 0.02:
            moved = _one(faces, event.face)
            if moved is not None:
                overlay.event_regions(painter, to_widget, moved, event, 1.0)

    def _paint_line(self, painter: QPainter, to_widget: ToWidget) -> None:
        """Paint the line between onset and apex, and what is on its sides."""
        if self._halves is None or self.image is None:
            return
        height, width = self.image.shape[:2]
        x = self._halves[1] * width
        top, bottom = to_widget(np.array([(x, 0), (x, height)], np.float64))
        painter.setPen(QPen(colour("accent"), 2))
        painter.drawLine(top, bottom)
        painter.setFont(text_font(12))
        for name, left in (("onset", True), ("apex", False)):
            wide = painter.fontMetrics().horizontalAdvance(name) + 12
            box = QRectF(top.x() - wide - 4 if left else top.x() + 4, top.y() + 6, wide, 20)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(0, 0, 0, 150))
            painter.drawRoundedRect(box, 4, 4)
            painter.setPen(Qt.GlobalColor.white)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, name)


def _one(faces: "Sequence[SeenFace]", number: int) -> NDArray[np.float32] | None:
    """The landmarks of a face by its number; where numbers are not known, those of the only face."""
    if len(faces) == 1 and faces[0].number is None:
        return faces[0].points
    return next((seen.points for seen in faces if seen.number == number), None)


def _speed(speed: float) -> str:
    return {0.25: "¼", 0.5: "½", 1.0: "full"}[speed]
