"""Session files: each run is one SQLite file, NAME.medn, written during the run, reviewed and exported afterwards."""

from realtime.session.deletion import delete_session, files_of
from realtime.session.in_use import require_unused
from realtime.session.reader import Session, open_session
from realtime.session.renaming import rename_session
from realtime.session.rows import Annotation, Coding, FrameRow, StoredEvent
from realtime.session.schema import RecordedFile, SessionError, SessionInfo, Status
from realtime.session.writer import SessionWriter

__all__ = [
    "Annotation",
    "Coding",
    "FrameRow",
    "RecordedFile",
    "Session",
    "SessionError",
    "SessionInfo",
    "SessionWriter",
    "Status",
    "StoredEvent",
    "delete_session",
    "files_of",
    "open_session",
    "rename_session",
    "require_unused",
]
