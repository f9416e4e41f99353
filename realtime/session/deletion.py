"""Delete session files with all that belongs to them."""

from pathlib import Path

from realtime.session.check import check_header
from realtime.session.reader import open_session
from realtime.session.schema import SessionError


def files_of(path: Path) -> list[Path]:
    """Return the files that go with a session when it is deleted: itself, what SQLite keeps beside it, and its film.

    A film is a video beside the session that was recorded with it; a video that was only analysed stays. Raises
    `SessionError` if the file is not a session; an empty one, as a killed process may leave it, counts as one.
    """
    if not (path.suffix == ".medn" and path.is_file() and path.stat().st_size == 0):
        check_header(path)
    film = path.with_suffix(".mp4")
    try:
        with open_session(path) as session:
            info = session.info
            recorded = info.consent is not None and info.video is not None and Path(info.video).name == film.name
    except SessionError:  # damaged: whose video it is cannot be seen
        recorded = False
    own = [path.with_name(path.name + ending) for ending in ("-wal", "-shm", "-journal")]
    beside = [*own, *([film] if recorded else [])]
    return [path, *(part for part in beside if part.exists())]


def delete_session(path: Path) -> None:
    """Delete a session for good, with `files_of` it. Raises `SessionError` if that cannot be done."""
    try:
        for part in files_of(path):
            part.unlink(missing_ok=True)
    except OSError as error:
        raise SessionError(f"{path} cannot be deleted: {error.strerror}.") from error
