"""A small picture of the recording over the timeline, at the time under the mouse."""

from typing import TYPE_CHECKING

import numpy as np
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtGui import QPixmap
from PyQt6.QtWidgets import QFrame, QLabel, QWidget

from gui.widgets.basic import column, label
from gui.widgets.video import to_qimage
from realtime.report import clock

if TYPE_CHECKING:
    from realtime.viewing.filmstrip import Still

ABOVE_PX = 6
APART_S = 1.0
"""From this difference on it is said of when the picture is."""


class Peek(QFrame):
    """Stands over a bar of `owner`, in its window; the mouse does not see it."""

    def __init__(self, owner: QWidget) -> None:
        super().__init__(owner)
        self._owner = owner
        self.setProperty("role", "card")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._picture, self.caption = QLabel(), label("", quiet=True)
        self._shown: Still | None = None
        self.setLayout(column(self._picture, self.caption, gap=2, margin=4))
        self.hide()

    def show_at(self, bar: QWidget, x: float, time_s: float, still: "Still | None") -> None:
        """Show a picture over a place of a bar; nothing where there is none."""
        window = self._owner.window()
        if still is None or window is None:
            self.hide()
            return
        if self.parentWidget() is not window:
            self.setParent(window)
        if still is not self._shown:
            self._shown = still
            self._picture.setPixmap(QPixmap.fromImage(to_qimage(np.ascontiguousarray(still.image))))
        apart = abs(still.time_s - time_s) >= APART_S
        self.caption.setText(f"{clock(time_s)}, picture of {clock(still.time_s)}" if apart else clock(time_s))
        self.adjustSize()
        place = bar.mapTo(window, QPoint(round(x), 0))
        left = min(max(place.x() - self.width() // 2, 0), window.width() - self.width())
        self.move(left, max(place.y() - self.height() - ABOVE_PX, 0))
        self.show()
        self.raise_()
