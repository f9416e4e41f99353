"""Cameras: which there are, and frames of one of them by its number."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import cv2

from realtime.sources.device import Device
from realtime.sources.opencv import position_s
from realtime.sources.source import SourceError

V4L_FOLDER = Path("/sys/class/video4linux")
PROBED = 4
"""Camera numbers that are tried where the system keeps no list."""

BACKEND = {"linux": cv2.CAP_V4L2, "darwin": cv2.CAP_AVFOUNDATION, "win32": cv2.CAP_MSMF}.get(sys.platform, cv2.CAP_ANY)


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera of this machine."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class CameraMode:
    """What a camera is asked for; it gives what it can, and the rate is measured, not believed."""

    width: int = 1280
    height: int = 720
    rate_hz: float = 30.0
    fourcc: str = "MJPG"
    """MJPG, because a USB 2 cable carries 720p at 30 Hz only when compressed; cameras without it send their own."""


DEFAULT_MODE = CameraMode()


def list_cameras() -> list[Camera]:
    """The cameras of this machine, by number. Where the system names them (Linux), nothing is opened."""
    named = [
        Camera(int(entry.name.removeprefix("video")), (entry / "name").read_text().strip())
        for entry in V4L_FOLDER.glob("video[0-9]*")
        # a webcam's second node carries no pictures
        if (entry / "index").read_text().strip() == "0"
    ]
    return sorted(named, key=lambda camera: camera.number) or [
        Camera(number, f"camera {number}") for number in range(PROBED) if _opens(number)
    ]


def open_camera(number: int, mode: CameraMode = DEFAULT_MODE, name: str = "") -> Device:
    """The camera with this number, timed by the driver's stamp of each frame, or at the grab where there is none.

    Raises `SourceError` if it cannot be opened.
    """
    name = name or f"camera {number}"

    def connect() -> cv2.VideoCapture:
        capture = cv2.VideoCapture(number, BACKEND)
        if not capture.isOpened():
            raise SourceError(f"{name[0].upper()}{name[1:]} cannot be opened: it is not there, or in use elsewhere.")
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*mode.fourcc))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, mode.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, mode.height)
        capture.set(cv2.CAP_PROP_FPS, mode.rate_hz)
        return capture

    return Device(name, connect, _capture_time_s, longest_wait_s=1.0)


def _capture_time_s(capture: cv2.VideoCapture) -> float:
    # V4L2's stamp is the moment of capture, on the monotonic clock: truer than the grab, until which a frame may wait.
    now_s, stamp_s = time.monotonic(), position_s(capture)
    return stamp_s if 0 <= now_s - stamp_s < 1 else now_s


def _opens(number: int) -> bool:
    capture = cv2.VideoCapture(number, BACKEND)
    opened = capture.isOpened()
    capture.release()
    return opened
