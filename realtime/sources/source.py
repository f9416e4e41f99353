"""The interface of every source: an iterable of frames, dropped frames and notices, in the order of time."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from medn.errors import UserError
from realtime.types import MAX_TIME_S, Frame


class SourceError(UserError):
    """A source that cannot be read; the text holds no credentials."""


def require_utf8(path: str) -> None:
    """Raise `SourceError` for a file name that is no UTF-8, which decoders, sessions and terminals cannot hold.

    The same for one that is empty or holds a zero, which no file system takes.
    """
    if not path.strip() or "\0" in path:
        raise SourceError(f"{path!r} is no name of a file, a camera or a stream.")
    shown = path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if shown != path:
        raise SourceError(f"{shown} has a name that is no UTF-8 text: rename it.")


@dataclass(frozen=True, slots=True)
class CameraMode:
    """Size, rate and format requested of a camera. A camera may deliver others; the actual rate is measured."""

    width: int = 1280
    height: int = 720
    rate_hz: float = 30.0
    fourcc: str = "MJPG"
    """MJPG, because a USB 2 cable carries 720p at 30 Hz only when compressed; cameras without it use another format."""


DEFAULT_MODE = CameraMode()


class Cause(Enum):
    """Why a frame that the source offered was not analysed."""

    OVERRUN = "overrun"
    """The analysis was too slow: a newer frame replaced this one."""
    CAMERA_OVERRUN = "camera overrun"
    """The camera's own buffers were full because frames were read too late."""
    SOURCE_LOST = "source lost"
    """The frame that was due when a camera or a stream was lost."""
    DECODE_ERROR = "decode error"
    MISSING = "missing"
    """A picture that is missing in its folder by the numbers of the others."""
    CLOCK = "time not increasing"
    """Its time was not later than that of the frame before it."""
    STOPPED = "stopped"
    """Captured, but not yet analysed when the run was stopped."""


class NoticeKind(Enum):
    """Kind of a notice from a source or a driver."""

    LOST = "lost"
    RECONNECTED = "reconnected"
    STALLED = "stalled"
    RESUMED = "resumed"
    CUT_SHORT = "cut short"
    MISSING = "missing"
    NO_FACE = "no face"
    DEGRADED = "degraded"


@dataclass(frozen=True, slots=True)
class Dropped:
    """A frame that the source offered and that was not analysed."""

    index: int
    time_s: float
    cause: Cause


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence for the user about the source, with its time in s on the source's clock."""

    time_s: float
    kind: NoticeKind
    text: str


Item: TypeAlias = Frame | Dropped | Notice


class Source(Protocol):
    """Opened by its constructor (or `SourceError`), iterated once by one thread, closed by any thread.

    The iteration ends at the end of a recording, or soon after `close` was called.
    """

    @property
    def name(self) -> str:
        """Safe for logs, messages and sessions: contains no credentials."""

    @property
    def live(self) -> bool:
        """True if frames arrive in real time; False for recordings, which wait until they are read."""

    @property
    def duration_s(self) -> float | None:
        """Approximate length of a recording in s, if its container states one; for progress bars only."""

    @property
    def zero_s(self) -> float:
        """`time.monotonic()` at time 0 of a live source; NaN before its first frame and for recordings."""

    def __iter__(self) -> Iterator[Item]: ...

    def close(self) -> None:
        """End the iteration and release resources; calling it again does nothing."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class Numbering:
    """Numbers frames and ensures that their times strictly increase."""

    def __init__(self) -> None:
        self._next = 0
        self._last_s = -np.inf

    def frame(self, time_s: float, image: NDArray[np.uint8]) -> Frame | Dropped:
        """The next frame, or a drop if its time is not later than that of the last frame."""
        if not self._last_s < time_s <= MAX_TIME_S:
            return self.dropped(time_s, Cause.CLOCK)
        self._last_s = time_s
        return Frame(self._count(), time_s, image)

    def dropped(self, time_s: float, cause: Cause) -> Dropped:
        """The next frame as a drop: it was offered, but there is no picture to analyse.

        Where its time cannot be, that of the last frame stands for it.
        """
        possible = max(self._last_s, 0.0) <= time_s <= MAX_TIME_S
        return Dropped(self._count(), time_s if possible else max(self._last_s, 0.0), cause)

    def _count(self) -> int:
        self._next += 1
        return self._next - 1
