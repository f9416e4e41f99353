"""Where sessions go, and what a new one says of itself."""

from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import platformdirs

from medn import __version__
from realtime.pipeline import Pipeline
from realtime.session import SessionError, SessionInfo
from realtime.sources import Source

_TOLD = ("mediapipe", "numpy", "numba", "opencv-python-headless")


def sessions_folder() -> Path:
    """The user's own folder for sessions, made if need be."""
    return platformdirs.user_data_path("medn", appauthor=False, ensure_exists=True) / "sessions"


def free_path(folder: Path, name: str) -> Path:
    """A session file `name`.medn in a folder, with a number behind the name if that is taken.

    Makes the folder; raises SessionError where that cannot be.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SessionError(f"The folder {folder} for sessions cannot be made: {error.strerror}.") from error
    path, count = folder / f"{name}.medn", 1
    while path.exists():
        count += 1
        path = folder / f"{name}-{count}.medn"
    return path


def describe(source: Source, pipeline: Pipeline, video: str | None = None, consent: str | None = None) -> SessionInfo:
    """What a session of this source through this pipeline records of itself; `video` is a recording's path."""
    return SessionInfo(
        source=source.name,
        video=str(Path(video).resolve()) if video else None,
        parameters=asdict(pipeline.parameters),
        versions={"medn": __version__} | {package: version(package) for package in _TOLD},
        weights_sha256=pipeline.recognizer.weights.sha256,
        consent=consent,
    )
