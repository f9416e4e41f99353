"""What every source is: an iterable of frames, of frames that were lost, and of notices, in the order of time."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from realtime.frame import Frame


class SourceError(Exception):
    """A source that cannot be read; its text is one sentence for the user, without credentials."""


class Cause(Enum):
    """Why a frame that was offered was not analysed."""

    OVERRUN = "overrun"
    """The analysis was too slow: a newer frame took its place."""
    CAMERA_OVERRUN = "camera overrun"
    """The camera's own buffers were full because it was read too late."""
    SOURCE_LOST = "source lost"
    """The frame that was awaited when a camera or a stream went away."""
    DECODE_ERROR = "decode error"
    CLOCK = "time not increasing"
    """Its time was not later than that of the frame before."""
    STOPPED = "stopped"
    """Taken, but not yet analysed when the run was stopped."""


class NoticeKind(Enum):
    """What a source or a driver has to tell beside frames."""

    LOST = "lost"
    RECONNECTED = "reconnected"
    STALLED = "stalled"
    RESUMED = "resumed"
    CUT_SHORT = "cut short"
    DEGRADED = "degraded"


@dataclass(frozen=True, slots=True)
class Dropped:
    """A frame that was offered and not analysed."""

    index: int
    time_s: float
    cause: Cause


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence for the user about the source, at a time of the source in s."""

    time_s: float
    kind: NoticeKind
    text: str


Item: TypeAlias = Frame | Dropped | Notice


class Source(Protocol):
    """Opened when made (or `SourceError`), iterated once by one thread, closed by any thread.

    The iteration ends at the end of a recording, or soon after `close` was called.
    """

    @property
    def name(self) -> str:
        """Safe for logs, messages and sessions: never with credentials."""

    @property
    def live(self) -> bool:
        """True where frames come when they come; False for recordings, which wait until they are read."""

    @property
    def duration_s(self) -> float | None:
        """About how long a recording is, if it says so; good for a progress bar only."""

    @property
    def zero_s(self) -> float:
        """`time.monotonic()` at time 0 of a live source; NaN before its first frame and for recordings."""

    def __iter__(self) -> Iterator[Item]: ...

    def close(self) -> None:
        """End the iteration and free what is held; calling it again does nothing."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class Numbering:
    """Gives frames their index, and sees to it that their times strictly increase."""

    def __init__(self) -> None:
        self._next = 0
        self._last_s = -np.inf

    def frame(self, time_s: float, image: NDArray[np.uint8]) -> Frame | Dropped:
        """The next frame, or that it was dropped because its time is not later than the last one's."""
        if time_s <= self._last_s:
            return self.dropped(time_s, Cause.CLOCK)
        self._last_s = time_s
        return Frame(self._count(), time_s, image)

    def dropped(self, time_s: float, cause: Cause) -> Dropped:
        """The next frame is offered, but there is no picture to analyse."""
        return Dropped(self._count(), time_s, cause)

    def _count(self) -> int:
        self._next += 1
        return self._next - 1
