"""The second pass of the open session: a button; while it runs in a process of its own, progress and how to end it."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QProgressBar, QWidget

from gui.keys import Command
from gui.review.model import ReviewModel
from gui.widgets.basic import IconButton, row
from medn.errors import UserError
from medn.terminal import what_is_missing
from realtime.report import counted

if TYPE_CHECKING:
    from realtime.batch import Tick
    from realtime.batch.workers import Worker
    from realtime.training.second_pass import Scored, SecondPassJob

POLL_MS = 100
STEPS, WIDTH_PX = 1000, 90


class Report(Protocol):
    """Shows a sentence to the user."""

    def __call__(self, text: str, *, warning: bool = False) -> None:
        """Show it; a warning stays until it is dismissed."""


class SecondPass(QWidget):
    """Runs `score_session`, as `medn second-pass` does; one session at a time, and only while it is open."""

    def __init__(self, model: ReviewModel, report: Report, command: Command) -> None:
        super().__init__()
        self._model, self._report = model, report
        self._session: Path | None = None  # whose second pass runs
        self._worker: Worker[SecondPassJob, Scored | None] | None = None
        self._tall = True
        self._button = IconButton("graduation-cap", command.tip, command.run, flat=True)
        self._progress = QProgressBar()
        self._progress.setRange(0, STEPS)
        self._progress.setTextVisible(False)
        self._progress.setFixedWidth(WIDTH_PX)
        self._progress.setAccessibleName("Progress of the second pass")
        self._cancel = IconButton("x", "Cancel the second pass", self.cancel, flat=True)
        self.setLayout(row(self._progress, self._cancel, self._button))
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._poll)
        model.session_changed.connect(self._end)
        self._show()

    def make_room(self, *, tall: bool) -> None:
        """Show only what runs in a low window."""
        self._tall = tall
        self._show()

    def start(self) -> None:
        """Begin the second pass of the open session, or say why it cannot be; nothing while one runs."""
        record = self._model.record
        if record is None or self._worker is not None:
            return
        if missing := what_is_missing("A second pass", "sklearn"):
            self._report(missing, warning=True)
            return
        from realtime.batch.workers import Worker  # imports the pipeline, which takes a second
        from realtime.training.second_pass import SecondPassJob, score_session

        self._session = record.path
        self._worker = Worker(score_session)
        self._worker.begin(SecondPassJob(record.path))
        self._progress.setValue(0)
        self._progress.setToolTip("The second pass learns this recording …")
        self._timer.start(POLL_MS)
        self._show()

    def cancel(self) -> None:
        """End it; the session stays as it was."""
        if self._worker is not None:
            self._end()
            self._report("The second pass was cancelled. The session is as it was.")

    def _end(self) -> None:
        """End the process at once: it stores nothing but all scores together."""
        if self._worker is not None:
            self._timer.stop()
            self._worker.kill()
            self._worker = None
            self._show()

    def _poll(self) -> None:
        assert self._worker is not None
        try:
            messages = self._worker.poll()
        except UserError as death:
            messages = [UserError(f"{self._session}: {death}.")]
        for message in messages:
            self._take(message)

    def _take(self, message: "Tick | Scored | UserError | None") -> None:
        from realtime.batch import Tick

        if isinstance(message, Tick):
            self._progress.setValue(round(STEPS * message.done_s))
            return
        self._end()
        if isinstance(message, UserError):
            self._report(str(message), warning=True)
        elif message is not None:
            self._model.read_second_scores()
            self._report(
                f"{counted(message.movements, 'movement')} scored once more, {message.events} of them events: see the "
                "column Second."
            )

    def _show(self) -> None:
        running = self._worker is not None
        self._button.setVisible(not running and self._tall)
        self._progress.setVisible(running)
        self._cancel.setVisible(running)
