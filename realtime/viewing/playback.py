"""Playback: any frame of a video file at once, for a person who scrubs; counted and timed as `VideoFile` does."""

import contextlib
import math
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self, cast

import av
import numpy as np
from numpy.typing import NDArray

from medn.face.aligned import eye_axis
from medn.face.landmarker import FaceObservation, Landmarker
from medn.media_file import open_media
from medn.time_line import AVI
from realtime.faces.detector import Part
from realtime.sources import SourceError
from realtime.sources.container import read_container, square_pixels
from realtime.sources.decoder import decoded, packets_of, upright
from realtime.types import Event, Frame
from realtime.viewing.event_clips import AIR_S, EventClip, clip, square_around
from realtime.viewing.kept import keep, kept
from realtime.viewing.places import Place

HELD_FRAMES = 24
"""Decoded frames that are kept, so that stepping back is quick: 66 MB at 720p."""
NEAR_FRAMES = 6
"""So many frames up to a wanted one are converted to pictures, for who steps back."""
MOST_KEYS = 3
"""So many key frames before a frame are tried before the file is decoded from its beginning."""
INDEX, KEPT_FROM = "frames-shown", 10_000
"""What is kept of a recording, from this number of frames on: shorter ones are read at once."""
AHEAD_FRAMES = 40
"""A frame this little ahead is reached by decoding on, without a jump."""


AROUND_IOD = 6.0
"""Side of the square in which a face at a known place is looked for, in eye distances."""
GAP_STEPS = 2.5
"""A frame that comes after so many times the usual step comes after a gap."""


def pace(times_s: NDArray[np.float64]) -> str:
    """Return the frame rate between the gaps, and how many gaps there are, as a phrase."""
    steps_s = np.diff(np.unique(times_s))
    if not len(steps_s):
        return "1 frame"
    gap = steps_s > GAP_STEPS * np.median(steps_s)
    rate = f"{1 / steps_s[~gap].mean():.3g} fps"
    if not gap.any():
        return rate
    return f"{rate}, {gap.sum()} gap{'s' if gap.sum() > 1 else ''}, the longest {steps_s[gap].max():.2f} s"


@dataclass(frozen=True, slots=True)
class SeenFace:
    """A face in a frame."""

    number: int | None
    """Its number in the session; None where that is not known."""
    points: NDArray[np.float32]
    """(478, 3) landmarks in px."""


