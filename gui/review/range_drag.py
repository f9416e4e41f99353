"""Ranges by mouse in the timeline: a drag with Shift makes one, and the ends of those that are there can be dragged."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from PyQt6.QtCore import QEvent, QObject, Qt, pyqtSignal
from PyQt6.QtGui import QMouseEvent
from PyQt6.QtWidgets import QWidget

from gui.review.model import ReviewModel
from realtime.explain import THRESHOLD_MARK
from realtime.session import Annotation

GRIP_PX, REACH_PX = 14, 5
"""An end is held within this height of the upper edge, where ranges stand, and this near to it."""
SHORTEST_S = 0.01
NEW = -1


class Surface(Protocol):
    """What is dragged on."""

    def time_at(self, x: float) -> float:
        """The time at a place, in s, within what is shown."""

    def x_at(self, time_s: float) -> float:
        """The place of a time."""


@dataclass(frozen=True, slots=True)
class _Drag:
    """A range that is being dragged: one end stays, the other follows the mouse."""

    mark: Annotation
    stays_s: float
    moves_s: float

    @property
    def range_s(self) -> tuple[float, float]:
        return min(self.stays_s, self.moves_s), max(self.stays_s, self.moves_s)


class RangeDrag(QObject):
    """Watches the mouse on some widgets."""

    made = pyqtSignal(float, float)
    """Where a new range begins and ends, in s."""
    moved = pyqtSignal(float)
    """Where the end is that follows the mouse: to be shown in the video."""
    changed = pyqtSignal()
    """Another range is to be shown."""

    def __init__(self, review: ReviewModel) -> None:
        super().__init__()
        self._review = review
        self._surfaces: dict[QObject, Surface] = {}
        self._drag: _Drag | None = None
        review.session_changed.connect(self.cancel)

    def watch(self, widget: QWidget, surface: Surface) -> None:
        """Let ranges be dragged on a widget."""
        self._surfaces[widget] = surface
        widget.setMouseTracking(True)
        widget.installEventFilter(self)

    def with_drag(self, marks: Sequence[Annotation]) -> list[Annotation]:
        """The marks as they would be if the mouse were let go."""
        drag = self._drag
        if drag is None:
            return list(marks)
        begin_s, end_s = drag.range_s
        shown = replace(drag.mark, time_s=begin_s, end_s=end_s)
        return [*(mark for mark in marks if mark.id != drag.mark.id), shown]

    def cancel(self) -> bool:
        """Leave everything as it was; return whether anything was being dragged."""
        dragged, self._drag = self._drag is not None, None
        if dragged:
            self.changed.emit()
        return dragged

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Take the events of a drag."""
        surface = self._surfaces.get(watched) if watched is not None else None
        if surface is None or not isinstance(event, QMouseEvent) or not isinstance(watched, QWidget):
            return False
        if event.type() == QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton:
            self._drag = self._begun(surface, event)
        elif event.type() == QEvent.Type.MouseMove and self._drag is not None:
            self._drag = replace(self._drag, moves_s=surface.time_at(event.position().x()))
            self.moved.emit(self._drag.moves_s)
            self.changed.emit()
        elif event.type() == QEvent.Type.MouseMove and event.buttons() == Qt.MouseButton.NoButton:
            held = self._end_near(surface, event) is not None
            watched.setCursor(Qt.CursorShape.SplitHCursor if held else Qt.CursorShape.PointingHandCursor)
            return False
        elif event.type() == QEvent.Type.MouseButtonRelease and self._drag is not None:
            self._end()
            return True
        return self._drag is not None

    def _begun(self, surface: Surface, event: QMouseEvent) -> _Drag | None:
        """A new range with Shift, or the end of one that is near."""
        if self._review.record is None or not self._review.writable:
            return None
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            at_s = surface.time_at(event.position().x())
            return _Drag(Annotation(NEW, at_s, at_s, ""), at_s, at_s)
        near = self._end_near(surface, event)
        if near is None or near[0].end_s is None:
            return None
        mark, end_s = near[0], near[0].end_s
        return _Drag(mark, end_s, mark.time_s) if near[1] else _Drag(mark, mark.time_s, end_s)

    def _end_near(self, surface: Surface, event: QMouseEvent) -> tuple[Annotation, bool] | None:
        """A person's range of which an end is under the mouse, and whether that is where it begins."""
        if self._review.record is None or event.position().y() > GRIP_PX:
            return None
        ends = [
            (abs(surface.x_at(at_s) - event.position().x()), mark, at_s == mark.time_s)
            for mark in self._review.record.marks
            if mark.end_s is not None and not mark.text.startswith(THRESHOLD_MARK)
            for at_s in (mark.time_s, mark.end_s)
        ]
        away_px, mark, begins = min(ends, key=lambda end: end[0], default=(REACH_PX + 1, None, False))
        return None if mark is None or away_px > REACH_PX else (mark, begins)

    def _end(self) -> None:
        """Store the range; one as good as empty was a click."""
        assert self._drag is not None
        mark, (begin_s, end_s), self._drag = self._drag.mark, self._drag.range_s, None
        if end_s - begin_s >= SHORTEST_S and mark.id == NEW:
            self.made.emit(begin_s, end_s)
        elif end_s - begin_s >= SHORTEST_S:
            self._review.change_mark(mark, begin_s, end_s, mark.text)
        self.changed.emit()
