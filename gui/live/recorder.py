"""The controls of a recording: start with consent, stop, and marks."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from PyQt6.QtWidgets import QWidget

from gui.dialogs.consent import ConsentDialog
from gui.keys import Command
from gui.live.run import LiveRun, State
from gui.settings import Settings
from gui.widgets.banner import Banner
from gui.widgets.basic import IconButton, show_dialog
from gui.widgets.mark_text import MarkText
from gui.widgets.trace import Mark
from realtime.report import clock
from realtime.session import Annotation, SessionError, open_session
from realtime.sources import SourceError
from realtime.sources.microphone import find_microphone
from realtime.sources.sound import Microphone


@dataclass(frozen=True, slots=True)
class _Marked:
    """A mark that was written: its time in the run (s), and the session's own record of it."""

    run: LiveRun
    run_s: float
    path: Path
    mark: Annotation


class Recorder:
    """The two buttons and their actions: `run` returns the run, `saved` receives the path of a complete session."""

    def __init__(
        self,
        owner: QWidget,
        settings: Settings,
        banner: Banner,
        run: Callable[[], LiveRun | None],
        saved: Callable[[Path], object],
    ) -> None:
        self._owner, self._settings, self._banner, self._get_run, self._saved = owner, settings, banner, run, saved
        self.record_command = Command(owner, "R", "record a session", self.toggle)
        self.mark_command = Command(owner, "M", "mark this time in the recording", self.mark_now)
        self.mark_button = IconButton("flag", self.mark_command.tip, self.mark_command.run, text="Mark")
        self._record = IconButton("record", self.record_command.tip, self.toggle, text="Record")
        self.buttons: list[QWidget] = [self.mark_button, self._record]
        self._text = MarkText(owner)
        self._text.entered.connect(self._set_text)
        self._marks: list[_Marked] = []
        self._reported = ""  # the problem that the banner has shown: each is shown once
        self._refreshed: tuple[bool, bool] | None = None
        self._show(running=False, recording=False)

    @property
    def path(self) -> Path | None:
        """The session that is being written."""
        return run.recorder.path if (run := self._get_run()) else None

    @property
    def seconds(self) -> float | None:
        """The length of the recording so far in s; None while nothing is recorded."""
        return run.recorder.length_s if (run := self._get_run()) else None

    def toggle(self) -> None:
        """Start after asking for consent, or stop and save."""
        if self.path is not None:
            self.stop()
        elif (run := self._get_run()) is not None and run.state is State.RUNNING:
            dialog = ConsentDialog(
                self._settings.person,
                self._owner,
                video_possible=run.is_device,
                microphone=self._microphone() if run.is_device else "",
            )
            if show_dialog(dialog):
                self.begin(
                    dialog.person,
                    with_video=dialog.with_video,
                    with_pictures=dialog.with_pictures,
                    with_sound=dialog.with_sound,
                )

    def _microphone(self) -> Microphone | str:
        """The microphone that would be recorded, or why there is none."""
        try:
            return find_microphone(self._settings.microphone)
        except SourceError as error:
            return str(error)

    def begin(self, person: str, *, with_video: bool, with_pictures: bool = False, with_sound: bool = False) -> None:
        """Start; consent was given."""
        from realtime.session.paths import free_path

        run = self._get_run()
        if run is None or run.state is not State.RUNNING:  # it ended while consent was asked for
            self._banner.report("Nothing is recorded, because the run has ended.", self._owner, warning=True)
            return
        self._settings.person = person
        try:
            path = free_path(self._settings.folder, f"{datetime.now():%Y-%m-%d %H-%M-%S}")
            run.record(
                path,
                person=person,
                with_video=with_video,
                with_pictures=with_pictures,
                microphone=self._settings.microphone if with_sound else None,
            )
        except (SessionError, OSError) as error:
            self._banner.report(str(error), self._owner, warning=True)
        else:
            self._banner.clear(self._owner)

    def stop(self) -> None:
        """Stop and save; nothing happens where nothing is recorded."""
        run = self._get_run()
        if run is None:
            return
        path = run.recorder.stop(run.tally.summary(run.name)) or run.recorded
        if path is not None and run.recorder.problem:
            self._reported = run.recorder.problem
            self._banner.report(run.recorder.problem, self._owner, warning=True)
        elif path is not None:
            said = f"Saved as {path.name}. {run.recorder.not_filmed}".rstrip()
            self._banner.report(said, self._owner, action=("Review", lambda: self._saved(path)))

    def marks_of(self, run: LiveRun) -> list[Mark]:
        """Return the marks of a run in its own time, which its cards and its trace show too."""
        return [(marked.run_s, None, marked.mark.text) for marked in self._marks if marked.run is run]

    def mark_now(self) -> None:
        """Mark the newest frame, then offer a field for the mark's text."""
        if self.path is None:
            self._banner.report("Marks are stored in a recording: press Record (R) first.", self._owner)
        elif (marked := self.mark("mark")) is not None:
            self._marks.append(marked)
            self._banner.report(f"Marked at {clock(marked.run_s)}.", self._owner)
            self._text.open_above(self.mark_button)

    def mark(self, text: str) -> _Marked | None:
        """Write a mark at the newest frame's time; None where nothing was written."""
        run = self._get_run()
        path, now_s = (run.recorder.path, run.recorder.now_s) if run else (None, None)
        newest = run.mailbox.newest if run else None
        if run is None or path is None or now_s is None or newest is None:
            return None
        try:
            with open_session(path) as session:
                return _Marked(run, newest.frame.time_s, path, session.annotate(now_s, text))
        except SessionError as error:
            self._banner.report(f"Not marked: {error}", self._owner, warning=True)
            return None

    def _set_text(self, text: str) -> None:
        """Replace the newest mark by one with this text."""
        newest = self._marks[-1]
        try:
            with open_session(newest.path) as session:
                session.remove_annotation(newest.mark.id)
                self._marks[-1] = replace(newest, mark=session.annotate(newest.mark.time_s, text))
        except SessionError as error:
            self._banner.report(f"The text was not saved: {error}", self._owner, warning=True)

    def refresh(self, run: LiveRun) -> None:
        """Show the state of the recording."""
        self._show(running=run.state is State.RUNNING, recording=run.recorder.path is not None)
        if run.recorder.problem and run.recorder.problem != self._reported:
            self._banner.report(run.recorder.problem, self._owner, warning=True)
        self._reported = run.recorder.problem

    def make_room(self) -> None:
        """Keep the record button as wide as its text; the style sheet, which comes later, would allow less."""
        self._record.setMinimumWidth(self._record.sizeHint().width())

    def _show(self, *, running: bool, recording: bool) -> None:
        if self._refreshed == (running, recording):
            return
        self._refreshed = (running, recording)
        self._record.setText("Stop recording" if recording else "Record")
        self.make_room()
        command = self.record_command
        tip = command.tip_with("Stop and save") if recording else command.tip
        self._record.show_as("stop-circle" if recording else "record", tip, "recording")
        self._record.setEnabled(running)
        self.mark_button.setEnabled(recording)
