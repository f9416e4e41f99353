"""Video files of any container and any rate, also a varying one.

A file's rotation and the shape of its pixels are applied, and its timestamps are the times of its frames.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from realtime.sources.capture import cv2
from realtime.sources.container import Container, read_container, square_pixels
from realtime.sources.decoder import Decoder, OpenCvDecoder, PyAvDecoder
from realtime.sources.source import Cause, Item, Notice, NoticeKind, Numbering, SourceError, require_utf8

VIDEO_SUFFIXES = tuple(
    f".{ending}"
    for ending in ("3gp", "avi", "flv", "m2ts", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "mts", "webm", "wmv")
)
"""Suffixes of videos in a folder and in a file dialog; a file that is named explicitly may have any suffix."""
CUT_SHORT = 0.9
"""A file counts as cut short if it ends more than 1 s before this share of its declared length. The 1 s is because some
containers count from an earlier zero."""

INTERLACED = ("mpeg2video", "dvvideo")
"""Codecs of television and tape, in which frames of two fields may come at any time."""
SKIP_MARGINS_S = (3.0, 30.0)
"""How long before a frame decoding sets in; where no frame is found by then, at the file's beginning."""


class VideoFile:
    """Frames of a video file, upright and with square pixels, timed by their presentation timestamps.

    Times count from the start of the file's time line, as players do: the first frame is later than 0 where the picture
    begins after the sound. Raises `SourceError` for a file that is missing, empty, not a video, sound only, a single
    picture, or without timestamps. A file that was cut short is read as far as it goes, followed by a notice.
    """

    live = False
    zero_s = math.nan

    def __init__(self, path: Path) -> None:
        _require_file(path)
        self.name = path.name
        container = read_container(path)
        if container is None:
            raise SourceError(f"{path} cannot be read as a video: {_why_unreadable(path)}.")
        self._path, self._container = path, container
        self._pixel_aspect = container.pixel_aspect
        self._decoder, self._more = _first_frame(path, container)
        # as the container declares it: for a progress bar and the check for a cut
        self.duration_s = container.ends_s
        self._iterating = self._closed = False
        if not self._more:
            self.close()
            raise SourceError(f"{path} cannot be read as a video: its picture ({container.codec}) cannot be decoded.")
        self._zero_s = self._decoder.position_s - container.begins_s
        self._first = self._decoder.retrieve()
        self._first_s = self._position_s()
        self._more = self._decoder.grab()
        if not self._more and cv2.haveImageReader(str(path)):
            self.close()
            raise SourceError(
                f"{path} is one picture, not a video; medn replay FOLDER --rate FPS reads a folder of them."
            )
        if self._more and not container.timed and self._position_s() <= self._first_s:
            self.close()
            raise SourceError(f"{path} carries no times for its frames; put it into a container that does (MP4, MKV).")

    def __iter__(self) -> Iterator[Item]:
        """Yield every frame once; a frame that cannot be decoded is a drop."""
        self._iterating = True
        numbering = Numbering()
        time_s, (decoded, image, turned) = self._first_s, self._first
        try:
            while not self._closed:
                if decoded:
                    yield numbering.frame(time_s, square_pixels(image, self._pixel_aspect, turned=turned))
                else:
                    yield numbering.dropped(time_s, Cause.DECODE_ERROR)
                if not self._more:
                    break
                time_s = self._position_s()
                decoded, image, turned = self._decoder.retrieve()
                self._more = self._decoder.grab()
            if not self._closed and self.duration_s is not None and time_s < CUT_SHORT * self.duration_s - 1.0:
                text = f"{self.name} ends after {time_s:.1f} s of {self.duration_s:.1f} s: it seems to be cut short."
                yield Notice(time_s, NoticeKind.CUT_SHORT, text)
        finally:
            self._decoder.release()

    def skip_to(self, time_s: float) -> None:
        """Begin with the first frame that is not earlier than a time, and count frames from there; before iterating.

        Its picture is that of a file read from its beginning: decoding sets in seconds before.
        """
        if time_s <= self._first_s:
            return
        for margin_s in SKIP_MARGINS_S:
            self._decoder.seek(time_s + self._zero_s - margin_s)
            if self._decoder.grab() and self._position_s() < time_s:
                break
        else:
            self._decoder.release()
            self._decoder, _ = _first_frame(self._path, self._container)
        more = True
        while more and self._position_s() < time_s:
            more = self._decoder.grab()
        if more:
            self._first, self._first_s = self._decoder.retrieve(), self._position_s()
            self._more = self._decoder.grab()
        else:
            self.close()

    def close(self) -> None:
        """End the iteration; the iterating thread then closes the file."""
        self._closed = True
        if not self._iterating:
            self._decoder.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _position_s(self) -> float:
        return self._decoder.position_s - self._zero_s


def _first_frame(path: Path, container: Container) -> tuple[Decoder, bool]:
    """A decoder that stands at the first frame, and whether there is one: OpenCV's if it can read the picture.

    What is interlaced it cannot. With the codecs that are used for that a later frame may be; else the first is asked.
    """
    slower = PyAvDecoder(path, container)
    more = slower.grab()
    if container.first_video and not slower.interlaced and container.codec not in INTERLACED:
        decoder = OpenCvDecoder(path)
        if decoder.grab():
            slower.release()
            return decoder, True
        decoder.release()
    return slower, more


def _require_file(path: Path) -> None:
    require_utf8(str(path))
    try:
        if path.exists() and not path.is_file():
            raise SourceError(f"{path} is not a file but a pipe, a device or a folder: save the recording as a file.")
        with path.open("rb") as file:
            empty = not file.read(1)
    except FileNotFoundError:
        raise SourceError(f"{path} does not exist.") from None
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.") from error
    if empty:
        raise SourceError(f"{path} is empty (0 bytes).")


def _why_unreadable(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(512)
    if head[4:8] == b"ftyp":
        return "it is an MP4 file without its index, as left by a recording or a copy that was cut short"
    if all(byte >= 32 or byte in b"\t\r\n" for byte in head):
        return "it holds text"
    return "it holds no picture in a format that FFmpeg supports"
