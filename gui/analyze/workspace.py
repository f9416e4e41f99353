"""The Analyze workspace: drop recordings, let them be analysed, open what is done in Review."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QModelIndex, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PyQt6.QtWidgets import QFileDialog, QFrame, QProgressBar, QWidget

from gui.banner import Banner
from gui.live.source_picker import VIDEOS
from gui.settings import Settings
from gui.widgets import IconButton, button, column, label, restyle, row
from gui.words import length

if TYPE_CHECKING:
    from gui.analyze.queue import Queue
    from gui.analyze.queue_table import QueueTable

TICK_MS = 100
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
        self._lay_out()
        self._refresh()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._tick)
        self._timer.start(TICK_MS)

    @property
    def queue(self) -> "Queue":
        """The queue, made when it is first needed: it brings the pipeline with it, which takes a second to load."""
        if self._queue is None:
            from gui.analyze.queue import Queue
            from gui.analyze.queue_table import QueueTable

            self._queue = Queue(self._settings.workers, self._refresh)
            self._table = QueueTable(self._queue)
            self._table.doubleClicked.connect(self._open)
            self._content.insertWidget(1, self._table, 1)
        return self._queue

    @property
    def table(self) -> "QueueTable":
        """The table of the queue."""
        assert self.queue is not None
        assert self._table is not None
        return self._table

    def add(self, names: Sequence[str]) -> None:
        """Put files and the videos of folders into the queue, and begin."""
        from realtime.batch import find_videos
        from realtime.sources import SourceError

        for name in names:
            try:
                for video in find_videos([name]):
                    self.queue.add(Path(video))
            except SourceError as error:
                self._banner.say(str(error), warning=True)
        if not self.queue.paused:
            self.queue.start()

    def shut_down(self) -> None:
        """The window closes: what is under way is saved as far as it came."""
        self._timer.stop()
        if self._queue is not None:
            self._queue.end()

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        """Files are welcome."""
        data = event.mimeData() if event else None
        if event is not None and data is not None and data.hasUrls():
            event.acceptProposedAction()
            restyle(self._zone, chosen=True)

    def dragLeaveEvent(self, _: object) -> None:
        """They went away again."""
        restyle(self._zone, chosen=False)

    def dropEvent(self, event: QDropEvent | None) -> None:
        """Take them."""
        restyle(self._zone, chosen=False)
        data = event.mimeData() if event else None
        if data is not None:
            self.add([url.toLocalFile() for url in data.urls() if url.isLocalFile()])

    def _tick(self) -> None:
        queue = self._queue
        if queue is None:
            return
        from realtime.pipeline import PipelineParameters

        queue.most = self._settings.workers
        chosen = self._settings
        parameters = PipelineParameters(most_faces=chosen.most_faces, runtime=chosen.runtime, or_another_runtime=True)
        queue.tick(lambda: chosen.folder, parameters)
        for sentence in queue.take_notices():
            self._banner.say(sentence, warning=True)

    def _refresh(self) -> None:
        entries = self._queue.entries if self._queue else []
        if self._table is not None:
            self._table.rows.refresh()
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
        self._clear.setEnabled(any(e.stage.value not in ("waiting", "running") for e in entries))
        self._copy.setEnabled(bool(entries))
        self._tell(entries)

    def _tell(self, entries: Sequence[object]) -> None:
        queue = self._queue
        if queue is None or not entries:
            self._words.setText("")
            return
        done = sum(e.stage.value == "done" for e in queue.entries)
        failed = sum(e.stage.value == "failed" for e in queue.entries)
        left_s = queue.seconds_left
        parts = [f"{done} of {len(queue.entries)} done"]
        parts += [f"{failed} failed"] if failed else []
        parts += [f"about {length(left_s)} left"] if left_s is not None else []
        parts += ["paused"] if queue.paused else []
        self._words.setText("  ·  ".join(parts))
        self._overall.setValue(round(1000 * sum(e.share for e in queue.entries) / len(queue.entries)))

    def _run_or_pause(self) -> None:
        if self.queue.running and not self.queue.paused:
            self.queue.pause()
        else:
            self.queue.start()

    def _stop_chosen(self) -> None:
        for entry in self.table.chosen:
            self.queue.stop(entry)
        if not self.table.chosen:
            self._banner.say("Choose the recordings to stop in the table first.")

    def _open(self, index: QModelIndex) -> None:
        entry = index.data(Qt.ItemDataRole.UserRole)
        if entry.outcome is not None and entry.outcome.session is not None:
            self.session_picked.emit(entry.outcome.session)

    def ask_for_files(self) -> None:
        """Let a person choose files."""
        names, _ = QFileDialog.getOpenFileNames(self, "Recordings to analyse", "", VIDEOS)
        self.add(names)

    def _copy_command(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            words = ["medn", "replay", *(str(entry.path) for entry in self.queue.entries)]
            clipboard.setText(shlex.join([*words, "--workers", str(self._settings.workers)]))
            self._banner.say("Copied: the same on the command line.")

    def _lay_out(self) -> None:
        title = label(DROP_HERE, role="heading")
        self._hint = label(
            "Videos of any kind; folders with all the videos in them. Each becomes a session to go through in Review.\n"
            "They are analysed on this machine, in processes of their own.",
            quiet=True,
        )
        for words in (title, self._hint):
            words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        choose = button("Choose files …", self.ask_for_files, role="primary", tip="Choose recordings", key="Ctrl+O")
        self._zone = QFrame()
        self._zone.setProperty("role", "card")
        self._zone.setLayout(column(None, row(None, title, 16, choose, None), self._hint, None, gap=12, margin=16))
        self._run = IconButton("play", "Run", self._run_or_pause, text="Run")
        self._stop = IconButton("stop", "Stop the chosen ones; what was done is kept", self._stop_chosen, text="Stop")
        self._again = IconButton(
            "arrow-clockwise", "Try those again that failed", lambda: self.queue.retry(), text="Retry"
        )
        self._clear = IconButton(
            "eraser", "Take finished ones from the list", lambda: self.queue.clear_finished(), text="Clear"
        )
        self._copy = IconButton(
            "terminal", "The same on the command line", self._copy_command, text="Copy as command", flat=True
        )
        self._words = label("", quiet=True)
        self._overall = QProgressBar()
        self._overall.setRange(0, 1000)
        self._overall.setTextVisible(False)
        controls = row(self._run, self._stop, self._again, self._clear, None, self._words, 8, self._copy)
        self._content = column(self._zone, self._overall, controls, margin=12)
        self._content.setStretch(0, 1)
        self.setLayout(self._content)
