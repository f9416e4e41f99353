"""An event's class as a small square with its letter; class and action unit probabilities as bars."""

from collections.abc import Sequence

from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QFont, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from gui.format import AU_DESCRIPTIONS, CLASSES, class_of, class_text, letter, tone
from gui.theme import colour, text_font
from realtime.types import Event, action_units_of, is_uncertain

SIDE_PX = 20
"""Of a chip."""
Bar = tuple[str, str, float, str]
"""Name, meaning, probability (0–1), colour token."""


def class_bars(event: Event) -> list[Bar]:
    """Return a bar for each of the three classes; none where no recognizer ran."""
    return [(CLASSES.get(name, "?"), name, value, name) for name, value in (event.emotion or {}).items()]


def au_bars(event: Event, most: int) -> list[Bar]:
    """Return bars of action units, most probable first; quiet below the probability from which they are named."""
    ranked = sorted((event.aus or {}).items(), key=lambda item: -item[1])[:most]
    named = action_units_of(event)
    return [
        (name, AU_DESCRIPTIONS.get(name, ""), value, "text" if name in named else "quiet") for name, value in ranked
    ]


class Bars(QWidget):
    """A few bars below each other; with `described`, their meaning is shown beside their names."""

    def __init__(self, *, described: bool = False, row_px: int = 18) -> None:
        super().__init__()
        self._described, self._row_px = described, row_px
        self._bars: Sequence[Bar] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_bars(self, bars: Sequence[Bar]) -> None:
        """Show these from now on."""
        self._bars = bars
        self.setAccessibleName("; ".join(f"{meaning or name} {value:.0%}" for name, meaning, value, _ in bars))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """As high as its bars."""
        return QSize(180, self._row_px * len(self._bars))

    minimumSizeHint = sizeHint

    def paintEvent(self, _: QPaintEvent | None) -> None:
        """Paint the bars."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(text_font(11))
        metrics = painter.fontMetrics()
        left = max((metrics.horizontalAdvance(name) for name, *_ in self._bars), default=0) + 10
        if self._described:
            left += max((metrics.horizontalAdvance(meaning) for _, meaning, *_ in self._bars), default=0) + 10
        right = metrics.horizontalAdvance("100 %") + 8
        for place, (name, meaning, value, role) in enumerate(self._bars):
            line = QRectF(0, place * self._row_px, self.width(), self._row_px)
            middle = Qt.AlignmentFlag.AlignVCenter
            painter.setPen(colour(role))
            painter.drawText(line, middle | Qt.AlignmentFlag.AlignLeft, name)
            painter.setPen(colour("quiet"))
            if self._described:
                indent = left - 10 - max(metrics.horizontalAdvance(text) for _, text, *_ in self._bars)
                painter.drawText(line.adjusted(indent, 0, 0, 0), middle | Qt.AlignmentFlag.AlignLeft, meaning)
            painter.drawText(line, middle | Qt.AlignmentFlag.AlignRight, f"{100 * value:.0f} %")
            groove = QRectF(left, line.center().y() - 2, max(self.width() - left - right, 10), 4)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour("line"))
            painter.drawRoundedRect(groove, 2, 2)
            groove.setWidth(max(groove.width() * min(max(value, 0.0), 1.0), 4))
            painter.setBrush(colour(role))
            painter.drawRoundedRect(groove, 2, 2)


def paint_chip(painter: QPainter, box: QRectF, event: Event) -> None:
    """Paint the class's letter in a square: filled where the class is certain enough, an outline otherwise."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    classified = class_of(event) is not None
    shade = colour(tone(event) if classified else "quiet")
    painter.setPen(shade)
    painter.setBrush(colour(tone(event), 0 if is_uncertain(event) else 46))
    painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
    painter.setFont(text_font(12 if len(letter(event)) == 1 else 11, QFont.Weight.Bold))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, letter(event))


class Chip(QWidget):
    """The square as a widget."""

    def __init__(self, event: Event) -> None:
        super().__init__()
        self._event = event
        self.setToolTip(class_text(event))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """A small square."""
        return QSize(SIDE_PX, SIDE_PX)

    def paintEvent(self, _: QPaintEvent | None) -> None:
        """Paint it."""
        painter = QPainter(self)
        paint_chip(painter, QRectF(self.rect()), self._event)
