"""What a person did to a session, one step each, so that it can be taken back."""

from collections.abc import Callable

from PyQt6.QtGui import QUndoCommand

from gui.review.record import Record
from realtime.session import Status


class Judge(QUndoCommand):
    """An event's status or note."""

    def __init__(
        self,
        record: Record,
        event_id: int,
        changed: Callable[[int], None],
        *,
        status: Status | None = None,
        note: str | None = None,
    ) -> None:
        super().__init__("note" if status is None else status.value)
        self._record, self._id, self._changed = record, event_id, changed
        self._status, self._note = status, note
        before = record.event(event_id)
        self._status_before = before.status if status is not None else None
        self._note_before = before.note if note is not None else None

    def redo(self) -> None:
        """Do it."""
        self._record.review(self._id, status=self._status, note=self._note)
        self._changed(self._id)

    def undo(self) -> None:
        """Take it back."""
        self._record.review(self._id, status=self._status_before, note=self._note_before)
        self._changed(self._id)


class AddMark(QUndoCommand):
    """A mark."""

    def __init__(self, record: Record, time_s: float, text: str, changed: Callable[[], None]) -> None:
        super().__init__("mark")
        self._record, self._time_s, self._words, self._changed = record, time_s, text, changed
        self._id = -1

    def redo(self) -> None:
        """Add it."""
        self._id = self._record.annotate(self._time_s, self._words)
        self._changed()

    def undo(self) -> None:
        """Take it away."""
        self._record.remove_mark(self._id)
        self._changed()
