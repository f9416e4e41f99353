"""The video view: one frame, scaled to fit, with the drawings over it that belong to that frame."""

from collections.abc import Callable, Sequence
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QImage, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from gui.theme import colour

ToWidget = Callable[[NDArray[np.floating]], list[QPointF]]
"""Maps (n, 2) px of the frame to points of the widget."""
Layer = Callable[[QPainter, ToWidget], None]


class VideoView(QWidget):
    """Shows BGR pictures; `layers` paint over each. `painted` is called after a new picture was painted."""

    def __init__(self) -> None:
        super().__init__()
        self.layers: Sequence[Layer] = ()
        self.painted: Callable[[], None] = lambda: None
        self._image: NDArray[np.uint8] | None = None
        self._scaled: NDArray[np.uint8] | None = None
        self._place: tuple[float, ...] = ()  # what was scaled, and to what size
        self._new = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 120)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Video")

    def show_image(self, image: NDArray[np.uint8] | None) -> None:
        """Show an (H, W, 3) BGR picture from the next repaint on; None clears the view."""
        self._image, self._scaled, self._new = image, None, True
        self.update()

    @property
    def image(self) -> NDArray[np.uint8] | None:
        """The picture that is shown."""
        return self._image

    def sizeHint(self) -> QSize:
        """The size of 720p at half scale."""
        return QSize(640, 360)

    def target(self) -> QRectF:
        """Return the rectangle of the picture in the widget."""
        if self._image is None:
            return QRectF(self.rect())
        height, width = self._image.shape[:2]
        zoom = min(self.width() / width, self.height() / height)
        size = (width * zoom, height * zoom)
        return QRectF((self.width() - size[0]) / 2, (self.height() - size[1]) / 2, *size)

    def paintEvent(self, _: QPaintEvent | None) -> None:
        """Paint the picture, then the layers."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), colour("surface") if self._image is None else Qt.GlobalColor.black)
        if self._image is not None:
            target = self.target()
            visible = target.intersected(QRectF(self.rect()))
            painter.drawImage(visible, self._fitted(target, visible))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            zoom = target.width() / self._image.shape[1]
            left, top = target.left(), target.top()

            def to_widget(points: NDArray[np.floating]) -> list[QPointF]:
                return [QPointF(left + zoom * x, top + zoom * y) for x, y in points[:, :2].tolist()]

            for layer in self.layers:
                layer(painter, to_widget)
        painter.end()
        if self._new and self._image is not None:
            self._new = False
            self.painted()

    def _fitted(self, target: QRectF, visible: QRectF) -> QImage:
        """Scale the visible part to the screen's resolution: OpenCV does it several times faster than QPainter."""
        assert self._image is not None
        width = self._image.shape[1]
        ratio, zoom = self.devicePixelRatioF(), target.width() / width
        size = (max(round(visible.width() * ratio), 1), max(round(visible.height() * ratio), 1))
        moved = visible.topLeft() - target.topLeft()
        place = (*size, moved.x(), moved.y(), zoom)
        if self._scaled is None or self._place != place:
            part = self._image
            if visible != target:
                to_screen = np.array([[zoom, 0, -moved.x()], [0, zoom, -moved.y()]]) * ratio
                scaled = cv2.warpAffine(part, to_screen, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            else:
                # averaging areas costs 12 ms at 720p, and shows only where more than every other pixel is left out
                method = cv2.INTER_AREA if 2 * size[0] < width else cv2.INTER_LINEAR
                scaled = cv2.resize(part, size, interpolation=method)
            self._scaled, self._place = np.ascontiguousarray(scaled, np.uint8), place
        return to_qimage(self._scaled)


def to_qimage(image: NDArray[np.uint8]) -> QImage:
    """Return a view of an (H, W, 3) BGR or (H, W) grey picture, valid as long as the array exists."""
    height, width = image.shape[:2]
    form = QImage.Format.Format_BGR888 if image.ndim == 3 else QImage.Format.Format_Grayscale8
    return QImage(cast("bytes", image.data), width, height, image.strides[0], form)
