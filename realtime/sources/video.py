"""A video file: any container, any and varying rate, its rotation respected, its own timestamps as time."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from realtime.sources.opencv import cv2
from realtime.sources.source import Cause, Item, Notice, NoticeKind, Numbering, SourceError

CUT_SHORT = 0.9
"""A file that ends before this part of the length it declares is called cut short; 1 s less, because some containers
count from an earlier zero."""


class VideoFile:
    """Frames of a video file, timed by their presentation timestamps from the first frame on.

    Raises `SourceError` for what is not there, not a video, one picture, empty, or without timestamps. A file that was
    cut short is read as far as it goes, and a notice says so.
    """

    live = False
    zero_s = math.nan

    def __init__(self, path: Path) -> None:
        _require_file(path)
        self.name = path.name
        self._capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        # The container's word, from its frame count and mean rate: for a progress bar and the check for a cut.
        count, rate = self._capture.get(cv2.CAP_PROP_FRAME_COUNT), self._capture.get(cv2.CAP_PROP_FPS)
        self.duration_s = count / rate if count > 0 and rate > 0 else None
        self._iterating = self._closed = False
        if not self._capture.grab():
            self.close()
            raise SourceError(f"{path} cannot be read as a video: {_why_unreadable(path)}.")
        self._zero_s = self._position_s()
        self._first = self._capture.retrieve()
        self._more = self._capture.grab()
        if not self._more and cv2.haveImageReader(str(path)):
            self.close()
            raise SourceError(f"{path} is one picture, not a video; medn replay FOLDER --rate FPS reads many.")
        if self._more and self._position_s() <= self._zero_s:
            self.close()
            raise SourceError(f"{path} carries no times for its frames; put it into a container that does (MP4, MKV).")

    def __iter__(self) -> Iterator[Item]:
        """Every frame once; a frame that cannot be decoded is told as dropped."""
        self._iterating = True
        numbering = Numbering()
        time_s, (decoded, image) = 0.0, self._first
        try:
            while not self._closed:
                yield numbering.frame(time_s, image) if decoded else numbering.dropped(time_s, Cause.DECODE_ERROR)
                if not self._more:
                    break
                time_s = self._position_s() - self._zero_s
                decoded, image = self._capture.retrieve()
                self._more = self._capture.grab()
            if not self._closed and self.duration_s is not None and time_s < CUT_SHORT * self.duration_s - 1.0:
                text = f"{self.name} ends after {time_s:.1f} s of {self.duration_s:.1f} s: it seems to be cut short."
                yield Notice(time_s, NoticeKind.CUT_SHORT, text)
        finally:
            self._capture.release()

    def close(self) -> None:
        """End the iteration, whose own thread then frees the file."""
        self._closed = True
        if not self._iterating:
            self._capture.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _position_s(self) -> float:
        return float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000


def _require_file(path: Path) -> None:
    try:
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
    return "it holds no picture in a format that FFmpeg knows"
