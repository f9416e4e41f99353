"""Reads, reviews and deletes session files, those of killed processes and of running ones included."""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from realtime.results import REGION_GROUPS, Event
from realtime.session.schema import (
    APPLICATION_ID,
    EVENT_COLUMNS,
    JSON_COLUMNS,
    VERSION,
    SessionError,
    SessionInfo,
    Status,
)
from realtime.sources import Cause, Notice, NoticeKind


@dataclass(frozen=True, slots=True)
class FrameRow:
    """One face of one frame; without a face, a frame in which there was none or that was dropped."""

    frame: int
    time_s: float
    dropped: Cause | None = None
    face: int | None = None
    motion: tuple[float, ...] = ()
    """By `REGION_GROUPS`, in % iod."""
    threshold: tuple[float, ...] = ()
    yaw_pitch_roll_deg: tuple[float, ...] = ()
    eye_distance_px: float = 0.0
    calibrated: bool = False


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event with what a person said of it."""

    id: int
    event: Event
    status: Status
    note: str


@dataclass(frozen=True, slots=True)
class Annotation:
    """A person's own mark at a time, or from `time_s` to `end_s`."""

    id: int
    time_s: float
    end_s: float | None
    text: str


class Session:
    """An open session; made by `open_session`. Every method raises `SessionError` if the file fails it."""

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        self._path = path
        self._database = database

    @property
    def info(self) -> SessionInfo:
        """What the session says of itself, as of now."""
        (row,) = self._rows("SELECT * FROM session")
        return SessionInfo(
            source=row["source"],
            video=row["video"],
            parameters=json.loads(row["parameters"]),
            versions=json.loads(row["versions"]),
            weights_sha256=row["weights_sha256"],
            consent=row["consent"],
            created_utc=row["created_utc"],
            closed_utc=row["closed_utc"],
            summary=row["summary"] and json.loads(row["summary"]),
        )

    def frames(self) -> Iterator[FrameRow]:
        """Every frame that the source offered, in the order of time."""
        regions, thresholds = len(REGION_GROUPS), 2 * len(REGION_GROUPS)
        columns = ", ".join((*REGION_GROUPS, *(f"{region}_threshold" for region in REGION_GROUPS)))
        head = "yaw_deg, pitch_deg, roll_deg, eye_distance_px, calibrated"
        rows = self._rows(f"SELECT frame, time_s, dropped, face, {columns}, {head} FROM frames ORDER BY frame, rowid")  # noqa: S608
        for frame, time_s, dropped, face, *values in rows:
            if face is None:
                yield FrameRow(frame, time_s, Cause(dropped) if dropped else None)
                continue
            *pose, eye_distance_px, calibrated = values[thresholds:]
            motion, threshold = tuple(values[:regions]), tuple(values[regions:thresholds])
            yield FrameRow(frame, time_s, None, face, motion, threshold, tuple(pose), eye_distance_px, bool(calibrated))

    def events(self) -> list[StoredEvent]:
        """Events in the order of time."""
        rows = self._rows("SELECT * FROM events ORDER BY onset_s, id")
        return [StoredEvent(row["id"], _event(row), Status(row["status"]), row["note"]) for row in rows]

    def pictures(self, event_id: int) -> dict[str, bytes]:
        """JPEG pictures of an event's "onset" and "apex"; empty where none were allowed."""
        if not list(self._rows("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'pictures'")):
            return {}
        return dict(map(tuple, self._rows("SELECT moment, jpeg FROM pictures WHERE event = ?", (event_id,))))

    def candidates(self) -> list[Event]:
        """What the program rejected, each with its reason, in the order of time."""
        return [_event(row) for row in self._rows("SELECT * FROM candidates ORDER BY onset_s, id")]

    def notices(self) -> list[Notice]:
        """What the user was told, in the order of time."""
        rows = self._rows("SELECT time_s, kind, text FROM notices ORDER BY rowid")
        return [Notice(time_s, NoticeKind(kind), text) for time_s, kind, text in rows]

    def annotations(self) -> list[Annotation]:
        """Marks in the order of time."""
        rows = self._rows("SELECT id, time_s, end_s, text FROM annotations ORDER BY time_s, id")
        return [Annotation(*row) for row in rows]

    def review(self, event_id: int, *, status: Status | None = None, note: str | None = None) -> None:
        """Set the status or the note of an event, or both; saved at once. `KeyError` if there is no such event."""
        change = "UPDATE events SET status = coalesce(?, status), note = coalesce(?, note) WHERE id = ?"
        if not self._write(change, (status and status.value, note, event_id)).rowcount:
            raise KeyError(event_id)

    def annotate(self, time_s: float, text: str, end_s: float | None = None) -> Annotation:
        """Add a mark; saved at once."""
        row = (time_s, end_s, text, datetime.now(UTC).isoformat(timespec="seconds"))
        added = self._write("INSERT INTO annotations (time_s, end_s, text, created_utc) VALUES (?, ?, ?, ?)", row)
        assert added.lastrowid is not None
        return Annotation(added.lastrowid, time_s, end_s, text)

    def remove_annotation(self, annotation_id: int) -> None:
        """Take a mark away; saved at once. `KeyError` if there is no such mark."""
        if not self._write("DELETE FROM annotations WHERE id = ?", (annotation_id,)).rowcount:
            raise KeyError(annotation_id)

    def move_video(self, video: Path) -> None:
        """Remember where the recording lies now; saved at once."""
        self._write("UPDATE session SET video = ?", (str(video),))

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _rows(self, query: str, values: tuple[Any, ...] = ()) -> Iterator[Any]:
        with _told_in_words(self._path):
            yield from self._database.execute(query, values)

    def _write(self, statement: str, row: tuple[Any, ...]) -> sqlite3.Cursor:
        with _told_in_words(self._path), self._database:
            return self._database.execute(statement, row)


def open_session(path: Path) -> Session:
    """Open a session; what a killed process left in the write-ahead log is recovered.

    A file that may not be written to is opened for reading. Raises `SessionError` if it is missing, no session, or
    written by a newer version.
    """
    try:
        with path.open("rb") as file:
            head = file.read(100)
    except OSError as error:
        raise SessionError(f"{path} cannot be read: {error.strerror}.") from error
    # SQLite's header holds its own name, and the application's id at byte 68
    if not head.startswith(b"SQLite format 3\0") or head[68:72] != APPLICATION_ID.to_bytes(4):
        raise SessionError(f"{path} is not a MEDN session.")
    mode = "rw" if os.access(path, os.W_OK) else "ro"
    with _told_in_words(path):
        database = sqlite3.connect(f"{path.resolve().as_uri()}?mode={mode}", uri=True, timeout=2)
        database.row_factory = sqlite3.Row
        (version,) = database.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        database.close()
        raise SessionError(
            f"{path} was written by a newer MEDN (format {version}; this one reads {VERSION}): update MEDN."
        )
    return Session(path, database)


def delete_session(path: Path) -> None:
    """Delete a session for good, with what SQLite keeps beside it; raises `SessionError` if it is none or it cannot."""
    open_session(path).close()
    try:
        for part in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
            part.unlink(missing_ok=True)
    except OSError as error:
        raise SessionError(f"{path} cannot be deleted: {error.strerror}.") from error


@contextmanager
def _told_in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise SessionError(f"{path} cannot be used ({error}).") from error


def _event(row: sqlite3.Row) -> Event:
    values = ((name, row[name]) for name in EVENT_COLUMNS)
    return Event(**{name: json.loads(value) if name in JSON_COLUMNS and value else value for name, value in values})