class Playback:
    """An open video file; one thread at a time. Raises `SourceError` if the file cannot be read."""

    def __init__(self, path: Path) -> None:
        container = read_container(path)
        if container is None:
            raise SourceError(f"{path} cannot be read as a video.")
        self._pixel_aspect, self._size = container.pixel_aspect, container.size
        try:
            self._container = open_media(path)
        except (OSError, av.FFmpegError) as error:
            raise SourceError(f"{path} cannot be read as a video: {error.strerror}.") from error
        self._stream = cast("av.VideoStream", self._container.streams[container.stream])
        self._stream.thread_type = "AUTO"
        for other in self._container.streams:
            if other is not self._stream:
                other.discard = av.stream.Discard.all
        self._pts, self._keys = self._index(path)
        if not len(self._pts):
            self._container.close()
            raise SourceError(f"{path} holds no frames with times.")
        since_first_s = (self._pts - self._pts[0]) * float(self._stream.time_base or 1)
        self.times_s: NDArray[np.float64] = container.begins_s + since_first_s
        """(frames,) time of each frame on the file's time line."""
        shown = self._keys[self._keys <= self._pts[-1]]  # others are after the end of an edit list
        self.keys: NDArray[np.int64] = np.unique(np.searchsorted(self._pts, shown))
        """Numbers of the key frames; for those before the beginning of an edit list, the first frame."""
        self._held: OrderedDict[int, NDArray[np.uint8]] = OrderedDict()
        self._decoding: Iterator[av.VideoFrame] = iter(())
        self._passed: tuple[int, av.VideoFrame] | None = None  # the last frame that was decoded on the way, unconverted
        self._next: int | None = None  # the frame that decoding on would give; None: it must jump first
        self._landmarker: Landmarker | None = None

    def index_at(self, time_s: float) -> int:
        """The frame that is on the screen at a time."""
        return int(np.clip(np.searchsorted(self.times_s, time_s + 1e-4, "right") - 1, 0, len(self.times_s) - 1))

    def frame(self, index: int) -> Frame:
        """A frame by its number, from 0.

        Where it cannot be decoded, the picture of the one before it stands for it, as in a player; `SourceError` if
        none of the `AHEAD_FRAMES` before it can be decoded.
        """
        if index not in self._held:
            if self._next is None or not 0 <= index - self._next < AHEAD_FRAMES:
                self._jump(index)
            self._decode_to(index)
        shown = self._held_before(index)
        if shown is None:
            raise SourceError(f"Frame {index} of the video cannot be decoded.")
        self._held.move_to_end(shown)
        return Frame(index, float(self.times_s[index]), self._held[shown])

    def faces(self, index: int, places: Mapping[int, Place] | None = None) -> list[SeenFace]:
        """The faces in a frame: those that a session has at `places` with their numbers, or else all without one.

        A face at a known place is looked for there, so that it is found however far from the camera it is.
        """
        image = self.frame(index).image
        numbered = [self._face_at(image, face, place) for face, place in (places or {}).items()]
        found = [seen for seen in numbered if seen is not None]
        return found or [SeenFace(None, face.points) for face in self._landmarks(image)]

    def event_clip(self, event: Event, places: Mapping[int, Place] | None = None) -> EventClip | None:
        """An event in pictures; `places` are those at its onset. None if there is no face then."""
        own = {event.face: places[event.face]} if places and event.face in places else None
        faces = [seen.points for seen in self.faces(self.index_at(event.onset_s), own)]
        if not faces:
            return None
        # by number from the left only where there are several: an early session does not store where a face was
        faces.sort(key=lambda points: float(points[:, 0].mean()))
        square = square_around(faces[min(event.face, len(faces) - 1)])
        first, last = self.index_at(event.onset_s - AIR_S), self.index_at(event.offset_s + AIR_S)
        frames = [self.frame(index) for index in range(first, last + 1)]
        return clip(event, [f.time_s for f in frames], [np.ascontiguousarray(square.cut(f.image)) for f in frames])

    def close(self) -> None:
        """Close the file."""
        self._container.close()
        if self._landmarker is not None:
            self._landmarker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _index(self, path: Path) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Times of all frames and of the key frames among them, in the stream's units; kept for the next time."""
        there = kept(path, INDEX)
        if there is not None and {"pts", "keys"} <= there.keys():
            return there["pts"].astype(np.int64), there["keys"].astype(np.int64)
        packets = packets_of(self._container, self._stream)
        avi = self._container.format.name == AVI  # see `timed`
        stored = ((p.dts if avi else p.pts, p) for p in packets if p.size)
        frames = [(at, p.is_keyframe, p.is_discard) for at, p in stored if at is not None]
        pts = np.array(sorted(at for at, _, cut in frames if not cut), np.int64)  # cut: left out by an edit list
        keys = np.array(sorted(at for at, is_key, _ in frames if is_key), np.int64)
        if avi and len(pts):
            pts, keys = self._returned(pts, keys)
        if len(pts) >= KEPT_FROM:
            keep(path, INDEX, {"pts": pts, "keys": keys})
        return pts, keys

    def _returned(
        self, stored: NDArray[np.int64], keys: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The times that `decoded` gives the frames of packets at `stored` times, and the key frames among them."""
        with contextlib.suppress(av.FFmpegError):
            self._container.seek(int(stored[0]), stream=self._stream)
        first = next(decoded(self._container, self._stream), None)
        if first is None or first.pts is None:
            return stored, keys
        late = int(np.searchsorted(stored, first.pts))
        step = stored[-1] - stored[-2] if len(stored) > 1 else 1
        returned = np.concatenate((stored[late:], stored[-1] + step * np.arange(1, late + 1)))
        return returned, returned[np.searchsorted(stored, keys)]

    def _face_at(self, image: NDArray[np.uint8], number: int, place: Place) -> SeenFace | None:
        """The face nearest to a place, if there is one within an eye distance of it."""
        height, width = image.shape[:2]
        part = Part(0, 0, round(AROUND_IOD * place.eye_distance_px)).centred(place.x, place.y, width, height)
        if not 0 <= place.x < width or not 0 <= place.y < height or part.side < 1:
            return None
        points = [part.placed(face).points for face in self._landmarks(part.cut(image))]
        nearest = min(points, key=lambda each: _away_px(each, place), default=None)
        if nearest is None or _away_px(nearest, place) > place.eye_distance_px:
            return None
        return SeenFace(number, nearest)

    def _landmarks(self, image: NDArray[np.uint8]) -> list[FaceObservation]:
        if self._landmarker is None:
            self._landmarker = Landmarker("image", 4)
        return self._landmarker(np.ascontiguousarray(image[:, :, ::-1]))

    def _jump(self, index: int) -> None:
        """Go to the key frame before a frame, and decode that.

        A file's own index may lead to a later key frame: a frame that is shown before one may be stored after it, and
        then needs the one before that (an open group of pictures).
        """
        target = int(self._pts[index])
        before = self._keys[: np.searchsorted(self._keys, target, "right")][::-1][:MOST_KEYS].tolist()
        beginning = int(self._pts[0]) - round(1 / (self._stream.time_base or 1))
        for start in (target, *before, beginning):
            with contextlib.suppress(av.FFmpegError):  # decoding goes on where the file stands
                self._container.seek(start, stream=self._stream)
            self._decoding = decoded(self._container, self._stream)
            self._next = None
            first = self._decode_one(index)
            if first is not None and first <= index:
                return

    def _decode_to(self, index: int) -> None:
        """Decode on up to a frame, or past it where it cannot be decoded."""
        while index not in self._held and (self._next or 0) <= index and self._decode_one(index) is not None:
            pass

    def _held_before(self, index: int) -> int | None:
        """A frame, or where it cannot be decoded, the last one before it; None if that is too far before it."""
        shown = max((held for held in self._held if index - AHEAD_FRAMES < held <= index), default=None)
        passed = self._passed
        if passed is not None and (shown or 0) < passed[0] and index - AHEAD_FRAMES < passed[0] <= index:
            shown = passed[0]
            self._hold(*passed)
        return shown

    def _decode_one(self, wanted: int) -> int | None:
        """Decode the next frame, and keep its picture if it is near the wanted one: converting costs more.

        Returns its number; None at the end.
        """
        picture = next((each for each in self._decoding if each.pts is not None), None)
        if picture is None:
            self._next = None
            return None
        place = max(int(np.searchsorted(self._pts, picture.pts)), self._next or 0)
        self._next = place + 1
        if wanted - place < NEAR_FRAMES:
            self._hold(place, picture)
        else:
            self._passed = place, picture
        return place

    def _hold(self, place: int, picture: av.VideoFrame) -> None:
        _, image, turned = upright(picture, self._size)
        self._held[place] = square_pixels(image, self._pixel_aspect, turned=turned)
        while len(self._held) > HELD_FRAMES:
            self._held.popitem(last=False)


def _away_px(points: NDArray[np.float32], place: Place) -> float:
    eyes = eye_axis(points)
    return math.hypot(eyes.x - place.x, eyes.y - place.y)
