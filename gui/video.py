"""The video view: one frame, scaled to fit, with whatever is drawn over it locked to that very frame."""

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
"""Takes (n, 2) px of the frame to points of the widget."""
Layer = Callable[[QPainter, ToWidget], None]


class VideoView(QWidget):
    """Shows BGR pictures; `layers` paint over each. `painted` is called after a new picture reached the screen."""

    def __init__(self) -> None:
        super().__init__()
        self.layers: Sequence[Layer] = ()
        self.painted: Callable[[], None] = lambda: None
        self._image: NDArray[np.uint8] | None = None
        self._scaled: NDArray[np.uint8] | None = None
        self._new = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 200)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Video")

    def show_image(self, image: NDArray[np.uint8] | None) -> None:
        """Show an (H, W, 3) BGR picture from the next repaint on; None clears."""
        self._image, self._scaled, self._new = image, None, True
        self.update()

    @property
    def image(self) -> NDArray[np.uint8] | None:
        """The picture that is shown."""
        return self._image

    def sizeHint(self) -> QSize:
        """As large as 720p at half size."""
        return QSize(640, 360)

    def target(self) -> QRectF:
        """Where in the widget the picture lies."""
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
            painter.drawImage(target, self._fitted(target))
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

    def _fitted(self, target: QRectF) -> QImage:
        """The picture at the screen's own resolution: OpenCV scales several times faster than QPainter."""
        assert self._image is not None
        ratio = self.devicePixelRatioF()
        size = (max(round(target.width() * ratio), 1), max(round(target.height() * ratio), 1))
        if self._scaled is None or self._scaled.shape[1::-1] != size:
            # averaging areas costs 12 ms at 720p, and shows only where more than every other pixel is left out
            method = cv2.INTER_AREA if 2 * size[0] < self._image.shape[1] else cv2.INTER_LINEAR
            self._scaled = np.ascontiguousarray(cv2.resize(self._image, size, interpolation=method), np.uint8)
        return to_qimage(self._scaled)


def to_qimage(image: NDArray[np.uint8]) -> QImage:
    """A view of an (H, W, 3) BGR or (H, W) grey picture; valid while the array lives."""
    height, width = image.shape[:2]
    form = QImage.Format.Format_BGR888 if image.ndim == 3 else QImage.Format.Format_Grayscale8
    return QImage(cast("bytes", image.data), width, height, image.strides[0], form)
