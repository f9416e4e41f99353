"""The limit of detection in the trace: a quiet band as high as a movement must be to be found half of the time."""

from collections.abc import Callable, Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QBrush, QPainter, QPen

from gui.theme import colour
from realtime.types import FACE_PARTS, PART_OF_REGION
from realtime.viewing.limits import Stretch

LANES = len(PART_OF_REGION)
BAND, EDGE, HATCH = 20, 70, 46
"""Opacities of the band, of its upper edge, and of the hatch where nothing can be judged."""
HATCH_HEIGHT = 0.3
"""Of the hatch in its lane, from 0 to 1."""


class LimitBand(pg.GraphicsObject):  # type: ignore[misc]
    """The limit in each lane; `height` maps a movement in thresholds to its height in the lane."""

    def __init__(self, height: Callable[[NDArray[np.floating]], NDArray[np.floating]]) -> None:
        super().__init__()
        self._height = height
        self._bands: list[tuple[float, float, list[float | None]]] = []  # start, end, height in each lane
        self.setZValue(-10)

    def show_limits(
        self, stretches: Sequence[Stretch], times_s: NDArray[np.float64], threshold: NDArray[np.float32]
    ) -> None:
        """Draw these limits from now on; (n,) times with (n, 6) thresholds in % iod are the lanes' scales."""
        middle_s = np.array([(stretch.start_s + stretch.end_s) / 2 for stretch in stretches])
        limit_pct = np.array([stretch.limit_pct for stretch in stretches], np.float64).reshape(-1, len(FACE_PARTS))
        lanes = []
        for lane, part in enumerate(PART_OF_REGION):
            scale_pct = np.interp(middle_s, times_s, threshold[:, lane]) if len(times_s) else np.ones(len(stretches))
            lanes.append(self._height(limit_pct[:, FACE_PARTS.index(part)] / np.maximum(scale_pct, 1e-3)))
        self._bands = [
            (stretch.start_s, stretch.end_s, [None if np.isnan(height) else float(height) for height in heights])
            for stretch, heights in zip(stretches, np.array(lanes).T, strict=True)
        ]
        self.update()

    def boundingRect(self) -> QRectF:
        """All times: a bound that follows the view would cause everything to be painted twice."""
        return QRectF(-1e6, 0, 2e6, LANES)

    def paint(self, painter: QPainter, *_: object) -> None:
        """Paint what is in view, in px of the screen: a hatch must not be stretched with the axes."""
        box = self.getViewBox()
        if box is None:
            return
        view, to_device = QRectF(box.viewRect()), painter.transform()
        edge, hatch = QPen(colour("quiet", EDGE), 1), QBrush(colour("quiet", HATCH), Qt.BrushStyle.BDiagPattern)
        painter.save()
        painter.resetTransform()
        for start_s, end_s, heights in self._bands:
            left, right = max(start_s, view.left()), min(end_s, view.right())
            if left >= right:
                continue
            for lane, height in enumerate(heights):
                base = LANES - 1 - lane
                top = base + (HATCH_HEIGHT if height is None else height)
                area = QRectF(to_device.map(QPointF(left, top)), to_device.map(QPointF(right, base)))
                if height is None:
                    painter.fillRect(area, hatch)
                else:
                    painter.fillRect(area, colour("quiet", BAND))
                    painter.setPen(edge)
                    painter.drawLine(area.topLeft(), area.topRight())
        painter.restore()
