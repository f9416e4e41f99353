"""The interface of an open camera or stream, and its OpenCV version: for network streams, and cameras outside Linux.

`cv2` is imported here with its own and FFmpeg's messages switched off. FFmpeg's messages hold whole URLs, credentials
included. FFmpeg reads its log level only when the process makes its first `cv2.VideoCapture`, so a module that makes
one must import `cv2` from here.
"""

import math
import os
import time
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

import cv2

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

__all__ = ["Capture", "OpenCvCapture", "cv2"]


class Capture(Protocol):
    """An open camera or stream."""

    taken_s: float
    """Time of the last grabbed frame, on the clock of `time.monotonic()`."""
    lost: int
    """Number of frames that the device lost just before that one, as far as the device counts them."""

    def grab(self) -> bool:
        """Wait for the next frame; False if none came within some seconds, or the device is gone."""

    def retrieve(self) -> tuple[bool, NDArray[np.uint8]]:
        """Decode the last grabbed frame to BGR; whether it could be decoded, and the picture."""

    def release(self) -> None:
        """Close the device; calling it again does nothing."""


class OpenCvCapture:
    """OpenCV reports neither reliable capture times nor lost frames: the time is that of the grab."""

    lost = 0

    def __init__(self, capture: cv2.VideoCapture) -> None:
        self.taken_s = math.nan
        self._capture = capture

    def grab(self) -> bool:
        """Wait for the next frame."""
        grabbed = bool(self._capture.grab())
        self.taken_s = time.monotonic()
        return grabbed

    def retrieve(self) -> tuple[bool, NDArray[np.uint8]]:
        """Decode the last grabbed frame."""
        decoded, image = self._capture.retrieve()
        return decoded, image

    def release(self) -> None:
        """Close the device."""
        self._capture.release()
