"""Where Live's parts stand: the picture beside its events, the trace and the controls below; borders are remembered."""

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLayout, QVBoxLayout, QWidget

from gui.live.cards import WIDTH_PX
from gui.settings import Settings
from gui.widgets.basic import column, frame, split
from gui.widgets.panels import remember

MIN_SIDE_PX, TRACE_PX = 220, 208


def arranged(stage: QWidget, events: QLayout, trace: QWidget, controls: QLayout, settings: Settings) -> QVBoxLayout:
    """Return the layout of the workspace."""
    side, below = frame("panel", events), frame("panel", column(trace, margin=6))
    side.setMinimumWidth(MIN_SIDE_PX)
    top = split(Qt.Orientation.Horizontal, (stage, side), (4 * WIDTH_PX, WIDTH_PX + 24), (1, 0))
    parts = split(Qt.Orientation.Vertical, (top, below), (3 * TRACE_PX, TRACE_PX), (3, 1))
    remember(top, settings.panels, "live events")
    remember(parts, settings.panels, "live trace")
    layout = column(parts, controls, margin=12)
    layout.setStretch(0, 1)
    return layout
