"""Recording on and off, with consent; and marks in the recording."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtWidgets import QDialog, QWidget

from gui.banner import Banner
from gui.consent import ConsentDialog
from gui.live.run import LiveRun, State
from gui.settings import Settings
from gui.widgets import IconButton
from gui.words import clock
from realtime.session import SessionError, open_session

if TYPE_CHECKING:
    from gui.live.workspace import LiveWorkspace


class Recorder:
    """The two buttons and what they do."""

    def __init__(self, live: "LiveWorkspace", settings: Settings, banner: Banner) -> None:
        self._live, self._settings, self._banner = live, settings, banner
        self._mark = IconButton("flag", "Mark this moment in the recording", lambda: self.mark("mark"), text="Mark")
        self._mark.setToolTip("Mark this moment in the recording (M)")
        self._record = IconButton("record", "Record", self.toggle, text="Record")
        self._record.setToolTip("Record a session (R)")
        self.buttons: list[QWidget] = [self._mark, self._record]
        self._refreshed: tuple[bool, bool] | None = None
        self._show(running=False, recording=False)

    @property
    def path(self) -> Path | None:
        """The session that is being written."""
        tape = self._live.run.taping.tape if self._live.run else None
        return tape.path if tape else None

    @property
    def seconds(self) -> float | None:
        """How long it has been recording; None while it does not."""
        tape = self._live.run.taping.tape if self._live.run else None
        return tape.length_s if tape else None

    def toggle(self) -> None:
        """Begin after asking for consent, or stop and save."""
        if self.path is not None:
            self.stop()
        elif self._live.run is not None and self._live.run.state is State.RUNNING:
            possible = self._live.run.is_device
            dialog = ConsentDialog(self._settings.person, self._live, video_possible=possible)
            if dialog.exec() == QDialog.DialogCode.Accepted:
                self.begin(dialog.person, with_video=dialog.with_video, with_pictures=dialog.with_pictures)

    def begin(self, person: str, *, with_video: bool, with_pictures: bool = False) -> None:
        """Begin; consent was given."""
        from realtime.recording import free_path

        run = self._live.run
        if run is None:
            return
        self._settings.person = person
        try:
            path = free_path(self._settings.folder, f"{datetime.now():%Y-%m-%d %H-%M-%S}")
            run.record(path, person=person, with_video=with_video, with_pictures=with_pictures)
        except (SessionError, OSError) as error:
            self._banner.say(str(error), warning=True)

    def stop(self) -> None:
        """Stop and save; nothing happens where nothing is recorded."""
        run = self._live.run
        if run is None:
            return
        path = run.taping.end(run.tally.summary(run.name))
        if run.taping.problem:
            self._banner.say(run.taping.problem, warning=True)
        elif path is not None:
            self._banner.say(f"Saved as {path.name}.", action=("Review", lambda: self._live.session_written.emit(path)))

    def mark(self, text: str, *, told: bool = True) -> None:
        """Write a mark at the newest frame's time."""
        tape = self._live.run.taping.tape if self._live.run else None
        if tape is None:
            if told:
                self._banner.say("Marks are kept in a recording: press Record (R) first.")
            return
        with open_session(tape.path) as session:
            session.annotate(tape.now_s, text)
        if told:
            self._banner.say(f"Marked at {clock(tape.now_s)}.")

    def refresh(self, run: LiveRun) -> None:
        """Show what can be done now."""
        self._show(running=run.state is State.RUNNING, recording=run.taping.tape is not None)
        if run.taping.problem and not self._banner.isVisible():
            self._banner.say(run.taping.problem, warning=True)

    def _show(self, *, running: bool, recording: bool) -> None:
        if self._refreshed == (running, recording):
            return
        self._refreshed = (running, recording)
        self._record.setText("Stop recording" if recording else "Record")
        tip = "Stop and save (R)" if recording else "Record a session (R)"
        self._record.show_as("stop-circle" if recording else "record", tip, "recording")
        self._record.setEnabled(running)
        self._mark.setEnabled(recording)
