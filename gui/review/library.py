"""The list of sessions, newest first, with a search in name, date, people and source; a session is renamed in it."""

import math
import os
import time
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from PyQt6.QtCore import QModelIndex, QPoint, QRect, QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QFont, QKeySequence, QPainter, QShortcut
from PyQt6.QtWidgets import (
    QAbstractItemView,
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

from gui.keys import Command
from gui.theme import colour, text_font
from gui.widgets.basic import IconButton, column, label, plain, row
from realtime.report import clock, limit_line
from realtime.session import SessionError, SessionInfo, Status, open_session

ENTRY = Qt.ItemDataRole.UserRole
LINE_PX, MARGIN_PX = 19, 16
LONGEST_NAME = 60
AT_ONCE_S, SLICE_S = 0.2, 0.03
"""For so long sessions are read at once, and after that at a time, so that the window stays alive."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One session file as the list shows it."""

    path: Path
    title: str
    about: str
    """Date and length."""
    detail: str
    """People, events, and what they were found in."""
    searched: str
    made: datetime
    """When it was made: never changed, so that the list keeps its order while a person works on its sessions."""
    length_s: float = 0.0
    participant: str = ""
    events: int = 0
    reviewed: int = 0
    note: str = ""
    judged: str = ""
    """How much of the time each part of the face was judged, as a sentence; empty where that was not stored."""
    problem: str = ""
    """One sentence, if it cannot be read, or not completely."""


def read_entry(path: Path, coder: str = "") -> Entry:
    """Read a file for the list, as a coder sees it; never raises for a bad one."""
    try:
        with open_session(path, coder) as session:
            info, statuses, extent = session.info, session.statuses(), session.extent()
            damage = session.damage
    except SessionError as error:
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        about, detail = _date(changed), "cannot be opened"
        return Entry(path, path.stem, about, detail, path.stem.lower(), changed, problem=str(error))
    made, (end_s, faces) = _made(info, path), extent
    reviewed, events = sum(status is not Status.UNREVIEWED for status in statuses), len(statuses)
    count = f"{events} event{'s' if events != 1 else ''}"
    detail = f"{count}, {reviewed} reviewed" if reviewed else count
    state = " · ".join([*(["damaged"] if damage else []), *([f"PARTIAL, {info.partial}"] if info.partial else [])])
    person = " ".join(info.person.split())[:LONGEST_NAME]
    people = f"{len(faces)} faces" if len(faces) > 1 else "" if info.person else "1 face" if faces else "no face"
    about = f"{_date(made)} · {clock(end_s).rpartition('.')[0]}"
    shown = " · ".join(filter(None, (state, person, people, detail, info.source)))
    searched = " ".join((path.stem, info.consent or "", info.note, about, shown)).lower()
    judged = limit_line(info.limit) if info.limit else ""
    return Entry(
        path, path.stem, about, shown, searched, made, end_s, person, events, reviewed, info.note, judged, damage
    )  # fmt: skip


def _made(info: SessionInfo, path: Path) -> datetime:
    """When a session was made; where it does not say so, when its file was last changed."""
    try:
        made = datetime.fromisoformat(info.created_utc)
        return (made if made.tzinfo else made.replace(tzinfo=UTC)).astimezone()
    except (ValueError, OverflowError):  # damaged: no date, or one of the year 1
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _changed_s(path: Path) -> float:
    log = path.with_name(f"{path.name}-wal")  # while the session is open anywhere, it may hold what is new
    return max((file.stat().st_mtime for file in (path, log) if file.exists()), default=0.0)


def _place(entry: Entry) -> tuple[float, str]:
    """What the list is sorted by: the newest first."""
    return -entry.made.timestamp(), entry.title


def _date(moment: datetime) -> str:
    """A date and time of day as the clock on the wall shows it."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


class Library(QWidget):
    """The list. `picked` emits a session to open, `deletion_asked` one to delete, `renamed` one with its new name."""

    picked = pyqtSignal(object)
    found = pyqtSignal(object)
    """A session to open that was searched for."""
    deletion_asked = pyqtSignal(object)
    renamed = pyqtSignal(object, str)

    def __init__(self, open_session: Command, all_sessions: Command) -> None:
        super().__init__()
        self._coder = ""
        self._cache: dict[Path, tuple[float, Entry]] = {}
        self._opened: Path | None = None
        self._unread: list[tuple[float, Path]] = []
        """When they were changed, and files that were not read since; the newest last."""
        self._places: list[tuple[float, str]] = []
        """What the list is sorted by, in its order."""
        self._reading = QTimer(self)
        self._reading.timeout.connect(self._read_on)
        self._elsewhere: list[Path] = []
        self._search = QLineEdit()
        self._search.setPlaceholderText("Search sessions")
        self._search.setAccessibleName("Search sessions")
        self._search.setClearButtonEnabled(True)
        self._search.textChanged.connect(self._filter)
        self._search.returnPressed.connect(self._pick_first)
        self._list = QListWidget()
        self._list.setItemDelegate(_Lines(self._list))
        self._list.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)  # F2
        self._list.itemChanged.connect(self._rename)
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
        self._left = label("", quiet=True)
        opener = IconButton("folder-open", open_session.tip, open_session.run, flat=True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._empty.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        table = IconButton("table", all_sessions.tip, all_sessions.run, flat=True)
        head = row(label("SESSIONS", role="section"), None, table, opener)
        self.setLayout(column(head, self._search, self._empty, self._list, self._left, margin=0))

    def refresh(self, folder: Path) -> None:
        """Read what of the folder was changed; of a large one the rest while the window is used, newest files first."""
        paths = {path.resolve() for path in folder.rglob("*.medn")} if folder.is_dir() else set()
        there = filter(os.path.exists, paths.union(self._elsewhere))  # not links to a disk that is away
        changed = [(_changed_s(path), path) for path in there]
        self._unread = sorted(each for each in changed if self._cache.get(each[1], (None,))[0] != each[0])
        unread = {path for _, path in self._unread}
        bar = self._list.verticalScrollBar()
        scrolled = bar.value() if bar is not None else 0
        self._list.clear()
        self._places = []
        entries = [self._cache[path][1] for _, path in changed if path not in unread]
        for entry in sorted((*entries, *self._read(AT_ONCE_S)), key=_place):
            self._add(entry)
        if bar is not None:
            bar.setValue(scrolled)
        self._show_state()

    def _read(self, seconds: float) -> list[Entry]:
        """Read what was not read yet, for so long, but at least one."""
        end_s = time.monotonic() + seconds
        entries: list[Entry] = []
        while self._unread and (not entries or time.monotonic() < end_s):
            changed_s, path = self._unread.pop()
            if os.path.exists(path):
                self._cache[path] = changed_s, read_entry(path, self._coder)
                entries.append(self._cache[path][1])
        return entries

    def _read_on(self) -> None:
        for entry in self._read(SLICE_S):
            self._add(entry)
        self._show_state()

    def _add(self, entry: Entry) -> None:
        """Show an entry in its place."""
        item = QListWidgetItem(entry.title)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
        item.setData(ENTRY, entry)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{entry.title}; {entry.about}; {entry.detail}")
        item.setToolTip(plain(entry.problem or "\n".join(filter(None, (str(entry.path), entry.note, entry.judged)))))
        row_ = bisect_right(self._places, _place(entry))
        self._places.insert(row_, _place(entry))
        self._list.insertItem(row_, item)
        item.setHidden(self._search.text().lower() not in entry.searched)
        if entry.path == self._opened:
            self._list.setCurrentItem(item)

    def _show_state(self) -> None:
        """Show whether there are sessions, and how many are still to be read; these are read next."""
        left = len(self._unread)
        self._left.setText(f"Reading {left} more …")
        self._left.setVisible(left > 0)
        self._empty.setVisible(not self._places and not left)
        self._list.setVisible(bool(self._places))
        if left:
            self._reading.start()
        else:
            self._reading.stop()

    def show_judged_by(self, coder: str) -> None:
        """Count what a coder judged, from the next reading of the folder on."""
        self._coder, self._cache = coder, {}

    def show_opened(self, path: Path, folder: Path) -> None:
        """Mark the session that is open, also one from another folder."""
        self._opened = path.resolve()
        if self._opened.parent != folder.resolve() and self._opened not in self._elsewhere:
            self._elsewhere.append(self._opened)
        self.refresh(folder)

    def add_elsewhere(self, paths: Iterable[str]) -> None:
        """List sessions of other folders, too, as long as they are there."""
        self._elsewhere += [path for path in map(Path, paths) if path not in self._elsewhere]

    @property
    def entries(self) -> list[Entry]:
        """The entries that the list shows."""
        return [item.data(ENTRY) for item in self._items if not item.isHidden()]

    def read_all(self, folder: Path) -> list[Entry]:
        """Read the folder again, and return all entries, also those that the search hides."""
        self.refresh(folder)
        for entry in self._read(math.inf):
            self._add(entry)
        self._show_state()
        return [item.data(ENTRY) for item in self._items]

    @property
    def _items(self) -> list[QListWidgetItem]:
        items = (self._list.item(place) for place in range(self._list.count()))
        return [item for item in items if item is not None]

    def _filter(self, text: str) -> None:
        for place in range(self._list.count()):
            item = self._list.item(place)
            if item is not None:
                item.setHidden(text.lower() not in item.data(ENTRY).searched)

    def _pick_first(self) -> None:
        """Open the first session that the search finds."""
        if self.entries:
            self.found.emit(self.entries[0].path)

    def _pick(self, item: QListWidgetItem) -> None:
        self.picked.emit(item.data(ENTRY).path)

    def _rename(self, item: QListWidgetItem) -> None:
        entry: Entry | None = item.data(ENTRY)
        if entry is not None and item.text() != entry.title:
            self.renamed.emit(entry.path, item.text())

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
        menu.addAction("Rename (F2)", lambda: self._list.editItem(item))
        menu.addAction("Delete …", lambda: self.deletion_asked.emit(item.data(ENTRY).path))
        menu.exec(self._list.mapToGlobal(place))
        menu.deleteLater()


class _Lines(QStyledItemDelegate):
    """Name, then date and length, then people, events and source."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """The height of three lines."""
        del option, index
        return QSize(100, 3 * LINE_PX + MARGIN_PX)

    def updateEditorGeometry(self, editor: QWidget | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Edit the name where it stands."""
        del index
        if editor is not None:
            editor.setGeometry(option.rect.adjusted(6, 4, -6, -2 * LINE_PX - MARGIN_PX // 2 + 4))

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Paint the lines."""
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
        inner = box.adjusted(8, (MARGIN_PX - 4) // 2, -8, 0)
        for place, (text, role, weight) in enumerate(
            (
                (entry.title, "quiet" if entry.problem else "text", 500),
                (entry.about, "quiet", 400),
                (entry.detail, "warning" if entry.problem else "quiet", 400),
            )
        ):
            line = QRect(inner.left(), inner.top() + place * LINE_PX, inner.width(), LINE_PX)
            painter.setFont(text_font(13 if weight == 500 else 12, QFont.Weight(weight)))
            painter.setPen(colour(role))
            shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, line.width())
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
        painter.restore()
