"""Looks for as many faces as there are: one face costs a third less than several, so the cheap way comes first.

MediaPipe runs its detector on every frame while it follows fewer faces than its configured number. So the
landmarker is set to the number that a census finds, twice a second; a face that leaves lowers it only after a while.

A face narrower than a tenth of what the landmarker sees is not found. So while nobody is found, parts of a large
picture are searched, a few at a time, and the landmarker then looks at the part that holds a face, and moves with it.
"""

import math
from dataclasses import dataclass, replace
from functools import cache
from time import perf_counter

import cv2
import numpy as np
from numpy.typing import NDArray

from medn.face.landmarker import FaceCounter, FaceObservation, Landmarker
from realtime.seams import NO_SEAMS, Seams
from realtime.types import Frame

CENSUS_S = 0.5
AWAY_S = 2.0
LOST_S = 0.5
"""A part without a face for this long is left for the whole picture."""
PART_PX = 720
"""Side of the smallest parts: a seventh of it is a face of 100 px."""
OVERLAP_PX = 200
"""Parts overlap by more than the faces that only they show."""
PARTS_AT_A_TIME = 8
"""Parts searched in one frame, twice a second: at 2 ms each."""


@dataclass(frozen=True, slots=True)
class Detections:
    """The faces that were found in one frame."""

    faces: list[FaceObservation] | None
    """In no order that means anything; None where landmarks were not looked for in this frame."""
    took_ms: float
    not_followed: int = 0
    """Faces that the last two censuses found beyond the number that is followed."""


class FaceDetector:
    """Landmarks of up to `most` faces in a stream of frames, looked for every `interval_s` at most.

    It depends on the frames alone, so it may run ahead of the analysis, in a thread of its own. Where the course of a
    seam begins, it begins anew: it then finds what one would find that never saw an earlier frame.
    """

    def __init__(self, most: int = 4, interval_s: float = 0.0, seams: Seams = NO_SEAMS) -> None:
        self._most = most
        self._interval_s = interval_s
        self._seams, self._seam = seams, -1
        self._counter = FaceCounter()
        self._landmarker = Landmarker("video", 1)
        self._looking_for = 1
        self._begin()

    def _begin(self) -> None:
        self._begins = True
        self._looked_s = -math.inf
        self._part: Part | None = None
        self._next_part = 0
        self._next_search_s = self._seen_s = -math.inf
        self._next_census_s = -math.inf
        self._counted = self._not_followed = 0
        self._enough_s = -math.inf

    def __call__(self, frame: Frame) -> Detections:
        """Look at the next frame; times must increase."""
        if (seam := self._seams.begun(frame.time_s)) != self._seam:
            self._seam = seam
            self._begin()
        if frame.time_s - self._looked_s < self._interval_s:
            return Detections(None, 0.0, self._not_followed)
        self._looked_s = frame.time_s
        began_s = perf_counter()
        faces = self._faces(cv2.cvtColor(frame.image, cv2.COLOR_BGR2RGB), frame.time_s)
        self._begins = False
        return Detections(faces, 1000 * (perf_counter() - began_s), self._not_followed)

    def close(self) -> None:
        """Free the models."""
        self._landmarker.close()
        self._counter.close()

    def _faces(self, rgb: NDArray[np.uint8], time_s: float) -> list[FaceObservation]:
        found = self._faces_in_part(rgb, time_s)
        if found:
            self._seen_s = time_s
            if self._part is not None:
                self._follow(max(found, key=_width_px), rgb)
        elif self._part is not None:
            if time_s - self._seen_s > LOST_S:
                self._look_at(None)
        elif time_s >= self._next_search_s:
            self._next_search_s = time_s + CENSUS_S
            if (part := self._search(rgb)) is not None:
                self._look_at(part)
                self._seen_s = time_s
                found = self._faces_in_part(rgb, time_s)
                if not found:  # the search takes many things for a face
                    self._look_at(None)
        return found

    def _faces_in_part(self, rgb: NDArray[np.uint8], time_s: float) -> list[FaceObservation]:
        """Faces in the part that is looked at, or in the whole picture, in px of the whole picture."""
        seen = rgb if self._part is None else self._part.cut(rgb)
        if time_s >= self._next_census_s:
            self._next_census_s = time_s + CENSUS_S
            count = self._counter(seen)
            self._not_followed = max(min(count, self._counted) - self._most, 0)
            self._counted = count
            faces = min(max(count, 1), self._most)
            if self._begins and self._part is None:
                self._look_anew(faces, time_s)
            else:
                self._look_for(faces, time_s)
        found = self._landmarker(seen, time_s)
        return found if self._part is None else [self._part.placed(face) for face in found]

    def _search(self, rgb: NDArray[np.uint8]) -> "Part | None":
        """The first of the next few parts that holds a face; of all in the beginning."""
        parts = parts_of(rgb.shape[1], rgb.shape[0])
        for _ in range(len(parts) if self._begins else min(PARTS_AT_A_TIME, len(parts))):
            part = parts[self._next_part % len(parts)]
            self._next_part += 1
            if self._counter(part.cut(rgb)):
                return part
        return None

    def _follow(self, face: FaceObservation, rgb: NDArray[np.uint8]) -> None:
        """Move the part with its first face; look at the whole picture once that is large enough there."""
        assert self._part is not None
        if _width_px(face) > self._part.side / 2:
            self._look_at(None)
            return
        x, y, _ = face.points.mean(axis=0)
        centred = self._part.centred(float(x), float(y), rgb.shape[1], rgb.shape[0])
        if max(abs(centred.x - self._part.x), abs(centred.y - self._part.y)) > self._part.side / 4:
            self._look_at(centred)

    def _look_at(self, part: "Part | None") -> None:
        self._part = part
        self._landmarker.close()
        self._landmarker = Landmarker("video", self._looking_for)

    def _look_anew(self, faces: int, time_s: float) -> None:
        """As a new landmarker for so many faces would; emptying one is ten times as quick."""
        if faces == self._looking_for:
            self._landmarker.forget()
        else:
            self._landmarker.close()
            self._landmarker = Landmarker("video", faces)
        self._looking_for, self._enough_s = faces, time_s

    def _look_for(self, faces: int, time_s: float) -> None:
        if faces >= self._looking_for:
            self._enough_s = time_s
        if faces > self._looking_for or time_s - self._enough_s > AWAY_S:
            self._landmarker.close()
            self._landmarker = Landmarker("video", faces)
            self._looking_for, self._enough_s = faces, time_s


