"""Drawings over a face: its outline, where it moves, an event's regions with their names beside the face."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPainterPath, QPainterPathStroker, QPen, QPixmap, QPolygonF, QRadialGradient

from gui.format import letter, tone, units_or_regions
from gui.theme import colour, text_font
from gui.widgets.video import ToWidget
from medn.face.aligned import eye_distance_px
from medn.face.landmarker import OVAL
from realtime.motion.regions import REGIONS
from realtime.types import REGION_GROUPS, Event

Points = NDArray[np.float32]
"""(478, ≥2) landmarks in px of the frame."""

SPOT_IOD = 0.15
"""Radius of the spot that represents a region, in eye distances."""


def outline(painter: QPainter, to_widget: ToWidget, points: Points, number: int | None = None) -> None:
    """Draw a thin line around the face, and its number above it."""
    oval = QPolygonF(to_widget(points[list(OVAL)]))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(255, 255, 255, 110), 1.2))
    painter.drawPolygon(oval)
    if number is None:
        return
    box, text = oval.boundingRect(), f"face {number}"
    painter.setFont(text_font(13))
    width = painter.fontMetrics().horizontalAdvance(text) + 16
    place = QRectF(box.center().x() - width / 2, max(box.top() - 28, 2.0), width, 22)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(16, 18, 20, 190))
    painter.drawRoundedRect(place, 5, 5)
    painter.setPen(QColor(255, 255, 255))
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)


def motion_heat(
    painter: QPainter, to_widget: ToWidget, points: Points, motion: NDArray[np.float32], threshold: NDArray[np.float32]
) -> None:
    """Draw a glow over each group of regions that exceeds its threshold; (6,) `motion` and `threshold` in % iod."""
    excess = np.clip(motion / np.maximum(threshold, 1e-3) - 1, 0, 1.5) / 1.5
    if not excess.any():
        return
    radius = max(round(_radius(to_widget, points) * 1.6), 1)
    glow = _glow(radius)
    for group, landmarks in REGIONS.values():
        strength = float(excess[REGION_GROUPS.index(group)])
        if strength <= 0:
            continue
        [centre] = to_widget(points[list(landmarks)].mean(axis=0, keepdims=True))
        painter.setOpacity(0.27 + 0.73 * strength)
        painter.drawPixmap(centre - QPointF(radius, radius), glow)
    painter.setOpacity(1.0)


def event_regions(
    painter: QPainter, to_widget: ToWidget, points: Points, event: Event, strength: float, *, named: bool = True
) -> None:
    """Outline the regions that moved, in the class's colour, named beside the face; `strength` 0–1 fades them."""
    moved = [name for name in REGIONS if name in event.regions]
    if not moved or strength <= 0:
        return
    centres = dict(
        zip(moved, to_widget(np.array([points[list(REGIONS[name][1])].mean(axis=0) for name in moved])), strict=True)
    )
    around = _around(centres, _radius(to_widget, points))
    shade = colour(tone(event), round(255 * strength))
    painter.setPen(QPen(shade, 2))
    shade.setAlpha(round(36 * strength))
    painter.setBrush(shade)
    painter.drawPath(around)
    if named:
        _name_beside(painter, to_widget, points, event, list(centres.values()), strength)


@lru_cache(8)
def _glow(radius: int) -> QPixmap:
    """Return a soft spot as a picture: painting that is several times faster than painting a gradient."""
    result = QPixmap(2 * radius, 2 * radius)
    result.fill(Qt.GlobalColor.transparent)
    gradient = QRadialGradient(radius, radius, radius)
    gradient.setColorAt(0, QColor(255, 214, 140, 150))
    gradient.setColorAt(1, QColor(255, 214, 140, 0))
    painter = QPainter(result)
    painter.fillRect(result.rect(), gradient)
    painter.end()
    return result


def calibration_ring(painter: QPainter, to_widget: ToWidget, points: Points, progress: float) -> None:
    """Draw a ring around the face that closes while the face at rest is measured; `progress` 0–1."""
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
    """Write the class's letter and what moved beside the face where there is room, with a thin line to a region."""
    box = QPolygonF(to_widget(points[list(OVAL)])).boundingRect()
    text = f"{letter(event)}   {units_or_regions(event)}" if event.emotion else units_or_regions(event)
    painter.setFont(text_font(13))
    width = painter.fontMetrics().horizontalAdvance(text) + 20
    gap, radius = 0.12 * box.width(), _radius(to_widget, points)
    if box.right() + gap + width < painter.window().width():
        nearest, left, edge = max(centres, key=QPointF.x), box.right() + gap, radius
    else:
        nearest, left, edge = min(centres, key=QPointF.x), box.left() - gap - width, -radius
    place = QRectF(max(left, 4.0), nearest.y() - 13, width, 26)
    shade = colour(tone(event), round(255 * strength))
    painter.setPen(QPen(shade, 1.2))
    painter.drawLine(nearest + QPointF(edge, 0), QPointF(place.left() if edge > 0 else place.right(), nearest.y()))
    painter.setBrush(QColor(16, 18, 20, round(215 * strength)))
    painter.drawRoundedRect(place, 5, 5)
    painter.setPen(QColor(255, 255, 255, round(255 * strength)))
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)


def _radius(to_widget: ToWidget, points: Points) -> float:
    origin, unit = to_widget(np.array([[0.0, 0.0], [1.0, 0.0]]))
    return SPOT_IOD * eye_distance_px(points) * (unit.x() - origin.x())


def _around(centres: Mapping[str, QPointF], radius: float) -> QPainterPath:
    """Return one line around all regions; neighbours (the parts of a brow, the lids of an eye) are joined."""
    shape = QPainterPath()
    for neighbours in _neighbours(centres):
        spine = QPainterPath(neighbours[0])
        for centre in neighbours[1:]:
            spine.lineTo(centre)
        spine.lineTo(neighbours[-1] + QPointF(0.01, 0))  # a line of no length has no outline
        stroke = QPainterPathStroker()
        stroke.setWidth(2 * radius)
        stroke.setCapStyle(Qt.PenCapStyle.RoundCap)
        stroke.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        shape = shape.united(stroke.createStroke(spine).simplified())
    return shape.simplified()


def _neighbours(centres: Mapping[str, QPointF]) -> list[list[QPointF]]:
    """Group the centres by region group and side, in order across the face."""
    together: dict[tuple[str, str], list[QPointF]] = {}
    for name, centre in centres.items():
        together.setdefault((REGIONS[name][0], name.rpartition(" ")[2]), []).append(centre)
    return [sorted(places, key=QPointF.x) for places in together.values()]
