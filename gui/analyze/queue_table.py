"""The queue as a table: file, length, status, progress, events, speed; a double click opens a session."""

from PyQt6.QtCore import QAbstractTableModel, QModelIndex, QRectF, Qt
from PyQt6.QtGui import QPainter
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from gui.analyze.queue import Entry, Queue, Stage
from gui.format import length
from gui.theme import colour
from gui.widgets.basic import plain
from realtime.report import found_line, hindered_line, limit_line

ROW_PX = 34
COLUMNS = ("File", "Size", "Length", "Status", "Progress", "Events", "Speed")
MOSTLY = 0.5
"""Share of a recording from which on the status names what hindered; the tooltip always does."""
STATUS, PROGRESS = COLUMNS.index("Status"), COLUMNS.index("Progress")
TONES = {Stage.FAILED: "warning", Stage.RUNNING: "text", Stage.DONE: "text"}


class QueueModel(QAbstractTableModel):
    """Entries as rows."""

    def __init__(self, queue: Queue) -> None:
        super().__init__()
        self._queue = queue
        self._rows = 0

    @property
    def entries(self) -> list[Entry]:
        """The entries of the rows."""
        return self._queue.entries

    def refresh(self) -> None:
        """Show the queue as it is now."""
        rows = len(self._queue.entries)
        if rows != self._rows:
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()
        elif rows:
            self.dataChanged.emit(self.index(0, 0), self.index(rows - 1, len(COLUMNS) - 1))

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        """The number of entries."""
        return 0 if parent.isValid() else self._rows

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
        """Return a cell's text, colour, tooltip or entry."""
        entry = self._queue.entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return cells(entry)[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain(entry.problem or "\n".join((str(entry.path), *result_lines(entry))))
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == STATUS:
            return colour(TONES.get(entry.stage, "quiet"))
        if role == Qt.ItemDataRole.UserRole:
            return entry
        return None


class QueueTable(QTableView):
    """The table."""

    def __init__(self, queue: Queue) -> None:
        super().__init__()
        self.rows = QueueModel(queue)
        self.setModel(self.rows)
        self.setAccessibleName("Recordings to analyse")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)  # Tab leaves the table
        self.setWordWrap(True)  # a sentence about a fault may take several lines
        self.setItemDelegateForColumn(PROGRESS, _Progress(self))
        rows, head = self.verticalHeader(), self.horizontalHeader()
        assert rows is not None
        assert head is not None
        rows.hide()
        rows.setDefaultSectionSize(ROW_PX)
        head.setHighlightSections(False)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for place, width in enumerate((260, 80, 84, 250, 150, 64, 70)):
            self.setColumnWidth(place, width)
        head.setSectionResizeMode(STATUS, QHeaderView.ResizeMode.Stretch)
        head.sectionResized.connect(lambda *_: self.fit_rows())

    def fit_rows(self) -> None:
        """Make the rows of failed recordings high enough for their whole sentence."""
        for place, entry in enumerate(self.rows.entries):
            if entry.stage is Stage.FAILED:
                self.setRowHeight(place, max(ROW_PX, self.sizeHintForRow(place) + 12))
            elif self.rowHeight(place) != ROW_PX:
                self.setRowHeight(place, ROW_PX)

    @property
    def chosen(self) -> list[Entry]:
        """The entries whose rows are selected."""
        selection = self.selectionModel()
        indexes = selection.selectedRows() if selection else []
        return [index.data(Qt.ItemDataRole.UserRole) for index in indexes]


class _Progress(QStyledItemDelegate):
    """A bar with its percentage."""

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Paint it where there is progress to show."""
        super().paint(painter, option, QModelIndex())
        entry: Entry = index.data(Qt.ItemDataRole.UserRole)
        if painter is None or entry.stage in (Stage.WAITING, Stage.FAILED):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(option.rect).adjusted(8, 0, -52, 0)
        groove = QRectF(box.left(), box.center().y() - 2, box.width(), 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour("line"))
        painter.drawRoundedRect(groove, 2, 2)
        groove.setWidth(max(groove.width() * entry.share, 4))
        painter.setBrush(colour("accent" if entry.stage is Stage.RUNNING else "quiet"))
        painter.drawRoundedRect(groove, 2, 2)
        painter.setPen(colour("quiet"))
        right = QRectF(option.rect).adjusted(0, 0, -10, 0)
        painter.drawText(
            right, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, f"{100 * entry.share:.0f} %"
        )
        painter.restore()


def cells(entry: Entry) -> tuple[str, ...]:
    """Return the texts of a row."""
    events = str(len(entry.outcome.events)) if entry.outcome and not entry.outcome.error else ""
    speed = f"{entry.speed:.1f} ×" if entry.speed else ""
    size = f"{entry.size_bytes / 1e6:.1f} MB" if entry.size_bytes else ""
    long = length(entry.length_s) if entry.length_s else ""
    return (entry.path.name, size, long, status(entry), "", events, speed)


def status(entry: Entry) -> str:
    """Describe the stage, or the fault."""
    if entry.stage is Stage.FAILED:
        return entry.problem.replace(str(entry.path), entry.path.name)
    if entry.stage is Stage.RUNNING and not entry.done_s:
        return "loading the face models"
    if entry.stage is Stage.STOPPED and entry.done_s:
        return f"stopped at {length(entry.done_s)}; the part that was analysed is kept"
    if entry.stage is Stage.DONE and entry.outcome and entry.outcome.summary:
        summary = entry.outcome.summary
        worst = {name: s for name, s in summary.hindered_s.items() if s > MOSTLY * summary.duration_s}
        return " ".join(filter(None, [f"{found_line(summary)}.", hindered_line(worst)]))
    return entry.stage.value


def result_lines(entry: Entry) -> list[str]:
    """Sentences about what was found and what could have been seen; none before the end."""
    summary = entry.outcome.summary if entry.outcome else None
    if summary is None:
        return []
    return [f"{found_line(summary)}.", limit_line(summary.limit), *filter(None, [hindered_line(summary.hindered_s)])]
