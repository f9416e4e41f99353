"""The trace: movement of the six regions over time, each in a lane of its own against its threshold, with events.

A lane starts at the level around a movement and is scaled in thresholds: the dotted line is what a brief movement must
exceed above that level to become a candidate, so lanes can be compared. Where no frame came, the line is broken.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PyQt6.QtCore import QEvent, QPointF, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QPainter, QPen, QPicture, QResizeEvent
from PyQt6.QtWidgets import QWidget

from gui.format import letter, tone
from gui.theme import colour, text_font
from gui.widgets.limit_band import LimitBand
from realtime.report import clock
from realtime.types import REGION_GROUPS, Event
from realtime.viewing.limits import Stretch

Mark = tuple[float, float | None, str]
"""Time in s, where it ends if it is a range, and text."""
LANES = len(REGION_GROUPS)
TICKS = 0.45
"""Height of the room for candidates' ticks below the lanes."""
RANGE = 0.35
"""Height of marks, at the top."""
LETTER_PX = 9
"""The room of an event's letter."""
TICK_REACH_PX = 6
"""A click this close to a tick is meant for its candidate."""
AT_THRESHOLD = 0.4
"""Height in its lane, from 0 to 1, at which a movement reaches its threshold."""
NAME_PX = 11
"""Height of a lane that its name needs."""
GAP_S, GAP_FRAMES = 0.3, 4
"""Readings are joined by a line unless they are further apart than both: nothing was measured between them."""


class ClockAxis(pg.AxisItem):  # type: ignore[misc]
    """An axis of times, formatted by `clock`."""

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        """Format the ticks, with hundredths only where they differ."""
        del scale
        texts = [clock(value) if spacing < 1 else clock(value).rpartition(".")[0] for value in values]
        return [text if value >= 0 else "" for text, value in zip(texts, values, strict=True)]


