"""Write a session during a run: rows are collected in memory, and a separate thread commits them twice a second.

The analysing thread only appends rows. It waits for the disk only if `MAX_COMMIT_ROWS` have been collected because the
disk is too slow. A killed process loses at most the last half second, because SQLite's write-ahead log survives it.
"""

import contextlib
import json
import math
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from medn.face.aligned import eye_axis
from realtime.drivers import Summary
from realtime.session.fingerprint import fingerprint
from realtime.session.private import create_private_whole
from realtime.session.rows import event_row
from realtime.session.schema import EVENT_COLUMNS, MAX_COMMIT_ROWS, TABLES, SessionError, SessionInfo
from realtime.session.trace import Blocks, encode
from realtime.sink import Sink
from realtime.sources import Dropped, Notice
from realtime.spotting.grid import Steps
from realtime.types import REGION_GROUPS, Analysis, Event, Frame

COMMIT_EVERY_S = 0.5


def _insert(table: str, columns: Sequence[str]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608


_THRESHOLDS = tuple(f"{region}_threshold" for region in REGION_GROUPS)
_HEAD = ("yaw_deg", "pitch_deg", "roll_deg", "eye_distance_px", "calibrated", "upper_limit_pct", "lower_limit_pct")
_PLACE = ("eyes_x_px", "eyes_y_px")
ADD_FACE = _insert("frames", ("frame", "time_s", "face", *REGION_GROUPS, *_THRESHOLDS, *_HEAD, *_PLACE))
ADD_FRAME = _insert("frames", ("frame", "time_s", "dropped"))
ADD_EVENT = _insert("events", ("id", *EVENT_COLUMNS))
ADD_PICTURE = _insert("pictures", ("event", "moment", "jpeg"))
ADD_FINGERPRINT = _insert("fingerprints", ("time_s", "width", "height", "hash"))
ADD_CANDIDATE = _insert("candidates", EVENT_COLUMNS)
ADD_TRACE = _insert("trace", ("face", "start_s", "steps", "patches"))
ADD_NOTICE = _insert("notices", ("time_s", "kind", "text"))
ADD_MARK = _insert("annotations", ("time_s", "text", "created_utc"))
ADD_RECORDING = _insert("recording", ("size_bytes", "modified_ns", "quick_sha256"))
SET_SUMMARY = "UPDATE session SET summary = ?"
ADD_SESSION = _insert(
    "session", ("created_utc", "source", "video", "parameters", "versions", "weights_sha256", "consent")
)


class SessionWriter(Sink):
    """A sink that writes a new session file; one thread at a time may call it.

    Raises `SessionError` if the file exists or cannot be created. If a write to the disk fails, every later call raises
    `SessionError`; rows that were committed before stay. `close`, or leaving the context, writes the remaining rows.
    """

    def __init__(self, path: Path, info: SessionInfo) -> None:
        self._path = path
        self._next_fingerprint_s = 0.0 if info.video else math.inf
        self._database = _create(path, info)
        self._rows: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self._blocks: defaultdict[int, Blocks] = defaultdict(Blocks)  # by face
        self._waiting = 0
        self._events = 0
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._failure = ""
        self._thread = threading.Thread(target=self._commit_regularly, name="session", daemon=True)
        self._thread.start()

    def on_clock(self, first_frame_utc: str) -> None:
        """Keep the time of day at once, so that it is there also if the process is killed."""
        self._add(SET_SUMMARY, (json.dumps({"first_frame_utc": first_frame_utc}),))

    def on_analysis(self, analysis: Analysis, frame: Frame | None) -> None:
        """Record the measurements of each face, events, and rejected candidates with their reasons."""
        if frame is not None:
            self._add_readings(analysis, frame)
            if frame.time_s >= self._next_fingerprint_s:
                self._add_fingerprint(frame)
        for event in analysis.events:
            self.add_event(event)
        for candidate in analysis.rejected:
            self._add(ADD_CANDIDATE, event_row(candidate))

    def add_event(self, event: Event, pictures: Mapping[str, bytes] | None = None) -> None:
        """Record an event, with JPEG pictures of its "onset" and "apex" if the person consented to that."""
        self._events += 1
        self._add(ADD_EVENT, (self._events, *event_row(event)))
        for moment, jpeg in (pictures or {}).items():
            self._add(ADD_PICTURE, (self._events, moment, jpeg))

    def mark(self, time_s: float, text: str) -> None:
        """Record a mark that came during the run."""
        self._add(ADD_MARK, (time_s, text, _now_utc()))

    def on_drop(self, dropped: Dropped) -> None:
        """Record a dropped frame with its cause."""
        self._add(ADD_FRAME, (dropped.index, dropped.time_s, dropped.cause.value))

    def on_notice(self, notice: Notice) -> None:
        """Record a notice to the user."""
        self._add(ADD_NOTICE, (notice.time_s, notice.kind.value, notice.text))

    def close(self, summary: Summary | None = None, *, failed: bool = False) -> None:
        """Write the remaining rows and the run's summary, and leave one single file; calling it again does nothing.

        A session whose run `failed` stays marked as cut off. Raises `SessionError` if not all rows could be written.
        """
        if self._closing.is_set():
            return
        if not self._failure:
            for face, blocks in self._blocks.items():
                self._add_trace(face, blocks.close())
        self._closing.set()
        self._thread.join()
        closed = (_now_utc(), None if summary is None else json.dumps(asdict(summary)))
        try:
            if not self._failure and not failed:
                self._commit([("UPDATE session SET closed_utc = ?, summary = ?", [closed])])
            # fails while a reader has the file open; the reader then removes the log when it closes
            with contextlib.suppress(sqlite3.OperationalError):
                self._database.execute("PRAGMA journal_mode = DELETE")
        finally:
            self._database.close()
        if self._failure:
            raise SessionError(self._failure)
        if not self._path.exists():
            raise SessionError(f"{self._path} was moved or deleted while it was being written: nothing of it is there.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.close(failed=kind is not None)

    def _add_readings(self, analysis: Analysis, frame: Frame) -> None:
        if not analysis.faces:
            self._add(ADD_FRAME, (frame.index, frame.time_s, None))
        for face in analysis.faces:
            motion, threshold = face.motion.tolist(), face.threshold.tolist()
            head = (*map(float, face.yaw_pitch_roll_deg), float(face.eye_distance_px), face.calibrated)
            limits = (None if math.isnan(limit) else float(limit) for limit in face.limit_pct)
            eyes = eye_axis(face.points)
            row = (frame.index, frame.time_s, face.face, *motion, *threshold, *head, *limits, eyes.x, eyes.y)
            self._add(ADD_FACE, row)
            if len(face.trace):
                self._add_trace(face.face, self._blocks[face.face].add(face.trace))

    def _add_trace(self, face: int, blocks: Sequence[Steps]) -> None:
        for steps in blocks:
            self._add(ADD_TRACE, (face, steps.first_s, len(steps), steps.values))

    def _add_fingerprint(self, frame: Frame) -> None:
        """At 0, 1, 2, 4, 8 … s: the length of the video is not known yet."""
        self._next_fingerprint_s = max(2 * frame.time_s, 1.0)
        made = fingerprint(frame.time_s, frame.image)
        self._add(ADD_FINGERPRINT, (made.time_s, made.width, made.height, f"{made.bits:016x}"))

    def _add(self, statement: str, row: tuple[Any, ...]) -> None:
        with self._changed:
            if self._waiting >= MAX_COMMIT_ROWS:
                self._changed.wait_for(lambda: self._waiting < MAX_COMMIT_ROWS or self._failure)
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
                    # here and not where they were measured: no frame waits for the compression
                    ready = [(*row[:-1], encode(row[-1])) for row in rows] if statement == ADD_TRACE else rows
                    self._database.executemany(statement, ready)
        except sqlite3.Error as error:
            with self._changed:
                self._failure = (
                    f"{self._path} cannot be written any more ({error}); everything saved before that is in it."
                )
                self._changed.notify_all()


def _create(path: Path, info: SessionInfo) -> sqlite3.Connection:
    try:
        create_private_whole(path, _described(info))
    except FileExistsError:
        raise SessionError(f"{path} exists already; choose another name.") from None
    except OSError as error:
        raise SessionError(f"{path} cannot be created: {error.strerror}.") from error
    try:
        database = sqlite3.connect(path, timeout=2, check_same_thread=False)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("SELECT id FROM session").fetchone()  # from here on others see that it is in use
    except sqlite3.Error as error:
        path.unlink(missing_ok=True)  # there is nothing in it yet
        raise SessionError(f"{path} cannot be written ({error}).") from error
    return database


def _described(info: SessionInfo) -> bytes:
    """The file of a session that holds its description and nothing else yet."""
    row = (
        _now_utc(), info.source, info.video, json.dumps(dict(info.parameters)), json.dumps(dict(info.versions)),
        info.weights_sha256, info.consent,
    )  # fmt: skip
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.executescript(TABLES)
        with database:
            database.execute(ADD_SESSION, row)
            if info.file:
                database.execute(ADD_RECORDING, astuple(info.file))
        return database.serialize()


def _now_utc() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
