"""The lane of what was said, over the trace and on its time axis: a row for each speaker."""

from PyQt6.QtCore import QEvent, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QFontMetricsF, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QSizePolicy, QToolTip, QWidget

from gui.theme import colour, text_font
from gui.widgets.basic import plain
from realtime.labels import Label
from realtime.report import clock
from realtime.viewing.transcript import Transcript

ROW_PX, MOST_ROWS = 18, 3
LEAST_TEXT_PX = 14
"""Labels that are narrower are drawn without their text."""


class TranscriptLane(QWidget):
    """Hidden where nothing was said. `picked` emits the beginning of a label that was clicked."""

    picked = pyqtSignal(float)

    def __init__(self) -> None:
        super().__init__()
        self._transcript = Transcript(())
        self._found: frozenset[Label] = frozenset()
        self._span = (0.0, 1.0)
        self._edges = (0.0, 1.0)  # where the span begins and ends, in px
        self._now_s = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("What was said")
        self.hide()

    def show_transcript(self, transcript: Transcript) -> None:
        """Show what was said."""
        self._transcript, self._found = transcript, frozenset()
        self.setVisible(bool(transcript.labels))
        self.setFixedHeight(ROW_PX * max(min(len(transcript.speakers), MOST_ROWS), 1))
        self.update()

    def show_found(self, found: frozenset[Label]) -> None:
        """Highlight the labels that a search found."""
        self._found = found
        self.update()

    def follow(self, start_s: float, span_s: float, now_s: float, edges_px: tuple[float, float]) -> None:
        """Show a part of the time between two places of the lane; called often."""
        shown = (start_s, start_s + span_s), now_s, edges_px
        if shown != (self._span, self._now_s, self._edges):
            self._span, self._now_s, self._edges = shown
            self.update()

    def label_at(self, x: float, y: float) -> Label | None:
        """The label at a place of the lane."""
        time_s = self._time_s(x)
        there = [label for label in self._transcript.between(time_s, time_s) if self._row(label) == int(y // ROW_PX)]
        return there[-1] if there else None

    def event(self, event: QEvent | None) -> bool:
        """Show the whole text under the mouse."""
        if isinstance(event, QHelpEvent):
            label = self.label_at(event.pos().x(), event.pos().y())
            text = (
                f"{clock(label.start_s)} {label.tier}: {label.text}" if label and label.tier else label and label.text
            )
            QToolTip.showText(event.globalPos(), plain(text or ""), self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Go to where a label begins, or to the time beside it."""
        if event is not None:
            place = event.position()
            label = self.label_at(place.x(), place.y())
            self.picked.emit(label.start_s if label else self._time_s(place.x()))

    def paintEvent(self, _: QPaintEvent | None) -> None:
        """Paint the labels of the part that is shown."""
        painter = QPainter(self)
        painter.setFont(text_font(11))
        metrics = QFontMetricsF(painter.font())
        left, right = self._edges
        painter.setClipRect(QRectF(left, 0, right - left, self.height()))
        for label in self._transcript.between(*self._span):
            begins, ends = self._x(label.start_s), self._x(label.end_s)
            box = QRectF(begins, self._row(label) * ROW_PX + 1, max(ends - begins - 1, 2), ROW_PX - 2)
            now = label.start_s <= self._now_s < label.end_s
            shade = colour("accent", 110) if label in self._found else colour("quiet", 70 if now else 35)
            painter.fillRect(box, shade)
            text = box.intersected(QRectF(left, 0, right - left, self.height())).adjusted(3, 0, -2, 0)
            if text.width() >= LEAST_TEXT_PX:
                painter.setPen(colour("text" if now or label in self._found else "quiet"))
                fitted = metrics.elidedText(label.text, Qt.TextElideMode.ElideRight, text.width())
                painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, fitted)
        painter.setPen(QPen(colour("text"), 1))
        x = self._x(self._now_s)
        painter.drawLine(round(x), 0, round(x), self.height())
        painter.setClipping(False)
        painter.setPen(colour("quiet"))
        for place, speaker in enumerate(self._transcript.speakers[:MOST_ROWS]):
            name = metrics.elidedText(speaker or "said", Qt.TextElideMode.ElideRight, left - 6)
            room = QRectF(0, place * ROW_PX, left - 4, ROW_PX)
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, name)

    def _row(self, label: Label) -> int:
        """Further speakers share the last row."""
        return min(self._transcript.speakers.index(label.tier), MOST_ROWS - 1)

    def _x(self, time_s: float) -> float:
        (start_s, end_s), (left, right) = self._span, self._edges
        return left + (right - left) * (time_s - start_s) / max(end_s - start_s, 1e-6)

    def _time_s(self, x: float) -> float:
        (start_s, end_s), (left, right) = self._span, self._edges
        return start_s + (end_s - start_s) * (x - left) / max(right - left, 1.0)
