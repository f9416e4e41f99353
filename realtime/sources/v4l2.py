"""Cameras on Linux, read through V4L2 directly, because OpenCV reports neither of these: the time at which each frame
was taken, and the sequence number that shows how many frames were lost because they were not fetched in time.
"""

import contextlib
import mmap
import os
import select
import sys
import time
from collections.abc import Callable

import cv2
import numpy as np
from linuxpy.video import device as v4l2
from linuxpy.video import raw
from numpy.typing import NDArray

from realtime.sources.source import CameraMode, SourceError

assert sys.platform == "linux"

BUFFERS = 8
"""Number of frames that the driver may hold until they are fetched: 40 ms at 200 fps."""
READ_TIMEOUT_S = 2.5

_CAPTURE = v4l2.BufferType.VIDEO_CAPTURE
_MMAP = v4l2.Memory.MMAP

Rows = NDArray[np.uint8]
"""(height, bytes per line) as the camera sent them."""

DECODERS: dict[str, Callable[[Rows, int], NDArray[np.uint8]]] = {
    "YUYV": lambda rows, width: cv2.cvtColor(_pixels(rows, width, 2), cv2.COLOR_YUV2BGR_YUY2),
    "UYVY": lambda rows, width: cv2.cvtColor(_pixels(rows, width, 2), cv2.COLOR_YUV2BGR_UYVY),
    "BGR3": lambda rows, width: _pixels(rows, width, 3).copy(),
    "RGB3": lambda rows, width: cv2.cvtColor(_pixels(rows, width, 3), cv2.COLOR_RGB2BGR),
    "GREY": lambda rows, width: cv2.cvtColor(_pixels(rows, width, 1), cv2.COLOR_GRAY2BGR),
    "NV12": lambda rows, width: cv2.cvtColor(np.ascontiguousarray(rows[:, :width]), cv2.COLOR_YUV2BGR_NV12),
    # its chroma lines are half as long: correct only without padding, which is how cameras send it
    "YU12": lambda rows, width: cv2.cvtColor(np.ascontiguousarray(rows[:, :width]), cv2.COLOR_YUV2BGR_I420),
}
"""Decoders of uncompressed pictures to BGR, by FourCC. MJPG and JPEG are decoded by OpenCV."""


class V4l2Capture:
    """An open camera that is streaming; raises `SourceError` if it cannot be opened or its format is not supported."""

    def __init__(self, number: int, mode: CameraMode) -> None:
        self.taken_s = self._after_s = float("nan")
        self.lost = 0
        self._sequence: int | None = None
        self._held: raw.v4l2_buffer | None = None
        self._memory: list[mmap.mmap] = []
        try:
            # not the built-in open, which makes further system calls that a camera's driver does not support
            self._fd = os.open(f"/dev/video{number}", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise SourceError(f"Camera {number} cannot be opened: {error.strerror}.") from error
        try:
            self._start(number, mode)
        except OSError as error:
            self.release()
            raise SourceError(f"Camera {number} cannot be used: {error.strerror}.") from error
        except SourceError:
            self.release()
            raise

    def grab(self) -> bool:
        """Wait for the next frame."""
        try:
            if self._held is not None:
                v4l2.enqueue_buffer(self._fd, _CAPTURE, _MMAP, 0, self._held.index)
                self._held = None
            self._held = self._dequeue(time.monotonic() + READ_TIMEOUT_S)
        except OSError:  # unplugged
            return False
        if self._held is None:
            return False
        stamp, now_s = self._held.timestamp, time.monotonic()
        stamp_s = stamp.secs + stamp.usecs * 1e-6
        monotonic = self._held.flags & v4l2.BufferFlag.TIMESTAMP_MASK == v4l2.BufferFlag.TIMESTAMP_MONOTONIC
        # some drivers compute the stamp from the camera's own clock, and are off by seconds when that jumps
        possible = monotonic and self._after_s < stamp_s <= now_s
        self.taken_s = self._after_s = stamp_s if possible else now_s
        # drivers that do not count leave the sequence number at 0
        before, self._sequence = self._sequence, self._held.sequence
        self.lost = 0 if before is None else max(0, self._sequence - before - 1)
        return True

    def retrieve(self) -> tuple[bool, NDArray[np.uint8]]:
        """Decode the last grabbed frame."""
        assert self._held is not None, "grab first"
        data = np.frombuffer(self._memory[self._held.index], np.uint8)[: self._held.bytesused]
        no_picture = np.empty((0, 0, 3), np.uint8)
        if self._held.flags & v4l2.BufferFlag.ERROR:
            return False, no_picture
        if self._decode is None:
            image = cv2.imdecode(data, cv2.IMREAD_COLOR)
            return (False, no_picture) if image is None else (True, image)
        if data.size < self._picture_bytes:
            return False, no_picture
        return True, self._decode(data[: self._picture_bytes].reshape(-1, self._line_bytes), self._width)

    def release(self) -> None:
        """Stop the camera and close it."""
        if self._fd < 0:
            return
        with contextlib.suppress(OSError):  # it may be gone
            v4l2.stream_off(self._fd, _CAPTURE)
        for memory in self._memory:
            memory.close()
        os.close(self._fd)
        self._fd, self._held = -1, None

    def _start(self, number: int, mode: CameraMode) -> None:
        with contextlib.suppress(OSError):  # requested, not required
            v4l2.set_format(self._fd, _CAPTURE, mode.width, mode.height, mode.fourcc)
        sent = v4l2.get_raw_format(self._fd, _CAPTURE).fmt.pix
        fourcc = sent.pixelformat.to_bytes(4, "little").decode("ascii", "replace")
        if fourcc not in ("MJPG", "JPEG", *DECODERS):
            raise SourceError(f"Camera {number} sends pictures as {fourcc!r}, which MEDN cannot decode.")
        self._decode = DECODERS.get(fourcc)
        self._width, self._line_bytes = sent.width, sent.bytesperline or sent.width
        lines = sent.height * 3 // 2 if fourcc in ("NV12", "YU12") else sent.height
        self._picture_bytes = self._line_bytes * lines
        with contextlib.suppress(OSError):
            v4l2.set_fps(self._fd, _CAPTURE, mode.rate_hz)
        count = v4l2.request_buffers(self._fd, _CAPTURE, _MMAP, BUFFERS).count
        for index in range(count):
            buffer = v4l2.query_buffer(self._fd, _CAPTURE, _MMAP, index)
            self._memory.append(mmap.mmap(self._fd, buffer.length, offset=buffer.m.offset))
            v4l2.enqueue_buffer(self._fd, _CAPTURE, _MMAP, 0, index)
        self._after_s = time.monotonic()  # no frame was taken earlier
        v4l2.stream_on(self._fd, _CAPTURE)

    def _dequeue(self, until_s: float) -> raw.v4l2_buffer | None:
        while (left_s := until_s - time.monotonic()) > 0:
            if select.select([self._fd], [], [], left_s)[0]:
                try:
                    return v4l2.dequeue_buffer(self._fd, _CAPTURE, _MMAP)
                except BlockingIOError:  # woken without a frame
                    time.sleep(0.001)
        return None


def _pixels(rows: Rows, width: int, channels: int) -> NDArray[np.uint8]:
    return rows[:, : width * channels].reshape(rows.shape[0], width, channels)
