"""Probabilities as bars: the three classes, or action units; each with its letter, its word and its figure."""

from collections.abc import Sequence

from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from gui.theme import colour, text_font
from gui.words import AU_WORDS, CLASSES
from realtime.results import Event, action_units_of

Bar = tuple[str, str, float, str]
"""What stands left, what it means, 0–1, colour token."""


def class_bars(event: Event) -> list[Bar]:
    """The three classes; none where no recognizer ran."""
    return [(CLASSES.get(name, "?"), name, value, name) for name, value in (event.emotion or {}).items()]


def au_bars(event: Event, most: int) -> list[Bar]:
    """Action units, most probable first; quiet where they are too improbable to be named."""
    ranked = sorted((event.aus or {}).items(), key=lambda item: -item[1])[:most]
    named = action_units_of(event)
    return [(name, AU_WORDS.get(name, ""), value, "text" if name in named else "quiet") for name, value in ranked]


class Bars(QWidget):
    """A few bars below each other; `words` shows their meaning too."""

    def __init__(self, *, words: bool = False, row_px: int = 18) -> None:
        super().__init__()
        self._words, self._row_px = words, row_px
        self._bars: Sequence[Bar] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_bars(self, bars: Sequence[Bar]) -> None:
        """Show these from now on."""
        self._bars = bars
        self.setAccessibleName("; ".join(f"{word or sign} {value:.0%}" for sign, word, value, _ in bars))
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
        left = max((metrics.horizontalAdvance(sign) for sign, *_ in self._bars), default=0) + 10
        if self._words:
            left += max((metrics.horizontalAdvance(word) for _, word, *_ in self._bars), default=0) + 10
        right = metrics.horizontalAdvance("100 %") + 8
        for place, (sign, word, value, tone) in enumerate(self._bars):
            line = QRectF(0, place * self._row_px, self.width(), self._row_px)
            middle = Qt.AlignmentFlag.AlignVCenter
            painter.setPen(colour(tone))
            painter.drawText(line, middle | Qt.AlignmentFlag.AlignLeft, sign)
            painter.setPen(colour("quiet"))
            if self._words:
                indent = left - 10 - max(metrics.horizontalAdvance(w) for _, w, *_ in self._bars)
                painter.drawText(line.adjusted(indent, 0, 0, 0), middle | Qt.AlignmentFlag.AlignLeft, word)
            painter.drawText(line, middle | Qt.AlignmentFlag.AlignRight, f"{100 * value:.0f} %")
            groove = QRectF(left, line.center().y() - 2, max(self.width() - left - right, 10), 4)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour("line"))
            painter.drawRoundedRect(groove, 2, 2)
            groove.setWidth(max(groove.width() * min(max(value, 0.0), 1.0), 4))
            painter.setBrush(colour(tone))
            painter.drawRoundedRect(groove, 2, 2)
