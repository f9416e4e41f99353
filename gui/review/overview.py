"""The overview: the whole session as one thin bar with every event, and the part that the trace shows."""

from collections.abc import Sequence

import numpy as np
from PyQt6.QtCore import QLineF, QPointF, QRectF, Qt
from PyQt6.QtGui import QPainter, QPaintEvent, QPen

from gui.format import tone
from gui.review.time_bar import TimeBar
from gui.theme import colour
from realtime.session import Annotation, Status, StoredEvent

HEIGHT_PX, LINE_PX = 30, 2
Look = tuple[str, bool]
"""Colour token, and whether the event was not reviewed."""


class Overview(TimeBar):
    """The whole session."""

    def __init__(self) -> None:
        super().__init__(HEIGHT_PX, "Overview of the session", self._paint_events)
        self._apexes_s = np.zeros(0)
        self._looks = np.zeros(0, np.uint8)  # places in `_known`
        self._known: list[Look] = []
        self._places: dict[int, int] = {}  # of events by their numbers
        self._marks: Sequence[Annotation] = ()
        self._shown = (0.0, 1.0)
        self._now_s = 0.0
        self.setToolTip("Drag to move through the session; ← and → step by frames")

    def show_events(self, events: Sequence[StoredEvent], end_s: float) -> None:
        """Show events over the whole length."""
        self._apexes_s = np.array([stored.event.apex_s for stored in events])
        self._looks = np.array([self._look(stored) for stored in events], np.uint8)
        self._places = {stored.id: place for place, stored in enumerate(events)}
        self._end_s, self._whole = max(end_s, 0.1), None
        self.update()

    def show_judged(self, stored: StoredEvent) -> None:
        """Show one event anew."""
        place = self._places[stored.id]
        self._looks[place] = self._look(stored)
        x = self.x_at(stored.event.apex_s)
        self._draw_part(x - LINE_PX, x + LINE_PX)
        self.update()

    def show_marks(self, marks: Sequence[Annotation]) -> None:
        """Show marks over the whole length."""
        self._marks = marks
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
        start, end = (self.x_at(time_s) for time_s in self._shown)
        painter.setBrush(colour("quiet", 50))
        painter.drawRoundedRect(QRectF(start, 4, max(end - start, 3), HEIGHT_PX - 8), 4, 4)
        self._draw_whole(painter)
        painter.setPen(QPen(colour("text"), 1))
        for mark in self._marks:
            if mark.end_s is not None:
                width = max(self.x_at(mark.end_s - mark.time_s), 1)
                painter.fillRect(QRectF(self.x_at(mark.time_s), 0, width, 4), colour("text", 110))
            painter.drawLine(QPointF(self.x_at(mark.time_s), 0), QPointF(self.x_at(mark.time_s), 6))
        x = self.x_at(self._now_s)
        painter.setPen(QPen(colour("text"), 1.5))
        painter.drawLine(QPointF(x, 0), QPointF(x, HEIGHT_PX))

    def _paint_events(self, painter: QPainter) -> None:
        """Paint the events within the clip, or all; of those that look the same at the same place, one."""
        ratio = self.devicePixelRatioF()
        columns = np.round(self._apexes_s * (self.width() * ratio / self._end_s)).astype(np.int64)
        looks = self._looks
        if painter.hasClipping():
            clip = painter.clipBoundingRect()
            near = np.abs(columns / ratio - clip.center().x()) <= clip.width() / 2 + LINE_PX
            columns, looks = columns[near], looks[near]
        for number, (name, unreviewed) in enumerate(self._known):
            there = np.unique(columns[looks == number]) / ratio
            if not len(there):
                continue
            painter.setPen(QPen(colour(name, 120 if name == "quiet" else 255), LINE_PX))
            top = 8 + 2 * unreviewed
            painter.drawLines(*(QLineF(x, top, x, HEIGHT_PX - top) for x in there.tolist()))

    def _look(self, stored: StoredEvent) -> int:
        """How an event looks, as a place in `_known`."""
        rejected = stored.status is Status.REJECTED
        look = "quiet" if rejected else tone(stored.event), stored.status is Status.UNREVIEWED
        if look not in self._known:
            self._known.append(look)
        return self._known.index(look)
