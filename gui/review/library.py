"""The list of sessions, newest first, with a search over name, source and consent."""

from dataclasses import dataclass
from pathlib import Path

from PyQt6.QtCore import QModelIndex, QPoint, QRect, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QFont, QKeySequence, QPainter, QShortcut
from PyQt6.QtWidgets import (
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from gui.theme import colour, text_font
from gui.widgets import IconButton, column, label, plain, row
from realtime.session import SessionError, Status, open_session

ENTRY = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class Entry:
    """One session file as the list shows it."""

    path: Path
    title: str
    detail: str
    searched: str
    problem: str = ""
    """One sentence if it cannot be read."""


def read_entry(path: Path) -> Entry:
    """What the list says of a file; never raises for a bad one."""
    try:
        with open_session(path) as session:
            info, events = session.info, session.events()
    except SessionError as error:
        return Entry(path, path.stem, "cannot be opened", path.stem.lower(), str(error))
    judged = sum(stored.status is not Status.UNREVIEWED for stored in events)
    count = f"{len(events)} event{'s' if len(events) != 1 else ''}"
    detail = f"{count}, {judged} judged" if judged else count
    if info.closed_utc is None:
        detail += " · open or cut off"
    words = " ".join((path.stem, info.source, info.consent or "")).lower()
    return Entry(path, path.stem, f"{info.source} · {detail}", words)


class Library(QWidget):
    """The list. `picked` gives a session to open, `deletion_asked` one to delete for good."""

    picked = pyqtSignal(object)
    deletion_asked = pyqtSignal(object)
    open_asked = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[Path, tuple[float, Entry]] = {}
        self._opened: Path | None = None
        self._elsewhere: list[Path] = []
        self._search = QLineEdit()
        self._search.setPlaceholderText("Search sessions")
        self._search.setAccessibleName("Search sessions")
        self._search.setClearButtonEnabled(True)
        self._search.textChanged.connect(self._filter)
        self._list = QListWidget()
        self._list.setItemDelegate(_TwoLines(self._list))
        self._list.setAccessibleName("Sessions")
        self._list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self._list.itemActivated.connect(self._pick)
        self._list.itemClicked.connect(self._pick)
        self._list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._list.customContextMenuRequested.connect(self._menu)
        delete = QShortcut(QKeySequence.StandardKey.Delete, self._list)
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)
        delete.activated.connect(self._delete_chosen)
        self._empty = label(
            "No sessions yet. Record one in Live, or analyse recordings in Analyze.", quiet=True, wrap=True
        )
        opener = IconButton("folder-open", "Open a session file", self.open_asked.emit, key="Ctrl+O", flat=True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._empty.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        head = row(label("SESSIONS", role="section"), None, opener)
        self.setLayout(column(head, self._search, self._empty, self._list, margin=0))

    def refresh(self, folder: Path) -> None:
        """Look at the folder anew."""
        paths = {path.resolve() for path in folder.glob("*.medn")} if folder.is_dir() else set()
        paths.update(path for path in self._elsewhere if path.exists())
        entries = [self._entry(path) for path in paths]
        entries.sort(key=lambda entry: -self._known[entry.path][0])
        self._list.clear()
        for entry in entries:
            item = QListWidgetItem(entry.title)
            item.setData(ENTRY, entry)
            item.setToolTip(plain(entry.problem or str(entry.path)))
            self._list.addItem(item)
            if entry.path == self._opened:
                self._list.setCurrentItem(item)
        self._empty.setVisible(not entries)
        self._list.setVisible(bool(entries))
        self._filter(self._search.text())

    def show_opened(self, path: Path, folder: Path) -> None:
        """Mark the session that is open, also one that lies elsewhere."""
        self._opened = path.resolve()
        if self._opened.parent != folder.resolve() and self._opened not in self._elsewhere:
            self._elsewhere.append(self._opened)
        self.refresh(folder)

    def focus_search(self) -> None:
        """Put the cursor into the search."""
        self._search.setFocus()

    @property
    def entries(self) -> list[Entry]:
        """What the list shows."""
        items = (self._list.item(place) for place in range(self._list.count()))
        return [item.data(ENTRY) for item in items if item is not None and not item.isHidden()]

    def _entry(self, path: Path) -> Entry:
        changed_s = path.stat().st_mtime
        known = self._known.get(path)
        if known is None or known[0] != changed_s:
            known = self._known[path] = (changed_s, read_entry(path))
        return known[1]

    def _filter(self, text: str) -> None:
        for place in range(self._list.count()):
            item = self._list.item(place)
            if item is not None:
                item.setHidden(text.lower() not in item.data(ENTRY).searched)

    def _pick(self, item: QListWidgetItem) -> None:
        self.picked.emit(item.data(ENTRY).path)

    def _delete_chosen(self) -> None:
        item = self._list.currentItem()
        if item is not None:
            self.deletion_asked.emit(item.data(ENTRY).path)

    def _menu(self, place: QPoint) -> None:
        item = self._list.itemAt(place)
        if item is None:
            return
        menu = QMenu(self)
        menu.addAction("Open", lambda: self._pick(item))
        menu.addAction("Delete for good …", lambda: self.deletion_asked.emit(item.data(ENTRY).path))
        menu.exec(self._list.mapToGlobal(place))


class _TwoLines(QStyledItemDelegate):
    """Name over details."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Room for two lines."""
        del option, index
        return QSize(100, 52)

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Paint both."""
        assert painter is not None
        entry: Entry = index.data(ENTRY)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = option.rect.adjusted(4, 2, -4, -2)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour("line", 255 if chosen else 110))
            painter.drawRoundedRect(box, 5, 5)
        inner = box.adjusted(8, 6, -8, -6)
        half = inner.height() // 2
        for part, role, weight in (
            (QRect(inner.left(), inner.top(), inner.width(), half), "quiet" if entry.problem else "text", 500),
            (
                QRect(inner.left(), inner.top() + half, inner.width(), half),
                "warning" if entry.problem else "quiet",
                400,
            ),
        ):
            painter.setFont(text_font(13 if weight == 500 else 12, QFont.Weight(weight)))
            painter.setPen(colour(role))
            text = entry.title if weight == 500 else entry.detail
            text = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, part.width())
            painter.drawText(part, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        painter.restore()
