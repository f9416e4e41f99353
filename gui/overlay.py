"""What is drawn over a face: its outline, where it moves, an event's regions with their names beside the face."""

from functools import reduce

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen, QPolygonF, QRadialGradient

from gui.theme import colour, text_font
from gui.video import ToWidget
from gui.words import letter, tone, what_moved
from medn.face.aligned import eye_distance_px
from realtime.motion.regions import OVAL, REGIONS
from realtime.results import REGION_GROUPS, Event

Points = NDArray[np.float32]
"""(478, ≥2) landmarks in px of the frame."""

SPOT_IOD = 0.17
"""Radius of the spot that stands for a region."""


def outline(painter: QPainter, to_widget: ToWidget, points: Points) -> None:
    """A thin line around the face."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(255, 255, 255, 110), 1.2))
    painter.drawPolygon(QPolygonF(to_widget(points[list(OVAL)])))


def motion_heat(
    painter: QPainter, to_widget: ToWidget, points: Points, motion: NDArray[np.float32], threshold: NDArray[np.float32]
) -> None:
    """A glow where a group of regions has left its state of rest; none where it has not."""
    excess = np.clip(motion / np.maximum(threshold, 1e-3) - 1, 0, 1.5) / 1.5
    radius = _radius(to_widget, points) * 1.6
    painter.setPen(Qt.PenStyle.NoPen)
    for group, landmarks in REGIONS.values():
        strength = float(excess[REGION_GROUPS.index(group)])
        if strength <= 0:
            continue
        [centre] = to_widget(points[list(landmarks)].mean(axis=0, keepdims=True))
        glow = QRadialGradient(centre, radius)
        glow.setColorAt(0, QColor(255, 214, 140, round(40 + 110 * strength)))
        glow.setColorAt(1, QColor(255, 214, 140, 0))
        painter.setBrush(QBrush(glow))
        painter.drawEllipse(centre, radius, radius)


def event_regions(
    painter: QPainter, to_widget: ToWidget, points: Points, event: Event, strength: float, *, named: bool = True
) -> None:
    """Outlines of the regions that moved, in the class's colour, named beside the face; `strength` 0–1 fades them."""
    places = [points[list(REGIONS[name][1])].mean(axis=0) for name in event.regions if name in REGIONS]
    if not places or strength <= 0:
        return
    radius = _radius(to_widget, points)
    centres = to_widget(np.array(places))
    around = reduce(QPainterPath.united, (_circle(centre, radius) for centre in centres)).simplified()
    shade = colour(tone(event), round(255 * strength))
    painter.setPen(QPen(shade, 2))
    shade.setAlpha(round(36 * strength))
    painter.setBrush(shade)
    painter.drawPath(around)
    if named:
        _name_beside(painter, to_widget, points, event, centres, strength)


def calibration_ring(painter: QPainter, to_widget: ToWidget, points: Points, progress: float) -> None:
    """A ring around the face that closes while the face at rest is learned."""
    box = QPolygonF(to_widget(points[list(OVAL)])).boundingRect()
    radius = 0.62 * max(box.width(), box.height())
    ring = QRectF(box.center().x() - radius, box.center().y() - radius, 2 * radius, 2 * radius)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(255, 255, 255, 60), 3))
    painter.drawEllipse(ring)
    painter.setPen(QPen(colour("accent"), 3, cap=Qt.PenCapStyle.RoundCap))
    painter.drawArc(ring, 90 * 16, -round(360 * 16 * min(progress, 1.0)))


def _name_beside(
    painter: QPainter, to_widget: ToWidget, points: Points, event: Event, centres: list[QPointF], strength: float
) -> None:
    """The class's letter and what moved, to the right of the face, with a thin line to the nearest region."""
    box = QPolygonF(to_widget(points[list(OVAL)])).boundingRect()
    nearest = max(centres, key=QPointF.x)
    text = f"{letter(event)}   {what_moved(event)}"
    painter.setFont(text_font(13))
    width = painter.fontMetrics().horizontalAdvance(text) + 20
    place = QRectF(box.right() + 0.12 * box.width(), nearest.y() - 13, width, 26)
    shade = colour(tone(event), round(255 * strength))
    painter.setPen(QPen(shade, 1.2))
    painter.drawLine(nearest + QPointF(_radius(to_widget, points), 0), QPointF(place.left(), place.center().y()))
    painter.setBrush(QColor(16, 18, 20, round(215 * strength)))
    painter.drawRoundedRect(place, 5, 5)
    painter.setPen(QColor(255, 255, 255, round(255 * strength)))
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)


def _radius(to_widget: ToWidget, points: Points) -> float:
    origin, unit = to_widget(np.array([[0.0, 0.0], [1.0, 0.0]]))
    return SPOT_IOD * eye_distance_px(points) * (unit.x() - origin.x())


def _circle(centre: QPointF, radius: float) -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(centre, radius, radius)
    return path
