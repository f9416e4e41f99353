"""The Review workspace: sessions, video, timeline and events around one `ReviewModel`, and the keys of Review."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtWidgets import QFileDialog, QWidget

from gui.format import limit_text
from gui.keys import Command, Entry, by_key
from gui.review.again import AgainDialog, is_busy
from gui.review.arrangement import LIMITS_HELP, Arrangement, Parts
from gui.review.coders import Coders
from gui.review.deletion import confirm_deletion
from gui.review.events_table import EventsTable
from gui.review.inspector import Inspector
from gui.review.library import Library
from gui.review.locate import choose_video
from gui.review.marking import Marking, marking_commands
from gui.review.model import ReviewModel
from gui.review.playing import playing_commands, stop_at
from gui.review.second_pass import SecondPass
from gui.review.sessions_table import SessionsTable
from gui.review.timeline import Timeline
from gui.review.tools import Tools
from gui.review.transcript import TranscriptSearch
from gui.review.viewer import Viewer
from gui.review.why import WhyDialog
from gui.settings import Settings
from gui.widgets.banner import Banner
from gui.widgets.basic import IconButton, column, plain, show_dialog
from realtime.report import hindered_line
from realtime.session import SessionError, SessionInfo, Status, files_of, rename_session
from realtime.sources import SourceError
from realtime.viewing.kept import forget
from realtime.viewing.limits import limits_at

TICK_MS = 15
FOLLOW_MS = 1000
"""How often is looked whether an analysis has replaced the open session."""
IN_MENU = ("Ctrl+Shift+O", "W", "B", "Ctrl+L", "Ctrl+I", "Ctrl+Shift+F", "Ctrl+U", "Ctrl+D", "Ctrl+Shift+R", "Ctrl+R")
"""The keys of the commands in the menu over the video: those that have no button, or none in a low window."""


class ReviewWorkspace(QWidget):
    """One session at a time."""

    again_asked = pyqtSignal(str, object)
    """A recording to analyse again, and `Settings` to do it with."""

    def __init__(self, settings: Settings, banner: Banner) -> None:
        super().__init__()
        self._settings, self._banner = settings, banner
        self.model = ReviewModel(self)
        self.viewer = Viewer(settings, self.model)
        self.timeline = Timeline(self.model, self.viewer.still_at)
        self.table = EventsTable(self.model)
        self.said_search = TranscriptSearch(self.model, lambda: self.viewer.position_s, self._report)
        self.marking = Marking(settings, self.model, lambda: self.viewer.position_s, self._report, self)
        self.commands = self._make_commands()
        commands = by_key(self.commands)
        self.library = Library(commands["Ctrl+O"], commands["Ctrl+Shift+O"])
        self.library.add_elsewhere(settings.opened)
        self.library.show_judged_by(settings.coder)
        self.inspector = Inspector(self.model, commands["C"], commands["X"])
        self.coders = Coders(settings, self.model, self.inspector, commands)
        self._tools = Tools(self.viewer, settings, commands)
        self.marking.button = self._tools.mark
        self._lay_out()
        self._connect()

    def refresh(self) -> None:
        """Read the list of sessions again, and the open session where an analysis has replaced it."""
        self._open_anew()
        self.library.refresh(self._settings.folder)

    def _open_anew(self) -> None:
        """Open the session again where an analysis has replaced it, at the time that is shown."""
        record = self.model.record
        if record is not None and record.replaced:
            position_s = self.viewer.position_s
            self.open(record.path)
            self._seek(position_s)

    def _follow_analyses(self) -> None:
        """Open the session again where an analysis has replaced it; not beside the news that a change was not saved."""
        record = self.model.record
        if record is None or not self.model.writable or is_busy() or not record.replaced:
            return
        self.refresh()
        if self.model.record is not record:
            self._report("The recording was analysed again. This is its new session.")
        else:
            self._following.stop()  # it cannot be opened, which was said

    def open(self, path: Path) -> None:
        """Open a session; for a bad one the banner shows why, and the open session stays open."""
        try:
            self.model.open(path)
        except SessionError as error:
            self._report(str(error), warning=True)
            return
        self._banner.clear(self)
        self._following.start(FOLLOW_MS)
        self._settings.note_opened(path.resolve())
        self.library.show_opened(path, self._settings.folder)
        if self.coders.remark:
            self._report(self.coders.remark)

    def _open_found(self, path: Path) -> None:
        """Open a session and go to its events; in a narrow window the search is hidden then, and keeps no focus."""
        self.open(path)
        self.table.view.setFocus()

    def sessions_table(self) -> SessionsTable:
        """The table, to be shown."""
        library, folder = self.library, self._settings.folder
        table = SessionsTable(partial(library.read_all, folder), self._settings.opened, self.rename, self)
        table.picked.connect(self.open)
        return table

    def shut_down(self) -> None:
        """Close the session."""
        self.model.close()

    def ask_why(self, time_s: float | None = None) -> None:
        """Explain why nothing was reported at a time, or where the video is."""
        record = self.model.record
        if record is None:
            return
        if time_s is not None:
            self._seek(time_s)
        try:
            explanation = record.explain(self.viewer.position_s)
        except SessionError as error:
            self._report(str(error), warning=True)
            return
        units = partial(record.explain_units, explanation.time_s)
        show_dialog(WhyDialog(explanation, record.path, self.model.choose_movement, units, self))

    def analyse_again(self) -> None:
        """Ask for another sensitivity or number of faces, and have the recording analysed with them."""
        record = self.model.record
        if record is None:
            return
        video = record.info.video
        if video is None or not os.path.exists(video):
            self._banner.report("Without its video the session cannot be analysed again.", self)
            return
        dialog = AgainDialog(self._settings, record.info, self)
        if show_dialog(dialog):
            self.again_asked.emit(video, dialog.chosen)

    def export(self) -> None:
        """Open the export dialog for this session."""
        from gui.review.export_dialog import ExportDialog  # imports the pipeline, which takes a second

        if self.model.record is not None:
            events = [number for number in self.model.shown_ids if number >= 0]
            show_dialog(ExportDialog(self.model.record, events, self))

    def _leave(self) -> None:
        """End what is begun, or go back to the table."""
        if not self.timeline.ranges.cancel() and not self.marking.cancel():
            self.table.view.setFocus()

    def _report(self, text: str, *, warning: bool = False) -> None:
        self._banner.report(text, self, warning=warning)

    def _show_session(self) -> None:
        record = self.model.record
        self.arrangement.title.setText(record.path.stem if record else "")
        self.arrangement.title.setToolTip(plain(self.arrangement.title.text()))
        partial = f"PARTIAL: {record.info.partial}" if record and record.info.partial else ""
        about = (partial, record.info.source, record.info.consent, _not_filmed(record.info)) if record else ()
        self.arrangement.about.setText(" · ".join(filter(None, about)))
        self.arrangement.about.setToolTip(plain(self.arrangement.about.text()))
        self.arrangement.arrange(opened=record is not None)

    def _show_summary(self) -> None:
        record = self.model.record
        count = len(record.events) if record else 0
        judged = record.readings.judged if record and record.readings else ""
        hindered = hindered_line(record.info.hindered_s) if record else ""
        text = f"{count} event{'s' * (count != 1)}. {judged} {hindered}".rstrip() if record else ""
        self.arrangement.summary.setText(text)
        self.table.setToolTip(text)

    def _tick(self) -> None:
        record = self.model.record
        if record is None or not self.isVisible():
            return
        self.viewer.advance()
        self._show_pace()
        self.model.poll()
        self.timeline.follow(self.viewer.position_s, self.viewer.end_s)
        self.timeline.show_sound(self.viewer.sound.waveform, self.viewer.position_s, self.viewer.end_s)
        self._tools.refresh()
        limits = self.model.limits
        here = "" if limits is None else limit_text(limits_at(limits, self.viewer.position_s))
        if here != self.arrangement.limits.text():
            self.arrangement.limits.setText(here)
            self.arrangement.limits.setToolTip(f"{here}\n{LIMITS_HELP}")
        chosen_id = self.model.chosen_id
        if chosen_id is not None:
            video, event = self.viewer.video, record.event(chosen_id).event
            missing = video.why_no_clip(event) if video else ""
            clip = self.viewer.clip or (record.clip(chosen_id) if video is None else None)
            self.inspector.show_clip(clip, missing)

    def _show_pace(self) -> None:
        """Show the video's frame rate and gaps once it is open."""
        text = self.viewer.video.pace if self.viewer.video else ""
        if text != self.arrangement.pace.text():
            self.arrangement.pace.setText(text)
            self.arrangement.pace.setToolTip(text)

    def _locate(self) -> None:
        record = self.model.record
        if record is None:
            return
        try:
            path, remark = choose_video(record, self)
        except (SourceError, SessionError) as error:
            self._report(str(error), warning=True)
            return
        if path is None:
            return
        if remark:
            self._banner.report(remark, self, warning=True)
        try:
            record.move_video(path)
        except SessionError as error:
            self._banner.report(f"{error} The video is shown until the session is closed.", self, warning=True)
        self.viewer.open(str(path))
        if self.model.chosen_id is not None:
            self.viewer.play_chosen(loop=True)

    def ask_for_session(self) -> None:
        """Open the file dialog for a session."""
        path, _ = QFileDialog.getOpenFileName(self, "Open a session", "", "MEDN sessions (*.medn)")
        if path:
            self.open(Path(path))

    def delete(self, path: Path) -> None:
        """Delete a session, and the video that was recorded with it, after a question."""
        self._change_file(path, lambda: None if confirm_deletion(path, self) else path)

    def rename(self, path: Path, name: str) -> str:
        """Give a session another name; an open one stays open. Return why it keeps its name, if it does."""

        def change() -> Path:
            for file in files_of(path):
                forget(file)  # what is kept of the film is found by its name
            return rename_session(path, name)

        return self._change_file(path, change)

    def _judge_as(self, adopting: bool) -> None:
        """Go on as another coder, who may be `adopting` what was judged without a name; open the session anew."""
        self.library.show_judged_by(self._settings.coder)
        record = self.model.record
        if record is not None:
            self.open(record.path)
            if adopting and self.model.record is not None:
                self.model.record.adopt()
                self.open(record.path)
        self.refresh()

    def _change_file(self, path: Path, change: Callable[[], Path | None]) -> str:
        """Change a session's file while it is not open; `change` returns where it is then, None if it is gone.

        Returns the problem that was reported, or "".
        """
        record = self.model.record
        opened = record is not None and record.path.resolve() == path.resolve()
        if opened:
            self.model.close()
        there: Path | None = path
        problem = ""
        try:
            there = change()
        except SessionError as error:
            problem = str(error)
        if opened and there is not None:
            self.open(there)
        if there != path:
            self._settings.opened.pop(str(path.resolve()), None)
        self.refresh()
        if problem:
            self._report(problem, warning=True)
        return problem

    def _make_commands(self) -> list[Command]:
        model, viewer, zoom = self.model, self.viewer, self.timeline.zoom
        table: list[Entry] = [
            *playing_commands(viewer, model),
            ("J", "previous event", partial(model.step, -1)),
            ("K", "next event", partial(model.step, 1)),
            ("C", "confirm and choose the next", partial(model.review, Status.CONFIRMED)),
            ("X", "reject and choose the next", partial(model.review, Status.REJECTED)),
            ("E", "write a note", lambda: self.inspector.focus_note()),
            *marking_commands(self.marking),
            ("V", "link another video with the session", self._locate),
            ("Esc", "end a range that is begun or dragged; back to the table", self._leave),
            ("+", "show a shorter part of the timeline", partial(zoom, -1)),
            ("-", "show a longer part of the timeline", partial(zoom, 1)),
            ("D", "show weaker candidates too", self.table.show_weaker),
            ("Ctrl+F", "filter events", self.table.focus_filter),
            ("Ctrl+Shift+F", "search in what was said", self.said_search.open_search),
            ("Ctrl+I", "import what was said", self.said_search.ask_for_file),
            ("Ctrl+U", "who judges? Each coder is blind to the others", lambda: self.coders.ask()),
            ("Ctrl+D", "compare with another coder, and settle differences", lambda: self.coders.compare()),
            ("W", "why was nothing reported here?", self.ask_why),
            ("Ctrl+R", "analyse again with other settings", self.analyse_again),
            ("Ctrl+Shift+R", "learn this recording, and score its movements again", lambda: self.second_pass.start()),
            ("Ctrl+E", "export", self.export),
            ("Ctrl+O", "open a session file", self.ask_for_session),
            ("Ctrl+Shift+O", "all sessions, with participants and notes", lambda: show_dialog(self.sessions_table())),
            ("Ctrl+Z", "undo", model.undo.undo),
            ("Ctrl+Shift+Z", "redo", model.undo.redo),
        ]
        return [Command(self, *entry) for entry in table]

    def _lay_out(self) -> None:
        commands = by_key(self.commands)
        again, said = commands["Ctrl+R"], commands["Ctrl+I"]
        self._import = IconButton("chat-text", said.tip, said.run, flat=True)
        buttons = self._import, IconButton("arrow-clockwise", again.tip, again.run, flat=True)
        self.second_pass = SecondPass(self.model, self._report, commands["Ctrl+Shift+R"])
        parts = Parts(
            self.library, self.viewer, self._tools, self.timeline, self.table, self.inspector, self.coders,
            self.second_pass, self.said_search,
        )  # fmt: skip
        self.arrangement = Arrangement(parts, [commands[key] for key in IN_MENU], self._settings, buttons)
        self.setLayout(column(self.arrangement, margin=12))

    def _connect(self) -> None:
        self.library.picked.connect(self.open)
        self.library.found.connect(self._open_found)
        self.library.deletion_asked.connect(self.delete)
        # not while the list's editor is closing, because the list is made anew
        self.library.renamed.connect(lambda path, name: QTimer.singleShot(0, partial(self.rename, path, name)))
        self.model.session_changed.connect(self._show_session)
        for changed in (self.model.session_changed, self.model.readings_changed, self.model.events_changed):
            changed.connect(self._show_summary)
        for changed in (self.model.readings_changed, self.model.chosen_changed, self.model.session_changed):
            changed.connect(lambda: self.arrangement.faces.show_faces(self.model.faces, self.model.shown_face))
        self.arrangement.faces.picked.connect(self.model.show_face)
        self.model.failed.connect(lambda problem: self._report(problem, warning=True))
        self.timeline.sought.connect(self._seek)
        self.said_search.picked.connect(self._seek)
        self.coders.panel.sought.connect(self._seek)
        self.coders.changed.connect(self._judge_as)
        self.said_search.found.connect(self.timeline.said.show_found)
        self.timeline.asked.connect(self.ask_why)
        self.timeline.ranges.made.connect(self.marking.add_range)
        self.viewer.locate_asked.connect(self._locate)
        self.viewer.sound.failed.connect(self._report)
        timer = QTimer(self)
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.timeout.connect(self._tick)
        timer.start(TICK_MS)
        self._following = QTimer(self)
        self._following.timeout.connect(self._follow_analyses)

    def _seek(self, time_s: float) -> None:
        stop_at(self.viewer, time_s)


def _not_filmed(info: SessionInfo) -> str:
    lost = (info.summary or {}).get("frames_not_filmed")
    return f"{lost} frames are missing in the film" if isinstance(lost, int) and lost else ""
