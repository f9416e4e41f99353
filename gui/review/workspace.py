"""The Review workspace: sessions, film, timeline, events, and one keystroke for each judgement."""

from pathlib import Path

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QResizeEvent, QUndoStack
from PyQt6.QtWidgets import QFileDialog, QMessageBox, QSplitter, QWidget

from gui.banner import Banner
from gui.live.source_picker import VIDEOS
from gui.player import SPEEDS
from gui.review.events_table import EventsTable
from gui.review.inspector import Inspector
from gui.review.library import Library
from gui.review.record import Record
from gui.review.timeline import Timeline
from gui.review.tools import Tools
from gui.review.undo import AddMark, Judge
from gui.review.viewer import Viewer
from gui.settings import Settings
from gui.widgets import column, frame, label, row
from gui.words import clock
from realtime.session import SessionError, Status, delete_session
from realtime.sources import SourceError
from realtime.viewing.history import Trace

TICK_MS = 15
NARROW_PX = 1180


class ReviewWorkspace(QWidget):
    """One session at a time."""

    def __init__(self, settings: Settings, banner: Banner) -> None:
        super().__init__()
        self._settings, self._banner = settings, banner
        self.record: Record | None = None
        self._readings_shown = False
        self.undo = QUndoStack(self)
        self.library, self.viewer, self.timeline = Library(), Viewer(settings), Timeline()
        self.table, self.inspector = EventsTable(), Inspector()
        self._lay_out()
        self._connect()

    def refresh(self) -> None:
        """Look for sessions anew."""
        self.library.refresh(self._settings.folder)

    def open(self, path: Path) -> None:
        """Open a session; a bad one is told in the banner, and what was open stays."""
        try:
            record = Record(path)
        except SessionError as error:
            self._banner.say(str(error), warning=True)
            return
        self.close_record()
        self.record = record
        self.undo.clear()
        self._readings_shown = False
        self.library.show_opened(path, self._settings.folder)
        self._title.setText(path.stem)
        self._about.setText(" · ".join(filter(None, (record.info.source, record.info.consent))))
        self.viewer.end_s = max((stored.event.offset_s for stored in record.events), default=0.0) + 1.0
        self._show_readings(None)
        self.viewer.open(record.info.video)
        self._show_events()
        self._arrange()
        self.table.step(0)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Keep to the room there is."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """In a small window the list of sessions makes room for the one that is open; Ctrl+O still opens another."""
        wide, opened = self.width() >= NARROW_PX, self.record is not None
        self._side.setVisible(wide or not opened)
        self._right.setVisible(wide or opened)
        self._tools.setEnabled(opened)

    def close_record(self) -> None:
        """Close what is open, and show nothing of it any more."""
        self.inspector.show_event(None)
        self.table.show_events([])
        self.timeline.clear()
        self.viewer.clear()
        for words in (self._title, self._about):
            words.setText("")
        if self.record is not None:
            self.record.close()
            self.record = None
        self._arrange()

    def shut_down(self) -> None:
        """The window closes."""
        self.close_record()

    def judge(self, status: Status) -> None:
        """Confirm or reject the chosen event, and go on to the next."""
        number = self.table.chosen
        if self.record is None or number is None:
            return
        self.undo.push(Judge(self.record, number, self._changed, status=status))
        if self.table.chosen == number:
            self.table.step(1)

    def mark(self) -> None:
        """Mark the place in the film."""
        if self.record is not None:
            self.undo.push(AddMark(self.record, self.viewer.position_s, "mark", self._show_events))
            self._banner.say(f"Marked at {clock(self.viewer.position_s)}. Ctrl+Z takes it back.")

    def loop(self) -> None:
        """Loop the chosen event slowly, or end that."""
        stored = self.viewer.chosen
        if stored is not None:
            self.viewer.play_event(stored, loop=self.viewer.loop is None)

    def magnify(self) -> None:
        """Show the event's movement ten times as large, or as it was."""
        self.viewer.magnify(on=not self.viewer.magnified)

    def next_speed(self) -> None:
        """The next of the speeds."""
        self.viewer.speed = SPEEDS[(SPEEDS.index(self.viewer.speed) + 1) % len(SPEEDS)]

    def toggle_play(self) -> None:
        """Play or stop."""
        self.viewer.play(on=not self.viewer.playing)

    def step_seconds(self, by_s: float) -> None:
        """Go by seconds."""
        self.viewer.loop = None
        self.viewer.seek(self.viewer.position_s + by_s)

    def export(self) -> None:
        """Open the export dialog for this session."""
        from gui.review.export_dialog import ExportDialog  # brings the pipeline with it, which takes a second to load

        if self.record is not None:
            ExportDialog(self.record, self.table.shown_ids, self).exec()

    def _choose(self, number: int) -> None:
        if self.record is None:
            return
        stored = self.record.event(number)
        self.inspector.show_event(stored)
        self.timeline.choose(stored.event)
        self._show_face(stored.event.face)
        self.viewer.play_event(stored, loop=True)

    def _show_face(self, face: int) -> None:
        """The trace of one face; of any if it has none."""
        readings = self.record.readings if self.record else None
        if readings is not None:
            self._show_readings(readings.traces.get(face) or next(iter(readings.traces.values()), None))

    def _show_readings(self, readings: Trace | None) -> None:
        self.viewer.trace = readings
        self.timeline.show_readings(readings)

    def _changed(self, number: int) -> None:
        self._show_events()
        self.table.choose(number)
        if self.record is not None and self.table.chosen == number:
            self.inspector.show_event(self.record.event(number))

    def _note(self, text: str) -> None:
        number = self.inspector.event_id
        if self.record is not None and number is not None:
            self.undo.push(Judge(self.record, number, self._changed, note=text))

    def _show_events(self) -> None:
        record = self.record
        if record is None:
            return
        self.table.show_events(record.events)
        self.timeline.show_events(record, self.viewer.end_s)
        chosen = self.viewer.chosen
        if chosen is not None:
            self.viewer.chosen = next((s for s in record.events if s.id == chosen.id), None)
            self.timeline.choose(self.viewer.chosen.event if self.viewer.chosen else None)

    def _tick(self) -> None:
        record = self.record
        if record is None or not self.isVisible():
            return
        self.viewer.advance()
        self._take_readings(record)
        self.timeline.follow(self.viewer.position_s, self.viewer.end_s)
        self._tools.refresh()
        if self.viewer.chosen is not None:
            film, number = self.viewer.film, self.viewer.chosen.id
            missing = "No face is seen at the onset." if film and film.knows(number) else ""
            moment = self.viewer.moment or (record.moment(number) if film is None else None)
            self.inspector.show_moment(moment, missing)

    def _take_readings(self, record: Record) -> None:
        if record.problem:
            self._banner.say(record.problem, warning=True)
            record.problem = ""
        if record.readings is None or self._readings_shown:
            return
        self._readings_shown = True
        self.viewer.end_s = max(record.readings.end_s, 0.1)
        self._show_face(self.viewer.chosen.event.face if self.viewer.chosen else 0)
        self.timeline.show_events(record, self.viewer.end_s)

    def _locate(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Where is the video of this session?", "", VIDEOS)
        if not path or self.record is None:
            return
        try:
            self.record.move_video(Path(path))
        except SourceError as error:
            self._banner.say(str(error), warning=True)
            return
        except SessionError as error:
            self._banner.say(f"{error} The video is shown until the session is closed.", warning=True)
        number = self.table.chosen
        self.viewer.open(path)
        if number is not None:
            self._choose(number)

    def ask_for_session(self) -> None:
        """Let a person open a session that lies anywhere."""
        path, _ = QFileDialog.getOpenFileName(self, "Open a session", "", "MEDN sessions (*.medn)")
        if path:
            self.open(Path(path))

    def _delete(self, path: Path) -> None:
        question = f"Delete {path.name} for good? Its events, traces and notes cannot be brought back."
        beside = path.with_suffix(".mp4")
        if beside.exists():
            question += f" The video {beside.name} beside it is deleted too."
        buttons = QMessageBox.StandardButton
        if QMessageBox.question(self, "Delete session", question) == buttons.Yes:
            self.delete(path)

    def delete(self, path: Path) -> None:
        """Delete a session for good, with the video that was recorded with it."""
        if self.record is not None and self.record.path.resolve() == path.resolve():
            self.close_record()
        try:
            delete_session(path)
            path.with_suffix(".mp4").unlink(missing_ok=True)
        except (SessionError, OSError) as error:
            self._banner.say(str(error), warning=True)
        self.refresh()

    def _lay_out(self) -> None:
        self._title, self._about = label("", role="heading"), label("", quiet=True)
        self._tools = Tools(self)
        upper, lower = QWidget(), QWidget()
        top = column(row(self._title, self._about, None), self.viewer, self._tools)
        top.setStretch(1, 1)
        upper.setLayout(top)
        below = column(self.timeline, self.table)
        below.setStretch(0, 2)
        below.setStretch(1, 3)
        lower.setLayout(below)
        middle = QSplitter(Qt.Orientation.Vertical)
        for part, stretch in ((upper, 5), (lower, 5)):
            middle.addWidget(part)
            middle.setStretchFactor(middle.count() - 1, stretch)
        middle.setSizes([420, 420])
        self._side = left = frame("panel", column(self.library, margin=12))
        left.setFixedWidth(248)
        self._right = right = frame("panel", column(self.inspector, margin=12))
        right.setFixedWidth(320)
        everything = row(left, middle, right, margin=12)
        everything.setStretch(1, 1)
        self.setLayout(everything)

    def _connect(self) -> None:
        self.library.picked.connect(self.open)
        self.library.open_asked.connect(self.ask_for_session)
        self.library.deletion_asked.connect(self._delete)
        self.table.picked.connect(self._choose)
        self.inspector.judged.connect(self.judge)
        self.inspector.noted.connect(self._note)
        self.timeline.sought.connect(self._seek)
        self.viewer.locate_asked.connect(self._locate)
        timer = QTimer(self)
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.timeout.connect(self._tick)
        timer.start(TICK_MS)

    def _seek(self, time_s: float) -> None:
        self.viewer.loop = None
        self.viewer.magnify(on=False)
        self.viewer.play(on=False)
        self.viewer.seek(time_s)
