"""The tables of a session file. Any SQLite client can read them; mappings are JSON objects, times are s of the source.

Pictures lie in one table only, which stays empty unless the person on them allowed it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any

from realtime.results import REGION_GROUPS, Event

APPLICATION_ID = int.from_bytes(b"MEDN")
"""In the file's header, for `file` and other programs that tell file types apart."""
VERSION = 1
"""Raised with every change that an older reader would misread; a table more is none."""

EVENT_COLUMNS = tuple(column.name for column in fields(Event))
JSON_COLUMNS = frozenset({"regions", "evidence", "emotion", "aus"})

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

TABLES = f"""
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
CREATE TABLE session (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    created_utc TEXT NOT NULL,
    closed_utc TEXT,         -- NULL while it is written, or if it was killed
    source TEXT NOT NULL,
    video TEXT,              -- where the recording lies, if there is one
    parameters TEXT NOT NULL, versions TEXT NOT NULL,  -- JSON
    weights_sha256 TEXT,
    consent TEXT,            -- who is recorded and that they agreed
    summary TEXT             -- JSON: frames, drops by cause, rates, latencies
) STRICT;
CREATE TABLE frames (        -- a row for each face of a frame; one without a face where there is none
    frame INTEGER NOT NULL,
    time_s REAL NOT NULL,
    dropped TEXT,            -- cause
    face INTEGER,
    {", ".join(f"{region} REAL" for region in REGION_GROUPS)},            -- motion in % of the eye distance
    {", ".join(f"{region}_threshold REAL" for region in REGION_GROUPS)},  -- that makes it a candidate
    yaw_deg REAL, pitch_deg REAL, roll_deg REAL, eye_distance_px REAL,
    calibrated INTEGER
) STRICT;
CREATE TABLE events ({_MOVEMENT},
    status TEXT NOT NULL DEFAULT 'unreviewed' CHECK (status IN ('unreviewed', 'confirmed', 'rejected')),
    note TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE candidates ({_MOVEMENT}) STRICT;  -- rejected by the program
CREATE TABLE pictures (      -- the face at an event's onset and apex, if that was allowed; not in early sessions
    event INTEGER NOT NULL REFERENCES events (id),
    moment TEXT NOT NULL CHECK (moment IN ('onset', 'apex')),
    jpeg BLOB NOT NULL,
    PRIMARY KEY (event, moment)
) STRICT;
CREATE TABLE notices (time_s REAL NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL) STRICT;
CREATE TABLE annotations (
    id INTEGER PRIMARY KEY,
    time_s REAL NOT NULL, end_s REAL,
    text TEXT NOT NULL,
    created_utc TEXT NOT NULL
) STRICT;
"""


class SessionError(Exception):
    """A session that cannot be written or read; its text is one sentence for the user."""


class Status(Enum):
    """What a person said of an event."""

    UNREVIEWED = "unreviewed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """What a session says of itself. `source` is the source's `name`, which holds no credentials."""

    source: str
    video: str | None = None
    """Path of the recording, so that a review finds it."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    weights_sha256: str | None = None
    consent: str | None = None
    """Who is recorded, and that they agreed."""
    created_utc: str = ""
    """ISO 8601; set by the writer."""
    closed_utc: str | None = None
    """None while it is written, or if it was killed."""
    summary: Mapping[str, Any] | None = None
    """The run's summary as a mapping, once closed."""
