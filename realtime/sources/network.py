"""Network streams: RTSP, MJPEG over HTTP and whatever else FFmpeg opens by URL, timed by arrival."""

import time
from urllib.parse import urlsplit

import cv2

from realtime.sources.device import Device
from realtime.sources.source import SourceError

OPEN_TIMEOUT_MS = 5000
READ_TIMEOUT_MS = 3000


def open_stream(url: str) -> Device:
    """The stream at a URL; raises `SourceError` if it does not answer with a picture within about 5 s."""
    name = safe_url(url)

    def connect() -> cv2.VideoCapture:
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_TIMEOUT_MS]
        capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, limits)
        if not capture.isOpened():
            raise SourceError(f"{name} cannot be reached, or sends no video.")
        return capture

    return Device(name, connect, lambda _: time.monotonic(), longest_wait_s=8.0)


def safe_url(url: str) -> str:
    """The URL without user, password, query and fragment, any of which may hold a secret."""
    parts = urlsplit(url)
    # not parts.hostname and parts.port, which raise for a malformed port
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
