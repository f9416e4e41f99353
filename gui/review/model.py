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
from gui.review.changes import Change, Mark
from gui.review.record import Record, is_same
from realtime.session import SessionError, Status, StoredEvent
from realtime.types import Event
from realtime.viewing.history import Trace
from realtime.viewing.limits import Stretch

ANY = "any"


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events the table shows."""

    text: str = ""
    """Lower case; searched in action units, regions, note and what was said."""
    emotion: str = ANY
    status: str = ANY
    min_score: float = 0.0
    candidates_from: float | None = None
    """The score from which rejected candidates are shown beside the events; None: none are."""

    def accepts(self, stored: StoredEvent, record: Record) -> bool:
        """Whether an event of a session is shown."""
        if self.status not in (ANY, stored.status.value):
            return False
        if stored.event.score < (self.min_score if stored.id >= 0 else self.candidates_from or 0.0):
            return False
        if self.emotion != ANY:
            found = class_of(stored.event)
            if self.emotion != (found[0] if found else ""):
                return False
        if not self.text:
            return True
        searched = (record.moved(stored), *stored.event.regions, stored.note, record.said_at(stored))
        return self.text in " ".join(searched).lower()


class ReviewModel(QObject):
    """One session at a time."""

    session_changed = pyqtSignal()
    """A session was opened or closed."""
    events_changed = pyqtSignal()
    """Statuses, notes, marks, filter or order changed."""
    transcript_changed = pyqtSignal()
    chosen_changed = pyqtSignal()
    readings_changed = pyqtSignal()
    """The readings were loaded."""
    failed = pyqtSignal(str)
    """One sentence: the readings could not be loaded."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.record: Record | None = None
        self.shown: list[StoredEvent] = []
        """The events that pass the filter, in the table's order."""
        self.chosen_id: int | None = None
        self.filter = EventFilter()
        self.undo = QUndoStack(self)
        self.undo.indexChanged.connect(lambda _: self._changed())  # a change was made or taken back
        self.writable = True
        """False after a change could not be saved, until the session is opened again."""
        self._order: Callable[[StoredEvent], Any] = lambda stored: stored.event.onset_s
        self._descending = False
        self._readings_loaded = False
        self._face: int | None = None  # asked for
        self._newest_mark: Mark | None = None

    def open(self, path: Path) -> None:
        """Open a session and choose its first event. Raises `SessionError`; what was open then stays open."""
        record = Record(path)
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
        self.record, self.shown, self._readings_loaded, self.writable = None, [], False, True
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
        return sorted({stored.event.face for stored in self.record.events} | set(readings.traces if readings else ()))

    def show_face(self, face: int) -> None:
        """Show the readings of a face, until another event is chosen."""
        self._face = face
        self.chosen_changed.emit()

    @property
    def end_s(self) -> float:
        """The session's length; until the readings are loaded, a second after the last event."""
        if self.record is None:
            return 0.0
        if self.record.readings is not None:
            return max(self.record.readings.end_s, 0.1)
        return max((stored.event.offset_s for stored in self.record.events), default=0.0) + 1.0

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
        ids = self.shown_ids
        if ids:
            place = ids.index(self.chosen_id) + by if self.chosen_id in ids else 0
            self.choose(ids[min(max(place, 0), len(ids) - 1)])

    def set_filter(self, wanted: EventFilter) -> None:
        """Show only events that pass."""
        self.filter = wanted
        self._changed()

    def sort_by(self, order: Callable[[StoredEvent], Any], *, descending: bool) -> None:
        """Sort the shown events."""
        self._order, self._descending = order, descending
        self._changed()

    def review(self, status: Status) -> None:
        """Confirm or reject the chosen event, and choose the next one; confirmed, a candidate becomes an event."""
        if self.record is None or self.chosen_id is None:
            return
        ids, reviewed = self.shown_ids, self.chosen_id
        if reviewed < 0 and status is Status.CONFIRMED:
            self._promote(reviewed)
            return
        if reviewed < 0:  # the program has rejected it already
            self.step(1)
            return
        if not self._save_review(reviewed, status.value, status=status):
            return
        if reviewed in self.shown_ids:
            self.step(1)
        elif reviewed in ids and self.shown:  # the filter hides it now: the next has moved up to its place
            self.choose(self.shown[min(ids.index(reviewed), len(self.shown) - 1)].id)

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
            self._changed()

    def mark(self, time_s: float) -> bool:
        """Mark a time; return whether it was saved."""
        if self.record is None:
            return False
        self._newest_mark = Mark(self.record, time_s)
        return self.save("mark", self._newest_mark.add, self._newest_mark.remove)

    def set_mark_text(self, text: str) -> None:
        """Give the newest mark a text, unless it was undone."""
        if self.writable and self._newest_mark is not None:
            try:
                self._newest_mark.set_text(text)
            except SessionError as error:
                self._refuse(str(error))
            self._changed()

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
            review(status=before.status, note=before.note)
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
            self.failed.emit(f"Not saved: {problem}")
            self.events_changed.emit()

    def _changed(self) -> None:
        self._arrange()
        self.events_changed.emit()

    def _arrange(self) -> None:
        record = self.record
        events = list(record.events) if record else []
        if record and self.filter.candidates_from is not None:
            events += record.candidates
        if record is not None and self.filter != EventFilter(candidates_from=self.filter.candidates_from):
            events = [stored for stored in events if self.filter.accepts(stored, record)]
        elif self.filter.candidates_from:
            events = [
                stored for stored in events if stored.id >= 0 or stored.event.score >= self.filter.candidates_from
            ]
        self.shown = sorted(events, key=self._order, reverse=self._descending)
