"""Cameras: which there are, and frames of one of them by its number."""

import contextlib
import platform
from dataclasses import dataclass
from pathlib import Path

from realtime.sources.capture import Capture, OpenCvCapture
from realtime.sources.device import Device
from realtime.sources.mode import DEFAULT_MODE, CameraMode
from realtime.sources.opencv import cv2
from realtime.sources.source import SourceError

V4L_FOLDER = Path("/sys/class/video4linux")
PROBED = 4
"""Camera numbers that are tried where the system keeps no list."""
LONGEST_WAIT_S = 1.0
"""Between attempts to get an unplugged camera back; looking for it costs next to nothing."""

BACKEND = {"Darwin": cv2.CAP_AVFOUNDATION, "Windows": cv2.CAP_MSMF}.get(platform.system(), cv2.CAP_ANY)


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera of this machine."""

    number: int
    name: str


def list_cameras() -> list[Camera]:
    """The cameras of this machine, by number. Where the system names them (Linux), nothing is opened."""
    named = []
    for entry in V4L_FOLDER.glob("video[0-9]*"):
        with contextlib.suppress(OSError):  # unplugged in this moment
            # a webcam's second node carries no pictures
            if (entry / "index").read_text().strip() == "0":
                number = int(entry.name.removeprefix("video"))
                named.append(Camera(number, (entry / "name").read_text().strip()))
    probed = (Camera(number, f"camera {number}") for number in range(PROBED) if _opens(number))
    return sorted(named, key=lambda camera: camera.number) or list(probed)


def open_camera(number: int, mode: CameraMode = DEFAULT_MODE, name: str = "") -> Device:
    """The camera with this number; raises `SourceError` if it cannot be opened.

    On Linux a frame's time is the driver's stamp and lost frames are known by the driver's count. Elsewhere the time is
    that of the grab, and what the driver loses stays unknown.
    """
    return Device(name or f"camera {number}", lambda: _connect(number, mode), LONGEST_WAIT_S)


def _connect(number: int, mode: CameraMode) -> Capture:
    if platform.system() == "Linux":
        from realtime.sources.v4l2 import V4l2Capture

        return V4l2Capture(number, mode)
    capture = cv2.VideoCapture(number, BACKEND)
    if not capture.isOpened():
        raise SourceError(f"Camera {number} cannot be opened: it is not there, or in use elsewhere.")
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*mode.fourcc))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, mode.width)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, mode.height)
    capture.set(cv2.CAP_PROP_FPS, mode.rate_hz)
    return OpenCvCapture(capture)


def _opens(number: int) -> bool:
    try:
        _connect(number, DEFAULT_MODE).release()
    except SourceError:
        return False
    return True
