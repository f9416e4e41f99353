"""What a format is given to write."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from realtime.session import Session, SessionInfo, StoredEvent


class ExportError(Exception):
    """Something that cannot be exported; its text is one sentence for the user."""


@dataclass(frozen=True, slots=True)
class Material:
    """A session, and those of its events that were asked for."""

    name: str
    """The session's file name without its ending."""
    folder: Path
    """Where the files will lie in the end."""
    session: Session
    info: SessionInfo
    events: tuple[StoredEvent, ...]
    """In the order of time."""
    tick: Callable[[float, float | None], None]
    """Told how many s of the recording are done, of how many if that is known, by formats that take long."""
    stop: threading.Event
    """Set when the user wants no more of it; formats that take long then raise `ExportError`."""
