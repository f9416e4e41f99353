"""The dialog of a power test: known movements are implanted into a recording; from what size on are they found?"""

from pathlib import Path

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QGuiApplication, QPixmap
from PyQt6.QtWidgets import QDialog, QProgressBar, QWidget

from gui.analyze.power_test import PowerJob, PowerOutcome, measure
from gui.widgets.basic import button, column, label, row
from realtime.batch import Tick
from realtime.batch.workers import Worker, WorkerDiedError
from realtime.evaluation.power import ROUNDS
from realtime.pipeline import PipelineParameters

POLL_MS = 100
WIDTH_PX = 760
STEPS_BESIDE_ROUNDS = 2
"""The recording as it is, and its landmarks."""
WHAT = (
    "Known movements of many sizes are implanted into two minutes of this recording, and all of it is analysed. "
    "This takes several minutes. The recording is not changed, and nothing is kept."
)


class PowerDialog(QDialog):
    """Runs the test in a process of its own as soon as it is made, and shows its result."""

    def __init__(self, video: Path, parameters: PipelineParameters, command: str, parent: QWidget) -> None:
        """Test `video`; `command` is the command line of the same test."""
        super().__init__(parent)
        self.setWindowTitle("Power test")
        self._command = command
        self._steps: list[str] = []
        self.outcome: PowerOutcome | None = None
        """The result; None while it runs."""
        self._text = label(WHAT, wrap=True)
        self._text.setFixedWidth(WIDTH_PX)
        self._doing = label("Starting …", quiet=True)
        self._progress = QProgressBar()
        self._progress.setRange(0, 1000)
        self._progress.setTextVisible(False)
        self._progress.setAccessibleName("Progress of the power test")
        self._picture = label("")
        self._picture.setAccessibleName("Every implanted movement by size, found or missed")
        self._picture.hide()
        self._copy = button("Copy text", self._copy_text)
        self._copy.hide()
        as_command = button("Copy as command", self._copy_command, tip="Copy the same test as a command line")
        self._close = button("Cancel", self.reject)
        self._close.setDefault(True)
        foot = row(as_command, self._copy, None, self._close)
        title = label(f"What is found in {video.name}?", role="title")
        self.setLayout(column(title, self._text, self._picture, self._doing, self._progress, foot, gap=12, margin=24))
        self._close.setFocus()
        self._worker = Worker(measure)
        self._worker.begin(PowerJob(str(video), parameters, ROUNDS))
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._poll)
        self._timer.start(POLL_MS)

    def reject(self) -> None:
        """Close, or stop the test first: it removes what it has rendered before it ends."""
        if self.outcome is not None:
            super().reject()
            return
        self._worker.stop()
        self._doing.setText("Stopping …")
        self._close.setEnabled(False)

    def _poll(self) -> None:
        try:
            messages = self._worker.poll()
        except WorkerDiedError as error:
            text = f"The process of the test ended unexpectedly (code {error.code})."
            self._show_outcome(PowerOutcome(error=text))
            return
        for message in messages:
            if isinstance(message, PowerOutcome):
                self._show_outcome(message)
            elif isinstance(message, Tick) and self._close.isEnabled():
                self._show_progress(message)

    def _show_progress(self, tick: Tick) -> None:
        if tick.video not in self._steps:
            self._steps.append(tick.video)
        share = min(tick.done_s / tick.length_s, 1.0) if tick.length_s else 0.0
        self._doing.setText(tick.video)
        self._progress.setValue(round(1000 * (len(self._steps) - 1 + share) / (ROUNDS + STEPS_BESIDE_ROUNDS)))

    def _show_outcome(self, outcome: PowerOutcome) -> None:
        self.outcome = outcome
        self._timer.stop()
        self._worker.end()
        if not outcome.sentences and not outcome.error:  # cancelled
            self.reject()
            return
        self._text.setText(outcome.error or "\n\n".join(outcome.sentences))
        self._doing.setVisible(bool(outcome.note))
        self._doing.setText(outcome.note)
        self._progress.hide()
        self._copy.setVisible(bool(outcome.sentences))
        self._close.setText("Close")
        self._close.setEnabled(True)
        picture = QPixmap()
        if picture.loadFromData(outcome.picture):
            ratio = self.devicePixelRatioF()
            picture = picture.scaledToWidth(round(WIDTH_PX * ratio), Qt.TransformationMode.SmoothTransformation)
            picture.setDevicePixelRatio(ratio)
            self._picture.setPixmap(picture)
            self._picture.show()
        self.adjustSize()

    def _copy_text(self) -> None:
        self._put(self._text.text())

    def _copy_command(self) -> None:
        self._put(self._command)

    def _put(self, text: str) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(text)
