"""The model of Review: the open session, its filtered and sorted events, the chosen one, and the undo stack.

Widgets read from the model, call its methods, and connect to its signals. The chosen event is kept nowhere else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal
from PyQt6.QtGui import QUndoStack

from gui.format import class_of
from gui.review.changes import TAKEN_BACK, Change, Mark
from gui.review.record import Record, is_same
from realtime.session import Annotation, SessionError, Status, StoredEvent
from realtime.types import Event
from realtime.viewing.history import Trace
from realtime.viewing.limits import Stretch

ANY = "any"
REPLACED = "the recording was analysed again, and this is the session from before. Open it again."


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events the table shows."""

    text: str = ""
    """Lower case; see `Record.find`."""
    emotion: str = ANY
    status: str = ANY
    min_score: float = 0.0
    candidates_from: float | None = None
    """The score from which rejected candidates are shown beside the events; None: none are."""

    def passing(self, events: Sequence[StoredEvent], record: Record) -> Sequence[StoredEvent]:
        """The events of a session that are shown, in their order."""
        if self.status != ANY:
            events = [stored for stored in events if stored.status.value == self.status]
        if self.min_score or self.candidates_from:
            least, candidates_from = self.min_score, self.candidates_from or 0.0
            events = [
                stored for stored in events if stored.event.score >= (least if stored.id >= 0 else candidates_from)
            ]
        if self.emotion != ANY:
            events = [stored for stored in events if (class_of(stored.event) or ("",))[0] == self.emotion]
        return record.find(self.text, events) if self.text else events


