"""A video view in which the wheel zooms and a drag moves the picture; a double click shows the whole again."""

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QMouseEvent, QWheelEvent

from gui.widgets.video import VideoView

MOST, STEP = 12.0, 1.25
"""How large a picture gets, in times its size that fits; the factor of one step."""


class ZoomView(VideoView):
    """A view of a part of the picture; the part stays where it is from picture to picture."""

    def __init__(self) -> None:
        super().__init__()
        self.zoom = 1.0
        """1: the whole picture."""
        self._middle = QPointF(0.5, 0.5)  # of the part, in shares of the picture
        self._held: QPointF | None = None

    def target(self) -> QRectF:
        """Return the rectangle of the whole picture, which may reach beyond the widget."""
        whole = super().target()
        if self.zoom == 1.0 or self._image is None:
            return whole
        size = whole.size() * self.zoom
        place = QPointF(self.width() / 2 - self._middle.x() * size.width(), 0)
        place.setY(self.height() / 2 - self._middle.y() * size.height())
        return QRectF(place, size)

    def zoom_by(self, steps: float, at: QPointF | None = None) -> None:
        """Zoom in, or out with fewer than 0 steps, so that the place `at` of the widget stays where it is."""
        at = at or QPointF(self.width() / 2, self.height() / 2)
        before = self.target()
        share = QPointF((at.x() - before.left()) / before.width(), (at.y() - before.top()) / before.height())
        self.zoom = min(max(self.zoom * STEP**steps, 1.0), MOST)
        size = super().target().size() * self.zoom
        away = QPointF((self.width() / 2 - at.x()) / size.width(), (self.height() / 2 - at.y()) / size.height())
        self._show_around(share + away)

    def show_whole(self) -> None:
        """Show the whole picture."""
        self.zoom = 1.0
        self._show_around(QPointF(0.5, 0.5))

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        """Zoom at the mouse."""
        if event is not None and self._image is not None:
            self.zoom_by(event.angleDelta().y() / 120, event.position())
            event.accept()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Hold the picture."""
        if event is not None and event.button() == Qt.MouseButton.LeftButton and self.zoom > 1:
            self._held = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Move the picture that is held."""
        if event is not None and self._held is not None:
            moved, size = event.position() - self._held, self.target().size()
            self._held = event.position()
            self._show_around(self._middle - QPointF(moved.x() / size.width(), moved.y() / size.height()))

    def mouseReleaseEvent(self, _: QMouseEvent | None) -> None:
        """Let the picture go."""
        self._held = None
        self.unsetCursor()

    def mouseDoubleClickEvent(self, _: QMouseEvent | None) -> None:
        """Show the whole picture."""
        self.show_whole()

    def _show_around(self, middle: QPointF) -> None:
        """Move the part, within the picture."""
        whole = super().target()
        for share, room, side, keep in (
            (middle.x(), self.width(), whole.width(), self._middle.setX),
            (middle.y(), self.height(), whole.height(), self._middle.setY),
        ):
            half = min(room / (2 * side * self.zoom), 0.5) if side else 0.5
            keep(min(max(share, half), 1 - half))
        self.update()
