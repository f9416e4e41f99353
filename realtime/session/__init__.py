"""One recording or analysis as one SQLite file, NAME.medn: written while it runs, reviewed and exported afterwards."""

from realtime.session.reader import Annotation, FrameRow, Session, StoredEvent, delete_session, open_session
from realtime.session.schema import SessionError, SessionInfo, Status
from realtime.session.writer import SessionWriter

__all__ = [
    "Annotation",
    "FrameRow",
    "Session",
    "SessionError",
    "SessionInfo",
    "SessionWriter",
    "Status",
    "StoredEvent",
    "delete_session",
    "open_session",
]
