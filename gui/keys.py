"""The keys: one table for each workspace; F1 shows them."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from PyQt6.QtGui import QKeySequence, QShortcut
from PyQt6.QtWidgets import QAbstractButton, QApplication, QDialog, QGridLayout, QWidget

from gui.analyze.workspace import AnalyzeWorkspace
from gui.live.workspace import LiveWorkspace
from gui.review.workspace import ReviewWorkspace
from gui.widgets import button, column, label, row
from realtime.session import Status

Key: TypeAlias = tuple[str, str, Callable[[], object]]
"""The key, what it does in words, and what it does."""


def live_keys(live: LiveWorkspace) -> list[Key]:
    """Of the Live workspace."""
    return [
        ("F5", "start or stop", live.start_or_stop),
        ("Space", "hold the picture", live.hold),
        ("N", "learn the face at rest anew", live.recalibrate),
        ("R", "record", live.recorder.toggle),
        ("M", "mark this moment", live.mark),
        ("G", "magnify the movement", live.stage.toggle_magnified),
        ("F2", "every stage's figures", live.show_figures),
        ("Esc", "back to live", live.back_to_live),
    ]


def analyze_keys(analyze: AnalyzeWorkspace) -> list[Key]:
    """Of the Analyze workspace."""
    return [("Ctrl+O", "choose recordings", analyze.ask_for_files)]


def review_keys(review: ReviewWorkspace) -> list[Key]:
    """Of the Review workspace."""
    return [
        ("Space", "play or stop", review.toggle_play),
        ("Left", "one frame back", lambda: review.viewer.step(-1)),
        ("Right", "one frame on", lambda: review.viewer.step(1)),
        ("Shift+Left", "one second back", lambda: review.step_seconds(-1)),
        ("Shift+Right", "one second on", lambda: review.step_seconds(1)),
        ("J", "previous event", lambda: review.table.step(-1)),
        ("K", "next event", lambda: review.table.step(1)),
        ("C", "confirm and go on", lambda: review.judge(Status.CONFIRMED)),
        ("X", "reject and go on", lambda: review.judge(Status.REJECTED)),
        ("L", "loop the event", review.loop),
        ("S", "speed ¼, ½, full", review.next_speed),
        ("G", "magnify the movement", review.magnify),
        ("E", "write a note", review.inspector.focus_note),
        ("M", "mark this place", review.mark),
        ("Esc", "back to the table", review.table.view.setFocus),
        ("+", "show less of the timeline", lambda: review.timeline.zoom(-1)),
        ("-", "show more of the timeline", lambda: review.timeline.zoom(1)),
        ("Ctrl+F", "filter events", review.table.focus_filter),
        ("Ctrl+E", "export", review.export),
        ("Ctrl+O", "open a session file", review.ask_for_session),
        ("Ctrl+Z", "undo", review.undo.undo),
        ("Ctrl+Shift+Z", "redo", review.undo.redo),
    ]


def bind(window: QWidget, tables: Mapping[int, Sequence[Key]], workspace: Callable[[], int]) -> None:
    """Let each key do what the workspace in front says."""
    for key in dict.fromkeys(key for table in tables.values() for key, *_ in table):
        works = {place: work for place, table in tables.items() for name, _, work in table if name == key}
        shortcut = QShortcut(QKeySequence(key), window)
        shortcut.activated.connect(lambda key=key, works=works: _pressed(key, works.get(workspace())))


def _pressed(key: str, work: Callable[[], object] | None) -> None:
    focused = QApplication.focusWidget()
    if key == "Space" and isinstance(focused, QAbstractButton):
        focused.click()  # Space presses the button that has the focus, as everywhere
    elif work is not None:
        work()


class KeysDialog(QDialog):
    """All keys at a glance."""

    def __init__(self, tables: Mapping[str, Sequence[Key]], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        columns = []
        for title, table in tables.items():
            grid = QGridLayout()
            grid.setHorizontalSpacing(24)
            grid.setVerticalSpacing(4)
            for place, (key, words, _) in enumerate(table):
                grid.addWidget(label(key, role="heading"), place, 0)
                grid.addWidget(label(words, quiet=True), place, 1)
            columns.append(column(label(title.upper(), role="section"), grid, None, gap=10))
        foot = row(None, button("Close", self.accept))
        self.setLayout(column(label("Keys", role="title"), row(*columns, gap=48), foot, gap=16, margin=24))
