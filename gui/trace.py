"""The trace: movement of the six regions over time, each in a lane of its own against its threshold, with events.

A lane's floor is the level around a movement and its height is told in thresholds: the dotted line is what a brief
movement must exceed above that level to become a candidate, so lanes compare at a glance.
"""

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PyQt6.QtCore import QEvent, QPointF, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QPainter, QPen, QPicture
from PyQt6.QtWidgets import QWidget

from gui.theme import colour, text_font
from gui.words import clock, letter, tone
from realtime.results import REGION_GROUPS, Event

LANES = len(REGION_GROUPS)
AT_THRESHOLD = 0.4
"""Where in its lane, from 0 to 1, a movement meets its threshold."""


class ClockAxis(pg.AxisItem):  # type: ignore[misc]
    """Times as a person reads them."""

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        """Times of the ticks, with hundredths only where they differ."""
        del scale
        words = [clock(value) if spacing < 1 else clock(value).rpartition(".")[0] for value in values]
        return [word if value >= 0 else "" for word, value in zip(words, values, strict=True)]


class Trace(pg.PlotWidget):  # type: ignore[misc]
    """Lanes of movement. `picked` tells a time that was clicked; `smooth` curves are for pictures that stand still."""

    picked = pyqtSignal(float)

    def __init__(self, *, smooth: bool) -> None:
        super().__init__(axisItems={"bottom": ClockAxis("bottom")})
        self.setAccessibleName("Movement of the facial regions over time")
        self.setToolTip("Movement above the level around it. Dotted: what a brief one must exceed to be looked at.")
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setMouseEnabled(x=False, y=False)
        self.setYRange(-0.25, LANES, padding=0)
        self.setXRange(0, 20, padding=0)
        self._bands = _Marks()
        self.addItem(self._bands)
        self._thresholds = [pg.InfiniteLine(lane + AT_THRESHOLD, angle=0) for lane in range(LANES)]
        # all lanes in one curve, broken between them: six cost six times as much to paint, and smooth ones ten times
        self._curve = pg.PlotCurveItem(connect="finite", antialias=smooth)
        self._above = pg.PlotCurveItem(connect="finite", antialias=smooth)
        for item in (*self._thresholds, self._curve, self._above):
            self.addItem(item)
        self._cursor = pg.InfiniteLine(angle=90)
        self._cursor.hide()
        self.addItem(self._cursor)
        self.scene().sigMouseClicked.connect(self._clicked)
        self._dress()

    def show_trace(
        self, times_s: NDArray[np.float64], motion: NDArray[np.float32], threshold: NDArray[np.float32]
    ) -> None:
        """Draw (n,) times with (n, 6) movement above its surroundings (see `history.Trace.brief`) and thresholds."""
        ratio = motion / np.maximum(threshold, 1e-3)
        # the first region on top; a gap behind each lane
        level = np.full((LANES, len(times_s) + 1), np.nan)
        level[:, :-1] = _height(ratio).T + np.arange(LANES)[::-1, None]
        above = np.where(np.pad(ratio.T, ((0, 0), (0, 1))) > 1, level, np.nan)
        times = np.tile(np.append(times_s, times_s[-1:] if len(times_s) else 0.0), LANES)
        self._curve.setData(times, level.ravel())
        self._above.setData(times, above.ravel())

    def show_marks(self, events: Sequence[Event], rejected: Sequence[Event], marks_s: Sequence[float] = ()) -> None:
        """Events as bands with their letters, rejected candidates as ticks, a person's marks as small flags."""
        self._bands.show_marks(events, rejected, marks_s)

    def choose(self, event: Event | None) -> None:
        """Make one band stand out."""
        self._bands.choose(event)

    def show_cursor(self, time_s: float | None) -> None:
        """A line at a time."""
        self._cursor.setVisible(time_s is not None)
        if time_s is not None:
            self._cursor.setPos(time_s)

    def show_span(self, start_s: float, end_s: float) -> None:
        """Show the times from start to end."""
        self.setXRange(start_s, end_s, padding=0)
        # now and not while painting, where it would ask for the next painting
        self.scene().prepareForPaint()

    def changeEvent(self, event: QEvent | None) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._dress()

    def _clicked(self, click: object) -> None:
        place = self.getViewBox().mapSceneToView(click.scenePos())  # type: ignore[attr-defined]
        self.picked.emit(float(place.x()))

    def _dress(self) -> None:
        if not hasattr(self, "_cursor"):
            return
        self.setBackground(colour("surface"))
        for line in self._thresholds:
            # in px of the screen: a line of one would be hard to see on a dense screen
            width = self.devicePixelRatioF()
            line.setPen(pg.mkPen(colour("accent", 170), width=width, style=Qt.PenStyle.DotLine))
        self._curve.setPen(pg.mkPen(colour("quiet"), width=1))
        self._above.setPen(pg.mkPen(colour("text"), width=1))
        self._cursor.setPen(pg.mkPen(colour("text"), width=1))
        left, bottom = self.getAxis("left"), self.getAxis("bottom")
        left.setTicks([[(LANES - 1 - lane + AT_THRESHOLD, name) for lane, name in enumerate(REGION_GROUPS)]])
        left.setWidth(58)
        for axis in (left, bottom):
            axis.setPen(pg.mkPen(None))
            axis.setTextPen(pg.mkPen(colour("quiet")))
            axis.setTickFont(text_font(11))
            axis.setStyle(tickLength=0, tickAlpha=0)
        self._bands.update()


