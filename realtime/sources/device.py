"""Devices: frames as they arrive, through losses and reconnections. Cameras and network streams share this.

Network streams: RTSP, MJPEG over HTTP and whatever else FFmpeg opens by URL, timed by arrival.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator
from typing import Self
from urllib.parse import urlsplit

from realtime.sources.capture import Capture, OpenCvCapture, cv2
from realtime.sources.source import Cause, Dropped, Item, Notice, NoticeKind, Numbering, SourceError
from realtime.types import Frame

FIRST_WAIT_S = 0.25
"""Wait before the first attempt to reconnect; doubled after each attempt that fails."""
OPEN_TIMEOUT_MS = 5000
READ_TIMEOUT_MS = 3000
MAX_STREAM_WAIT_S = 8.0
"""Longest wait between attempts to reach a server that is gone."""


class Device:
    """Frames from the capture that `connect` opens. Reconnects until it is closed; times and indices go on.

    `connect` raises `SourceError` in bounded time; `max_wait_s` bounds the back-off between attempts to reconnect.
    A failed read counts as one lost frame; frames that pass while the device is away cannot be counted.
    """

    live = True
    duration_s = None

    def __init__(self, name: str, connect: Callable[[], Capture], max_wait_s: float) -> None:
        self.name = name
        self.zero_s = math.nan
        self._connect, self._max_wait_s = connect, max_wait_s
        self._closed = threading.Event()
        self._iterating = False
        self._capture = connect()

    def __iter__(self) -> Iterator[Item]:
        """Yield frames until closed; blocks while none arrives."""
        self._iterating = True
        numbering, wait_s, lost_s = Numbering(), FIRST_WAIT_S, math.nan
        try:
            while True:
                for item in self._until_failure(numbering):
                    if not math.isnan(lost_s):
                        text = f"{self.name} is back after {item.time_s - lost_s:.1f} s."
                        yield Notice(item.time_s, NoticeKind.RECONNECTED, text)
                        wait_s, lost_s = FIRST_WAIT_S, math.nan
                    yield item
                if self._closed.is_set():
                    return
                if math.isnan(lost_s):
                    lost_s = 0.0 if math.isnan(self.zero_s) else time.monotonic() - self.zero_s
                    yield numbering.dropped(lost_s, Cause.SOURCE_LOST)
                    yield Notice(lost_s, NoticeKind.LOST, f"{self.name} was lost; trying to get it back.")
                wait_s = self._reopen(wait_s)
        finally:
            self._capture.release()

    def close(self) -> None:
        """End the iteration; the iterating thread closes the device once its current read returns."""
        self._closed.set()
        if not self._iterating:
            self._capture.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _until_failure(self, numbering: Numbering) -> Iterator[Frame | Dropped]:
        before_s = math.nan
        while not self._closed.is_set() and self._capture.grab():
            taken_s, lost = self._capture.taken_s, self._capture.lost
            if math.isnan(self.zero_s):
                self.zero_s = taken_s
            if lost:
                step_s = (taken_s - before_s) / (lost + 1)
                for place in range(1, lost + 1):
                    yield numbering.dropped(before_s + place * step_s - self.zero_s, Cause.CAMERA_OVERRUN)
            before_s, time_s = taken_s, taken_s - self.zero_s
            decoded, image = self._capture.retrieve()
            yield numbering.frame(time_s, image) if decoded else numbering.dropped(time_s, Cause.DECODE_ERROR)

    def _reopen(self, wait_s: float) -> float:
        """Try to connect, with growing waits, until it works or the device is closed; returns the next wait in s."""
        self._capture.release()
        while not self._closed.wait(wait_s):
            wait_s = min(2 * wait_s, self._max_wait_s)
            try:
                self._capture = self._connect()
            except SourceError:
                continue
            break
        return wait_s


def open_stream(url: str) -> Device:
    """Open the stream at a URL.

    Raises `SourceError` if it does not deliver video within about 5 s, or if it is a recording, which has an end.
    """
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

    return Device(name, connect, MAX_STREAM_WAIT_S)


def safe_url(url: str) -> str:
    """Return the URL without user, password, query and fragment, any of which may hold a secret.

    Raises `SourceError` if the URL cannot be split into its parts.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise SourceError(f"The {url.partition('://')[0]} URL is malformed: its host cannot be read.") from None
    # not parts.hostname and parts.port, which raise for a malformed port
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
