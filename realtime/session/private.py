"""Files and folders of recorded people: only their owner may read them."""

import errno
import os
import sys
from pathlib import Path

FILE_MODE, FOLDER_MODE = 0o600, 0o700


def create_private(path: Path) -> None:
    """Create an empty file for its owner only; what SQLite keeps beside it gets the same mode. Raises `OSError`."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE))


def create_private_whole(path: Path, content: bytes) -> None:
    """Create a file for its owner only, with its content, or not at all: a process that is killed leaves no part of it.

    Where there are no nameless files (other systems than Linux, FAT, some network folders), a killed process may leave
    an empty one. Raises `OSError`, a `FileExistsError` where the file exists.
    """
    if sys.platform == "linux":
        try:
            nameless = os.open(path.parent, os.O_TMPFILE | os.O_WRONLY, FILE_MODE)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL):
                raise
        else:
            with os.fdopen(nameless, "wb") as file:
                file.write(content)
                file.flush()
                # with a descriptor, which an absolute path ignores, Python follows the link in /proc
                os.link(f"/proc/self/fd/{nameless}", path, src_dir_fd=nameless)
            return
    create_private(path)
    path.write_bytes(content)


def make_private_folder(folder: Path) -> None:
    """Create a folder for its owner only; an existing one keeps its mode. Raises `OSError`."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(FOLDER_MODE, exist_ok=True)
