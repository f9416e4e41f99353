"""Decoders of a video file's pictures, one frame after the other: OpenCV's, and PyAV's for what OpenCV cannot read."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, cast

import av
import numpy as np
from av.container import InputContainer
from av.video.reformatter import Interpolation
from numpy.typing import NDArray

from medn.media_file import ffmpeg_name, open_media
from medn.time_line import timed
from realtime.sources.capture import cv2
from realtime.sources.container import Container

_NO_PICTURE = np.empty((0, 0, 3), np.uint8)


class Decoder(Protocol):
    """An open video file."""

    def grab(self) -> bool:
        """Go to the next frame; False at the end."""

    def retrieve(self) -> tuple[bool, NDArray[np.uint8], bool]:
        """Whether the frame could be decoded, its upright (height, width, 3) BGR picture, and whether that was turned
        by a quarter."""

    @property
    def position_s(self) -> float:
        """Presentation time of the frame in s; only differences count."""

    def seek(self, position_s: float) -> None:
        """Go to some frame near a position, as a rule to the last key frame before it; `grab` reads on from there."""

    def release(self) -> None:
        """Close the file; calling it again does nothing."""


class OpenCvDecoder:
    """Reads the first video stream; of an interlaced picture it gives whatever its memory held before."""

    def __init__(self, path: Path) -> None:
        self._capture = cv2.VideoCapture(ffmpeg_name(path), cv2.CAP_FFMPEG)
        self._turned = self._capture.get(cv2.CAP_PROP_ORIENTATION_META) % 180 == 90
        self.position_s = self._step_s = 0.0

    def grab(self) -> bool:
        """Go to the next frame."""
        if not self._capture.grab():
            return False
        position_s = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000
        if position_s == 0 < self.position_s:  # no time: the last frames of AVI and MPEG files may have none
            position_s = self.position_s + self._step_s
        self._step_s, self.position_s = position_s - self.position_s, position_s
        return True

    def retrieve(self) -> tuple[bool, NDArray[np.uint8], bool]:
        """Decode the frame."""
        decoded, image = self._capture.retrieve()
        return decoded, image, self._turned

    def seek(self, position_s: float) -> None:
        """Go to some frame near a position."""
        self._capture.set(cv2.CAP_PROP_POS_MSEC, 1000 * position_s)
        self.position_s = 0.0

    def release(self) -> None:
        """Close the file."""
        self._capture.release()


class PyAvDecoder:
    """Reads the video stream with a number; raises `av.FFmpegError` or `OSError` if the file cannot be opened."""

    def __init__(self, path: Path, container: Container) -> None:
        self._container = open_media(path)
        self._stream = cast("av.VideoStream", self._container.streams[container.stream])
        self._size = container.size
        self._stream.thread_type = "AUTO"
        self.position_s = 0.0
        self._frame: av.VideoFrame | None = None
        self._frames = decoded(self._container, self._stream)

    def grab(self) -> bool:
        """Go to the next frame."""
        self._frame = next(self._frames, None)
        if self._frame is None:
            return False
        if self._frame.pts is not None:
            self.position_s = float(self._frame.pts * self._frame.time_base)
        return True

    @property
    def interlaced(self) -> bool:
        """Whether the frame consists of two fields."""
        return self._frame is not None and self._frame.interlaced_frame

    def retrieve(self) -> tuple[bool, NDArray[np.uint8], bool]:
        """Convert the frame."""
        return upright(self._frame, self._size) if self._frame is not None else (False, _NO_PICTURE, False)

    def seek(self, position_s: float) -> None:
        """Go to some frame near a position."""
        with contextlib.suppress(av.FFmpegError, OSError):  # then it reads on
            self._container.seek(round(position_s / (self._stream.time_base or 1)), stream=self._stream)
            self._frames = decoded(self._container, self._stream)

    def release(self) -> None:
        """Close the file."""
        self._frames = iter(())
        self._container.close()


def packets_of(container: InputContainer, stream: av.VideoStream) -> Iterator[av.Packet]:
    """Yield the packets of a stream from where its file stands; what is cut off or damaged ends it."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:
            return
        if packet is None:
            return
        yield packet


def decoded(container: InputContainer, stream: av.VideoStream) -> Iterator[av.VideoFrame]:
    """Yield the frames of a stream from where its file stands; a packet that cannot be decoded is passed over."""
    frames = _frames(container, stream)
    return timed(container, frames) if stream.type == "video" else frames


def _frames(container: InputContainer, stream: av.VideoStream) -> Iterator[av.VideoFrame]:
    for packet in packets_of(container, stream):
        try:
            yield from packet.decode()
        except av.FFmpegError:
            continue


def upright(frame: av.VideoFrame, size: tuple[int, int]) -> tuple[bool, NDArray[np.uint8], bool]:
    """True, a frame's (height, width, 3) BGR picture as it is to be shown, and whether it was turned by a quarter.

    `size`: width and height of the file's pictures as they are stored; others are scaled to it, as OpenCV does.
    """
    if (frame.width, frame.height) != size:
        frame = frame.reformat(*size, format="bgr24", interpolation=Interpolation.BICUBIC)
    image = frame.to_ndarray(format="bgr24")
    turns = round(frame.rotation / 90) % 4
    return True, np.ascontiguousarray(np.rot90(image, turns)) if turns else image, turns % 2 == 1
