"""The overview: the whole session as one thin bar with every event, and the part that is shown below."""

from collections.abc import Sequence

from PyQt6.QtCore import QPointF, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QSizePolicy, QWidget

from gui.theme import colour
from gui.words import tone
from realtime.session import Annotation, Status, StoredEvent

HEIGHT_PX = 30


class Overview(QWidget):
    """A bar to scrub on. `sought` gives the time under the mouse."""

    sought = pyqtSignal(float)

    def __init__(self) -> None:
        super().__init__()
        self._events: Sequence[StoredEvent] = ()
        self._marks: Sequence[Annotation] = ()
        self._end_s = 1.0
        self._shown = (0.0, 1.0)
        self._now_s = 0.0
        self.setFixedHeight(HEIGHT_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Overview of the session")
        self.setToolTip("Drag to go through the session; ← and → step by frames")

    def show_events(self, events: Sequence[StoredEvent], marks: Sequence[Annotation], end_s: float) -> None:
        """Show these over the whole length."""
        self._events, self._marks, self._end_s = events, marks, max(end_s, 0.1)
        self.update()

    def show_place(self, now_s: float, start_s: float, end_s: float) -> None:
        """Show the cursor and the part that is shown below."""
        if (now_s, (start_s, end_s)) != (self._now_s, self._shown):
            self._now_s, self._shown = now_s, (start_s, end_s)
            self.update()

    def paintEvent(self, _: QPaintEvent | None) -> None:
        """Paint the bar."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour("line", 120))
        painter.drawRoundedRect(QRectF(0, 4, self.width(), HEIGHT_PX - 8), 4, 4)
        start, end = (self._x(time_s) for time_s in self._shown)
        painter.setBrush(colour("quiet", 50))
        painter.drawRoundedRect(QRectF(start, 4, max(end - start, 3), HEIGHT_PX - 8), 4, 4)
        for stored in self._events:
            rejected = stored.status is Status.REJECTED
            shade = colour("quiet" if rejected else tone(stored.event), 120 if rejected else 255)
            painter.setPen(QPen(shade, 2))
            x = self._x(stored.event.apex_s)
            reach = 4 if stored.status is Status.UNREVIEWED else 0
            painter.drawLine(QPointF(x, 8 + reach / 2), QPointF(x, HEIGHT_PX - 8 - reach / 2))
        painter.setPen(QPen(colour("text"), 1))
        for mark in self._marks:
            painter.drawLine(QPointF(self._x(mark.time_s), 0), QPointF(self._x(mark.time_s), 6))
        x = self._x(self._now_s)
        painter.setPen(QPen(colour("text"), 1.5))
        painter.drawLine(QPointF(x, 0), QPointF(x, HEIGHT_PX))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Go there."""
        if event is not None:
            self.sought.emit(min(max(event.position().x() / max(self.width(), 1), 0.0), 1.0) * self._end_s)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """And on."""
        self.mousePressEvent(event)

    def _x(self, time_s: float) -> float:
        return self.width() * time_s / self._end_s
