"""The lane of the sound: how loud it is over the whole session."""

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, QRectF
from PyQt6.QtGui import QPainter, QPaintEvent, QPen

from gui.review.time_bar import TimeBar
from gui.theme import colour
from realtime.viewing.waveform import Waveform, heights

HEIGHT_PX = 22


class WaveformLane(TimeBar):
    """Hidden where there is no sound, and in a low window."""

    def __init__(self) -> None:
        super().__init__(HEIGHT_PX, "Loudness of the sound", self._paint_peaks)
        self.setToolTip("The recording's sound: how loud it is. Drag to move through the session")
        self._waveform: Waveform | None = None
        self._peaks: NDArray[np.uint8] = np.zeros(0, np.uint8)
        self._now_s = 0.0
        self._tall = True
        self.hide()

    def make_room(self, *, tall: bool) -> None:
        """Hide in a low window."""
        self._tall = tall
        self.setVisible(tall and self._waveform is not None)

    def follow(self, waveform: Waveform | None, now_s: float, end_s: float) -> None:
        """Show a waveform as far as it is computed, and the cursor; called often."""
        peaks = np.zeros(0, np.uint8) if waveform is None else waveform.peaks
        if waveform is not self._waveform or peaks is not self._peaks or end_s != self._end_s:
            if waveform is not None or self._waveform is not None:
                self._whole = None
                self.update()
            self._waveform, self._peaks, self._end_s = waveform, peaks, max(end_s, 0.1)
            self.setVisible(self._tall and waveform is not None)
        if now_s != self._now_s:
            self._now_s = now_s
            self.update()

    def paintEvent(self, _: QPaintEvent | None) -> None:
        """Paint the waveform, which is painted once, and the cursor."""
        painter = QPainter(self)
        self._draw_whole(painter)
        x = self.x_at(self._now_s)
        painter.setPen(QPen(colour("text"), 1.5))
        painter.drawLine(QPointF(x, 0), QPointF(x, HEIGHT_PX))

    def _paint_peaks(self, painter: QPainter) -> None:
        ratio = self.devicePixelRatioF()
        columns = max(round(self.width() * ratio), 1)
        for column, height in enumerate(heights(self._peaks, columns, self._end_s)):
            tall = max(height * HEIGHT_PX, 1.0)
            painter.fillRect(QRectF(column / ratio, (HEIGHT_PX - tall) / 2, 1 / ratio, tall), colour("quiet"))
