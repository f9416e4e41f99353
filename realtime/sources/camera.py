"""Cameras: list the cameras of this machine, and open one by its number."""

import contextlib
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

from realtime.sources.capture import Capture, OpenCvCapture, cv2
from realtime.sources.device import Device
from realtime.sources.source import DEFAULT_MODE, CameraMode, SourceError

V4L_FOLDER = Path("/sys/class/video4linux")
PROBED = 4
"""Camera numbers that are tried where the system provides no list."""
MAX_WAIT_S = 1.0
"""Longest wait between attempts to reopen an unplugged camera; an attempt is cheap."""

BACKEND = {"Darwin": cv2.CAP_AVFOUNDATION, "Windows": cv2.CAP_MSMF}.get(platform.system(), cv2.CAP_ANY)


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera of this machine."""

    number: int
    name: str


def list_cameras() -> list[Camera]:
    """Return the cameras of this machine, by number. Where the system names them (Linux), none is opened."""
    named = []
    for entry in V4L_FOLDER.glob("video[0-9]*"):
        with contextlib.suppress(OSError):  # unplugged at this moment
            # a webcam's second node delivers no pictures
            if (entry / "index").read_text().strip() == "0":
                number = int(entry.name.removeprefix("video"))
                # the driver cuts a name at 31 bytes, also within a character
                name = (entry / "name").read_text(encoding="utf-8", errors="replace").strip()
                named.append(Camera(number, name))
    probed = (Camera(number, f"camera {number}") for number in range(PROBED) if _opens(number))
    return sorted(named, key=lambda camera: camera.number) or list(probed)


def open_camera(number: int, mode: CameraMode = DEFAULT_MODE, name: str = "") -> Device:
    """Open the camera with this number; raises `SourceError` if it cannot be opened.

    On Linux a frame's time is the driver's timestamp, and lost frames are counted by the driver's sequence numbers; a
    timestamp that is not between that of the frame before and now is wrong, and the time is then that of the arrival.
    Elsewhere the time is that of the grab, and frames that the driver loses are not counted.
    """
    return Device(name or f"camera {number}", lambda: _connect(number, mode), MAX_WAIT_S)


def _connect(number: int, mode: CameraMode) -> Capture:
    if sys.platform == "linux":
        from realtime.sources.v4l2 import V4l2Capture

        capture: Capture = V4l2Capture(number, mode)
    else:
        capture = _opencv_capture(number, mode)
    return capture


def _opencv_capture(number: int, mode: CameraMode) -> Capture:
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
