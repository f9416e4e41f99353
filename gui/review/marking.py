"""Marks in Review: points and ranges of time, with labels of one's own that have keys; a list to change them in."""

from collections.abc import Callable
from functools import partial

from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QGridLayout,
    QHeaderView,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from gui.keys import Entry
from gui.review.model import ReviewModel
from gui.settings import LABEL_KEYS, Settings
from gui.widgets.basic import button, column, label, resize_within_screen, row, show_dialog
from gui.widgets.mark_text import MarkText
from realtime.explain import THRESHOLD_MARK
from realtime.report import clock
from realtime.session import Annotation

LONGEST = 200
NO_NUMBER = "A time is written in seconds, as 12.3, and a range ends after it begins."


class Marking(QObject):
    """Marks at the position in the video; `button` is where the field for a mark's text opens."""

    def __init__(
        self, settings: Settings, review: ReviewModel, position_s: Callable[[], float], report: Callable[[str], None],
        owner: QWidget,
    ) -> None:  # fmt: skip
        super().__init__(owner)
        self._settings, self._review, self._position_s, self._report = settings, review, position_s, report
        self._owner = owner
        self.button = owner
        self.text = MarkText(owner)
        self.begin_s: float | None = None
        """Where a range that is not ended yet begins."""
        self.text.entered.connect(review.set_mark_text)
        review.session_changed.connect(self._forget)

    def mark(self) -> None:
        """Mark the position, then offer a field for the mark's text."""
        now_s = self._position_s()
        if self._review.mark(now_s):
            self._report(f"Marked at {clock(now_s)}. Ctrl+Z removes the mark.")
            self.text.open_above(self.button)

    def mark_range(self) -> None:
        """Begin a range at the position; the second time, end it there and offer a field for its text."""
        if self._review.record is None:
            return
        if self.begin_s is None:
            self.begin_s = self._position_s()
            self._report(f"A range begins at {clock(self.begin_s)}. R ends it, and a label's key does so, too.")
        elif self._end_range(""):
            self.text.open_above(self.button)

    def add_range(self, begin_s: float, end_s: float) -> None:
        """Store a range that was dragged, and offer a field for its text."""
        self.begin_s = None
        if self._store(begin_s, end_s, ""):
            self.text.open_above(self.button)

    def cancel(self) -> bool:
        """End no range; return whether one was begun."""
        begun, self.begin_s = self.begin_s is not None, None
        if begun:
            self._report("The range that was begun is not kept.")
        return begun

    def mark_label(self, number: int) -> None:
        """Mark the position with a label of one's own, or end a range with it; what plays goes on."""
        text = self._settings.mark_labels[number] if number < len(self._settings.mark_labels) else ""
        if self._review.record is None:
            return
        if not text:
            self._report(f"The key {LABEL_KEYS[number]} has no label yet. Ctrl+L gives it one.")
        elif self.begin_s is not None:
            self._end_range(text)
        elif self._review.mark(now_s := self._position_s(), text):
            self._report(f"{text} at {clock(now_s)}. Ctrl+Z removes the mark.")

    def ask_for_labels(self) -> None:
        """Ask for the labels and show the marks."""
        show_dialog(MarksDialog(self._settings, self._review, self._owner))

    def _end_range(self, text: str) -> bool:
        """Store the range from where it began to the position."""
        assert self.begin_s is not None
        begin_s, end_s = sorted((self.begin_s, self._position_s()))
        if end_s - begin_s < 1e-3:
            self._report("A range ends at another moment than it begins: go there, then press R.")
            return False
        self.begin_s = None
        return self._store(begin_s, end_s, text)

    def _store(self, begin_s: float, end_s: float, text: str) -> bool:
        made = self._review.mark(begin_s, text, end_s)
        if made:
            name = text or "Range"
            self._report(f"{name} from {clock(begin_s)} to {clock(end_s)}. Ctrl+Z removes the mark.")
        return made

    def _forget(self) -> None:
        self.begin_s = None


