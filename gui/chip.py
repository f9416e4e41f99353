"""The class of an event as a small coloured square with its letter."""

from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QFont, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from gui.theme import colour, text_font
from gui.words import class_of, letter, tone
from realtime.results import Event

SIDE_PX = 20


def paint_chip(painter: QPainter, box: QRectF, event: Event) -> None:
    """Paint it into a box: filled where the class is clear, an outline where no recognizer ran."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    known = class_of(event) is not None
    shade = colour(tone(event) if known else "quiet")
    painter.setPen(shade)
    fill = colour(tone(event), 46 if known else 0)
    painter.setBrush(fill)
    painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
    painter.setFont(text_font(12, QFont.Weight.Bold))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, letter(event))


class Chip(QWidget):
    """The square as a widget."""

    def __init__(self, event: Event) -> None:
        super().__init__()
        self._event = event
        found = class_of(event)
        self.setToolTip(f"{found[0]}, probability {found[1]:.2f}" if found else "not classified")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """A small square."""
        return QSize(SIDE_PX, SIDE_PX)

    def paintEvent(self, _: QPaintEvent | None) -> None:
        """Paint it."""
        painter = QPainter(self)
        paint_chip(painter, QRectF(self.rect()), self._event)
