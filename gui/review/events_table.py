"""The table of events: sorted by any column, filtered by words, class and status; a row is an event."""

from collections.abc import Sequence
from typing import Any

from PyQt6.QtCore import QAbstractTableModel, QModelIndex, QRectF, QSortFilterProxyModel, Qt, pyqtSignal
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

from gui.chip import SIDE_PX, paint_chip
from gui.theme import colour
from gui.widgets import Choice, column, label, row
from gui.words import CLASSES, class_of, clock, spoken, what_moved
from realtime.session import Status, StoredEvent

COLUMNS = ("Class", "Time", "ms", "p", "Moved", "Score", "Status", "Note")
SORTED = Qt.ItemDataRole.UserRole
STATUS_SIGN = {Status.UNREVIEWED: "", Status.CONFIRMED: "✓ confirmed", Status.REJECTED: "✗ rejected"}
ANY = "any"
LEAST_SCORES = (0.0, 0.5, 0.7, 0.9)


class EventsModel(QAbstractTableModel):
    """Events as rows."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[StoredEvent] = []

    def show_events(self, events: Sequence[StoredEvent]) -> None:
        """Show these; where only what is said of them changed, the view keeps its place."""
        same = [stored.id for stored in events] == [stored.id for stored in self.events]
        if same:
            self.events = list(events)
            if events:
                self.dataChanged.emit(self.index(0, 0), self.index(len(events) - 1, len(COLUMNS) - 1))
            return
        self.beginResetModel()
        self.events = list(events)
        self.endResetModel()

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        """As many as there are events."""
        return 0 if parent.isValid() else len(self.events)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        """The columns."""
        del parent
        return len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> str | None:
        """Column names."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        return None

    def data(self, index: QModelIndex, role: int = 0) -> object:
        """A cell as it is read, sorted or spoken."""
        stored = self.events[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return _cells(stored)[index.column()][0]
        if role == SORTED:
            return _cells(stored)[index.column()][1]
        if role == Qt.ItemDataRole.ForegroundRole and stored.status is Status.REJECTED:
            return colour("quiet")
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return spoken(stored.event)
        return None


def _cells(stored: StoredEvent) -> list[tuple[str, Any]]:
    """What each column shows, and what it is sorted by."""
    event = stored.event
    found = class_of(event)
    duration_ms = 1000 * (event.offset_s - event.onset_s)
    return [
        ("", found[0] if found else ""),
        (clock(event.onset_s), event.onset_s),
        (f"{duration_ms:.0f}", duration_ms),
        (f"{found[1]:.2f}" if found else "–", found[1] if found else -1.0),
        (what_moved(event), what_moved(event)),
        (f"{event.score:.2f}", event.score),
        (STATUS_SIGN[stored.status], stored.status.value),
        (stored.note, stored.note),
    ]


class _Filter(QSortFilterProxyModel):
    words = ""
    kind = status = ANY
    least_score = 0.0

    def filterAcceptsRow(self, source_row: int, _: QModelIndex) -> bool:
        stored = self.sourceModel().events[source_row]  # type: ignore[union-attr]
        found = class_of(stored.event)
        searched = f"{what_moved(stored.event)} {' '.join(stored.event.regions)} {stored.note}".lower()
        return (
            self.words in searched
            and self.kind in (ANY, found[0] if found else "")
            and self.status in (ANY, stored.status.value)
            and stored.event.score >= self.least_score
        )


class EventsTable(QWidget):
    """The table with its filters. `picked` gives the number of the event that was chosen."""

    picked = pyqtSignal(int)

    def __init__(self) -> None:
        super().__init__()
        self._model, self._filter = EventsModel(), _Filter()
        self._filter.setSourceModel(self._model)
        self._filter.setSortRole(SORTED)
        self._words = QLineEdit()
        self._words.setPlaceholderText("Filter: AU, region or note  (Ctrl+F)")
        self._words.setAccessibleName("Filter events")
        self._words.setClearButtonEnabled(True)
        self._kind = _choice("Class", [("All classes", ANY), *((name, name) for name in CLASSES)])
        self._status = _choice("Status", [("All statuses", ANY), *((s.value, s.value) for s in Status)])
        scores = [(f"Score ≥ {least}" if least else "Any score", least) for least in LEAST_SCORES]
        self._score = _choice("Score", scores)
        self._count = label("", quiet=True)
        self.view = self._make_view()
        self._words.textChanged.connect(self._refilter)
        self._kind.currentIndexChanged.connect(self._refilter)
        self._status.currentIndexChanged.connect(self._refilter)
        self._score.currentIndexChanged.connect(self._refilter)
        filters = row(self._words, self._kind, self._status, self._score, self._count)
        filters.setStretch(0, 1)
        layout = column(filters, self.view)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    def show_events(self, events: Sequence[StoredEvent]) -> None:
        """Show these events."""
        self._model.show_events(events)
        self._tell_count()

    def choose(self, event_id: int) -> None:
        """Select an event's row, without `picked` if it is selected already."""
        for place in range(self._filter.rowCount()):
            if self._id(place) == event_id:
                if self.chosen != event_id:
                    self.view.selectRow(place)
                return

    def step(self, by: int) -> None:
        """Go to the next or the previous row."""
        rows = self._filter.rowCount()
        if rows:
            now = self.view.currentIndex().row()
            self.view.selectRow(min(max(now + by, 0), rows - 1) if now >= 0 else 0)

    def focus_filter(self) -> None:
        """Put the cursor into the filter."""
        self._words.setFocus()
        self._words.selectAll()

    @property
    def chosen(self) -> int | None:
        """The number of the selected event."""
        index = self.view.currentIndex()
        return self._id(index.row()) if index.isValid() else None

    @property
    def shown_ids(self) -> list[int]:
        """Numbers of the events that pass the filter, in the table's order."""
        return [self._id(place) for place in range(self._filter.rowCount())]

    def _id(self, place: int) -> int:
        return self._model.events[self._filter.mapToSource(self._filter.index(place, 0)).row()].id

    def _refilter(self) -> None:
        self._filter.words = self._words.text().strip().lower()
        self._filter.kind, self._filter.status = self._kind.currentData(), self._status.currentData()
        self._filter.least_score = self._score.currentData()
        self._filter.invalidateFilter()
        self._tell_count()

    def _tell_count(self) -> None:
        shown, all_of_them = self._filter.rowCount(), len(self._model.events)
        self._count.setText(f"{shown} of {all_of_them}" if shown != all_of_them else f"{all_of_them}")

    def _make_view(self) -> QTableView:
        view = QTableView()
        view.setModel(self._filter)
        view.setAccessibleName("Events")
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.setShowGrid(False)
        view.setWordWrap(False)
        view.setSortingEnabled(True)
        view.sortByColumn(1, Qt.SortOrder.AscendingOrder)
        view.setItemDelegateForColumn(0, _ChipDelegate(view))
        rows, head = view.verticalHeader(), view.horizontalHeader()
        assert rows is not None
        assert head is not None
        rows.hide()
        rows.setDefaultSectionSize(30)
        head.setHighlightSections(False)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for place, width in enumerate((58, 84, 56, 56, 220, 62, 110)):
            view.setColumnWidth(place, width)
        head.setSectionResizeMode(len(COLUMNS) - 1, QHeaderView.ResizeMode.Stretch)
        selection = view.selectionModel()
        assert selection is not None
        selection.currentRowChanged.connect(self._picked)
        return view

    def _picked(self, now: QModelIndex, _: QModelIndex) -> None:
        if now.isValid():
            self.picked.emit(self._id(now.row()))


class _ChipDelegate(QStyledItemDelegate):
    """The class as a chip."""

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Paint the cell, then the chip."""
        super().paint(painter, option, index)
        proxy: Any = index.model()
        stored = proxy.sourceModel().events[proxy.mapToSource(index).row()]
        top = option.rect.center().y() - SIDE_PX / 2
        assert painter is not None
        painter.save()
        paint_chip(painter, QRectF(option.rect.left() + 10, top, SIDE_PX, SIDE_PX), stored.event)
        painter.restore()


def _choice(name: str, options: Sequence[tuple[str, object]]) -> QComboBox:
    result = Choice()
    result.setAccessibleName(name)
    for words, value in options:
        result.addItem(words, value)
    return result
