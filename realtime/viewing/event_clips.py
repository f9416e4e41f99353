"""Event clips: the pictures of a face around an event, so that a person can look at it again, slowly.

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
from realtime.sink import Sink
from realtime.types import Analysis, Event, Frame

AIR_S = 0.25
"""Shown before the onset and after the offset."""
HELD_S = 4.0
"""Older pictures belong to no event that is still to be decided (a macro-expression's bound plus its decision)."""
PICTURE_RATE_HZ = 65.0
"""Pictures beyond this rate are left out: no screen shows them."""
MAX_CLIPS = 40
QUALITY = 92
SIDE_PX = 400
"""Larger faces are made smaller."""
SIDE_IOD, DOWN_IOD = 3.6, 0.55
"""The square around a face: its side, and how far its middle lies below the eyes, in eye distances."""
HOLD_IOD = 0.35
"""The square stays where it is until the face has moved this far, so that a clip does not swim."""


@dataclass(frozen=True, slots=True)
class EventClip:
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


class EventClips(Sink):
    """A sink that keeps the newest events' pictures; the driver's thread writes, any thread reads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._squares: dict[int, Square] = {}
        self._recent: dict[int, deque[tuple[float, NDArray[np.uint8]]]] = {}
        self._clips: deque[tuple[Event, list[tuple[float, NDArray[np.uint8]]]]] = deque(maxlen=MAX_CLIPS)

    def on_analysis(self, analysis: Analysis, frame: Frame | None) -> None:
        """Keep the picture of each face for a while, and those around each event."""
        if frame is not None:
            self._keep_faces(analysis, frame)
        for event in analysis.events:
            start_s, end_s = event.onset_s - AIR_S, event.offset_s + AIR_S
            pictures = [p for p in self._recent.get(event.face, ()) if start_s <= p[0] <= end_s]
            with self._lock:
                self._clips.append((event, pictures))

    def of(self, event: Event) -> EventClip | None:
        """An event's clip; None if its pictures are no longer, or were never, held."""
        pictures = self._pictures(event)
        images = [_decoded(jpeg) for _, jpeg in pictures]
        return clip(event, [time_s for time_s, _ in pictures], images) if images else None

    def picture(self, event: Event, time_s: float) -> NDArray[np.uint8] | None:
        """The picture of an event that is nearest to a time; None as with `of`."""
        pictures = self._pictures(event)
        return _decoded(min(pictures, key=lambda p: abs(p[0] - time_s))[1]) if pictures else None

    def ends(self, event: Event, since_s: float) -> dict[str, bytes]:
        """JPEG pictures of an event's "onset" and "apex", none from before a time; empty as with `of`."""
        pictures = [picture for picture in self._pictures(event) if picture[0] >= since_s]
        times_s = {"onset": event.onset_s, "apex": event.apex_s} if pictures else {}
        return {name: min(pictures, key=lambda p: abs(p[0] - at_s))[1].tobytes() for name, at_s in times_s.items()}

    def _keep_faces(self, analysis: Analysis, frame: Frame) -> None:
        for face in analysis.faces:
            recent = self._recent.setdefault(face.face, deque())
            if recent and frame.time_s - recent[-1][0] < 1 / PICTURE_RATE_HZ:
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

    def _pictures(self, event: Event) -> list[tuple[float, NDArray[np.uint8]]]:
        with self._lock:
            return next((held for kept, held in self._clips if kept is event), [])

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


def clip(event: Event, times_s: Sequence[float], images: Sequence[NDArray[np.uint8]]) -> EventClip:
    """A clip of pictures that may differ in size: all are brought to that of the largest."""
    side = max(image.shape[0] for image in images)
    sized = [i if i.shape[0] == side else cv2.resize(i, (side, side), interpolation=cv2.INTER_LINEAR) for i in images]
    return EventClip(event, tuple(times_s), tuple(sized))


def ends_of(clip: EventClip) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The pictures of the onset and of the apex."""
    onset, apex = (clip.images[clip.index_at(time_s)] for time_s in (clip.event.onset_s, clip.event.apex_s))
    return onset, apex


def clip_of_ends(event: Event, pictures: Mapping[str, bytes]) -> EventClip | None:
    """The clip that a session's pictures of an event make: onset and apex only.

    None if there are not both, if one is damaged, or if they differ in size.
    """
    if not {"onset", "apex"} <= pictures.keys():
        return None
    try:
        images = [_decoded(np.frombuffer(pictures[name], np.uint8)) for name in ("onset", "apex")]
    except cv2.error:  # there was nothing to decode
        return None
    if images[0].ndim != 3 or images[0].shape != images[1].shape:
        return None
    return clip(event, (event.onset_s, event.apex_s), images)


def _decoded(jpeg: NDArray[np.uint8]) -> NDArray[np.uint8]:
    image = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    return np.empty(0, np.uint8) if image is None else np.asarray(image, np.uint8)
