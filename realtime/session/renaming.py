"""Give a session another name, and the film that was recorded with it."""

from pathlib import Path

from realtime.session.deletion import files_of
from realtime.session.in_use import require_unused
from realtime.session.reader import open_session
from realtime.session.schema import SessionError


def rename_session(path: Path, name: str) -> Path:
    """Rename a session to `name`.medn in its folder, with the film that was recorded with it; return its new path.

    Raises `SessionError`, and changes nothing, for a name that is no file name or is taken, and for a session that is
    in use.
    """
    name = name.strip().removesuffix(".medn")
    if not name or name.startswith(".") or not name.isprintable() or set(name) & set("/\\") or len(name.encode()) > 200:
        raise SessionError(f"{name or 'An empty name'} is no name for a session: use letters, digits and blanks.")
    require_unused(path)
    moves = {file: path.with_name(f"{name}{file.suffix}") for file in files_of(path)}
    taken = [target for target in moves.values() if target.exists()]
    if taken:
        raise SessionError(f"{taken[0]} exists already; choose another name.")
    done: list[tuple[Path, Path]] = []
    try:
        for file, target in moves.items():
            file.rename(target)
            done.append((file, target))
        film = moves.get(path.with_suffix(".mp4"))
        if film is not None:
            with open_session(moves[path]) as session:
                session.move_video(film)
    except (OSError, SessionError) as error:
        for file, target in reversed(done):
            target.rename(file)
        reason = error.strerror if isinstance(error, OSError) else error
        raise SessionError(f"{path} cannot be renamed: {reason}.") from error
    return moves[path]