@dataclass(frozen=True, slots=True)
class Part:
    """A square of a picture, cut off at the picture's edges; `x` and `y` are its upper left corner in px."""

    x: int
    y: int
    side: int

    def cut(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A contiguous copy of the part of a (height, width, 3) picture."""
        return np.ascontiguousarray(picture[self.y : self.y + self.side, self.x : self.x + self.side])

    def placed(self, face: FaceObservation) -> FaceObservation:
        """A face that was found in the part, in px of the picture."""
        return replace(face, points=face.points + np.array([self.x, self.y, 0], np.float32))

    def centred(self, x: float, y: float, width: int, height: int) -> "Part":
        """A part of the same size around a point of a picture of that size."""
        left, top = (
            min(max(round(at - self.side / 2), 0), max(length - self.side, 0))
            for at, length in ((x, width), (y, height))
        )
        return Part(left, top, self.side)


def _width_px(face: FaceObservation) -> float:
    return float(np.ptp(face.points[:, 0]))


@cache
def parts_of(width: int, height: int) -> tuple[Part, ...]:
    """Overlapping parts that cover a picture, the largest first; none of a picture that is small itself."""
    sides, side = [], PART_PX
    while side < max(width, height):
        sides.append(side)
        side *= 2
    return tuple(
        Part(x, y, side) for side in reversed(sides) for y in _starts(height, side) for x in _starts(width, side)
    )


def _starts(length: int, side: int) -> list[int]:
    """Where parts of this side begin along a length, evenly and with at least the overlap."""
    last = max(length - side, 0)
    steps = math.ceil(last / (side - OVERLAP_PX * side // PART_PX))
    return [round(last * step / max(steps, 1)) for step in range(steps + 1)]