class Trace(pg.PlotWidget):  # type: ignore[misc]
    """Lanes of movement; `smooth` curves are for a trace that does not scroll."""

    picked = pyqtSignal(float)
    """A clicked time in s."""
    candidate_picked = pyqtSignal(object)
    """The rejected candidate whose tick was clicked."""
    asked = pyqtSignal(float)
    """A time in s that was clicked with the right button: why was nothing reported there?"""

    def __init__(self, *, smooth: bool) -> None:
        super().__init__(axisItems={"bottom": ClockAxis("bottom")})
        self.setAccessibleName("Movement of the facial regions over time")
        self.setToolTip(
            "Movement above the level around it. Dotted line: the threshold that a brief movement must exceed. "
            "Quiet band: the size from which half of all movements are found; hatched: not judged. "
            "Ticks below: rejected candidates; a click shows one."
        )
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # it has no keys of its own
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setMouseEnabled(x=False, y=False)
        self.setYRange(-TICKS, LANES, padding=0)
        self.setXRange(0, 20, padding=0)
        self._limits, self._bands = LimitBand(_height), _Marks()
        self.addItem(self._limits)
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
        self._apply_theme()

    def show_trace(
        self,
        times_s: NDArray[np.float64],
        motion: NDArray[np.float32],
        threshold: NDArray[np.float32],
        limits: Sequence[Stretch] = (),
    ) -> None:
        """Draw (n,) times with (n, 6) movement above its surroundings (see `history.Trace.brief`) and thresholds."""
        self._limits.show_limits(limits, times_s, threshold)
        times_s, ratio = _with_gaps(times_s, motion / np.maximum(threshold, 1e-3))
        # the first region on top; a gap behind each lane
        level = np.full((LANES, len(times_s) + 1), np.nan)
        level[:, :-1] = _height(ratio).T + np.arange(LANES)[::-1, None]
        above = np.where(np.pad(ratio.T, ((0, 0), (0, 1))) > 1, level, np.nan)
        times = np.tile(np.append(times_s, times_s[-1:] if len(times_s) else 0.0), LANES)
        self._curve.setData(times, level.ravel())
        self._above.setData(times, above.ravel())

    def show_events(self, events: Sequence[Event], rejected: Sequence[Event]) -> None:
        """Draw events as bands with their letters, rejected candidates as ticks."""
        self._bands.show_events(events, rejected)

    def show_marks(self, marks: Sequence[Mark]) -> None:
        """Draw marks as lines and ranges, with their texts."""
        self._bands.show_marks(marks)

    def choose(self, event: Event | None) -> None:
        """Highlight one band."""
        self._bands.choose(event)

    def show_cursor(self, time_s: float | None) -> None:
        """Draw a line at a time; None removes it."""
        self._cursor.setVisible(time_s is not None)
        if time_s is not None:
            self._cursor.setPos(time_s)

    def show_span(self, start_s: float, end_s: float) -> None:
        """Show the times from start to end."""
        self.setXRange(start_s, end_s, padding=0)
        # now, because while painting it would request another painting
        self.scene().prepareForPaint()

    def edges_px(self) -> tuple[float, float]:
        """Where the times that are shown begin and end in the widget."""
        box = self.getViewBox().sceneBoundingRect()
        return float(box.left()), float(box.right())

    def time_at(self, x: float) -> float:
        """The time at a place of the widget, in s, within what is shown."""
        (left, right), (start_s, end_s) = self.edges_px(), self.getViewBox().viewRange()[0]
        return float(np.interp(x, (left, right), (start_s, end_s)))

    def x_at(self, time_s: float) -> float:
        """The place of a time in the widget."""
        (left, right), (start_s, end_s) = self.edges_px(), self.getViewBox().viewRange()[0]
        return float(left + (right - left) * (time_s - start_s) / (end_s - start_s))

    def changeEvent(self, event: QEvent | None) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._apply_theme()

    def _clicked(self, click: object) -> None:
        box = self.getViewBox()
        place = box.mapSceneToView(click.scenePos())  # type: ignore[attr-defined]
        reach_s = TICK_REACH_PX * box.viewPixelSize()[0]
        candidate = self._bands.candidate_near(place.x(), reach_s) if place.y() < 0 else None
        if click.button() == Qt.MouseButton.RightButton:  # type: ignore[attr-defined]
            self.asked.emit(float(place.x()))
        elif candidate is not None:
            self.candidate_picked.emit(candidate)
        else:
            self.picked.emit(float(place.x()))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Name as many lanes as there is room for."""
        super().resizeEvent(event)
        if hasattr(self, "_cursor"):
            self._name_lanes()

    def _name_lanes(self) -> None:
        lane_px = self.getViewBox().height() / (LANES + TICKS)
        every = math.ceil(NAME_PX / max(lane_px, 1.0))
        named = [(LANES - 1 - lane + AT_THRESHOLD, name) for lane, name in enumerate(REGION_GROUPS)][::every]
        self.getAxis("left").setTicks([named])

    def _apply_theme(self) -> None:
        if not hasattr(self, "_cursor"):
            return
        self.setBackground(colour("surface"))
        for line in self._thresholds:
            # in px of the screen: a line of one px would be hard to see on a dense screen
            width = self.devicePixelRatioF()
            line.setPen(pg.mkPen(colour("accent", 170), width=width, style=Qt.PenStyle.DotLine))
        self._curve.setPen(pg.mkPen(colour("quiet"), width=1))
        self._above.setPen(pg.mkPen(colour("text"), width=1))
        self._cursor.setPen(pg.mkPen(colour("text"), width=1))
        left, bottom = self.getAxis("left"), self.getAxis("bottom")
        left.setWidth(58)
        self._name_lanes()
        for axis in (left, bottom):
            axis.setPen(pg.mkPen(None))
            axis.setTextPen(pg.mkPen(colour("quiet")))
            axis.setTickFont(text_font(11))
            axis.setStyle(tickLength=0, tickAlpha=0)
        self._bands.update()


def _with_gaps(
    times_s: NDArray[np.float64], values: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.floating]]:
    """Insert a row of NaN into each gap of (n,) times and (n, k) values, where no line is to be drawn."""
    steps_s = np.diff(times_s)
    if not len(steps_s):
        return times_s, values
    gaps = np.flatnonzero(steps_s > max(GAP_S, GAP_FRAMES * float(np.median(steps_s)))) + 1
    if not len(gaps):
        return times_s, values
    return np.insert(times_s, gaps, times_s[gaps - 1]), np.insert(values, gaps, np.nan, axis=0)


def _height(ratio: NDArray[np.floating]) -> NDArray[np.floating]:
    """Map a movement in thresholds to its height in the lane: linear up to one, then flatter, so that all fits."""
    beyond = np.maximum(ratio - 1, 0)
    return AT_THRESHOLD * np.minimum(ratio, 1) + (0.96 - AT_THRESHOLD) * (1 - np.exp(-beyond / 2.5))


class _Marks(pg.GraphicsObject):  # type: ignore[misc]
    """All bands, ticks and marks as one item: hundreds of events cost no more than one."""

    def __init__(self) -> None:
        super().__init__()
        self._events: list[Event] = []
        self._rejected: list[Event] = []
        self._marks: list[Mark] = []
        self._chosen: Event | None = None
        self._onsets_s: list[list[float]] = [[], []]
        self._longest_s = 0.0
        self._looks: dict[int, tuple[str, str]] = {}  # colour and letter of the events that were painted
        self._shown: tuple[list[int], list[int]] = ([], [])

    def show_events(self, events: Sequence[Event], rejected: Sequence[Event]) -> None:
        """Draw these from now on."""
        shown = [*map(id, events)], [*map(id, rejected)]
        if shown != self._shown:
            self._shown, self._looks = shown, {}
            # in the order of time, so that the few in view are found among thousands
            self._events = sorted(events, key=lambda event: event.onset_s)
            self._rejected = sorted(rejected, key=lambda event: event.onset_s)
            self._onsets_s = [[event.onset_s for event in kind] for kind in (self._events, self._rejected)]
            movements = (*self._events, *self._rejected)
            self._longest_s = max((event.offset_s - event.onset_s for event in movements), default=0.0)
            self.update()

    def show_marks(self, marks: Sequence[Mark]) -> None:
        """Draw these from now on."""
        if list(marks) != self._marks:
            self._marks = list(marks)
            self.update()

    def candidate_near(self, time_s: float, reach_s: float) -> Event | None:
        """The rejected candidate whose apex is nearest to a time, within reach."""
        near = [event for event in self._rejected if abs(event.apex_s - time_s) <= reach_s]
        return min(near, key=lambda event: abs(event.apex_s - time_s), default=None)

    def choose(self, event: Event | None) -> None:
        """Draw this event stronger."""
        self._chosen = event
        self.update()

    def boundingRect(self) -> QRectF:
        """All times: a bound that follows the view would cause everything to be painted twice."""
        return QRectF(-1e6, -TICKS, 2e6, LANES + TICKS)

    def _view(self) -> QRectF:
        box = self.getViewBox()
        return QRectF(0, 0, 1, 1) if box is None else QRectF(box.viewRect())

    def paint(self, painter: QPainter, *_: QWidget | QPicture | object) -> None:
        """Paint what is in view."""
        view = self._view()
        events, rejected = (
            kind[bisect_left(onsets_s, view.left() - self._longest_s) : bisect_right(onsets_s, view.right())]
            for kind, onsets_s in zip((self._events, self._rejected), self._onsets_s, strict=True)
        )
        for event in rejected:
            if view.left() <= event.apex_s <= view.right():
                chosen = event is self._chosen
                if chosen:
                    band = QRectF(event.onset_s, -TICKS, event.offset_s - event.onset_s, LANES + TICKS)
                    painter.fillRect(band, colour("quiet", 70))
                painter.setPen(_thin("text" if chosen else "quiet"))
                # the higher its score, the longer its tick
                painter.drawLine(
                    QPointF(event.apex_s, -0.03), QPointF(event.apex_s, -TICKS * (0.35 + 0.6 * event.score))
                )
        for event in events:
            if event.offset_s < view.left() or event.onset_s > view.right():
                continue
            chosen = event is self._chosen
            band = QRectF(event.onset_s, -TICKS, event.offset_s - event.onset_s, LANES + TICKS)
            shade = self._look(event)[0]
            painter.fillRect(band, colour(shade, 100 if chosen else 52))
            painter.setPen(_thin(shade))
            painter.drawLine(QPointF(event.apex_s, -TICKS), QPointF(event.apex_s, LANES))
        painter.setPen(_thin("text"))
        for time_s, end_s, _text in self._marks:
            for edge_s in (time_s, end_s):
                if edge_s is not None and view.left() <= edge_s <= view.right():
                    painter.drawLine(QPointF(edge_s, LANES - RANGE), QPointF(edge_s, LANES))
            if end_s is not None and end_s >= view.left() and time_s <= view.right():
                painter.fillRect(QRectF(time_s, LANES - RANGE, end_s - time_s, RANGE), colour("text", 50))
        self._letters(painter, view, events)

    def _look(self, event: Event) -> tuple[str, str]:
        look = self._looks.get(id(event))
        if look is None:
            look = self._looks[id(event)] = tone(event), letter(event)
        return look

    def _letters(self, painter: QPainter, view: QRectF, events: Sequence[Event]) -> None:
        """Write letters beside apexes and texts beside marks, in px: text must not be stretched with the axes."""
        to_device = painter.transform()
        painter.save()
        painter.resetTransform()
        painter.setFont(text_font(11))
        right = -math.inf  # the edge of the last letter: where they would overlap, some are left out
        for event in events:
            if view.left() <= event.apex_s <= view.right():
                place = to_device.map(QPointF(event.apex_s, LANES - 0.02))
                if place.x() < right and event is not self._chosen:
                    continue
                shade, sign = self._look(event)
                painter.setPen(colour(shade))
                painter.drawText(place + QPointF(3, 11), sign)
                right = place.x() + LETTER_PX
        painter.setPen(colour("text"))
        for time_s, end_s, text in self._marks:
            seen_s = max(time_s, view.left()) if end_s is not None and end_s > view.left() else time_s
            if view.left() <= seen_s <= view.right():
                painter.drawText(to_device.map(QPointF(seen_s, LANES - 0.02)) + QPointF(3, 24), text)
        painter.restore()


def _thin(name: str) -> QPen:
    pen = QPen(colour(name), 1)
    pen.setCosmetic(True)
    return pen
