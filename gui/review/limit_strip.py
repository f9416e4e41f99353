"""The strip of the limit of detection: what could have been seen at each moment of the session."""

from collections.abc import Sequence

from PyQt6.QtCore import QEvent, QPoint, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QBrush, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PyQt6.QtWidgets import QSizePolicy, QToolTip, QWidget

from gui.format import limit_text
from gui.theme import colour
from realtime.report import clock
from realtime.spotting.limit import MAX_LIMIT_PCT
from realtime.types import FACE_PARTS
from realtime.viewing.limits import Stretch, limits_at, sampled

ROW_PX, GAP_PX = 8, 2
OPACITIES, SMALLEST_PCT = (40, 220), 0.6
"""From a limit that judges hardly anything to one at which the smallest micro-expressions are found."""
NO_LIMITS = "This session is from before limits of detection were stored: what could be seen in it is not known."
HELP = (
    "What could have been seen: upper face above, lower face below. The stronger the colour, the smaller the movements "
    "that would be found; hatched: not judged."
)


class LimitStrip(QWidget):
    """Two rows over the whole session. `asked` emits a time that was clicked: why was nothing reported there?"""

    asked = pyqtSignal(float)

    def __init__(self) -> None:
        super().__init__()
        self._stretches: Sequence[Stretch] | None = ()
        self._end_s = 1.0
        self._painted: QPixmap | None = None
        self.setFixedHeight(2 * ROW_PX + GAP_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Limit of detection")
        self.setAccessibleDescription(HELP)

    def show_limits(self, stretches: Sequence[Stretch] | None, end_s: float) -> None:
        """Show a face's limits over the whole length; None: the session has none."""
        if stretches is not self._stretches or max(end_s, 0.1) != self._end_s:
            self._stretches, self._end_s, self._painted = stretches, max(end_s, 0.1), None
            self.update()

    def tip(self, time_s: float) -> str:
        """Describe a moment."""
        if self._stretches is None:
            return NO_LIMITS
        return f"{clock(time_s)}: {limit_text(limits_at(self._stretches, time_s))}.\n{HELP} Click: why nothing here?"

    def event(self, event: QEvent | None) -> bool:
        """Show the moment under the mouse in a tooltip."""
        if isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.tip(self._time_s(event.pos())), self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Ask about the moment under the mouse."""
        if event is not None and self._stretches is not None:
            self.asked.emit(self._time_s(event.position().toPoint()))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Paint anew."""
        super().resizeEvent(event)
        self._painted = None

    def changeEvent(self, event: QEvent | None) -> None:
        """Follow the theme."""
        self._painted = None
        super().changeEvent(event)

    def paintEvent(self, _: QPaintEvent | None) -> None:
        """Paint both rows; hours of limits are painted once."""
        if self._painted is None:
            self._painted = self._paint_rows()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._painted)

    def _paint_rows(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        stretches = sampled(self._stretches or (), 0.0, self._end_s, picture.width())
        for place in range(len(FACE_PARTS)):
            row = QRectF(0, place * (ROW_PX + GAP_PX), self.width(), ROW_PX)
            painter.fillRect(row, colour("line", 90))
            if not stretches:
                continue
            painter.fillRect(row, QBrush(colour("quiet", 110), Qt.BrushStyle.BDiagPattern))
            for stretch in stretches:
                limit_pct = stretch.limit_pct[place]
                if limit_pct is not None:
                    left, right = (self.width() * at_s / self._end_s for at_s in (stretch.start_s, stretch.end_s))
                    judged = QRectF(left, row.top(), right - left, ROW_PX)
                    painter.fillRect(judged, colour("surface"))
                    painter.fillRect(judged, colour("text", _opacity(limit_pct)))
        painter.end()
        return picture

    def _time_s(self, place: QPoint) -> float:
        return min(max(place.x() / max(self.width(), 1), 0.0), 1.0) * self._end_s


def _opacity(limit_pct: float) -> int:
    weakest, strongest = OPACITIES
    share = (MAX_LIMIT_PCT - limit_pct) / (MAX_LIMIT_PCT - SMALLEST_PCT)
    return round(weakest + (strongest - weakest) * min(max(share, 0.0), 1.0))
