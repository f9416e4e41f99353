"""Read and review session files, including those of killed and of running processes.

A session is untrusted input. What can be read of a damaged one is read (`realtime.session.tables`), and
`Session.damage` says so. A session of which nothing can be read raises `SessionError`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypeVar

from realtime.labels import Label
from realtime.session import check
from realtime.session.coders import CODINGS_ADDED, View
from realtime.session.fingerprint import Fingerprint
from realtime.session.frames import Frames, frames
from realtime.session.limits import with_limits_at_their_frames
from realtime.session.rows import (
    CODING_COLUMNS,
    FRAME_COLUMNS,
    Annotation,
    Coding,
    FrameRow,
    StoredEvent,
    annotation,
    coding,
    coding_row,
    event_of,
    fingerprint,
    judgement,
    notice,
    picture,
    place_of,
    placed_event,
    recorded_file,
    second_score,
    spoken,
    stored_event,
)
from realtime.session.schema import (
    CODINGS,
    EVENT_COLUMNS,
    MAX_COMMIT_ROWS,
    SECOND_SCORES,
    TRANSCRIPT,
    SessionInfo,
    Status,
)
from realtime.session.tables import Tables
from realtime.session.trace import BLOCK_STEPS, block, stretches
from realtime.sources import Notice
from realtime.spotting.grid import Steps
from realtime.spotting.responses import GRID_HZ
from realtime.types import MAX_TIME_S, Event

T = TypeVar("T")
ADD_ANNOTATION = "INSERT INTO annotations (time_s, end_s, text, created_utc) VALUES (?, ?, ?, ?)"


class Session:
    """An open session, returned by `open_session`. Every method raises `SessionError` if the file cannot be used."""

    def __init__(self, tables: Tables, coder: str | None) -> None:
        self._tables = tables
        self._view = View(tables, coder)

    @property
    def damage(self) -> str:
        """One sentence about what of the session could not be read so far; empty if nothing was left out."""
        return self._tables.damage

    @property
    def coder(self) -> str | None:
        """Whose judgements and marks are read and written; None: those of the first coder."""
        return self._view.coder

    @property
    def reviewer(self) -> str:
        """The first coder: whose judgements a session holds in its table of events; empty without a name."""
        return self._view.reviewer

    @property
    def coders(self) -> list[str]:
        """Who judged, marked or was imported under a name."""
        marked = {mark.coder for mark in self.annotations_of_all()}
        return sorted({self.reviewer, *self.codings(), *marked} - {""})

    @property
    def nameless(self) -> bool:
        """Whether events were judged by a person who gave no name."""
        return self._view.nameless

    def adopt(self) -> None:
        """Make what was judged without a name the coder's; saved at once."""
        self._view.adopt()

    @property
    def info(self) -> SessionInfo:
        """The session's current description; what is damaged of it has its default."""
        columns = tuple(name for name in check.table_columns()["session"] if name != "reviewer")
        rows = list(self._tables.rows("session", columns, lambda row: dict(zip(columns, row, strict=True))))
        if not rows:
            self._tables.damaged.setdefault("session", "its description is missing")
        row: dict[str, Any] = rows[0] if rows else {}
        faults: list[str] = []

        def read(decode: Callable[[object, str], T], name: str, default: T, *, optional: bool = False) -> T:
            value = row.get(name)
            if not row or (value is None and optional):
                return default
            try:
                return decode(value, name)
            except check.DamagedRowError as damage:
                faults.append(str(damage))
                return default

        info = SessionInfo(
            source=read(check.text, "source", "unknown source"),
            video=read(check.text, "video", None, optional=True),
            parameters=read(check.json_object, "parameters", {}),
            versions=read(check.texts, "versions", {}),
            weights_sha256=read(check.text, "weights_sha256", None, optional=True),
            consent=read(check.text, "consent", None, optional=True),
            created_utc=read(check.text, "created_utc", ""),
            closed_utc=read(check.text, "closed_utc", None, optional=True),
            summary=read(check.json_object, "summary", None, optional=True),
            participant=read(check.text, "participant", "", optional=True),
            note=read(check.text, "session_note", "", optional=True),
        )
        files = list(self._tables.rows("recording", ("size_bytes", "modified_ns", "quick_sha256"), recorded_file))
        info = replace(info, file=files[0] if files else None)
        if faults:
            self._tables.damaged["session"] = f"of its description, {'; '.join(faults)}"
        return info

    @property
    def stores_limits(self) -> bool:
        """Whether limits of detection were stored; sessions of version 1 have none."""
        return self._tables.columns("frames").issuperset(check.LIMIT_COLUMNS)

    def frames(self, between_s: tuple[float, float] | None = None) -> Iterator[FrameRow]:
        """Yield a row for each face of each frame that the source offered, in the order of time, or of those between.

        The last `LIMIT_DELAY_S` have no limit of detection: it is stored with later frames.
        """
        for some in self.frame_blocks(between_s):
            yield from some.rows()

    def frame_blocks(self, between_s: tuple[float, float] | None = None) -> Iterator[Frames]:
        """Yield the same rows many at a time, by column: hours of them are read in seconds."""
        where = "TRUE"
        if between_s is not None:
            where = "time_s BETWEEN {:f} AND {:f}".format(*between_s)
            if ids := self._tables.ids_between("frames", "time_s", between_s):
                where += " AND rowid BETWEEN {} AND {}".format(*ids)
        return with_limits_at_their_frames(self._tables.blocks("frames", FRAME_COLUMNS, frames, where=where))

    def extent(self) -> tuple[float, list[int]]:
        """Return the time of the last frame in s, and the numbers of the faces that have readings.

        Quick also for hours: of the frames the last are read; of the rest, which faces have a trace.
        """
        traced = self._tables.rows("trace", ("face",), lambda row: row[0], where="TRUE GROUP BY face", order="face")
        faces = list(traced)
        newest = f"rowid > (SELECT max(rowid) - {MAX_COMMIT_ROWS} FROM frames)" if faces else "TRUE"  # noqa: S608
        columns, grouped = ("face", "max(time_s)"), f"{newest} GROUP BY face"
        ends = dict(self._tables.rows("frames", columns, lambda row: row, where=grouped, order="face"))
        times_s = [end_s for end_s in ends.values() if isinstance(end_s, float) and 0 <= end_s <= MAX_TIME_S]
        return max(times_s, default=0.0), sorted({face for face in (*ends, *faces) if type(face) is int})

    def statuses(self) -> list[Status]:
        """Return the coder's judgement of each event, in no order; quick, because nothing else of them is decoded."""
        columns = ("id", "status", "note", "face", "onset_s", "apex_s", "offset_s")
        return [row.status for row in self._view.of_events(self._tables.rows("events", columns, placed_event))]

    def events(self, between_s: tuple[float, float] | None = None) -> list[StoredEvent]:
        """Return the events in the order of time, with the coder's judgements; all, or those that overlap a time."""
        columns = ("id", "status", "note", *EVENT_COLUMNS)
        rows = self._view.of_events(self._tables.rows("events", columns, stored_event, where=_overlapping(between_s)))
        rows.sort(key=lambda row: (row.event.onset_s, row.id))
        second = self.second_scores()
        return [replace(row, second_score=second.get(place_of(row.event))) for row in rows] if second else rows

    def events_of_first(self, known: Sequence[StoredEvent]) -> list[StoredEvent]:
        """Return the events with the first coder's judgements; quick, as `known` ones are not decoded again."""
        by_id = {row.id: row for row in known}
        columns = ("id", "status", "note", *EVENT_COLUMNS)
        ids = ", ".join(map(str, by_id)) or "0"
        new = self._tables.rows("events", columns, stored_event, where=f"id NOT IN ({ids})")
        by_id |= {row.id: row for row in new}
        judged = self._tables.rows("events", ("id", "status", "note"), judgement)
        rows = [replace(by_id[number], status=status, note=note) for number, status, note in judged if number in by_id]
        return sorted(View(self._tables, None).of_events(rows), key=lambda row: (row.event.onset_s, row.id))

    def pictures(self, event_id: int) -> dict[str, bytes]:
        """Return JPEG pictures of an event's "onset" and "apex"; empty without consent to store them."""
        rows = self._tables.rows("pictures", ("event", "moment", "jpeg"), picture, where=f"event = {int(event_id)}")
        return {moment: jpeg for _, moment, jpeg in rows}

    def fingerprints(self) -> list[Fingerprint]:
        """Return the fingerprints of some frames of the video; none if it has none, and in early sessions."""
        return list(self._tables.rows("fingerprints", ("time_s", "width", "height", "hash"), fingerprint))

    def candidates(self, between_s: tuple[float, float] | None = None) -> list[Event]:
        """Return the rejected candidates, each with its reason, in the order of time; all, or as `events` does."""
        rows = self._tables.rows(
            "candidates",
            ("id", *EVENT_COLUMNS),
            lambda row: (row[0], event_of(row[1:], accepted=False)),
            where=_overlapping(between_s),
        )
        return [event for _, event in sorted(rows, key=lambda row: (row[1].onset_s, row[0]))]

    def second_scores(self) -> dict[tuple[int, float, float, float], float]:
        """Return the second pass's score of each event and candidate by `place_of`; empty where it was not run."""
        columns = ("face", "onset_s", "apex_s", "offset_s", "score")
        return dict(self._tables.rows("second_scores", columns, second_score))

    def replace_second_scores(self, scores: Mapping[tuple[int, float, float, float], float]) -> None:
        """Store the second pass's scores in place of earlier ones; saved at once."""
        rows = [(*place, score) for place, score in scores.items()]
        self._tables.replace("second_scores", SECOND_SCORES, rows)

    def traces(self, between_s: tuple[float, float] | None = None) -> list[tuple[int, Steps]]:
        """Return the stretches of the trace without a gap, each with its face; none in early sessions.

        Of those between two times, a stretch begins and ends at most `BLOCK_STEPS` steps beyond.
        """
        where = "TRUE"
        if between_s is not None:
            where = f"start_s BETWEEN {between_s[0] - BLOCK_STEPS / GRID_HZ:f} AND {between_s[1]:f}"
        return stretches(self._tables.rows("trace", ("face", "start_s", "steps", "patches"), block, where=where))

    def notices(self) -> list[Notice]:
        """Return the notices to the user, in the order of time."""
        return list(self._tables.rows("notices", ("time_s", "kind", "text"), notice))

    def annotations(self) -> list[Annotation]:
        """Return the coder's marks and everybody's, in the order of time."""
        whose = {"", self.reviewer if self.coder is None else self.coder}
        return [mark for mark in self.annotations_of_all() if mark.coder in whose]

    def annotations_of_all(self) -> list[Annotation]:
        """Return the marks of all coders, in the order of time."""
        rows = self._tables.rows("annotations", ("id", "time_s", "end_s", "text", "marked_by"), annotation)
        return sorted(rows, key=lambda mark: (mark.time_s, mark.id))

    def transcript(self) -> list[Label]:
        """Return what was said, in the order of time; empty where no transcript was imported."""
        rows = self._tables.rows("transcript", ("start_s", "end_s", "text", "speaker"), spoken)
        return sorted(rows, key=lambda label: (label.start_s, label.end_s))

    def replace_transcript(self, labels: Sequence[Label]) -> None:
        """Store what was said in place of an earlier transcript; saved at once."""
        rows = [(label.start_s, label.end_s, label.text, label.tier) for label in labels]
        self._tables.replace("transcript", TRANSCRIPT, rows)

    def codings(self) -> dict[str, list[Coding]]:
        """Return what other coders found or judged, by coder, in the order of time; empty where none was imported."""
        by_coder: dict[str, list[Coding]] = {}
        for coder, coded in self._tables.rows("codings", CODING_COLUMNS, coding):
            by_coder.setdefault(coder, []).append(coded)
        return {coder: sorted(by_coder[coder], key=lambda one: one.onset_s) for coder in sorted(by_coder)}

    def replace_codings(self, coder: str, codings: Sequence[Coding]) -> None:
        """Store what a coder found or judged in place of what they had before; saved at once."""
        rows = [coding_row(coder, coded) for coded in codings]
        self._tables.replace("codings", CODINGS, rows, where=("coder", coder), added=CODINGS_ADDED)

    def review(self, event_id: int, *, status: Status | None = None, note: str | None = None) -> None:
        """Set the status or the note of an event, or both; saved at once. Raises `KeyError` for an unknown event."""
        self._view.review(event_id, status, note)

    def promote(self, candidate: Event) -> int:
        """Make a rejected candidate a confirmed event, and return its number; saved at once.

        Other coders see it as the candidate that it was.
        """
        return self._view.promote(candidate)

    def demote(self, event_id: int) -> None:
        """Make an event that was promoted a rejected candidate again. Raises `KeyError` for another event."""
        self._view.demote(event_id)

    def annotate(
        self, time_s: float, text: str, end_s: float | None = None, *, number: int | None = None
    ) -> Annotation:
        """Add a mark, with a new number unless it comes back under its own; saved at once."""
        self._view.claim()
        if self.coder:
            self._tables.add_column("annotations", "marked_by")
        row: dict[str, object] = {"time_s": time_s, "end_s": end_s, "text": text, "created_utc": _now_utc()}
        row |= {"marked_by": self.coder} if self.coder else {}
        row |= {} if number is None else {"id": number}
        added = f"INSERT INTO annotations ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"  # noqa: S608
        given = self._tables.write(added, tuple(row.values())).lastrowid
        assert given is not None
        return Annotation(given, time_s, end_s, text, self.coder or "")

    def annotate_all(self, labels: Sequence[Label]) -> None:
        """Add another coder's labels as marks, all or none; their text begins with their tier. Saved at once."""
        now = _now_utc()
        rows = [
            (
                label.start_s,
                label.end_s if label.end_s > label.start_s else None,
                f"{label.tier}: {label.text}" if label.tier else label.text,
                now,
            )
            for label in labels
        ]
        self._tables.write_all(ADD_ANNOTATION, rows)

    def change_annotation(self, annotation_id: int, time_s: float, end_s: float | None, text: str) -> None:
        """Give a mark other times or another text; saved at once. Raises `KeyError` for an unknown mark."""
        change = "UPDATE annotations SET time_s = ?, end_s = ?, text = ? WHERE id = ?"
        if not self._tables.write(change, (time_s, end_s, text, annotation_id)).rowcount:
            raise KeyError(annotation_id)

    def remove_annotation(self, annotation_id: int) -> None:
        """Remove a mark; saved at once. Raises `KeyError` for an unknown mark."""
        if not self._tables.write("DELETE FROM annotations WHERE id = ?", (annotation_id,)).rowcount:
            raise KeyError(annotation_id)

    def describe(self, *, participant: str | None = None, note: str | None = None) -> None:
        """Store who is in the session, or a note on the whole of it; saved at once."""
        for column, text in (("participant", participant), ("session_note", note)):
            if text is not None:
                self._tables.add_column("session", column)
                self._tables.write(f"UPDATE session SET {column} = ?", (text,))  # noqa: S608

    def move_video(self, video: Path) -> None:
        """Store the recording's new path; saved at once."""
        self._tables.write("UPDATE session SET video = ?", (str(video),))

    def close(self) -> None:
        """Close the file."""
        self._tables.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_session(path: Path, coder: str | None = None) -> Session:
    """Open a session; data that a killed process left in the write-ahead log is recovered.

    Judgements and marks are those of a `coder`: of its first one by default, "" is a person without a name.
    A read-only file is opened for reading only. Raises `SessionError` if the file is missing, is not a session, was
    written by a newer version, holds a view, a trigger or another thing that no session has, or if neither its
    description nor its events can be read.
    """
    return Session(Tables(path), coder)


def _overlapping(between_s: tuple[float, float] | None) -> str:
    return "TRUE" if between_s is None else "offset_s >= {:f} AND onset_s <= {:f}".format(*between_s)


def _now_utc() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
