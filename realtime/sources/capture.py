"""What a device reads frames with, and OpenCV's way of doing it: for network streams, and cameras outside Linux."""

import math
import time
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray


class Capture(Protocol):
    """An open camera or stream."""

    taken_s: float
    """When the frame last grabbed was taken, on `time.monotonic()`'s clock."""
    lost: int
    """How many frames the device lost just before that one, as far as it can tell."""

    def grab(self) -> bool:
        """Wait for the next frame; False if none came in some seconds, or the device is gone."""

    def retrieve(self) -> tuple[bool, NDArray[np.uint8]]:
        """Decode the frame last grabbed to BGR; whether that was possible, and the picture."""

    def release(self) -> None:
        """Give the device back; calling it again does nothing."""


class OpenCvCapture:
    """OpenCV tells neither capture times nor losses that can be relied upon: the time is that of the grab."""

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
        """Decode the frame last grabbed."""
        decoded, image = self._capture.retrieve()
        return decoded, image

    def release(self) -> None:
        """Give the device back."""
        self._capture.release()
