"""Whose judgements a session shows: each coder's own, kept apart from the others'.

Those of the first coder are the columns `status` and `note` of the table `events`, as where nobody gave a name; who
that is says `session.reviewer`. Each further coder has a row of `codings` for each event.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import replace

from realtime.session.rows import CODING_COLUMNS, Coding, StoredEvent, coding, coding_row, event_row, place_of
from realtime.session.schema import CODINGS, EVENT_COLUMNS, FIRST_PROMOTED_ID, UNNAMED, Status
from realtime.session.tables import Tables
from realtime.types import Event

CODINGS_ADDED = (("judged_face", "INTEGER"), ("judges_event", "INTEGER"))
"""Columns that `codings` lacks in early sessions, with their types."""
OF_CODER = "coder = ? AND onset_s = ? AND apex_s IS ? AND offset_s = ? AND (judged_face IS NULL OR judged_face = ?)"
PROMOTED = f"face = ? AND onset_s = ? AND apex_s = ? AND offset_s = ? AND id >= {FIRST_PROMOTED_ID}"
Place = tuple[int | None, float, float | None, float]
"""Face, onset, apex and offset."""


class View:
    """A session as one coder sees it; None: as its first one does."""

    def __init__(self, tables: Tables, coder: str | None) -> None:
        self.coder = coder
        self._key = coder or UNNAMED  # in `codings`
        self._tables = tables
        self._begun = False

    @property
    def reviewer(self) -> str:
        """The first coder; empty without a name."""
        names = list(self._tables.rows("session", ("reviewer",), lambda row: row[0]))
        return names[0] if names and isinstance(names[0], str) else ""

    @property
    def nameless(self) -> bool:
        """Whether events were judged by a person who gave no name."""
        return not self.reviewer and self._is_judged()

    def adopt(self) -> None:
        """Make what was judged without a name the coder's."""
        self._tables.add_column("session", "reviewer")
        self._tables.write("UPDATE session SET reviewer = ? WHERE reviewer IS NULL", (self.coder or None,))

    def claim(self) -> None:
        """Make the coder the first one, where nobody has judged anything yet."""
        if self.coder and not self.reviewer and not self._is_judged():
            self.adopt()

    def of_events(self, rows: Iterable[StoredEvent]) -> list[StoredEvent]:
        """Events with the coder's judgements, without those that only another coder made of a candidate."""
        if self._is_first():
            return [row for row in rows if row.id < FIRST_PROMOTED_ID or row.status is not Status.UNREVIEWED]
        mine = {_place(coded): coded for coded in self._codings()}
        shown = []
        for row in rows:
            face, onset_s, apex_s, offset_s = place_of(row.event)
            judged = mine.get((face, onset_s, apex_s, offset_s)) or mine.get((None, onset_s, apex_s, offset_s))
            status = judged.status if judged else Status.UNREVIEWED
            if row.id < FIRST_PROMOTED_ID or status is not Status.UNREVIEWED:
                shown.append(replace(row, status=status, note=judged.text if judged else ""))
        return shown

    def review(self, event_id: int, status: Status | None, note: str | None) -> None:
        """Set the status or the note of an event, or both. Raises `KeyError` for an unknown event."""
        self.claim()
        values = status and status.value, note
        if self._is_first():
            change = "UPDATE events SET status = coalesce(?, status), note = coalesce(?, note) WHERE id = ?"
            if not self._tables.write(change, (*values, event_id)).rowcount:
                raise KeyError(event_id)
            return
        face, *times = self._place(event_id)
        self._begin()
        of_event = (self._key, *times, face)
        change = f"UPDATE codings SET status = coalesce(?, status), text = coalesce(?, text) WHERE {OF_CODER}"  # noqa: S608
        if not self._tables.write(change, (*values, *of_event)).rowcount:  # an event that came since
            self._add([Coding(times[0], times[2], times[1], status or Status.UNREVIEWED, text=note or "", face=face)])

    def promote(self, candidate: Event) -> int:
        """Make a rejected candidate an event that the coder confirmed, and return its number."""
        self.claim()
        first = self._is_first()
        status = Status.CONFIRMED if first else Status.UNREVIEWED
        number = self._number(candidate)
        if number is None:
            taken = self._tables.write("SELECT max(id) FROM events WHERE id >= ?", (FIRST_PROMOTED_ID,)).fetchone()[0]
            number = FIRST_PROMOTED_ID if taken is None else taken + 1
            columns = ("id", "status", *EVENT_COLUMNS)
            added = f"INSERT INTO events ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
            self._tables.write(added, (number, status.value, *event_row(candidate)))
        elif first:
            self._tables.write("UPDATE events SET status = ? WHERE id = ?", (status.value, number))
        if not first:
            self.review(number, Status.CONFIRMED, None)
        return number

    def demote(self, event_id: int) -> None:
        """Make an event that the coder promoted a rejected candidate again. Raises `KeyError` for another event."""
        if event_id < FIRST_PROMOTED_ID:
            raise KeyError(event_id)
        face, *times = self._place(event_id)
        if self._is_first():
            self._tables.write("UPDATE events SET status = 'unreviewed', note = '' WHERE id = ?", (event_id,))
        else:
            self._tables.write(f"DELETE FROM codings WHERE {OF_CODER}", (self._key, *times, face))  # noqa: S608
        others = any(_place(coded)[1:] == tuple(times) for coded in self._codings(everybody=True))
        if not others:
            self._tables.write("DELETE FROM events WHERE id = ? AND status = 'unreviewed'", (event_id,))

    def _is_first(self) -> bool:
        if self.coder is None:
            return True
        first = self.reviewer
        return self.coder == first or (not first and not self._is_judged())

    def _is_judged(self) -> bool:
        judged = "(status <> 'unreviewed' OR note <> '')"
        return any(True for _ in self._tables.rows("events", ("1",), lambda found: found, where=judged))

    def _codings(self, *, everybody: bool = False) -> list[Coding]:
        found = self._tables.rows("codings", CODING_COLUMNS, coding)
        return [coded for coder, coded in found if everybody or coder == self._key]

    def _begin(self) -> None:
        """Give the coder a row for each event, so that what is not judged yet can be told from what is not seen."""
        if self._begun:
            return
        if self._codings():
            for column, kind in CODINGS_ADDED:
                self._tables.add_column("codings", column, kind)
        else:
            columns = ("face", "onset_s", "apex_s", "offset_s")
            places = self._tables.rows("events", columns, lambda row: row, where=f"id < {FIRST_PROMOTED_ID}")
            self._add([Coding(on, off, apex, Status.UNREVIEWED, face=face) for face, on, apex, off in places])
        self._begun = True

    def _add(self, codings: list[Coding]) -> None:
        """Add rows of the coder's."""
        rows = [coding_row(self._key, coded) for coded in (*self._codings(), *codings)]
        self._tables.replace("codings", CODINGS, rows, where=("coder", self._key), added=CODINGS_ADDED)

    def _place(self, event_id: int) -> tuple[int, float, float, float]:
        columns = ("face", "onset_s", "apex_s", "offset_s")
        found = list(self._tables.rows("events", columns, lambda row: row, where=f"id = {int(event_id)}"))
        if not found:
            raise KeyError(event_id)
        return found[0]

    def _number(self, candidate: Event) -> int | None:
        """The event that another coder made of a candidate."""
        cursor: sqlite3.Cursor = self._tables.write(f"SELECT id FROM events WHERE {PROMOTED}", place_of(candidate))  # noqa: S608
        found = cursor.fetchone()
        return None if found is None else int(found[0])


def _place(coded: Coding) -> Place:
    return coded.face, coded.onset_s, coded.apex_s, coded.offset_s
