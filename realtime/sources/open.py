"""Open the source that a user names."""

import os
import re
from pathlib import Path

from realtime.sources.camera import Camera, list_cameras, open_camera
from realtime.sources.device import open_stream
from realtime.sources.pictures import PictureFolder
from realtime.sources.source import DEFAULT_MODE, CameraMode, Source, SourceError, require_utf8
from realtime.sources.video import VideoFile


def open_source(text: str, *, mode: CameraMode = DEFAULT_MODE, rate_hz: float | None = None) -> Source:
    """Open the source that `text` names.

    `text` is tried in this order: `auto` (the first camera that opens), a camera's number or /dev/videoN, a URL, a
    folder of pictures taken at `rate_hz`, a video file, (part of) a camera's name. Raises `SourceError` if there is no
    such source or it cannot be read.
    """
    require_utf8(text)
    if text == "auto":
        return _first_camera(mode)
    if number := re.fullmatch(r"(?:/dev/video)?(\d+)", text):
        return open_camera(int(number[1]), mode)
    if "://" in text:
        return open_stream(text)
    path = Path(text)
    if os.path.isdir(path):
        if rate_hz is None:
            try:
                os.scandir(path).close()
            except OSError as error:
                raise SourceError(f"{text} cannot be read: {error.strerror}.") from error
            raise SourceError(
                f"{text} is a folder: give the rate, in pictures a second, at which its pictures were taken."
            )
        return PictureFolder(path, rate_hz)
    if os.path.exists(path) or path.suffix or len(path.parts) > 1:
        return VideoFile(path)
    return _named_camera(text, mode)


def _first_camera(mode: CameraMode) -> Source:
    for camera in list_cameras() or [Camera(0, "camera 0")]:
        try:
            return open_camera(camera.number, mode, camera.name)
        except SourceError:
            continue
    raise SourceError("No camera was found: plug one in, or name a video file or a URL as the source.")


def _named_camera(text: str, mode: CameraMode) -> Source:
    cameras = list_cameras()
    matches = [camera for camera in cameras if text.lower() in camera.name.lower()]
    if len(matches) == 1:
        return open_camera(matches[0].number, mode, matches[0].name)
    listed = ", ".join(f"{camera.number} ({camera.name})" for camera in matches or cameras) or "none"
    problem = "names more than one camera" if matches else "is neither a file nor a camera"
    raise SourceError(f"{text!r} {problem}; cameras: {listed}.")
