"""A bar over the whole session, on which the mouse moves through it."""

from collections.abc import Callable

from PyQt6.QtCore import QEvent, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QMouseEvent, QPainter, QPixmap, QResizeEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget


class TimeBar(QWidget):
    """A bar to scrub on. `sought` emits the time under the mouse, `asked` one clicked with the right button.

    What does not move, `paint_whole` paints, once.
    """

    sought = pyqtSignal(float)
    asked = pyqtSignal(float)
    pointed = pyqtSignal(float)
    """The place of the mouse, in px, wherever it moves over the bar."""
    left = pyqtSignal()

    def __init__(self, height_px: int, name: str, paint_whole: Callable[[QPainter], None]) -> None:
        super().__init__()
        self._paint_whole = paint_whole
        self._end_s = 1.0
        self._whole: QPixmap | None = None
        self.setFixedHeight(height_px)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(name)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Seek to the time under the mouse, or ask about it."""
        if event is not None:
            right = event.buttons() & Qt.MouseButton.RightButton
            (self.asked if right else self.sought).emit(self.time_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Seek while the mouse is dragged."""
        if event is None:
            return
        self.pointed.emit(event.position().x())
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.mousePressEvent(event)

    def leaveEvent(self, event: QEvent | None) -> None:
        """Tell that the mouse is gone."""
        super().leaveEvent(event)
        self.left.emit()

    def time_at(self, x: float) -> float:
        """The time at a place, in s."""
        return min(max(x / max(self.width(), 1), 0.0), 1.0) * self._end_s

    def x_at(self, time_s: float) -> float:
        """The place of a time."""
        return self.width() * time_s / self._end_s

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Paint anew."""
        super().resizeEvent(event)
        self._whole = None

    def changeEvent(self, event: QEvent | None) -> None:
        """Follow the theme."""
        self._whole = None
        super().changeEvent(event)

    def _draw_whole(self, painter: QPainter) -> None:
        """Draw what was painted once; hours with thousands of events cost no more than a picture."""
        if self._whole is None:
            ratio = self.devicePixelRatioF()
            self._whole = QPixmap(self.size() * ratio)
            self._whole.setDevicePixelRatio(ratio)
            self._whole.fill(Qt.GlobalColor.transparent)
            within = QPainter(self._whole)
            within.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_whole(within)
            within.end()
        painter.drawPixmap(0, 0, self._whole)

    def _draw_part(self, left: float, right: float) -> None:
        """Draw what lies between two places anew, and leave the rest as it was painted."""
        if self._whole is None:
            return
        within = QPainter(self._whole)
        within.setRenderHint(QPainter.RenderHint.Antialiasing)
        within.setClipRect(QRectF(left, 0, right - left, self.height()))
        within.setCompositionMode(QPainter.CompositionMode.CompositionMode_Clear)
        within.fillRect(self.rect(), Qt.GlobalColor.transparent)
        within.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
        self._paint_whole(within)
        within.end()
