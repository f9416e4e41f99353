"""Network streams: RTSP, MJPEG over HTTP and whatever else FFmpeg opens by URL, timed by arrival."""

from urllib.parse import urlsplit

from realtime.sources.capture import Capture, OpenCvCapture
from realtime.sources.device import Device
from realtime.sources.opencv import cv2
from realtime.sources.source import SourceError

OPEN_TIMEOUT_MS = 5000
READ_TIMEOUT_MS = 3000
LONGEST_WAIT_S = 8.0
"""Between attempts to reach a server that is gone."""


def open_stream(url: str) -> Device:
    """The stream at a URL; raises `SourceError` if it does not answer with video within about 5 s, or has an end."""
    name = safe_url(url)

    def connect() -> Capture:
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_TIMEOUT_MS]
        capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, limits)
        if not capture.isOpened():
            raise SourceError(f"{name} cannot be reached, or sends no video.")
        if capture.get(cv2.CAP_PROP_FRAME_COUNT) > 0:
            capture.release()
            raise SourceError(f"{name} is a recording, not a stream: download it and give the file.")
        return OpenCvCapture(capture)

    return Device(name, connect, LONGEST_WAIT_S)


def safe_url(url: str) -> str:
    """The URL without user, password, query and fragment, any of which may hold a secret.

    Raises `SourceError` if its parts cannot be told apart.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise SourceError(f"The {url.partition('://')[0]} URL is malformed: its host cannot be read.") from None
    # not parts.hostname and parts.port, which raise for a malformed port
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