def _height(ratio: NDArray[np.floating]) -> NDArray[np.floating]:
    """Height in the lane of a movement in thresholds: straight up to one, then ever flatter, so that nothing is cut."""
    beyond = np.maximum(ratio - 1, 0)
    return AT_THRESHOLD * np.minimum(ratio, 1) + (0.96 - AT_THRESHOLD) * (1 - np.exp(-beyond / 2.5))


class _Marks(pg.GraphicsObject):  # type: ignore[misc]
    """All bands, ticks and flags as one item: hundreds of events cost no more than one."""

    def __init__(self) -> None:
        super().__init__()
        self._events: list[Event] = []
        self._rejected: list[Event] = []
        self._marks_s: list[float] = []
        self._chosen: Event | None = None
        self._shown: tuple[list[int], list[int], list[float]] = ([], [], [])

    def show_marks(self, events: Sequence[Event], rejected: Sequence[Event], marks_s: Sequence[float]) -> None:
        """Draw these from now on."""
        shown = [*map(id, events)], [*map(id, rejected)], [*marks_s]
        if shown != self._shown:
            self._shown = shown
            self._events, self._rejected, self._marks_s = list(events), list(rejected), list(marks_s)
            self.update()

    def choose(self, event: Event | None) -> None:
        """Draw this one stronger."""
        self._chosen = event
        self.update()

    def boundingRect(self) -> QRectF:
        """All times: a bound that followed the view would have everything painted twice."""
        return QRectF(-1e6, -0.25, 2e6, LANES + 0.25)

    def _view(self) -> QRectF:
        box = self.getViewBox()
        return QRectF(0, 0, 1, 1) if box is None else QRectF(box.viewRect())

    def paint(self, painter: QPainter, *_: QWidget | QPicture | object) -> None:
        """Paint what lies in view."""
        view = self._view()
        for event in self._rejected:
            if view.left() <= event.apex_s <= view.right():
                painter.setPen(_thin("quiet"))
                painter.drawLine(QPointF(event.apex_s, -0.2), QPointF(event.apex_s, -0.02))
        for event in self._events:
            if event.offset_s < view.left() or event.onset_s > view.right():
                continue
            chosen = event is self._chosen
            band = QRectF(event.onset_s, -0.25, event.offset_s - event.onset_s, LANES + 0.25)
            painter.fillRect(band, colour(tone(event), 100 if chosen else 52))
            painter.setPen(_thin(tone(event)))
            painter.drawLine(QPointF(event.apex_s, -0.25), QPointF(event.apex_s, LANES))
        for time_s in self._marks_s:
            if view.left() <= time_s <= view.right():
                painter.setPen(_thin("text"))
                painter.drawLine(QPointF(time_s, LANES - 0.35), QPointF(time_s, LANES))
        self._letters(painter, view)

    def _letters(self, painter: QPainter, view: QRectF) -> None:
        """Letters beside the apex, in px: text must not be stretched with the axes."""
        to_device = painter.transform()
        painter.save()
        painter.resetTransform()
        painter.setFont(text_font(11))
        for event in self._events:
            if view.left() <= event.apex_s <= view.right():
                place = to_device.map(QPointF(event.apex_s, LANES - 0.02))
                painter.setPen(colour(tone(event)))
                painter.drawText(place + QPointF(3, 11), letter(event))
        painter.restore()


def _thin(name: str) -> QPen:
    pen = QPen(colour(name), 1)
    pen.setCosmetic(True)
    return pen
