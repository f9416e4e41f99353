"""Videos by what a user names: files, folders, patterns, and lists of these."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from realtime.sources import VIDEO_SUFFIXES, SourceError
from realtime.sources.source import require_utf8

LIST_SUFFIX = ".txt"
OF_SYSTEMS = ("lost+found", "System Volume Information", "$RECYCLE.BIN")
"""Folders that systems keep on a disk, most of them closed to its users."""


def find_videos(names: Iterable[str]) -> list[str]:
    """Videos for what a user named: files as they are, folders and patterns as the videos in them, each once, in order.

    A text file, NAME.txt, is a list: it names a video, a folder or a pattern a line, relative to its own folder; empty
    lines and lines that begin with # are left out. Files and folders inside whose names begin with a dot are left out:
    companions and bins that systems hide. A folder that cannot be looked into stands in the place of its videos: its
    analysis says why. Raises SourceError for a folder, a pattern or a list without videos.
    """
    videos: dict[str, str] = {}
    for name in names:
        path = Path(name)
        if path.suffix.lower() == LIST_SUFFIX and os.path.isfile(path):
            found = [video for entry in _entries(path) for video in _found(str(path.parent / entry))]
        else:
            found = _found(name)
        for video in found:
            videos.setdefault(os.path.abspath(video), video)  # noqa: PTH100  keeps links, unlike Path.resolve
    return list(videos.values())


def _found(name: str) -> list[str]:
    path = Path(name)
    if os.path.isdir(path):
        found = sorted(str(p) for p in _in_folder(path) if not _hidden(p, path))
    elif any(sign in name for sign in "*?[") and not os.path.exists(path):
        pattern = path.relative_to(path.anchor) if path.anchor else path
        matching = (p for p in Path(path.anchor or ".").glob(str(pattern)) if p.is_file())
        found = sorted(str(p) for p in matching if not _hidden(p, path))
    else:
        found = [name]
    if not found:
        require_utf8(name)
        raise SourceError(f"{name} holds no video; known endings are {', '.join(VIDEO_SUFFIXES)}.")
    return found


def _in_folder(folder: Path) -> Iterator[Path]:
    """The videos in a folder and in those below it, and the folders that cannot be looked into."""
    closed: list[Path] = []
    for place, _, files in os.walk(folder, onerror=lambda error: closed.append(Path(error.filename))):
        yield from (Path(place, name) for name in files if Path(name).suffix.lower() in VIDEO_SUFFIXES)
    yield from closed


def _entries(path: Path) -> list[str]:
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except (OSError, UnicodeError) as error:
        raise SourceError(f"{path} cannot be read as a list of recordings ({error}).") from error
    entries = [line for line in lines if line and not line.startswith("#")]
    if not entries:
        raise SourceError(f"{path} lists no recording: name one a line.")
    return entries


def _hidden(path: Path, named: Path) -> bool:
    """Whether a part of a path that the user did not name begins with a dot, or is a system's own folder."""
    return any(part.startswith(".") or part in OF_SYSTEMS for part in set(path.parts) - set(named.parts))
