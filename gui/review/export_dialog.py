"""The export dialog: formats, scope and folder."""

import shlex
import threading
from collections.abc import Callable, Collection
from pathlib import Path

from PyQt6.QtCore import QTimer, QUrl
from PyQt6.QtGui import QDesktopServices, QGuiApplication
from PyQt6.QtWidgets import QCheckBox, QDialog, QFileDialog, QGridLayout, QLineEdit, QProgressBar, QRadioButton, QWidget

from gui.review.record import Record
from gui.widgets.basic import button, column, frame, label, plain, resize_within_screen, row, scrolling
from realtime.batch import Tick
from realtime.export import FORMATS, Outcome, export_sessions
from realtime.session import Status, StoredEvent

POLL_MS = 60
COLUMNS = 2
BELOW_PX = 270
"""Height of the dialog without its tiles, with three lines of results; the tiles scroll on a small screen."""
WIDTH_PX, TEXT_PX = 680, 288
"""Minimum width of the dialog, and of the texts in its tiles then."""


class ExportDialog(QDialog):
    """Exports one session; `shown` are the numbers of the events that pass the table's filter."""

    def __init__(self, record: Record, shown: Collection[int], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._record, self._shown = record, frozenset(shown)
        self._work: _Work | None = None
        self._written: list[Path] = []
        self.setWindowTitle("Export")
        self.setMinimumWidth(WIDTH_PX)
        self._formats = {name: QCheckBox(form.title) for name, form in FORMATS.items()}
        tiles = QGridLayout()
        tiles.setSpacing(8)
        for place, (name, box) in enumerate(self._formats.items()):
            text = label(FORMATS[name].who, quiet=True, wrap=True)
            text.setMinimumHeight(text.heightForWidth(TEXT_PX))  # a grid in a dialog would clip wrapped text
            box.toggled.connect(self._check)
            box.setAccessibleDescription(FORMATS[name].who)
            made = ", ".join(record.path.stem + ending for ending in FORMATS[name].files)
            box.setToolTip(plain(f"Makes {made}"))
            tiles.addWidget(frame("card", column(box, text, None, gap=2, margin=10)), place // COLUMNS, place % COLUMNS)
        confirmed = sum(stored.status is Status.CONFIRMED for stored in record.events)
        self._all = QRadioButton(f"All events ({len(record.events)})")
        self._confirmed = QRadioButton(f"Confirmed ({confirmed})")
        self._filtered = QRadioButton(f"As filtered in the table ({len(self._shown)})")
        self._all.setChecked(True)
        self._folder = QLineEdit(str(record.path.parent))
        self._folder.setAccessibleName("Folder to export to")
        self._folder.textChanged.connect(self._check)
        self._busy = QProgressBar()
        self._busy.setRange(0, 1000)
        self._busy.setTextVisible(False)
        self._busy.setAccessibleName("Progress of the export")
        self._busy.hide()
        self._result = label("", quiet=True, wrap=True)
        self._go = button("Export", self._start, role="primary")
        self._show = button("Open folder", self._open_folder)
        self._copy = button("Copy path", self._copy_path)
        for after in (self._show, self._copy):
            after.hide()
        command = button("Copy as command", self._copy_command, tip="Copy the same export as a command line")
        scope = row(self._all, self._confirmed, self._filtered, None, gap=24)
        where = row(label("To"), self._folder, button("Choose …", self._browse))
        foot = row(command, None, self._copy, self._show, button("Close", self.close), self._go)
        title = label("Export", role="title")
        formats = scrolling(tiles)
        layout = column(title, formats, scope, where, self._busy, self._result, 4, foot, gap=12, margin=24)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        resize_within_screen(self, WIDTH_PX, tiles.totalMinimumSize().height() + BELOW_PX)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._poll)
        self._formats["csv"].setChecked(True)

    @property
    def chosen(self) -> list[str]:
        """The names of the ticked formats."""
        return [name for name, box in self._formats.items() if box.isChecked()]

    @property
    def folder(self) -> Path:
        """The folder to export to."""
        return Path(self._folder.text()).expanduser()

    @property
    def command(self) -> str:
        """The same export on the command line, which has no filter."""
        command = ["medn", "export", str(self._record.path), "--to", ",".join(self.chosen), "--out", str(self.folder)]
        command += ["--only", "confirmed"] if self._confirmed.isChecked() else []
        return shlex.join([*command, "--coder", self._record.coder] if self._another else command)

    @property
    def _another(self) -> bool:
        """Whether the coder is not the one whose judgements exports hold by default."""
        return self._record.coder != self._record.first_coder

    def done(self, result: int) -> None:
        """Stop an export that is running, however the dialog is closed; files that are written stay."""
        if self._work is not None:
            self._work.stop.set()
            self._work.thread.join()
        super().done(result)

    def keep(self) -> Callable[[StoredEvent], bool]:
        """Return the test for the events to export."""
        if self._confirmed.isChecked():
            return lambda stored: stored.status is Status.CONFIRMED
        if self._filtered.isChecked():
            return lambda stored: stored.id in self._shown
        return lambda _: True

    @property
    def selection(self) -> str:
        """The choice of events in a word, for the exported files."""
        return "confirmed" if self._confirmed.isChecked() else "filtered" if self._filtered.isChecked() else "all"

    def _start(self) -> None:
        self._work = _Work(self._record, self.chosen, self.folder, self.keep(), self.selection)
        self._result.setText("Exporting …")
        self._busy.show()
        self._check()
        self._timer.start(POLL_MS)

    def _poll(self) -> None:
        work = self._work
        if work is None:
            return
        self._busy.setValue(round(1000 * work.part))
        if work.thread.is_alive():
            return
        self._work = None
        self._timer.stop()
        self._busy.hide()
        files = [file for outcome in work.outcomes for file in outcome.files]
        errors = [outcome.error for outcome in work.outcomes if outcome.error]
        names = ", ".join(file.name for file in files)
        self._result.setText("\n".join([*errors, *([f"Written: {names}"] if files else [])]))
        for after in (self._show, self._copy):
            after.setVisible(bool(files))
        self._written = files
        self._check()

    def _check(self) -> None:
        self._go.setEnabled(bool(self.chosen) and bool(self._folder.text().strip()) and self._work is None)

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder to export to", self._folder.text())
        if folder:
            self._folder.setText(folder)

    def _copy_command(self) -> None:
        self._put(self.command)
        if self._filtered.isChecked():
            self._result.setText("Copied. The command line has no filter, so it exports all events.")
        elif self._another and self._record.coder and not self._record.begun:
            self._result.setText("Copied. The command line exports what you judged or marked once there is some of it.")

    def _copy_path(self) -> None:
        self._put("\n".join(map(str, self._written)))

    def _put(self, text: str) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(text)
            self._result.setText("Copied.")

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._written[0].parent)))


class _Work:
    """The export, in the background."""

    def __init__(
        self, record: Record, names: list[str], folder: Path, keep: Callable[[StoredEvent], bool], selection: str
    ) -> None:
        self.outcomes: list[Outcome] = []
        self.stop = threading.Event()
        self._session, self._names, self._folder = record.path, names, folder
        self._coder = record.coder
        self._keep, self._selection = keep, selection
        self._part = 0.0
        self.thread = threading.Thread(target=self._run, name="export")
        self.thread.start()

    @property
    def part(self) -> float:
        """The share that is done, 0–1."""
        return min((len(self.outcomes) + self._part) / len(self._names), 1.0)

    def _run(self) -> None:
        formats = {name: FORMATS[name] for name in self._names}
        each = export_sessions(
            [self._session], formats, self._folder,
            keep=self._keep, selection=self._selection, coder=self._coder, tick=self._tick, stop=self.stop,
        )  # fmt: skip
        for outcome in each:
            self.outcomes.append(outcome)
            self._part = 0.0

    def _tick(self, tick: Tick) -> None:
        self._part = tick.done_s / tick.length_s if tick.length_s else 0.0
