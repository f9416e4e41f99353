"""All sessions in a table: sorted by any column, as by when they were opened last; names and notes edited in place."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from gui.review.library import Entry
from gui.widgets.basic import button, column, label, plain, resize_within_screen, row
from realtime.report import clock
from realtime.session import SessionError, open_session

COLUMNS = ("Session", "Participant", "Note", "Opened", "Made", "Length", "Events", "Reviewed")
WIDTHS_PX = (190, 130, 200, 140, 140, 70, 70, 84)
SESSION, OPENED, PARTICIPANT, NOTE = (COLUMNS.index(name) for name in ("Session", "Opened", "Participant", "Note"))
PLACE = Qt.ItemDataRole.UserRole
HOW = "A double click opens a session; its name, the participant and the note are written in place (F2)."


class _Item(QTableWidgetItem):
    """A cell that is sorted by a value, not by its text."""

    def __init__(self, text: str, value: float | str) -> None:
        super().__init__(text)
        self._value = value

    def __lt__(self, other: QTableWidgetItem) -> bool:
        return bool(self._value < other._value) if isinstance(other, _Item) else super().__lt__(other)  # type: ignore[operator]


class SessionsTable(QDialog):
    """`picked` emits a session to open. `rename` gives one another name; it returns why not, in a sentence, or ""."""

    picked = pyqtSignal(object)

    def __init__(
        self,
        entries: Callable[[], list[Entry]],
        opened: Mapping[str, str],
        rename: Callable[[Path, str], str],
        parent: QWidget,
    ) -> None:
        """`opened`: when a session was opened last, as ISO 8601, by its path."""
        super().__init__(parent)
        self._entries, self._opened, self._rename = entries, opened, rename
        self.setWindowTitle("Sessions")
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search in names, participants and notes")
        self.search.setAccessibleName("Search sessions")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.table = self._make_table()
        self.problem = label("", wrap=True)
        self.problem.hide()
        foot = row(
            label(HOW, quiet=True, wrap=True), button("Open", self._open, role="primary"), button("Close", self.reject)
        )
        foot.setStretch(0, 1)
        layout = column(self.search, self.table, self.problem, foot, gap=10, margin=20)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self._show()
        self.table.sortItems(OPENED, Qt.SortOrder.DescendingOrder)
        self.table.selectRow(0)
        resize_within_screen(self, 1080, 620)

    def path_of(self, line: int) -> Path:
        """The session of a line."""
        item = self.table.item(line, SESSION)
        assert item is not None
        return Path(item.data(PLACE))

    def _show(self) -> None:
        """Fill the table, sorted as it was; the current cell stays, and the editor that Tab opened in it, too."""
        table, entries = self.table, self._entries()
        current = table.currentItem()
        here = None if current is None else (current.data(PLACE), current.column())
        edited = table.cellWidget(table.currentRow(), table.currentColumn()) is not None
        table.blockSignals(True)
        table.setSortingEnabled(False)
        table.setRowCount(0)  # closes the editor: another session may stand in its line now
        table.setRowCount(len(entries))
        for line, entry in enumerate(entries):
            opened = self._opened.get(str(entry.path), "")
            cells: tuple[tuple[str, float | str], ...] = (
                (entry.title, entry.title.lower()),
                (entry.participant, entry.participant.lower()),
                (entry.note, entry.note.lower()),
                (_moment(opened), opened),
                (f"{entry.made.astimezone():%Y-%m-%d %H:%M}", entry.made.timestamp()),
                (clock(entry.length_s).rpartition(".")[0] if not entry.problem else "–", entry.length_s),
                (str(entry.events), entry.events),
                (str(entry.reviewed), entry.reviewed),
            )
            for place, (text, value) in enumerate(cells):
                item = _Item(text, value)
                item.setToolTip(plain(entry.problem or (text if place == NOTE else str(entry.path))))
                item.setData(PLACE, str(entry.path))
                if entry.problem or place not in (SESSION, PARTICIPANT, NOTE):
                    item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
                table.setItem(line, place, item)
        table.setSortingEnabled(True)
        table.blockSignals(False)
        self._filter(self.search.text())
        if here is not None:
            self._go_to(*here, edit=edited)

    def _go_to(self, path: str, place: int, *, edit: bool) -> None:
        """Make a session's cell the current one."""
        for line in range(self.table.rowCount()):
            cell = self.table.item(line, place)
            if cell is not None and cell.data(PLACE) == path:
                self.table.setCurrentItem(cell)
                if edit:
                    self.table.editItem(cell)

    def _move(self, line: int, path: Path) -> None:
        """Note where the session of a line is now."""
        self.table.blockSignals(True)
        for place in range(len(COLUMNS)):
            cell = self.table.item(line, place)
            assert cell is not None
            cell.setData(PLACE, str(path))
        self.table.blockSignals(False)

    def _filter(self, text: str) -> None:
        for line in range(self.table.rowCount()):
            cells = (self.table.item(line, place) for place in (SESSION, PARTICIPANT, NOTE))
            there = " ".join(cell.text() for cell in cells if cell is not None).lower()
            self.table.setRowHidden(line, text.strip().lower() not in there)

    def _open(self) -> None:
        line = self.table.currentRow()
        if line >= 0 and not self.table.isRowHidden(line):
            self.accept()
            self.picked.emit(self.path_of(line))

    def _change(self, item: QTableWidgetItem) -> None:
        """Store what was written in a cell."""
        path, text = Path(item.data(PLACE)), item.text().strip()
        problem = self._rename(path, text) if item.column() == SESSION else _describe(path, item.column(), text)
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        if item.column() == SESSION and not problem:
            self._move(item.row(), path.with_name(f"{text.removesuffix('.medn')}.medn"))
        QTimer.singleShot(0, self._show)  # not while the cell's editor is closing

    def _make_table(self) -> QTableWidget:
        table = QTableWidget(0, len(COLUMNS))
        table.setAccessibleName("Sessions")
        table.setHorizontalHeaderLabels(list(COLUMNS))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)  # Tab leaves the table
        table.setWordWrap(False)
        rows, head = table.verticalHeader(), table.horizontalHeader()
        assert rows is not None
        assert head is not None
        rows.hide()
        for place, width in enumerate(WIDTHS_PX):
            table.setColumnWidth(place, width)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setStretchLastSection(True)
        table.itemChanged.connect(self._change)
        table.doubleClicked.connect(lambda _: self._open())
        return table


def _describe(path: Path, column_: int, text: str) -> str:
    """Store a participant or a note; return why not, in a sentence."""
    try:
        with open_session(path) as session:
            if column_ == PARTICIPANT:
                session.describe(participant=text)
            else:
                session.describe(note=text)
    except SessionError as error:
        return str(error)
    return ""


def _moment(iso: str) -> str:
    """A stored moment as the clock on the wall shows it; nothing for what is none."""
    try:
        return f"{datetime.fromisoformat(iso).astimezone():%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError):
        return ""
