"""Changes of a session in Review, each of which can be taken back."""

from collections.abc import Callable

from PyQt6.QtGui import QUndoCommand

from gui.review.record import Record
from realtime.session import SessionError

TAKEN_BACK = "it was taken back in another window. Open the session again."


class Change(QUndoCommand):
    """A change that one function makes and another takes back.

    One that cannot be saved is reported to `failed`, and leaves the undo stack.
    """

    def __init__(
        self, name: str, do: Callable[[], object], revert: Callable[[], object], failed: Callable[[str], None]
    ) -> None:
        super().__init__(name)
        self._do, self._revert, self._failed = do, revert, failed

    def redo(self) -> None:
        """Make the change."""
        self._try(self._do)

    def undo(self) -> None:
        """Take it back."""
        self._try(self._revert)

    def _try(self, change: Callable[[], object]) -> None:
        try:
            change()
        except SessionError as error:
            self.setObsolete(True)
            self._failed(str(error))
        except KeyError:  # the event or the mark is no longer in the file
            self.setObsolete(True)
            self._failed(TAKEN_BACK)


class Mark:
    """A mark at a time, or from a time to another, whose text may come later; `number` if it is stored already."""

    def __init__(
        self, record: Record, time_s: float, text: str, end_s: float | None, number: int | None = None
    ) -> None:
        self._record, self._time_s, self._end_s, self._text = record, time_s, end_s, text
        self._number = self._id = number

    def add(self) -> None:
        """Store it, under the number that it had."""
        self._number = self._id = self._record.annotate(self._time_s, self._text, self._end_s, self._number)

    def remove(self) -> None:
        """Remove it, if it is stored."""
        if self._id is not None:
            self._record.remove_mark(self._id)
        self._id = None

    def set_text(self, text: str) -> None:
        """Store it with another text; nothing where it was removed."""
        if self._id is not None:
            self._text = text
            self._record.change_mark(self._id, self._time_s, self._end_s, text)