class ReviewModel(QObject):
    """One session at a time."""

    session_changed = pyqtSignal()
    """A session was opened or closed."""
    events_changed = pyqtSignal()
    """Events came or went, or cannot be changed any more."""
    event_changed = pyqtSignal(int)
    """The status or the note of one event changed."""
    shown_changed = pyqtSignal()
    """Other events are shown, or in another order."""
    marks_changed = pyqtSignal()
    transcript_changed = pyqtSignal()
    chosen_changed = pyqtSignal()
    readings_changed = pyqtSignal()
    """The readings were loaded."""
    settled_changed = pyqtSignal()
    """Differences between coders were settled."""
    failed = pyqtSignal(str)
    """One sentence: the readings could not be loaded."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.record: Record | None = None
        self.coder = ""
        """Who judges from the next opening of a session on; empty without a name."""
        self.shown: list[StoredEvent] = []
        """The events that pass the filter, in the table's order."""
        self.rows: dict[int | None, int] = {}
        """Their places, by number."""
        self.chosen_id: int | None = None
        self.filter = EventFilter()
        self.undo = QUndoStack(self)
        self.undo.indexChanged.connect(lambda _: self._show_changes())  # a change was made or taken back
        self.writable = True
        """False after a change could not be saved, until the session is opened again."""
        self._order: Callable[[StoredEvent], Any] = lambda stored: stored.event.onset_s
        self._descending = False
        self._readings_loaded = False
        self._face: int | None = None  # asked for
        self._newest_mark: Mark | None = None

    def open(self, path: Path) -> None:
        """Open a session and choose its first event. Raises `SessionError`; what was open then stays open."""
        record = Record(path, self.coder)
        self.close()
        self.record = record
        self._arrange()
        self.session_changed.emit()
        self.step(0)

    def close(self) -> None:
        """Close the session."""
        self.choose(None)
        if self.record is not None:
            self.record.close()
        self.record, self._readings_loaded, self.writable = None, False, True
        self._arrange()
        self._newest_mark = None
        self.undo.clear()
        self.session_changed.emit()

    def poll(self) -> None:
        """Take over what the session's thread has read; called on a timer."""
        if self.record is None:
            return
        if self.record.problem:
            self.failed.emit(self.record.problem)
            self.record.problem = ""
        if self.record.readings is not None and not self._readings_loaded:
            self._readings_loaded = True
            self.readings_changed.emit()

    @property
    def chosen(self) -> StoredEvent | None:
        """The chosen event; it stays chosen when the filter hides it."""
        return None if self.record is None or self.chosen_id is None else self.record.event(self.chosen_id)

    @property
    def shown_ids(self) -> list[int]:
        """Numbers of the events that pass the filter, in the table's order."""
        return [stored.id for stored in self.shown]

    @property
    def trace(self) -> Trace | None:
        """The readings of the shown face; None until they are loaded."""
        readings = self.record.readings if self.record else None
        return None if readings is None else readings.traces.get(self.shown_face)

    @property
    def limits(self) -> Sequence[Stretch] | None:
        """The limits of detection of that face; None until they are loaded, and in a session that stores none."""
        readings = self.record.readings if self.record else None
        return None if readings is None or not readings.judged else readings.limits.get(self.shown_face, ())

    @property
    def shown_face(self) -> int:
        """The face whose readings are shown: the one asked for, that of the chosen event, or another if it has none."""
        readings, chosen = self.record.readings if self.record else None, self.chosen
        face = self._face if self._face is not None else chosen.event.face if chosen else 0
        return face if readings is None or face in readings.traces else next(iter(readings.traces), face)

    @property
    def faces(self) -> list[int]:
        """Numbers of the faces that have readings or events."""
        if self.record is None:
            return []
        readings = self.record.readings
        return sorted(self.record.event_faces.union(readings.traces if readings else ()))

    def show_face(self, face: int) -> None:
        """Show the readings of a face, until another event is chosen."""
        self._face = face
        self.chosen_changed.emit()

    @property
    def end_s(self) -> float:
        """The session's length."""
        if self.record is None:
            return 0.0
        readings = self.record.readings
        return max(readings.end_s if readings else self.record.end_s, 0.1)

    def choose_movement(self, event: Event) -> None:
        """Choose an event or a candidate by what it is in the session."""
        movements = (*self.record.events, *self.record.candidates) if self.record else ()
        self.choose(next((stored.id for stored in movements if is_same(stored.event, event)), None))

    @property
    def threshold(self) -> float | None:
        """The score that the chosen movement had to reach; None if it was not stored."""
        return self.record.threshold_at(self.chosen.event.offset_s) if self.record and self.chosen else None

    def choose(self, event_id: int | None) -> None:
        """Choose an event, or none."""
        if event_id != self.chosen_id:
            self.chosen_id, self._face = event_id, None
            self.chosen_changed.emit()

    def step(self, by: int) -> None:
        """Choose the next or the previous of the shown events; the first where none of them is chosen."""
        if self.shown:
            row = self.rows.get(self.chosen_id)
            place = 0 if row is None else row + by
            self.choose(self.shown[min(max(place, 0), len(self.shown) - 1)].id)

    def set_filter(self, wanted: EventFilter) -> None:
        """Show only events that pass."""
        self.filter = wanted
        self._arrange()
        self.shown_changed.emit()

    def sort_by(self, order: Callable[[StoredEvent], Any], *, descending: bool) -> None:
        """Sort the shown events."""
        self._order, self._descending = order, descending
        self._arrange()
        self.shown_changed.emit()

    def review(self, status: Status) -> None:
        """Confirm or reject the chosen event, and choose the next one; confirmed, a candidate becomes an event."""
        if self.record is None or self.chosen_id is None:
            return
        reviewed, row = self.chosen_id, self.rows.get(self.chosen_id)
        if reviewed < 0 and status is Status.CONFIRMED:
            self._promote(reviewed)
            return
        if reviewed < 0:  # the program has rejected it already
            self.step(1)
            return
        if not self._save_review(reviewed, status.value, status=status):
            return
        if self.rows.get(reviewed) is not None:
            self.step(1)
        elif row is not None and self.shown:  # the filter hides it now: the next has moved up to its place
            self.choose(self.shown[min(row, len(self.shown) - 1)].id)

    def write_note(self, event_id: int, text: str) -> None:
        """Save a note on an event."""
        if self.record is not None and event_id >= 0:
            self._save_review(event_id, "note", note=text)

    def read_second_scores(self) -> None:
        """Show what the second pass has stored in the open session."""
        if self.record is not None:
            try:
                self.record.read_second_scores()
            except SessionError as error:
                self.failed.emit(str(error))
            self._show_changes()

    def mark(self, time_s: float, text: str = "", end_s: float | None = None) -> bool:
        """Mark a time, or all until another one; return whether it was saved."""
        if self.record is None:
            return False
        self._newest_mark = Mark(self.record, time_s, text or "mark", end_s)
        return self.save("mark", self._newest_mark.add, self._newest_mark.remove)

    def change_mark(self, mark: Annotation, time_s: float, end_s: float | None, text: str) -> None:
        """Give a mark other times or another text."""
        if self.record is not None and (time_s, end_s, text) != (mark.time_s, mark.end_s, mark.text):
            change, before = partial(self.record.change_mark, mark.id), (mark.time_s, mark.end_s, mark.text)
            self.save("changed mark", partial(change, time_s, end_s, text), partial(change, *before))

    def remove_mark(self, mark: Annotation) -> None:
        """Remove a mark."""
        if self.record is not None:
            removed = Mark(self.record, mark.time_s, mark.text, mark.end_s, mark.id)
            self.save("removed mark", removed.remove, removed.add)

    def set_mark_text(self, text: str) -> None:
        """Give the newest mark a text, unless it was undone."""
        if self.writable and self._newest_mark is not None:
            try:
                self._newest_mark.set_text(text)
            except SessionError as error:
                self._refuse(str(error))
            except KeyError:
                self._refuse(TAKEN_BACK)
            self._show_changes()

    def save(self, name: str, do: Callable[[], object], revert: Callable[[], object]) -> bool:
        """Make a change and save it at once; undoing it, by `revert`, is offered only if it was saved."""
        if not self.writable:
            return False
        self.undo.push(Change(name, do, revert, self._refuse))
        return self.writable

    def _save_review(self, event_id: int, name: str, *, status: Status | None = None, note: str | None = None) -> bool:
        assert self.record is not None
        review, before = partial(self.record.review, event_id), self.record.event(event_id)

        def revert() -> None:
            # only what was changed: the rest may have been changed in another window since
            review(status=None if status is None else before.status, note=None if note is None else before.note)
            self.choose(event_id)

        return self.save(name, partial(review, status=status, note=note), revert)

    def _promote(self, candidate_id: int) -> None:
        assert self.record is not None
        record, candidate = self.record, self.record.event(candidate_id)
        promoted = candidate_id

        def do() -> None:
            nonlocal promoted
            promoted = record.promote(candidate.event)
            self.choose(promoted)

        def revert() -> None:
            record.demote(promoted)
            self.choose(candidate_id)

        self.save("event from a candidate", do, revert)

    def _refuse(self, problem: str) -> None:
        """Report once that a change could not be saved, and refuse further changes."""
        if self.writable:
            self.writable = False
            replaced = self.record is not None and self.record.replaced
            self.failed.emit(f"Not saved: {REPLACED if replaced else problem}")
            self.events_changed.emit()

    def _show_changes(self) -> None:
        """Signal what a change, or its undoing, touched; of thousands of events mostly one."""
        if self.record is None:
            return
        changed = self.record.take_changed()
        if changed.listed:
            self._arrange()
            self.events_changed.emit()
        else:
            for event_id in changed.judged:
                self._show_judged(event_id)
        if changed.marks:
            self.marks_changed.emit()
        if changed.settled:
            self.settled_changed.emit()

    def _show_judged(self, event_id: int) -> None:
        assert self.record is not None
        row, stored = self.rows.get(event_id), self.record.event(event_id)
        passes = bool(self.filter.passing([stored], self.record))
        if row is not None and passes and self._order(self.shown[row]) == self._order(stored):
            self.shown[row] = stored
        elif row is not None or passes:
            self._arrange()
            self.shown_changed.emit()
        self.event_changed.emit(event_id)

    def _arrange(self) -> None:
        record = self.record
        events: Sequence[StoredEvent] = ()
        if record:
            listed = record.events if self.filter.candidates_from is None else [*record.events, *record.candidates]
            events = self.filter.passing(listed, record)
        self.shown = sorted(events, key=self._order, reverse=self._descending)
        self.rows = {stored.id: row for row, stored in enumerate(self.shown)}
