"""Moments: the pictures of a face around an event, so that a person can look at it again, slowly.

Held in memory only, as JPEG; nothing is written from here.
"""

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from medn.face.aligned import eye_axis
from realtime.drivers import Sink
from realtime.frame import Frame
from realtime.results import Analysis, Event

AIR_S = 0.25
"""Shown before the onset and after the offset."""
HELD_S = 4.0
"""Older pictures belong to no event that is still to be decided (a macro-expression's bound plus its decision)."""
HIGHEST_RATE_HZ = 65.0
"""Pictures beyond this rate are left out: no screen shows them."""
MOST_MOMENTS = 40
QUALITY = 92
SIDE_PX = 400
"""Larger faces are made smaller."""
SIDE_IOD, DOWN_IOD = 3.6, 0.55
"""The square around a face: its side, and how far its middle lies below the eyes, in eye distances."""
HOLD_IOD = 0.35
"""The square stays where it is until the face has moved this far, so that a moment does not swim."""


@dataclass(frozen=True, slots=True)
class Moment:
    """An event in pictures; n of them, all of one size."""

    event: Event
    times_s: tuple[float, ...]
    images: tuple[NDArray[np.uint8], ...]
    """(side, side, 3) BGR."""

    def index_at(self, time_s: float) -> int:
        """The picture nearest to a time."""
        return int(np.abs(np.array(self.times_s) - time_s).argmin())


@dataclass(frozen=True, slots=True)
class Square:
    """Where a face is cut out of a frame."""

    left: int
    top: int
    side: int

    def cut(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(s, s, 3) with s the side, at most `SIDE_PX`; what lies beyond the picture repeats its edge."""
        height, width = image.shape[:2]
        right, bottom = self.left + self.side, self.top + self.side
        part = image[max(self.top, 0) : max(min(bottom, height), 1), max(self.left, 0) : max(min(right, width), 1)]
        beyond = (max(-self.top, 0), max(bottom - height, 0), max(-self.left, 0), max(right - width, 0))
        if any(beyond):
            part = cv2.copyMakeBorder(part, *beyond, cv2.BORDER_REPLICATE)
        if self.side > SIDE_PX:
            part = cv2.resize(part, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
        return part


def square_around(points: NDArray[np.float32]) -> Square:
    """The square around a face, from its (478, ≥2) landmarks in px."""
    x, y, distance_px, _ = eye_axis(points)
    side = max(round(SIDE_IOD * distance_px), 16)
    return Square(round(x - side / 2), round(y + DOWN_IOD * distance_px - side / 2), side)


class Moments(Sink):
    """A sink that keeps the newest events' pictures; the driver's thread writes, any thread reads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._squares: dict[int, Square] = {}
        self._recent: dict[int, deque[tuple[float, NDArray[np.uint8]]]] = {}
        self._moments: deque[tuple[Event, list[tuple[float, NDArray[np.uint8]]]]] = deque(maxlen=MOST_MOMENTS)

    def on_analysis(self, frame: Frame, analysis: Analysis) -> None:
        """Keep the picture of each face for a while."""
        for face in analysis.faces:
            recent = self._recent.setdefault(face.face, deque())
            if recent and frame.time_s - recent[-1][0] < 1 / HIGHEST_RATE_HZ:
                continue
            square = self._steady(face.face, square_around(face.points))
            coded, jpeg = cv2.imencode(".jpg", square.cut(frame.image), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
            if coded:
                recent.append((frame.time_s, jpeg))
        for number, recent in list(self._recent.items()):
            while recent and frame.time_s - recent[0][0] > HELD_S:
                recent.popleft()
            if not recent:
                del self._recent[number]

    def on_events(self, events: Sequence[Event]) -> None:
        """Keep the pictures around each event."""
        for event in events:
            start_s, end_s = event.onset_s - AIR_S, event.offset_s + AIR_S
            pictures = [p for p in self._recent.get(event.face, ()) if start_s <= p[0] <= end_s]
            with self._lock:
                self._moments.append((event, pictures))

    def of(self, event: Event) -> Moment | None:
        """An event's moment; None if its pictures are no longer, or were never, held."""
        pictures = self._pictures(event)
        images = [_decoded(jpeg) for _, jpeg in pictures]
        return moment(event, [time_s for time_s, _ in pictures], images) if images else None

    def picture(self, event: Event, time_s: float) -> NDArray[np.uint8] | None:
        """The picture of an event that is nearest to a time; None as with `of`."""
        pictures = self._pictures(event)
        return _decoded(min(pictures, key=lambda p: abs(p[0] - time_s))[1]) if pictures else None

    def ends(self, event: Event, since_s: float) -> dict[str, bytes]:
        """JPEG pictures of an event's "onset" and "apex", none from before a time; empty as with `of`."""
        pictures = [picture for picture in self._pictures(event) if picture[0] >= since_s]
        times_s = {"onset": event.onset_s, "apex": event.apex_s} if pictures else {}
        return {name: min(pictures, key=lambda p: abs(p[0] - at_s))[1].tobytes() for name, at_s in times_s.items()}

    def _pictures(self, event: Event) -> list[tuple[float, NDArray[np.uint8]]]:
        with self._lock:
            return next((held for kept, held in self._moments if kept is event), [])

    def _steady(self, face: int, now: Square) -> Square:
        held = self._squares.get(face)
        reach = HOLD_IOD * now.side / SIDE_IOD
        if (
            held is None
            or abs(held.left + held.side / 2 - now.left - now.side / 2) > reach
            or abs(held.top + held.side / 2 - now.top - now.side / 2) > reach
            or abs(held.side - now.side) > 0.2 * now.side
        ):
            held = self._squares[face] = now
        return held


def moment(event: Event, times_s: Sequence[float], images: Sequence[NDArray[np.uint8]]) -> Moment:
    """A moment of pictures that may differ in size: all are brought to that of the largest."""
    side = max(image.shape[0] for image in images)
    sized = [i if i.shape[0] == side else cv2.resize(i, (side, side), interpolation=cv2.INTER_LINEAR) for i in images]
    return Moment(event, tuple(times_s), tuple(sized))


def moment_of_ends(event: Event, pictures: Mapping[str, bytes]) -> Moment | None:
    """The moment that a session's pictures of an event make: onset and apex only; None if there are not both."""
    if not {"onset", "apex"} <= pictures.keys():
        return None
    images = [_decoded(np.frombuffer(pictures[name], np.uint8)) for name in ("onset", "apex")]
    return moment(event, (event.onset_s, event.apex_s), images)


def _decoded(jpeg: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)
