"""The overview: the whole session as one thin bar with every event, and the part that the trace shows."""

from collections.abc import Sequence

from PyQt6.QtCore import QLineF, QPointF, QRectF, Qt
from PyQt6.QtGui import QPainter, QPaintEvent, QPen

from gui.format import tone
from gui.review.time_bar import TimeBar
from gui.theme import colour
from realtime.session import Annotation, Status, StoredEvent
from realtime.types import Event

HEIGHT_PX = 30


class Overview(TimeBar):
    """The whole session."""

    def __init__(self) -> None:
        super().__init__(HEIGHT_PX, "Overview of the session", self._paint_events)
        self._events: Sequence[StoredEvent] = ()
        self._marks: Sequence[Annotation] = ()
        self._shown = (0.0, 1.0)
        self._now_s = 0.0
        self._painted: list[int] = []  # which events
        self._tones: dict[int, tuple[Event, str]] = {}
        self.setToolTip("Drag to move through the session; ← and → step by frames")

    def show_events(self, events: Sequence[StoredEvent], marks: Sequence[Annotation], end_s: float) -> None:
        """Show events and marks over the whole length."""
        end_s = max(end_s, 0.1)
        shown = [*map(id, events)]
        if (shown, end_s) != (self._painted, self._end_s):
            self._painted, self._whole = shown, None
        self._events, self._marks, self._end_s = events, marks, end_s
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
        self._draw_whole(painter)
        painter.setPen(QPen(colour("text"), 1))
        for mark in self._marks:
            painter.drawLine(QPointF(self._x(mark.time_s), 0), QPointF(self._x(mark.time_s), 6))
        x = self._x(self._now_s)
        painter.setPen(QPen(colour("text"), 1.5))
        painter.drawLine(QPointF(x, 0), QPointF(x, HEIGHT_PX))

    def _paint_events(self, painter: QPainter) -> None:
        """Paint the events; of those at the same place, one."""
        scale = self.width() * self.devicePixelRatioF() / self._end_s
        groups: dict[tuple[str, bool], set[int]] = {}
        self._tones = {id(event): self._toned(event) for event in (stored.event for stored in self._events)}
        for stored in self._events:
            name = "quiet" if stored.status is Status.REJECTED else self._tones[id(stored.event)][1]
            columns = groups.setdefault((name, stored.status is Status.UNREVIEWED), set())
            columns.add(round(stored.event.apex_s * scale))
        for (name, unreviewed), columns in groups.items():
            painter.setPen(QPen(colour(name, 120 if name == "quiet" else 255), 2))
            top = 8 + 2 * unreviewed
            places = (column / self.devicePixelRatioF() for column in columns)
            painter.drawLines(*(QLineF(x, top, x, HEIGHT_PX - top) for x in places))

    def _toned(self, event: Event) -> tuple[Event, str]:
        """An event with its colour token, found once."""
        held = self._tones.get(id(event))
        return held if held is not None and held[0] is event else (event, tone(event))
