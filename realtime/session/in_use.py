"""Whether a session file is still open elsewhere: it must not be moved or deleted then."""

import sqlite3
from contextlib import closing
from pathlib import Path

from realtime.session.schema import SessionError


def require_unused(path: Path) -> None:
    """Raise `SessionError` where a recording, an analysis or another program has a session open for writing.

    What its write-ahead log holds is moved into the file itself, so that the file alone is the session.
    """
    if not path.is_file() or not path.stat().st_size:
        return
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=0.5)) as database:
            database.execute("PRAGMA journal_mode = DELETE")  # asks for the file alone
    except sqlite3.DatabaseError as error:  # a damaged or a read-only file is in nobody's use
        if (getattr(error, "sqlite_errorcode", 0) & 0xFF) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise SessionError(
                f"{path} is still in use, by a recording, an analysis or another program: end that first."
            ) from None
