"""Small pictures side by side: the face at onset, at apex, and where the two differ."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QImage, QPainter, QPainterPath, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from gui.theme import colour, text_font
from gui.widgets.video import to_qimage

GAP_PX = 6
CAPTION_PX = 16


class Thumbnails(QWidget):
    """Square pictures with captions below."""

    def __init__(self, side_px: int) -> None:
        super().__init__()
        self._side_px = side_px
        self._pictures: list[tuple[str, QImage]] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(0)

    def show_pictures(self, pictures: Sequence[tuple[str, NDArray[np.uint8]]]) -> None:
        """Show captions with their (S, S, 3) BGR or (S, S) grey pictures."""
        smooth = Qt.TransformationMode.SmoothTransformation
        side = 2 * self._side_px  # enough for screens of twice the density
        self._pictures = [
            (caption, to_qimage(np.ascontiguousarray(image)).copy().scaled(side, side, transformMode=smooth))
            for caption, image in pictures
        ]
        self.setAccessibleName(f"Pictures: {', '.join(caption for caption, _ in pictures)}")
        self.setFixedHeight(self._side_px + CAPTION_PX if pictures else 0)
        self.update()

    def sizeHint(self) -> QSize:
        """The size of a row of pictures; they shrink where there is less space."""
        return QSize(3 * (self._side_px + GAP_PX), self.height())

    def paintEvent(self, _: QPaintEvent | None) -> None:
        """Paint them."""
        if not self._pictures:
            return
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        painter.setFont(text_font(11))
        count = len(self._pictures)
        side = min(self._side_px, (self.width() - (count - 1) * GAP_PX) / count)
        for place, (caption, image) in enumerate(self._pictures):
            box = QRectF(place * (side + GAP_PX), 0, side, side)
            rounded = QPainterPath()
            rounded.addRoundedRect(box, 4, 4)
            painter.setClipPath(rounded)
            painter.drawImage(box, image)
            painter.setClipping(False)
            painter.setPen(colour("quiet"))
            below = QRectF(box.left(), side, side, CAPTION_PX)
            painter.drawText(below, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, caption)
