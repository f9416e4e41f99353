"""The queue as a table: file, length, status, progress, events, speed; double click opens what is done."""

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
from gui.theme import colour
from gui.widgets import plain
from gui.words import length

COLUMNS = ("File", "Size", "Length", "Status", "Progress", "Events", "Speed")
STATUS, PROGRESS = COLUMNS.index("Status"), COLUMNS.index("Progress")
TONES = {Stage.FAILED: "warning", Stage.RUNNING: "text", Stage.DONE: "text"}


class QueueModel(QAbstractTableModel):
    """Entries as rows."""

    def __init__(self, queue: Queue) -> None:
        super().__init__()
        self._queue = queue
        self._rows = 0

    def refresh(self) -> None:
        """Look at the queue anew."""
        rows = len(self._queue.entries)
        if rows != self._rows:
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()
        elif rows:
            self.dataChanged.emit(self.index(0, 0), self.index(rows - 1, len(COLUMNS) - 1))

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        """As many as there are entries."""
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
        """A cell."""
        entry = self._queue.entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return cells(entry)[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain(entry.problem or str(entry.path))
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
        self.setWordWrap(False)
        self.setItemDelegateForColumn(PROGRESS, _Progress(self))
        rows, head = self.verticalHeader(), self.horizontalHeader()
        assert rows is not None
        assert head is not None
        rows.hide()
        rows.setDefaultSectionSize(34)
        head.setHighlightSections(False)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for place, width in enumerate((340, 90, 90, 330, 200, 70, 80)):
            self.setColumnWidth(place, width)
        head.setSectionResizeMode(STATUS, QHeaderView.ResizeMode.Stretch)

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
    """What the row says."""
    events = str(len(entry.outcome.events)) if entry.outcome and not entry.outcome.error else ""
    speed = f"{entry.speed:.1f} ×" if entry.speed else ""
    size = f"{entry.size_bytes / 1e6:.1f} MB" if entry.size_bytes else ""
    long = length(entry.length_s) if entry.length_s else ""
    return (entry.path.name, size, long, status(entry), "", events, speed)


def status(entry: Entry) -> str:
    """The stage, or what went wrong."""
    if entry.stage is Stage.FAILED:
        return entry.problem.replace(str(entry.path), entry.path.name)
    if entry.stage is Stage.RUNNING and not entry.done_s:
        return "loading the face models"
    if entry.stage is Stage.STOPPED and entry.done_s:
        return f"stopped at {length(entry.done_s)}; what was done is kept"
    return entry.stage.value
