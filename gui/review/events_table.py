"""The table of events: sorted by any column, filtered by text, class, status and score; a row is an event."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from PyQt6.QtCore import QAbstractTableModel, QModelIndex, QRectF, Qt
from PyQt6.QtGui import QPainter
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from gui.format import CLASS_HELP, CLASSES, SCORE_HELP, class_of, screen_reader_text
from gui.review.model import ANY, EventFilter, ReviewModel
from gui.theme import colour
from gui.widgets.bars import SIDE_PX, paint_chip
from gui.widgets.basic import Choice, column, label, row
from realtime.report import clock
from realtime.session import Status, StoredEvent

COLUMNS = ("Class", "Time", "ms", "Prob.", "Moved", "Score", "Status", "Note", "Face", "Second")
FACE, SECOND = COLUMNS.index("Face"), COLUMNS.index("Second")
HELP = {
    "Face": "The face's number, as in exports.",
    "Class": CLASS_HELP,
    "Prob.": CLASS_HELP,
    "ms": "Duration from onset to offset, in ms.",
    "Score": SCORE_HELP,
    "Second": "Score of the second pass, which has learned this recording (Ctrl+Shift+R).",
}
STATUS_SIGN = {Status.UNREVIEWED: "", Status.CONFIRMED: "✓ confirmed", Status.REJECTED: "✗ rejected"}
MIN_SCORES = (0.9, 0.7, 0.5)
CANDIDATES_FROM = (0.5, 0.4, 0.3, 0.2, 0.1, 0.0)
NOT_REPORTED = "not reported"
WIDTHS_PX, BESIDE_WIDTHS_PX = (58, 84, 56, 60, 220, 62, 110), (54, 92, 56, 60, 92, 62, 104)
"""Of the columns up to the status, and where the table stands beside the video: the status is seen there before the
score."""
ROW_PX, BESIDE_ROW_PX = 30, 26
BESIDE_SCORE_PX, MOST_PX = 118, 16777215
"""Width of the choice of scores where the table stands beside the video."""


class _Rows(QAbstractTableModel):
    """The model's shown events as rows."""

    def __init__(self, review: ReviewModel) -> None:
        super().__init__()
        self._review = review
        self.events = review.shown
        self._sorted: tuple[int, Qt.SortOrder] | None = None

    def refresh(self) -> None:
        """Show the model's events; where they are the same in the same order, the view keeps its position."""
        before, shown = [stored.id for stored in self.events], self._review.shown
        if before == [stored.id for stored in shown]:
            self.events = shown
            if before:
                self.dataChanged.emit(self.index(0, 0), self.index(len(before) - 1, len(COLUMNS) - 1))
            return
        self.beginResetModel()
        self.events = shown
        self.endResetModel()

    def show_judged(self, row: int) -> None:
        """Show one event anew."""
        self.dataChanged.emit(self.index(row, 0), self.index(row, len(COLUMNS) - 1))

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        """The number of events."""
        return 0 if parent.isValid() else len(self.events)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        """The columns."""
        del parent
        return len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> str | None:
        """Return a column's name or help."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.ToolTipRole:
            return HELP.get(COLUMNS[section])
        return None

    def data(self, index: QModelIndex, role: int = 0) -> object:
        """Return a cell's text or colour, or a description of the row."""
        stored = self.events[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(stored, index.column())
        if role == Qt.ItemDataRole.ForegroundRole and (stored.id < 0 or stored.status is Status.REJECTED):
            return colour("quiet")
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            text = screen_reader_text(stored.event)
            return f"{NOT_REPORTED.capitalize()}. {text}" if stored.id < 0 else text
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; Qt asks twice for each change."""
        if (column, order) != self._sorted:
            self._sorted = column, order
            descending = order == Qt.SortOrder.DescendingOrder
            self._review.sort_by(partial(self._key, COLUMNS[column]), descending=descending)

    def _moved(self, stored: StoredEvent) -> str:
        return self._review.record.moved(stored) if self._review.record else ""

    def _text(self, stored: StoredEvent, column: int) -> str:
        event, found = stored.event, class_of(stored.event)
        duration_ms = 1000 * (event.offset_s - event.onset_s)
        probability = f"{found[1]:.2f}" if found else "–"
        texts = ("", clock(event.onset_s), f"{duration_ms:.0f}", probability, self._moved(stored))
        second = "–" if stored.second_score is None else f"{stored.second_score:.2f}"
        return (*texts, f"{event.score:.2f}", _status(stored), stored.note, str(event.face), second)[column]

    def _key(self, column: str, stored: StoredEvent) -> str | float:
        """What a column is sorted by: only that, because thousands of events are sorted at a time."""
        event = stored.event
        match column:
            case "Class" | "Prob.":
                found = class_of(event)
                return (found[0] if found else "") if column == "Class" else (found[1] if found else -1.0)
            case "Time":
                return event.onset_s
            case "ms":
                return event.offset_s - event.onset_s
            case "Moved":
                return self._moved(stored)
            case "Score":
                return event.score
            case "Status":
                return NOT_REPORTED if stored.id < 0 else stored.status.value
            case "Note":
                return stored.note
            case "Second":
                return -1.0 if stored.second_score is None else stored.second_score
            case _:
                return event.face


def _status(stored: StoredEvent) -> str:
    if stored.id < 0:
        return NOT_REPORTED
    return STATUS_SIGN[stored.status] + (", added" if stored.promoted else "")


class EventsTable(QWidget):
    """The table with its filters."""

    def __init__(self, review: ReviewModel) -> None:
        super().__init__()
        self._review, self._rows = review, _Rows(review)
        self._following = False  # the selection follows the model
        self._text = QLineEdit()
        self._text.setPlaceholderText("Filter: AU, region, note or words  (Ctrl+F)")
        self._text.setAccessibleName("Filter events")
        self._text.setClearButtonEnabled(True)
        self._emotion = _choice("Class", [("All classes", ANY), *((name, name) for name in CLASSES)])
        self._status = _choice("Status", [("All statuses", ANY), *((s.value, s.value) for s in Status)])
        scores = [(f"Score ≥ {score}", (score, None)) for score in MIN_SCORES]
        weaker = [
            (f"+ candidates ≥ {score}" if score else "+ all candidates", (0.0, score)) for score in CANDIDATES_FROM
        ]
        self._score = _choice("Score", [*scores, ("Any score", (0.0, None)), *weaker])
        self._score.setCurrentText("Any score")
        self._score.setToolTip(
            "Events by score; further down, also candidates that were not reported. D shows weaker ones."
        )
        self._count = label("", quiet=True)
        self.view = self._make_view()
        self._text.textChanged.connect(self._refilter)
        for choice in (self._emotion, self._status, self._score):
            choice.currentIndexChanged.connect(self._refilter)
        changes = review.session_changed, review.events_changed, review.shown_changed, review.readings_changed
        for signal in changes:
            signal.connect(self._show_events)
        review.event_changed.connect(self._show_judged)
        review.chosen_changed.connect(self._show_chosen)
        self._filters, self._narrow = row(self._text, self._emotion, self._status, self._score, self._count), row()
        self._filters.setStretch(0, 1)
        layout = column(self._filters, self._narrow, self.view)
        layout.setStretch(2, 1)
        self.setLayout(layout)

    def make_room(self, *, wide: bool) -> None:
        """Where the table stands beside the video, give two choices a row of their own, and show fewer columns."""
        for place, choice in enumerate((self._emotion, self._status), 1):
            (self._filters if wide else self._narrow).insertWidget(place if wide else -1, choice)
        narrow_px = 0 if wide else BESIDE_SCORE_PX
        self._score.setMinimumWidth(narrow_px)
        self._score.setMaximumWidth(narrow_px or MOST_PX)
        rows, head = self.view.verticalHeader(), self.view.horizontalHeader()
        assert rows is not None
        assert head is not None
        rows.setDefaultSectionSize(ROW_PX if wide else BESIDE_ROW_PX)
        for column_, width in enumerate(WIDTHS_PX if wide else BESIDE_WIDTHS_PX):
            self.view.setColumnWidth(column_, width)
        score, status = (head.visualIndex(COLUMNS.index(name)) for name in ("Score", "Status"))
        if (score < status) is not wide:
            head.moveSection(score, status)
        for column_ in (COLUMNS.index("ms"), COLUMNS.index("Prob.")):
            self.view.setColumnHidden(column_, not wide)

    def focus_filter(self) -> None:
        """Give the filter the focus."""
        self._text.setFocus()
        self._text.selectAll()

    def show_weaker(self) -> None:
        """Show the events and candidates of the next lower score."""
        self._score.setCurrentIndex(min(self._score.currentIndex() + 1, self._score.count() - 1))

    def _show_events(self) -> None:
        self._rows.refresh()
        record = self._review.record
        weaker = sum(stored.id < 0 for stored in self._review.shown)
        shown, total = len(self._review.shown) - weaker, len(record.events) if record else 0
        count = f"{shown} of {total}" if shown != total else f"{total}"
        self._count.setText(f"{count} + {weaker}" if weaker else count)
        self.view.setColumnHidden(FACE, len(self._review.faces) < 2)
        self.view.setColumnHidden(SECOND, record is None or not record.has_second_scores)
        self._show_chosen()

    def _show_judged(self, event_id: int) -> None:
        row = self._review.rows.get(event_id)
        if row is not None:
            self._rows.show_judged(row)

    def _show_chosen(self) -> None:
        chosen = self._review.rows.get(self._review.chosen_id)
        self._following = True
        if chosen is not None:
            if self.view.currentIndex().row() != chosen:
                self.view.selectRow(chosen)
        else:
            self.view.setCurrentIndex(QModelIndex())
        self._following = False

    def _refilter(self) -> None:
        text = self._text.text().strip().lower()
        min_score, candidates_from = self._score.currentData()
        emotion, status = self._emotion.currentData(), self._status.currentData()
        self._review.set_filter(EventFilter(text, emotion, status, min_score, candidates_from))

    def _make_view(self) -> QTableView:
        view = QTableView()
        view.setModel(self._rows)
        view.setAccessibleName("Events")
        view.setMinimumHeight(58)
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.setShowGrid(False)
        view.setTabKeyNavigation(False)  # Tab leaves the table
        view.setWordWrap(False)
        view.setSortingEnabled(True)
        view.sortByColumn(1, Qt.SortOrder.AscendingOrder)
        view.setItemDelegateForColumn(0, _ChipDelegate(view))
        rows, head = view.verticalHeader(), view.horizontalHeader()
        assert rows is not None
        assert head is not None
        rows.hide()
        rows.setDefaultSectionSize(ROW_PX)
        head.setHighlightSections(False)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for place, width in enumerate(WIDTHS_PX):
            view.setColumnWidth(place, width)
        head.setSectionResizeMode(COLUMNS.index("Note"), QHeaderView.ResizeMode.Stretch)
        view.setColumnWidth(FACE, 52)
        head.moveSection(FACE, 1)
        view.setColumnWidth(SECOND, 78)
        head.moveSection(SECOND, head.visualIndex(COLUMNS.index("Score")) + 1)
        selection = view.selectionModel()
        assert selection is not None
        selection.currentRowChanged.connect(self._picked)
        return view

    def _picked(self, now: QModelIndex, _: QModelIndex) -> None:
        if now.isValid() and not self._following:
            self._review.choose(self._review.shown[now.row()].id)


class _ChipDelegate(QStyledItemDelegate):
    """The class as a chip."""

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Paint the cell, then the chip."""
        super().paint(painter, option, index)
        rows: Any = index.model()
        stored = rows.events[index.row()]
        top = option.rect.center().y() - SIDE_PX / 2
        assert painter is not None
        painter.save()
        paint_chip(painter, QRectF(option.rect.left() + 10, top, SIDE_PX, SIDE_PX), stored.event)
        painter.restore()


def _choice(name: str, options: Sequence[tuple[str, object]]) -> QComboBox:
    result = Choice()
    result.setAccessibleName(name)
    for text, value in options:
        result.addItem(text, value)
    return result
