"""The tables of a session file, which any SQLite client can read. Mappings are JSON objects, times are in s.

Pictures are stored in one table only, which stays empty unless the recorded person consented.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any

from medn.errors import UserError
from realtime.drivers.conditions import Hindrance
from realtime.types import FACE_PARTS, LIMIT_DELAY_S, REGION_GROUPS, Event

APPLICATION_ID = int.from_bytes(b"MEDN")
"""In the file's header, for `file` and other programs that identify file types."""
VERSION = 2
"""Increased with every change that an older reader would misread; an additional table is no such change. Older versions
are read as they are: version 1 has no limits of detection."""

EVENT_COLUMNS = tuple(column.name for column in fields(Event) if column.name != "accepted")
"""Accepted events are rows of `events`, rejected ones of `candidates`."""
JSON_COLUMNS = frozenset({"regions", "evidence", "emotion", "aus"})

MAX_COMMIT_ROWS = 20_000
"""Rows that are saved at once: so far from its place in the order of time may a row of `frames` be, because those with
and those without a face are saved one kind after the other."""
FIRST_PROMOTED_ID = 1_000_001
"""Of candidates that a person made events: apart from the program's, which may still be writing its own."""

_MOVEMENT = """
    id INTEGER PRIMARY KEY,
    face INTEGER NOT NULL,
    onset_s REAL NOT NULL, apex_s REAL NOT NULL, offset_s REAL NOT NULL,
    onset_frame INTEGER NOT NULL, apex_frame INTEGER NOT NULL, offset_frame INTEGER NOT NULL,
    score REAL NOT NULL,
    regions TEXT NOT NULL,   -- JSON: peak displacement in % of the eye distance
    evidence TEXT NOT NULL,  -- JSON: what else was measured around the movement
    algorithmic_ms REAL NOT NULL, compute_ms REAL NOT NULL,
    reason TEXT NOT NULL,    -- why a candidate was rejected
    emotion TEXT, aus TEXT   -- JSON: probabilities; NULL where no recognizer ran
"""

TRANSCRIPT = """
CREATE TABLE IF NOT EXISTS transcript (  -- what was said, by the recording's transcript; not in early sessions
    start_s REAL NOT NULL, end_s REAL NOT NULL,
    text TEXT NOT NULL,
    speaker TEXT NOT NULL
) STRICT;
"""
SECOND_SCORES = """
CREATE TABLE IF NOT EXISTS second_scores (  -- of events and candidates, by `medn second-pass`; not in early sessions
    face INTEGER NOT NULL, onset_s REAL NOT NULL, apex_s REAL NOT NULL, offset_s REAL NOT NULL,
    score REAL NOT NULL
) STRICT;
"""
CODINGS = """
CREATE TABLE IF NOT EXISTS codings (  -- what other coders found or judged in the recording; not in early sessions
    coder TEXT NOT NULL,
    onset_s REAL NOT NULL, apex_s REAL, offset_s REAL NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('unreviewed', 'confirmed', 'rejected')),
    emotion TEXT,            -- negative, positive or surprise; NULL where it was not coded
    aus TEXT,                -- action units, joined by +; NULL where none were coded
    text TEXT NOT NULL,
    judged_face INTEGER,     -- of the event, where it was judged in the app; not in early sessions
    judges_event INTEGER     -- 1 where it judges an event that was exported to be judged elsewhere; not in early ones
) STRICT;
"""
TABLES = f"""
PRAGMA page_size = 8192;  -- the definitions of all tables fit on one page: damage to another page costs rows only
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
CREATE TABLE session (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    created_utc TEXT NOT NULL,
    closed_utc TEXT,         -- NULL while it is written, or if it was killed or failed
    source TEXT NOT NULL,
    video TEXT,              -- where the recording lies, if there is one
    parameters TEXT NOT NULL, versions TEXT NOT NULL,  -- JSON
    weights_sha256 TEXT,
    consent TEXT,            -- who is recorded and that they agreed
    summary TEXT,            -- JSON: frames, drops by cause, rates, latencies
    reviewer TEXT,           -- whose judgements the table events holds; NULL without a name, not in early sessions
    participant TEXT,        -- who is in it, where a person wrote that in the app; not in early sessions
    session_note TEXT        -- a person's note on the whole session; not in early sessions
) STRICT;
CREATE TABLE frames (        -- a row for each face of a frame; one without a face where there is none
    frame INTEGER NOT NULL,
    time_s REAL NOT NULL,
    dropped TEXT,            -- cause
    face INTEGER,
    {", ".join(f"{region} REAL" for region in REGION_GROUPS)},            -- motion in % of the eye distance
    {", ".join(f"{region}_threshold REAL" for region in REGION_GROUPS)},  -- that makes it a candidate
    yaw_deg REAL, pitch_deg REAL, roll_deg REAL, eye_distance_px REAL,
    calibrated INTEGER,
    upper_limit_pct REAL, lower_limit_pct REAL, -- size from which half of all movements are
                                                -- found, {LIMIT_DELAY_S} s before; NULL: not judged
    eyes_x_px REAL, eyes_y_px REAL              -- middle between the eyes; not in early sessions
) STRICT;
CREATE TABLE events ({_MOVEMENT},
    status TEXT NOT NULL DEFAULT 'unreviewed' CHECK (status IN ('unreviewed', 'confirmed', 'rejected')),
    note TEXT NOT NULL DEFAULT ''
) STRICT;
-- Events from id {FIRST_PROMOTED_ID} on are candidates that a person made events; they keep the program's reason.
CREATE TABLE candidates ({_MOVEMENT}) STRICT;  -- rejected by the program
CREATE TABLE pictures (      -- the face at an event's onset and apex, if that was allowed; not in early sessions
    event INTEGER NOT NULL REFERENCES events (id),
    moment TEXT NOT NULL CHECK (moment IN ('onset', 'apex')),
    jpeg BLOB NOT NULL,
    PRIMARY KEY (event, moment)
) STRICT;
CREATE TABLE fingerprints (  -- of some frames of the video, to recognize it by; not in early sessions
    time_s REAL NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL,  -- px
    hash TEXT NOT NULL       -- 64 bits as 16 hexadecimal digits
) STRICT;
CREATE TABLE notices (time_s REAL NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL) STRICT;
-- the file that was analysed, to recognise it: see `RecordedFile`; not in early sessions, empty in live ones
CREATE TABLE recording (size_bytes INTEGER NOT NULL, modified_ns INTEGER NOT NULL, quick_sha256 TEXT NOT NULL) STRICT;
CREATE TABLE annotations (
    id INTEGER PRIMARY KEY,
    time_s REAL NOT NULL, end_s REAL,
    text TEXT NOT NULL,
    created_utc TEXT NOT NULL,
    marked_by TEXT           -- the coder; NULL for everybody's, not in early sessions
) STRICT;
CREATE TABLE trace (         -- blocks of the patches' displacement, 30 steps a second; not in early sessions
    face INTEGER NOT NULL,
    start_s REAL NOT NULL,
    steps INTEGER NOT NULL,
    patches BLOB NOT NULL    -- see realtime/session/trace.py
) STRICT;
{TRANSCRIPT}
{CODINGS}{SECOND_SCORES}
"""


