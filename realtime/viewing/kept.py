"""Arrays that were computed from a recording, kept in the user's cache folder so that they are there the next time.

A recording that changed has others: they are found by its path, size and time of change.
"""

import hashlib
import logging
import os
import threading
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import platformdirs
from numpy.typing import NDArray

MOST_FILES = 400
"""The longest unused ones beyond are removed."""

_log = logging.getLogger(__name__)


def kept(recording: Path, kind: str) -> dict[str, NDArray[np.generic]] | None:
    """Return what was kept of a kind; None if there is nothing, or if it is damaged."""
    try:
        file = _file(recording, kind)
        with np.load(file, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
        os.utime(file)
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error):
        return None
    return found


def keep(recording: Path, kind: str, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Keep arrays of a kind. Where that is impossible, they are computed again the next time."""
    try:
        file = _file(recording, kind)
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        unfinished = file.with_suffix(f".{os.getpid()}-{threading.get_ident()}.new")
        try:
            with unfinished.open("wb") as written:
                np.savez_compressed(written, allow_pickle=False, **arrays)
            unfinished.replace(file)
        finally:
            unfinished.unlink(missing_ok=True)
        _remove_old(file.parent)
    except OSError as error:
        _log.info("%s of %s was not kept: %s", kind, recording, error)


def forget(recording: Path) -> None:
    """Remove all that was kept of a recording, which must still be there."""
    try:
        files = list(_file(recording, "*").parent.glob(_file(recording, "*").name))
    except OSError:
        return
    for file in files:
        file.unlink(missing_ok=True)


def kept_folder() -> Path:
    """Return the folder of all that is kept."""
    return platformdirs.user_cache_path("medn", appauthor=False) / "recordings"


def _file(recording: Path, kind: str) -> Path:
    about = recording.stat()
    name = f"{recording.resolve()}\n{about.st_size}\n{about.st_mtime_ns}"
    return kept_folder() / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}-{kind}.npz"


def _remove_old(folder: Path) -> None:
    files = sorted(folder.glob("*.npz"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files[MOST_FILES:]:
        file.unlink(missing_ok=True)
