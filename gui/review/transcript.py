"""The transcript in Review: imported from a file, taken back by undo, and searched."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from PyQt6.QtCore import QEvent, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import QFileDialog, QInputDialog, QLineEdit, QWidget

from gui.review.model import ReviewModel
from gui.widgets.basic import IconButton, label, row
from realtime.labels import FORMATS, Label, LabelError, late_remark, read_labels

ALL_TIERS = "All tiers"
KINDS = f"Transcripts ({' '.join(f'*{suffix}' for suffix in FORMATS)});;All files (*)"
NO_SESSION = "Open a session first."
ESC_ASKED = QEvent.Type.ShortcutOverride


def import_transcript(model: ReviewModel, owner: QWidget) -> str:
    """Ask for a file and store what it says was said; return what was done in one sentence, or nothing.

    Raises `LabelError` for a file that cannot be read.
    """
    chosen, _ = QFileDialog.getOpenFileName(owner, "Import what was said", "", KINDS)
    if not chosen or model.record is None:
        return ""
    labels = read_labels(Path(chosen))
    tiers = list(dict.fromkeys(each.tier for each in labels))
    if len(tiers) > 1:
        question = "Which tier holds what was said?"
        tier, agreed = QInputDialog.getItem(owner, "Tiers", question, [ALL_TIERS, *tiers], 0, False)
        if not agreed:
            return ""
        labels = [each for each in labels if tier in (ALL_TIERS, each.tier)]
    record, before = model.record, model.record.transcript.labels

    def store(said: Sequence[Label]) -> None:
        record.replace_transcript(said)
        model.transcript_changed.emit()

    if not model.save("transcript", partial(store, labels), partial(store, before)):
        return ""
    instead = f", in place of {len(before)} earlier ones" if before else ""
    late = late_remark(labels, record.readings.end_s) if record.readings else ""
    return f"{len(labels)} labels of {Path(chosen).name} were imported{instead}.{late} Ctrl+Z takes them back."


class Report(Protocol):
    """Shows a sentence to the user."""

    def __call__(self, text: str, *, warning: bool = False) -> None:
        """Show it."""


class TranscriptSearch(QWidget):
    """A line that searches in what was said: Enter goes to the next place, Shift+Enter to the one before, Esc closes.

    `found` emits the labels of all places whenever they change, `picked` the time of one.
    """

    found = pyqtSignal(object)
    picked = pyqtSignal(float)

    def __init__(self, review: ReviewModel, position_s: Callable[[], float], report: Report) -> None:
        super().__init__()
        self._review, self._position_s, self._report = review, position_s, report
        self._places: list[Label] = []
        self._place: int | None = None
        self._words, self._count = _Words(), label("", quiet=True)
        self._words.textChanged.connect(self._search)
        self._words.gone_on.connect(self.go_on)
        self._words.left.connect(self.close_search)
        above = IconButton("caret-up", "Place before (Shift+Enter)", lambda: self.go_on(-1), flat=True)
        below = IconButton("caret-down", "Next place (Enter)", lambda: self.go_on(1), flat=True)
        close = IconButton("x", "End the search (Esc)", self.close_search, flat=True)
        layout = row(self._words, self._count, above, below, close)
        layout.setStretch(0, 1)
        self.setLayout(layout)
        self.hide()
        review.session_changed.connect(self.close_search)
        review.transcript_changed.connect(self.close_search)

    def ask_for_file(self) -> None:
        """Import a transcript from a file."""
        try:
            done = import_transcript(self._review, self)
        except LabelError as error:
            self._report(str(error), warning=True)
            return
        if done:
            self._report(done)

    def open_search(self) -> None:
        """Show the line and give it the focus; without a transcript, say how there can be one."""
        record = self._review.record
        if record is None or not record.transcript.labels:
            self._report("This session has no transcript yet: Ctrl+I imports one." if record else NO_SESSION)
            return
        self.show()
        self._words.setFocus()
        self._words.selectAll()
        self._search()

    def close_search(self) -> None:
        """Hide the line."""
        self.hide()
        self._places, self._place = [], None
        self.found.emit(frozenset())

    def go_on(self, by: int) -> None:
        """Go to the next place, or to the one before; at first to the next from the cursor on."""
        if not self._places:
            return
        if self._place is None:
            now_s = self._position_s() + 1e-3
            later = [number for number, each in enumerate(self._places) if each.start_s > now_s]
            after = later[0] if later else 0
            self._place = after if by > 0 else after - 1
        else:
            self._place += by
        self._place %= len(self._places)
        self._show_count()
        self.picked.emit(self._places[self._place].start_s)

    def _search(self) -> None:
        record = self._review.record
        self._places = record.transcript.find(self._words.text()) if record else []
        self._place = None
        self._show_count()
        self.found.emit(frozenset(self._places))

    def _show_count(self) -> None:
        if not self._words.text().strip():
            self._count.setText("")
        elif self._place is None:
            self._count.setText(f"{len(self._places)} found")
        else:
            self._count.setText(f"{self._place + 1} of {len(self._places)}")


class _Words(QLineEdit):
    """The line's field; while it has the focus, keys are text."""

    gone_on = pyqtSignal(int)
    left = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.setPlaceholderText("Search in what was said: Enter goes to the next place")
        self.setAccessibleName("Search in what was said")

    def event(self, event: QEvent | None) -> bool:
        """Keep Esc for the line; it is also a key of the workspace."""
        if isinstance(event, QKeyEvent) and (event.type(), event.key()) == (ESC_ASKED, Qt.Key.Key_Escape):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Go on, or close."""
        if event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.gone_on.emit(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
        elif event is not None and event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)
