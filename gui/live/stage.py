"""The stage: the newest frame with its overlay, or the replay of an event in its place; and advice."""

import time
from collections.abc import Sequence

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QPainter
from PyQt6.QtWidgets import QFrame, QProgressBar, QVBoxLayout, QWidget

from gui.settings import Settings
from gui.widgets import overlay
from gui.widgets.basic import IconButton, button, column, frame, label, row
from gui.widgets.player import ClipPlayer
from gui.widgets.video import ToWidget, VideoView
from realtime.drivers import Snapshot
from realtime.report import clock
from realtime.spotting.parameters import SpotterParameters
from realtime.types import Event
from realtime.viewing.event_clips import EventClip

FADE_S = 1.0
"""How long an event's regions stay outlined after it was confirmed, in s."""


class Stage(VideoView):
    """The large picture of the Live workspace."""

    start_asked = pyqtSignal()
    sample_asked = pyqtSignal()
    live_asked = pyqtSignal()

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._snapshot: Snapshot | None = None
        self._recent: list[tuple[Event, float]] = []
        self._uncalibrated_since_s: dict[int, float] = {}
        self.player: ClipPlayer | None = None
        self.numbered = False
        """Whether faces have their numbers: there are, or were, several."""
        self.layers = (self._paint_overlay,)
        self._advice = _Notice()
        self._replay_text = label("", role="heading")
        self._magnify = IconButton("arrows-out", "Show the movement ten times as large", toggle=True)
        self._magnify.setText("×10  G")
        self._magnify.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._magnify.setProperty("wide", True)
        self._magnify.toggled.connect(self._set_magnified)
        back = button("Back to live", self.live_asked.emit, tip="Back to the live picture", key="Esc")
        self._replay_bar = frame("panel", row(self._replay_text, None, self._magnify, back, margin=8))
        self._replay_bar.hide()
        self._empty = _Empty(self)
        self.setLayout(column(self._replay_bar, None, self._advice, margin=12))
        self.show_message("")

    def show_message(self, text: str, *, busy: bool = False, failed: bool = False) -> None:
        """Show a text in place of the picture, and buttons for what can be done."""
        self.show_image(None)
        self._snapshot = None
        self._recent = []
        self._uncalibrated_since_s = {}
        self._advice.show_sentences(())
        self._empty.show_text(text, busy=busy, failed=failed, still=self._settings.reduced_motion)
        self._place_empty()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show the newest frame with its analysis."""
        self._empty.hide()
        self._snapshot = snapshot
        now_s = time.monotonic()
        self._recent += [(event, now_s) for event in snapshot.analysis.events]
        self._recent = [(event, since_s) for event, since_s in self._recent if now_s - since_s < FADE_S]
        for face in snapshot.analysis.faces:
            if face.calibrated:
                self._uncalibrated_since_s.pop(face.face, None)
            else:
                self._uncalibrated_since_s.setdefault(face.face, snapshot.frame.time_s)
        if self.player is None:
            self.show_image(snapshot.frame.image)
            self.repaint()  # at once: queued painting would add to the latency

    def play(self, clip: EventClip) -> None:
        """Replay an event in place of the live picture."""
        self.player = ClipPlayer(clip)
        self.player.magnify(on=self._magnify.isChecked())
        self._advice.hide()
        self._empty.hide()
        self._replay_bar.show()
        self.advance()

    def advance(self) -> None:
        """Show the picture of the replay that is due now."""
        if self.player is None:
            return
        image, time_s = self.player.now()
        if image is not self.image:
            self.show_image(image)
        doing = "magnifying …" if self.player.magnifying else "×10" if self.player.magnified else ""
        text = f"Replay at ¼ speed: {clock(time_s)}  {doing}"
        if text != self._replay_text.text():
            self._replay_text.setText(text)

    def back_to_live(self) -> None:
        """End the replay."""
        self.player = None
        self._replay_bar.hide()
        self.show_image(self._snapshot.frame.image if self._snapshot else None)

    def toggle_magnified(self) -> None:
        """Switch the magnification on or off."""
        self._magnify.toggle()

    def advise(self, sentences: Sequence[str]) -> None:
        """Show sentences on the lower edge."""
        calibrating = "Measuring the face at rest: please hold still." if self._uncalibrated_since_s else ""
        lines = (*sentences, *([calibrating] if calibrating else []))
        self._advice.show_sentences(() if self.player else lines, warning=bool(sentences))

    def resizeEvent(self, event: object) -> None:
        """Keep the message in the middle."""
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._place_empty()

    def _place_empty(self) -> None:
        self._empty.adjustSize()
        size = self._empty.sizeHint()
        width = min(max(size.width(), 380), self.width() - 24)
        self._empty.resize(width, max(size.height(), self._empty.heightForWidth(width)))
        self._empty.move((self.width() - self._empty.width()) // 2, (self.height() - self._empty.height()) // 2)

    def _set_magnified(self, on: bool) -> None:
        if self.player is not None:
            self.player.magnify(on=on)

    def _paint_overlay(self, painter: QPainter, to_widget: ToWidget) -> None:
        if self.player is not None or self._snapshot is None:
            return
        now_s = time.monotonic()
        analysis = self._snapshot.analysis
        for face in analysis.faces:
            if self._settings.show_outline:
                overlay.outline(painter, to_widget, face.points, face.face if self.numbered else None)
            if face.face in self._uncalibrated_since_s:
                learned_s = analysis.time_s - self._uncalibrated_since_s[face.face]
                usual_s = SpotterParameters().calibration_s + 0.2
                overlay.calibration_ring(painter, to_widget, face.points, learned_s / usual_s)
            elif self._settings.show_motion:
                overlay.motion_heat(painter, to_widget, face.points, face.motion, face.threshold)
            for event, since_s in self._recent if self._settings.show_events else ():
                if event.face == face.face:
                    fade = 1.0 if self._settings.reduced_motion else 1 - (now_s - since_s) / FADE_S
                    overlay.event_regions(painter, to_widget, face.points, event, min(1.0, 1.6 * fade))


class _Notice(QFrame):
    """Sentences with an icon on the video's lower edge."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "panel")
        self._text = label("", wrap=True)
        self._icon = IconButton("info", "Advice", flat=True)
        self._icon.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._icon.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        layout = row(self._icon, self._text, margin=4)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self.hide()

    def show_sentences(self, sentences: Sequence[str], *, warning: bool = False) -> None:
        """Show sentences; without any, hide."""
        self._icon.show_as("warning-circle" if warning else "info", "Advice", "warning" if warning else "accent")
        text = "\n".join(sentences)
        if text != self._text.text():
            self._text.setText(text)
        self.setVisible(bool(sentences))


class _Empty(QWidget):
    """The message in place of the picture."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._text = label("", wrap=True)
        self._text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._title = label("", role="title")
        self._title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._busy = QProgressBar()
        self._busy.setRange(0, 0)
        self._busy.setTextVisible(False)
        self._start = button("Start", stage.start_asked.emit, role="primary", tip="Start", key="F5")
        self._sample = button(
            "Try the built-in sample", stage.sample_asked.emit, tip="A synthetic recording; no camera"
        )
        self._actions = row(None, self._start, self._sample, None)
        layout = QVBoxLayout(self)
        layout.setSpacing(16)
        for widget in (self._title, self._text, self._busy):
            layout.addWidget(widget)
        layout.addLayout(self._actions)

    def show_text(self, text: str, *, busy: bool, failed: bool, still: bool) -> None:
        """Show a text and what can be done; with `still`, nothing moves."""
        self._title.setText("" if busy else "The run stopped" if failed else "Ready")
        self._title.setVisible(not busy)
        self._text.setText(text or "Choose a camera or a recording below and start, or try the built-in sample.")
        self._busy.setVisible(busy and not still)
        self._start.setText("Try again" if failed else "Start")
        for widget in (self._start, self._sample):
            widget.setVisible(not busy)
        self.show()
