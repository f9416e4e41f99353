"""Videos by what a user names: files, folders, patterns, and lists of these."""

import os
from collections.abc import Iterable
from pathlib import Path

from realtime.sources import VIDEO_SUFFIXES, SourceError
from realtime.sources.source import require_utf8

LIST_SUFFIX = ".txt"


def find_videos(names: Iterable[str]) -> list[str]:
    """Videos for what a user named: files as they are, folders and patterns as the videos in them, each once, in order.

    A text file, NAME.txt, is a list: it names a video, a folder or a pattern a line, relative to its own folder; empty
    lines and lines that begin with # are left out. Files and folders inside whose names begin with a dot are left out:
    companions and bins that systems hide. Raises SourceError for a folder, a pattern or a list without videos.
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
        videos_in = (p for p in path.rglob("*") if p.suffix.lower() in VIDEO_SUFFIXES and not os.path.isdir(p))
        found = sorted(str(p) for p in videos_in if not _hidden(p, path))
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
    """Whether a part of a path that the user did not name begins with a dot."""
    return any(part.startswith(".") for part in set(path.parts) - set(named.parts))
