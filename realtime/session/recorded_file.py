"""Recognise a recording without reading all of it: by size, time of its last change, and a hash of three parts."""

import hashlib
from pathlib import Path

from realtime.session.schema import RecordedFile

PART_BYTES = 1 << 16
"""How much is hashed at the beginning, in the middle and at the end of a file."""


def recorded_file(path: Path, rate_hz: float | None = None) -> RecordedFile | None:
    """Return what tells whether a recording is the same; None if there is no such file, or it cannot be read.

    Of a folder of pictures, which has a rate, the pictures' names, sizes and times are hashed together with the rate.
    """
    try:
        return _of_folder(path, rate_hz) if path.is_dir() else _of_file(path)
    except OSError:
        return None


def _of_file(path: Path) -> RecordedFile | None:
    if not path.is_file():  # a camera's name, a URL, a device
        return None
    about = path.stat()
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for start in (0, about.st_size // 2, max(about.st_size - PART_BYTES, 0)):
            file.seek(start)
            digest.update(file.read(PART_BYTES))
    return RecordedFile(about.st_size, max(about.st_mtime_ns, 0), digest.hexdigest())


def _of_folder(path: Path, rate_hz: float | None) -> RecordedFile:
    files = {file.name: file.stat() for file in sorted(path.iterdir()) if file.is_file()}
    listed = "\n".join(f"{name}\t{about.st_size}\t{about.st_mtime_ns}" for name, about in files.items())
    return RecordedFile(
        size_bytes=sum(about.st_size for about in files.values()),
        modified_ns=max((about.st_mtime_ns for about in files.values()), default=0),
        quick_sha256=hashlib.sha256(f"{rate_hz}\n{listed}".encode("utf-8", "surrogateescape")).hexdigest(),
    )
