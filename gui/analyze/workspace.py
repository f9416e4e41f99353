"""The Analyze workspace: drop recordings to analyse them, and open the sessions in Review."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QModelIndex, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QResizeEvent
from PyQt6.QtWidgets import QFileDialog, QFrame, QProgressBar, QWidget

from gui.command_line import power_command, replay_command
from gui.format import length
from gui.keys import Command, by_key
from gui.live.source_picker import VIDEOS
from gui.settings import Settings
from gui.widgets.banner import Banner
from gui.widgets.basic import IconButton, button, column, label, restyle, row, show_dialog
from gui.widgets.sensitivity import Faces, Sensitivity

if TYPE_CHECKING:
    from gui.analyze.queue import Queue
    from gui.analyze.queue_table import QueueTable
    from realtime.pipeline import PipelineParameters

TICK_MS = 100
NARROW_PX = 1180
DROP_HERE = "Drop recordings or folders here"


class AnalyzeWorkspace(QWidget):
    """The queue and its controls."""

    session_picked = pyqtSignal(object)

    def __init__(self, settings: Settings, banner: Banner) -> None:
        super().__init__()
        self._settings, self._banner = settings, banner
        self._queue: Queue | None = None
        self._table: QueueTable | None = None
        self.setAcceptDrops(True)
        self.commands = [
            Command(self, "Ctrl+O", "choose recordings", self.ask_for_files),
            Command(self, "Ctrl+Shift+O", "choose a folder of recordings", self.ask_for_folder),
            Command(self, "Ctrl+T", "from what size on are movements found in the chosen recording?", self.test_power),
        ]
        self._lay_out()
        self._refresh()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._tick)
        self._timer.start(TICK_MS)

    @property
    def queue(self) -> "Queue":
        """The queue, made at its first use: it imports the pipeline, which takes a second."""
        if self._queue is None:
            from gui.analyze.queue import Queue
            from gui.analyze.queue_table import QueueTable

            self._queue = Queue(self._settings.workers, self._refresh)
            self._table = QueueTable(self._queue)
            self._table.activated.connect(self._open)  # by a double click or Enter
            self._content.insertWidget(1, self._table, 1)
        return self._queue

    @property
    def table(self) -> "QueueTable":
        """The table of the queue."""
        assert self.queue is not None
        assert self._table is not None
        return self._table

    def add(self, names: Sequence[str]) -> None:
        """Queue files and the videos of folders, and start."""
        from realtime.batch import find_videos
        from realtime.sources import SourceError

        self._banner.clear(self)
        for name in names:
            try:
                self.queue.add(map(Path, find_videos([name])))
            except SourceError as error:
                self._banner.report(str(error), self, warning=True)
        if not self.queue.paused:
            self.queue.start()

    def analyse_again(self, video: str, chosen: Settings) -> None:
        """Queue a recording with settings of its own, and start."""
        self._banner.clear(self)
        if not self.queue.add([Path(video)], self._parameters(chosen)):
            name = Path(video).name
            self._banner.report(f"{name} is in the queue already: analyse it again once that has ended.", self)
        self.queue.start()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Leave the buttons' names out in a narrow window, where they would be cut."""
        super().resizeEvent(event)
        style = Qt.ToolButtonStyle
        wide = style.ToolButtonTextBesideIcon if self.width() >= NARROW_PX else style.ToolButtonIconOnly
        for shortened in (self._run, self._stop, self._again, self._clear, self._power, self._copy):
            shortened.setToolButtonStyle(wide)

    def shut_down(self) -> None:
        """End the workers; the part that each has analysed is saved."""
        self._timer.stop()
        if self._queue is not None:
            self._queue.end()

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        """Accept files."""
        data = event.mimeData() if event else None
        if event is not None and data is not None and data.hasUrls():
            event.acceptProposedAction()
            restyle(self._zone, chosen=True)

    def dragLeaveEvent(self, _: object) -> None:
        """Stop highlighting the drop zone."""
        restyle(self._zone, chosen=False)

    def dropEvent(self, event: QDropEvent | None) -> None:
        """Queue the files."""
        restyle(self._zone, chosen=False)
        data = event.mimeData() if event else None
        if data is not None:
            self.add([url.toLocalFile() for url in data.urls() if url.isLocalFile()])

    def _tick(self) -> None:
        queue = self._queue
        if queue is None:
            return
        queue.max_workers = self._settings.workers
        chosen = self._settings
        queue.tick(lambda: chosen.folder, self._parameters(chosen))
        for sentence in queue.take_notices():
            self._banner.report(sentence, self, warning=True)

    @staticmethod
    def _parameters(chosen: Settings) -> "PipelineParameters":
        from realtime.pipeline import PipelineParameters

        return PipelineParameters(
            chosen.most_faces,
            runtime=chosen.runtime,
            fallback=True,
            score_threshold=chosen.score_threshold,
            rest_s=chosen.rest_s,
            decision=chosen.decision,
        )

    def _refresh(self) -> None:
        entries = self._queue.entries if self._queue else []
        if self._table is not None:
            self._table.rows.refresh()
            self._table.fit_rows()
            self._table.setVisible(bool(entries))
        self._hint.setVisible(not entries)
        self._zone.setMaximumHeight(16777215 if not entries else 76)
        self._overall.setVisible(bool(entries))
        running = self._queue is not None and self._queue.running and not self._queue.paused
        self._run.setText("Pause" if running else "Run")
        self._run.show_as("pause" if running else "play", "Pause" if running else "Run")
        self._run.setEnabled(any(e.stage.value in ("waiting", "running") for e in entries))
        self._stop.setEnabled(any(e.stage.value in ("waiting", "running") for e in entries))
        self._again.setEnabled(any(e.stage.value in ("failed", "stopped") for e in entries))
        self._power.setEnabled(bool(entries))
        self._clear.setEnabled(any(e.stage.value not in ("waiting", "running") for e in entries))
        self._copy.setEnabled(bool(entries))
        self._show_progress(entries)

    def _show_progress(self, entries: Sequence[object]) -> None:
        queue = self._queue
        if queue is None or not entries:
            self._progress_text.setText("")
            return
        done = sum(e.stage.value == "done" for e in queue.entries)
        failed = sum(e.stage.value == "failed" for e in queue.entries)
        left_s = queue.seconds_left
        parts = [f"{done} of {len(queue.entries)} done"]
        parts += [f"{failed} failed"] if failed else []
        parts += [f"about {length(left_s)} left"] if left_s is not None else []
        parts += ["paused"] if queue.paused else []
        self._progress_text.setText("  ·  ".join(parts))
        self._overall.setValue(round(1000 * sum(e.share for e in queue.entries) / len(queue.entries)))

    def _run_or_pause(self) -> None:
        if self.queue.running and not self.queue.paused:
            self.queue.pause()
        else:
            self.queue.start()

    def _stop_chosen(self) -> None:
        self.queue.stop(self.table.chosen)
        if not self.table.chosen:
            self._banner.report("Choose the recordings to stop in the table first.", self)

    def test_power(self) -> None:
        """Implant known movements into the chosen recording and show from what size on they are found."""
        from gui.analyze.power_dialog import PowerDialog

        chosen = self.table.chosen
        if len(chosen) == 1:
            video, settings = chosen[0].path, self._settings
            show_dialog(PowerDialog(video, self._parameters(settings), power_command(video, settings), self))
        else:
            self._banner.report("Choose one recording in the table first.", self)

    def _open(self, index: QModelIndex) -> None:
        entry = index.data(Qt.ItemDataRole.UserRole)
        if entry.outcome is not None and entry.outcome.session is not None:
            self.session_picked.emit(entry.outcome.session)

    def ask_for_files(self) -> None:
        """Open the file dialog."""
        names, _ = QFileDialog.getOpenFileNames(self, "Recordings to analyse", "", VIDEOS)
        self.add(names)

    def ask_for_folder(self) -> None:
        """Open the dialog for a folder, all of whose recordings are analysed."""
        folder = QFileDialog.getExistingDirectory(self, "Folder of recordings to analyse")
        if folder:
            self.add([folder])

    def _copy_command(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(replay_command((entry.path for entry in self.queue.entries), self._settings))
            self._banner.report("Copied: the same analysis on the command line.", self)

    def _lay_out(self) -> None:
        title = label(DROP_HERE, role="heading")
        self._hint = label(
            "Videos, or folders with videos. Each recording becomes a session that opens in Review.\n"
            "The analysis runs on this machine, in processes of its own.",
            quiet=True,
        )
        for text in (title, self._hint):
            text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        files, folder = (by_key(self.commands)[key] for key in ("Ctrl+O", "Ctrl+Shift+O"))
        choose = button("Choose files …", files.run, role="primary", tip=files.tip)
        choose_folder = button("Choose a folder …", folder.run, tip=folder.tip)
        self._zone = QFrame()
        self._zone.setProperty("role", "card")
        self._zone.setLayout(
            column(None, row(None, title, 16, choose, choose_folder, None), self._hint, None, gap=12, margin=16)
        )
        self._run = IconButton("play", "Run", self._run_or_pause, text="Run")
        self._stop = IconButton(
            "stop", "Stop the chosen recordings; the part that was analysed is kept", self._stop_chosen, text="Stop"
        )
        self._again = IconButton(
            "arrow-clockwise", "Analyse failed and stopped recordings again", lambda: self.queue.retry(), text="Retry"
        )
        self._clear = IconButton(
            "eraser", "Remove finished recordings from the list", lambda: self.queue.clear_finished(), text="Clear"
        )
        self._copy = IconButton(
            "terminal",
            "Copy the same analysis as a command line",
            self._copy_command,
            text="Copy as command",
            flat=True,
        )
        self._progress_text = label("", quiet=True)
        self._overall = QProgressBar()
        self._overall.setRange(0, 1000)
        self._overall.setTextVisible(False)
        self.sensitivity, self.faces = Sensitivity(self._settings), Faces(self._settings)
        self.sensitivity.show_description(on=False)
        power = by_key(self.commands)["Ctrl+T"]
        self._power = IconButton("chart-line-up", power.tip, power.run, text="Power test")
        controls = row(
            self._run, self._stop, self._again, self._clear, self._power, 8, self.sensitivity, 8, self.faces, None,
            self._progress_text, 8, self._copy,
        )  # fmt: skip
        self._content = column(self._zone, self._overall, controls, margin=12)
        self._content.setStretch(0, 1)
        self.setLayout(self._content)