UNNAMED = "review"
"""Who judged without giving a name, where another one has to be told from them."""
SETTLED = "settled by "
"""Begins the name of a set of codings that settles differences between coders; the name of who settled follows."""
AGREED = " agreed to be recorded"
"""Follows the name of who is recorded in the consent."""


def consent_of(person: str, kept: Sequence[str]) -> str:
    """The consent as it is stored: who is recorded, that they agreed, and to what beside measurements."""
    listed = " and ".join([part for part in (", ".join(kept[:-1]), *kept[-1:]) if part])
    return f"{person}{AGREED}{f' with {listed}' if kept else ', without pictures'}."


class SessionError(UserError):
    """A session that cannot be written or read."""


class Status(Enum):
    """A person's review of an event."""

    UNREVIEWED = "unreviewed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """What tells whether a recording is the same file: see `realtime.session.recorded_file`."""

    size_bytes: int
    modified_ns: int
    quick_sha256: str
    """SHA-256 of parts of it, in hexadecimal."""


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """Description of a session. `source` is the source's `name`, which holds no credentials."""

    source: str
    video: str | None = None
    """Path of the recording, for the review."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    weights_sha256: str | None = None
    consent: str | None = None
    """Who is recorded, and that they agreed."""
    file: RecordedFile | None = None
    """The recording as it was when its analysis began; None for cameras and in early sessions."""
    created_utc: str = ""
    """ISO 8601; set by the writer."""
    closed_utc: str | None = None
    """None while the session is being written, or if its process was killed."""
    summary: Mapping[str, Any] | None = None
    """The run's summary as a mapping; before the session is closed None, or `first_frame_utc` alone."""

    participant: str = ""
    """Who is in it, where a person wrote that in the app."""
    note: str = ""
    """A person's note on the whole session."""

    @property
    def person(self) -> str:
        """Who is in it: as a person wrote, or as they are named in the consent; empty where neither is."""
        return self.participant or (self.consent or "").partition(AGREED)[0]

    @property
    def score_threshold(self) -> float | None:
        """The score that a candidate had to reach at the session's start; None if it was not stored."""
        threshold = self.parameters.get("score_threshold")
        return float(threshold) if isinstance(threshold, (int, float)) else None

    @property
    def first_frame_utc(self) -> str | None:
        """The summary's time of day at time 0 of a camera's session, in ISO 8601; None if it holds none."""
        first = (self.summary or {}).get("first_frame_utc")
        return first if isinstance(first, str) else None

    @property
    def limit(self) -> Mapping[str, Mapping[str, float | None]] | None:
        """The summary's limit of detection (see `realtime.drivers.Summary.limit`); None if it holds no valid one."""
        limit = (self.summary or {}).get("limit")
        parts = [limit.get(part) for part in FACE_PARTS] if isinstance(limit, dict) else [None]
        if not all(isinstance(part, dict) and _is_limit(part) for part in parts):
            return None
        return limit

    @property
    def hindered_s(self) -> Mapping[str, float]:
        """The summary's seconds by hindrance (see `realtime.drivers.Summary.hindered_s`); empty in early sessions."""
        hindered = (self.summary or {}).get("hindered_s")
        items = hindered.items() if isinstance(hindered, dict) else ()
        known = {hindrance.value for hindrance in Hindrance}
        return {
            name: float(seconds)
            for name, seconds in items
            if name in known and isinstance(seconds, (int, float)) and math.isfinite(seconds)
        }

    @property
    def partial(self) -> str:
        """Why the session holds only a part of its recording, as a phrase; empty if it is whole."""
        if self.closed_utc is None:
            return "still being written, or cut off"
        summary = self.summary or {}
        if summary.get("complete", True):
            return ""
        done_s, length_s = (summary.get(name) for name in ("duration_s", "length_s"))
        if not isinstance(done_s, (int, float)) or not isinstance(length_s, (int, float)):
            return "stopped before the end of the recording"
        return f"stopped after {done_s:.1f} s of {length_s:.1f} s"


def _is_limit(part: Mapping[str, object]) -> bool:
    share, median_pct = part.get("judged_share"), part.get("median_pct")
    return _is_finite(share) and (median_pct is None or _is_finite(median_pct))


def _is_finite(value: object) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)
