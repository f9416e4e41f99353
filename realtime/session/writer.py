"""Writes a session while it runs: rows gather in memory and a thread of its own commits them twice a second.

The thread that analyses only appends; it never waits for the disk, unless `MOST_ROWS` have gathered because the disk is
too slow. A killed process loses at most the last half second: SQLite's write-ahead log survives it.
"""

import contextlib
import json
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from realtime.drivers import Sink, Summary
from realtime.frame import Frame
from realtime.results import REGION_GROUPS, Analysis, Event
from realtime.session.schema import EVENT_COLUMNS, JSON_COLUMNS, TABLES, SessionError, SessionInfo
from realtime.sources import Dropped, Notice

COMMIT_EVERY_S = 0.5
MOST_ROWS = 20_000


def _insert(table: str, columns: Sequence[str]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608


_THRESHOLDS = tuple(f"{region}_threshold" for region in REGION_GROUPS)
_HEAD = ("yaw_deg", "pitch_deg", "roll_deg", "eye_distance_px", "calibrated")
ADD_FACE = _insert("frames", ("frame", "time_s", "face", *REGION_GROUPS, *_THRESHOLDS, *_HEAD))
ADD_FRAME = _insert("frames", ("frame", "time_s", "dropped"))
ADD_EVENT = _insert("events", ("id", *EVENT_COLUMNS))
ADD_PICTURE = _insert("pictures", ("event", "moment", "jpeg"))
ADD_CANDIDATE = _insert("candidates", EVENT_COLUMNS)
ADD_NOTICE = _insert("notices", ("time_s", "kind", "text"))
ADD_SESSION = _insert(
    "session", ("created_utc", "source", "video", "parameters", "versions", "weights_sha256", "consent")
)


class SessionWriter(Sink):
    """A sink that writes a new session file; one thread at a time may call it.

    Raises `SessionError` if the file exists or cannot be made, and from the next call on once the disk refuses more
    (what was committed until then stays). `close`, or leaving the context, writes what is left.
    """

    def __init__(self, path: Path, info: SessionInfo) -> None:
        self._path = path
        self._database = _create(path, info)
        self._rows: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self._waiting = 0
        self._events = 0
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._failure = ""
        self._thread = threading.Thread(target=self._commit_regularly, name="session", daemon=True)
        self._thread.start()

    def on_analysis(self, frame: Frame, analysis: Analysis) -> None:
        """Keep the readings of each face."""
        if not analysis.faces:
            self._add(ADD_FRAME, (frame.index, frame.time_s, None))
        for face in analysis.faces:
            motion, threshold = face.motion.tolist(), face.threshold.tolist()
            head = (*map(float, face.yaw_pitch_roll_deg), float(face.eye_distance_px), face.calibrated)
            self._add(ADD_FACE, (frame.index, frame.time_s, face.face, *motion, *threshold, *head))

    def on_events(self, events: Sequence[Event]) -> None:
        """Keep events."""
        for event in events:
            self.add_event(event)

    def add_event(self, event: Event, pictures: Mapping[str, bytes] | None = None) -> None:
        """Keep an event, and with it JPEG pictures of its "onset" and "apex" if the person allowed that."""
        self._events += 1
        self._add(ADD_EVENT, (self._events, *_movement(event)))
        for moment, jpeg in (pictures or {}).items():
            self._add(ADD_PICTURE, (self._events, moment, jpeg))

    def on_rejected(self, candidates: Sequence[Event]) -> None:
        """Keep rejected candidates with their reasons."""
        for candidate in candidates:
            self._add(ADD_CANDIDATE, _movement(candidate))

    def on_drop(self, dropped: Dropped) -> None:
        """Keep that a frame is missing, and why."""
        self._add(ADD_FRAME, (dropped.index, dropped.time_s, dropped.cause.value))

    def on_notice(self, notice: Notice) -> None:
        """Keep what the user was told."""
        self._add(ADD_NOTICE, (notice.time_s, notice.kind.value, notice.text))

    def close(self, summary: Summary | None = None) -> None:
        """Write what is left and the run's summary, and leave one single file; calling it again does nothing.

        Raises `SessionError` if not all could be written.
        """
        if self._closing.is_set():
            return
        self._closing.set()
        self._thread.join()
        closed = (_now_utc(), None if summary is None else json.dumps(asdict(summary)))
        try:
            if not self._failure:
                self._commit([("UPDATE session SET closed_utc = ?, summary = ?", [closed])])
            # refused while a reader has the file open, who then tidies up when it closes
            with contextlib.suppress(sqlite3.OperationalError):
                self._database.execute("PRAGMA journal_mode = DELETE")
        finally:
            self._database.close()
        if self._failure:
            raise SessionError(self._failure)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _add(self, statement: str, row: tuple[Any, ...]) -> None:
        with self._changed:
            if self._waiting >= MOST_ROWS:
                self._changed.wait_for(lambda: self._waiting < MOST_ROWS or self._failure)
            if self._failure:
                raise SessionError(self._failure)
            self._rows[statement].append(row)
            self._waiting += 1

    def _commit_regularly(self) -> None:
        closing = False
        while not closing and not self._failure:
            closing = self._closing.wait(COMMIT_EVERY_S)
            with self._changed:
                rows, self._rows, self._waiting = self._rows, defaultdict(list), 0
                self._changed.notify_all()
            self._commit(list(rows.items()))

    def _commit(self, batches: list[tuple[str, list[tuple[Any, ...]]]]) -> None:
        try:
            with self._database:
                for statement, rows in batches:
                    self._database.executemany(statement, rows)
        except sqlite3.Error as error:
            with self._changed:
                self._failure = f"{self._path} cannot be written any more ({error}); what was saved before is in it."
                self._changed.notify_all()


def _create(path: Path, info: SessionInfo) -> sqlite3.Connection:
    try:
        path.open("xb").close()
    except FileExistsError:
        raise SessionError(f"{path} exists already; choose another name.") from None
    except OSError as error:
        raise SessionError(f"{path} cannot be made: {error.strerror}.") from error
    try:
        database = sqlite3.connect(path, timeout=2, check_same_thread=False)
        database.executescript(TABLES)
        row = (
            _now_utc(), info.source, info.video, json.dumps(dict(info.parameters)), json.dumps(dict(info.versions)),
            info.weights_sha256, info.consent,
        )  # fmt: skip
        with database:
            database.execute(ADD_SESSION, row)
        # only now, so that the file itself already says what it is
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
    except sqlite3.Error as error:
        raise SessionError(f"{path} cannot be written ({error}).") from error
    return database


def _movement(event: Event) -> tuple[Any, ...]:
    values = ((name, getattr(event, name)) for name in EVENT_COLUMNS)
    return tuple(
        json.dumps(dict(value)) if name in JSON_COLUMNS and value is not None else value for name, value in values
    )


def _now_utc() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