class MarksDialog(QDialog):
    """The labels with their keys, and the marks of the session, whose times and texts are changed in place."""

    def __init__(self, settings: Settings, review: ReviewModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._settings, self._review = settings, review
        self.setWindowTitle("Marks")
        labels = QGridLayout()
        labels.setHorizontalSpacing(8)
        self.labels = [QLineEdit() for _ in LABEL_KEYS]
        for place, (key, field) in enumerate(zip(LABEL_KEYS, self.labels, strict=True)):
            field.setMaxLength(LONGEST)
            field.setAccessibleName(f"Label of the key {key}")
            field.setText(settings.mark_labels[place] if place < len(settings.mark_labels) else "")
            labels.addWidget(label(key, role="heading"), place % 3, place // 3 * 2)
            labels.addWidget(field, place % 3, place // 3 * 2 + 1)
        self.marks = QTableWidget(0, 3)
        self.marks.setAccessibleName("Marks")
        self.marks.setHorizontalHeaderLabels(["Begins, s", "Ends, s", "Text"])
        self.marks.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.marks.setShowGrid(False)
        self.marks.setTabKeyNavigation(False)  # Tab leaves the table
        rows, head = self.marks.verticalHeader(), self.marks.horizontalHeader()
        assert rows is not None
        assert head is not None
        rows.hide()
        head.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        self._problem = label("", quiet=True, wrap=True)
        self.marks.cellChanged.connect(self._change)
        remove = button("Remove mark", self._remove, tip="Remove the chosen marks; Ctrl+Z in Review brings them back")
        foot = row(remove, None, button("Done", self.accept, role="primary"))
        what = label(
            "A key marks the moment with its label while the recording plays, or ends a range with it.", quiet=True
        )
        layout = column(
            label("Labels and marks", role="title"), what, labels, 4, label("MARKS", role="section"), self.marks,
            self._problem, foot, gap=10, margin=24,
        )  # fmt: skip
        layout.setStretch(layout.indexOf(self.marks), 1)
        self.setLayout(layout)
        resize_within_screen(self, 620, 560)
        self._show_marks()

    def done(self, result: int) -> None:
        """Keep the labels, however the dialog is closed."""
        self._settings.mark_labels = [field.text().strip() for field in self.labels]
        super().done(result)

    @property
    def _listed(self) -> list[Annotation]:
        """A person's marks: those of a change of sensitivity say what the program did."""
        marks = self._review.record.marks if self._review.record else []
        return [mark for mark in marks if not mark.text.startswith(THRESHOLD_MARK)]

    def _show_marks(self) -> None:
        self.marks.blockSignals(True)
        self.marks.setRowCount(len(self._listed))
        for line, mark in enumerate(self._listed):
            ends = "" if mark.end_s is None else f"{mark.end_s:.2f}"
            for place, text in enumerate((f"{mark.time_s:.2f}", ends, mark.text)):
                self.marks.setItem(line, place, QTableWidgetItem(text))
        self.marks.blockSignals(False)

    def _change(self, line: int, place: int) -> None:
        """Store what was written in a cell."""
        mark, item = self._listed[line], self.marks.item(line, place)
        written = item.text().strip() if item is not None else ""
        self._problem.setText("")
        try:
            begin_s = float(written) if place == 0 else mark.time_s
            end_s = (float(written) if written else None) if place == 1 else mark.end_s
        except ValueError:
            self._problem.setText(NO_NUMBER)
        else:
            later = end_s is None or begin_s < end_s < self._review.end_s + 1
            if 0 <= begin_s <= self._review.end_s and later:
                self._review.change_mark(mark, begin_s, end_s, written[:LONGEST] if place == 2 else mark.text)
            else:
                self._problem.setText(NO_NUMBER)
        self._show_marks()
        numbers = [listed.id for listed in self._listed]
        if mark.id in numbers:  # with another time it stands in another line, from where Tab goes on
            self.marks.setCurrentCell(numbers.index(mark.id), place)

    def _remove(self) -> None:
        lines = {index.row() for index in self.marks.selectedIndexes()}
        for mark in [mark for line, mark in enumerate(self._listed) if line in lines]:
            self._review.remove_mark(mark)
        self._show_marks()


def marking_commands(marking: Marking) -> list[Entry]:
    """Keys and what they do, those of the labels among them."""
    labels = enumerate(LABEL_KEYS)
    return [
        ("M", "mark this position", marking.mark),
        ("R", "begin a range of time, then end it (or drag with Shift)", marking.mark_range),
        *((key, f"mark with label {key}", partial(marking.mark_label, number)) for number, key in labels),
        ("Ctrl+L", "labels for marks, and the list of marks", marking.ask_for_labels),
    ]
