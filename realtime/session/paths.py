"""Paths of new sessions, and the description that a new session starts with."""

import os
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from medn.revision import __version__
from realtime.session import SessionError, SessionInfo
from realtime.session.private import FOLDER_MODE, make_private_folder
from realtime.sources import Source

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

PACKAGES = ("mediapipe", "numpy", "numba", "opencv-python-headless")
"""Packages whose versions a session records, because they influence its results."""

LONGEST_NAME_BYTES = 255
"""Of a file, on most file systems."""


def sessions_folder() -> Path:
    """Return the user's default folder for sessions; it is created with the first session."""
    return platformdirs.user_data_path("medn", appauthor=False) / "sessions"


def free_path(folder: Path, name: str) -> Path:
    """Return a free session path `name`.medn in a folder, with a number after the name if that is taken.

    Creates the folder, for its owner only; raises `SessionError` if it cannot be created, or for too long a name.
    """
    if len(os.fsencode(f"{name}-99.medn-journal")) > LONGEST_NAME_BYTES:  # the last is what SQLite keeps beside it
        raise SessionError(f"{name} is too long a name for a session: give its recording a shorter one.")
    try:
        make_private_folder(folder)
        if folder == sessions_folder():  # earlier releases made it readable for others
            folder.chmod(FOLDER_MODE)
    except OSError as error:
        raise SessionError(f"The folder {folder} for sessions cannot be created: {error.strerror}.") from error
    path, count = folder / f"{name}.medn", 1
    while path.exists():
        count += 1
        path = folder / f"{name}-{count}.medn"
    return path


def describe(
    source: Source,
    parameters: "DataclassInstance",
    weights_sha256: str | None,
    video: str | None = None,
    consent: str | None = None,
) -> SessionInfo:
    """Return the description of a new session of `source`.

    `parameters` are the pipeline's, `weights_sha256` identifies the recognizer's weights, `video` is the path of a
    recording.
    """
    return SessionInfo(
        source=source.name,
        video=str(Path(video).resolve()) if video else None,
        parameters=asdict(parameters),
        versions={"medn": __version__} | {package: version(package) for package in PACKAGES},
        weights_sha256=weights_sha256,
        consent=consent,
    )
