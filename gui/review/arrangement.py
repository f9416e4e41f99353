"""Where Review's parts stand: sessions, video over timeline and events, inspector; in a low window otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QMenu, QSizePolicy, QToolButton, QWidget

from gui.keys import Command
from gui.review.coders import Coders
from gui.review.events_table import EventsTable
from gui.review.inspector import Inspector
from gui.review.library import Library
from gui.review.second_pass import SecondPass
from gui.review.timeline import Timeline
from gui.review.tools import Tools
from gui.review.transcript import TranscriptSearch
from gui.review.viewer import Viewer
from gui.settings import Settings
from gui.widgets.basic import Elided, IconButton, column, frame, label, row, split
from gui.widgets.face_choice import FaceChoice
from gui.widgets.panels import remember, show_remembered

NARROW_PX, LOW_PX = 1180, 520
BESIDE_PX = 900
"""In a window that is lower, the events stand beside the video: below it there is room for two or three."""
LIMITS_HELP = "Here: the size from which half of all movements are found, in % of the eye distance."
BELOW, BESIDE = (420, 420), (330, 130)
"""Heights of the video and of what is below it, with the events and without."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What is arranged."""

    library: Library
    viewer: Viewer
    tools: Tools
    timeline: Timeline
    table: EventsTable
    inspector: Inspector
    coders: Coders
    second_pass: SecondPass
    said_search: TranscriptSearch


class Arrangement(QWidget):
    """The parts and the head over the video, with a menu of `commands` that have no button in every window."""

    def __init__(
        self, parts: Parts, commands: Sequence[Command], settings: Settings, buttons: Sequence[QWidget]
    ) -> None:
        super().__init__()
        self._parts, self._settings, self._buttons = parts, settings, buttons
        self._events_below = True
        self._opened = False
        self.title, self.about = Elided(role="heading"), Elided()
        self.pace, self.limits = Elided(), Elided()
        self.summary = label("", quiet=True, wrap=True)
        self.faces = FaceChoice()
        self._menu = QMenu(self)
        self._menu.addActions(list(commands))
        more = IconButton("dots-three-vertical", "More commands; F1 lists all with their keys", flat=True)
        more.setMenu(self._menu)
        more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        head = row(
            self.title, self.about, self.pace, self.limits, self.faces, parts.coders, *buttons, parts.second_pass, more
        )
        for shown in (self.title, self.limits):  # all of it where there is room; the other texts take what is left
            shown.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        head.setStretchFactor(self.about, 3)
        head.setStretchFactor(self.pace, 2)
        upper, lower, self._beside = QWidget(), QWidget(), QWidget()
        top = column(head, parts.viewer, parts.tools)
        top.setStretch(1, 1)
        upper.setLayout(top)
        self._below = column(parts.said_search, parts.timeline, self.summary, parts.table)
        self._below.setStretch(1, 4)
        self._below.setStretch(3, 3)
        lower.setLayout(self._below)
        self._beside_layout = column()
        self._beside.setLayout(self._beside_layout)
        self._middle = split(Qt.Orientation.Vertical, (upper, lower), BELOW, (1, 1))
        judged = QWidget()
        judged.setLayout(column(parts.inspector, parts.coders.panel))
        side = split(Qt.Orientation.Vertical, (self._beside, judged), (250, 220), (1, 1))
        self._side = frame("panel", column(parts.library, margin=12))
        self._side.setMinimumWidth(200)
        self._right = frame("panel", column(side, margin=12))
        self._right.setMinimumWidth(250)
        columns = split(Qt.Orientation.Horizontal, (self._side, self._middle, self._right), (248, 800, 340), (0, 1, 0))
        for splitter, name in ((self._middle, "review"), (side, "review events"), (columns, "review sides")):
            remember(splitter, settings.panels, name)
        self._beside.hide()
        self.setLayout(column(columns))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Adapt to the window's size."""
        super().resizeEvent(event)
        self.arrange(opened=self._opened)

    def arrange(self, *, opened: bool) -> None:
        """Hide the list of sessions in a narrow window while one is `opened`; Ctrl+O still opens another.

        In a lower window the events stand over the inspector; in a low one the commands of some buttons are in the
        menu only, and the summary in the table's tooltip.
        """
        self._opened = opened
        parts, wide, tall = self._parts, self.width() >= NARROW_PX, self.height() >= LOW_PX
        self._side.setVisible(wide or not opened)
        self._right.setVisible(wide or opened)
        parts.tools.setEnabled(opened)
        for part in (*self._buttons, parts.coders):
            part.setVisible(opened and tall)
        parts.second_pass.setVisible(opened)
        parts.second_pass.make_room(tall=tall)
        self.summary.setVisible(tall)
        parts.timeline.make_room(tall=tall)
        if (below := self.height() >= BESIDE_PX) != self._events_below:
            self._events_below = below
            self._move_table()

    def _move_table(self) -> None:
        below, table = self._events_below, self._parts.table
        (self._below if below else self._beside_layout).addWidget(table, 3 if below else 1)
        table.make_room(wide=below)
        self._beside.setVisible(not below)
        self._middle.setObjectName("review" if below else "review, events beside")
        if not show_remembered(self._middle, self._settings.panels):
            self._middle.setSizes(BELOW if below else BESIDE)
