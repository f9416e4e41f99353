"""Recordings are opened here, so that nothing but a file is: FFmpeg would also open addresses, pipes and devices."""

import errno
import os
from pathlib import Path

import av
from av.container import InputContainer


def open_media(path: Path) -> InputContainer:
    """Open a file with pictures or sound. Raises `OSError` if it is no file, `av.FFmpegError` if it holds neither."""
    if not os.path.isfile(path):  # a pipe would be waited for
        raise FileNotFoundError(errno.ENOENT, "there is no such file", str(path))
    return av.open(ffmpeg_name(path))


def ffmpeg_name(path: Path) -> str:
    """The name by which FFmpeg and OpenCV open a file: an absolute one.

    They take a relative name with a colon, such as "P01-10:30.mp4" or "http:/host/a.mp4", for an address.
    """
    return str(path.absolute())
