"""Join the sessions of a recording's sections into one, as if the recording had been analysed as a whole."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from realtime.drivers import Summary
from realtime.seams import SETTLE_S, Handover, seen_twice
from realtime.session.schema import EVENT_COLUMNS, SessionError
from realtime.session.trace import decode, encode
from realtime.session.writer import ADD_CANDIDATE, ADD_EVENT, ADD_NOTICE, ADD_TRACE
from realtime.sources import Notice

_FACE, _ONSET, _APEX, _OFFSET = map(EVENT_COLUMNS.index, ("face", "onset_s", "apex_s", "offset_s"))
_FRAMES = tuple(at for at, name in enumerate(EVENT_COLUMNS) if name.endswith("_frame"))
_ROWS = 1000
BEFORE_S = 10.0
"""No movement that ended so long before a seam can be one of those behind it."""


@dataclass(frozen=True, slots=True)
class Movement:
    """Of an event or a candidate, what tells whether it is the same as another one."""

    face: int
    onset_s: float
    offset_s: float
    accepted: bool


@dataclass(frozen=True, slots=True)
class Decided:
    """What a joined session holds: its counts, for its summary."""

    events: int
    candidates: int
    strongest_candidate: float | None


class JoinedSession:
    """The session of a recording's first section, to which the later ones are added in their order.

    Every method raises `SessionError` if a file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._database = sqlite3.connect(path)
            self._database.execute("PRAGMA journal_mode = OFF")  # until it is whole, nobody needs it
        except sqlite3.Error as error:
            raise _unusable(path, error) from error

    def add(self, section: Path, seam_s: float, handover: Handover, frames_before: int) -> None:
        """Add the section behind a seam, whose frame 0 is the recording's frame `frames_before`."""
        try:
            self._database.execute("ATTACH ? AS section", (str(section),))
            self._add_frames(handover, frames_before)
            self._add_movements(seam_s, handover, frames_before)
            self._add_trace(handover)
            self._database.execute(
                "INSERT INTO notices SELECT * FROM section.notices AS new WHERE NOT EXISTS"
                " (SELECT 1 FROM main.notices AS old WHERE old.kind = new.kind AND old.text = new.text)"
            )
            self._database.execute(
                "INSERT INTO fingerprints SELECT * FROM section.fingerprints AS new WHERE new.time_s >="
                " (SELECT coalesce(2 * max(old.time_s), 0) FROM main.fingerprints AS old)"
            )
            self._database.commit()
            self._database.execute("DETACH section")
        except (sqlite3.Error, ValueError) as error:
            raise _unusable(section, error) from error

    def decided(self) -> Decided:
        """The counts of what it holds."""
        [(events,)] = self._database.execute("SELECT count(*) FROM events")
        [(candidates, strongest)] = self._database.execute("SELECT count(*), max(score) FROM candidates")
        return Decided(events, candidates, strongest)

    def close(self, summary: Summary | None = None, notice: Notice | None = None) -> None:
        """Give it the whole run's summary, and leave one single file."""
        try:
            if notice is not None:
                self._database.execute(ADD_NOTICE, (notice.time_s, notice.kind.value, notice.text))
            if summary is not None:
                self._database.execute("UPDATE session SET summary = ?", (json.dumps(asdict(summary)),))
            self._database.commit()
        except sqlite3.Error as error:
            raise _unusable(self._path, error) from error
        finally:
            self._database.close()

    def _add_frames(self, handover: Handover, frames_before: int) -> None:
        columns = [name for _, name, *_ in self._database.execute("PRAGMA section.table_info(frames)")]
        frame, face = columns.index("frame"), columns.index("face")

        def placed(row: tuple[Any, ...]) -> tuple[Any, ...]:
            values = list(row)
            values[frame] += frames_before
            values[face] = None if row[face] is None else handover.number(row[face])
            return tuple(values)

        add = f"INSERT INTO main.frames ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
        self._copy("SELECT * FROM section.frames ORDER BY rowid", add, placed)

    def _add_movements(self, seam_s: float, handover: Handover, frames_before: int) -> None:
        columns = ", ".join(EVENT_COLUMNS)
        before = [
            Movement(face, onset_s, offset_s, accepted)
            for table, accepted in (("events", True), ("candidates", False))
            for face, onset_s, offset_s in self._database.execute(
                f"SELECT face, onset_s, offset_s FROM main.{table} WHERE apex_s > ?",  # noqa: S608
                (seam_s - BEFORE_S,),
            )
        ]
        for table, accepted in (("events", True), ("candidates", False)):
            number = self._last_id(table)
            for row in self._rows(f"SELECT {columns} FROM section.{table} ORDER BY id"):  # noqa: S608
                values = list(row)
                values[_FACE] = handover.number(row[_FACE])
                for at in _FRAMES:
                    values[at] += frames_before
                new = Movement(values[_FACE], row[_ONSET], row[_OFFSET], accepted)
                if row[_APEX] < seam_s + SETTLE_S and seen_twice(new, before):
                    continue
                number += 1
                self._database.execute(
                    ADD_EVENT if accepted else ADD_CANDIDATE, ((number, *values) if accepted else values)
                )

    def _add_trace(self, handover: Handover) -> None:
        def lifted(row: tuple[Any, ...]) -> tuple[Any, ...]:
            face, start_s, steps, patches = row
            if (lift := handover.lifts.get(face)) is not None:
                patches = encode(decode(patches, steps) + lift)
            return handover.number(face), start_s, steps, patches

        self._copy("SELECT face, start_s, steps, patches FROM section.trace ORDER BY rowid", ADD_TRACE, lifted)

    def _copy(self, query: str, add: str, placed: Callable[[tuple[Any, ...]], tuple[Any, ...]]) -> None:
        self._database.executemany(add, (placed(row) for row in self._rows(query)))

    def _rows(self, query: str) -> Iterator[tuple[Any, ...]]:
        with closing(self._database.cursor()) as cursor:
            cursor.execute(query)
            while rows := cursor.fetchmany(_ROWS):
                yield from rows

    def _last_id(self, table: str) -> int:
        [(last,)] = self._database.execute(f"SELECT coalesce(max(id), 0) FROM main.{table}")  # noqa: S608
        return int(last)


def _unusable(path: Path, error: Exception) -> SessionError:
    return SessionError(f"{path} cannot be joined to the session of its recording ({error}).")
