"""Looks for as many faces as there are: one face costs a third less than several, so the cheap way comes first.

MediaPipe runs its detector on every frame while it follows fewer faces than it was told to look for. So the
landmarker is told the number that a census finds, twice a second; a face that leaves lowers it only after a while.
"""

import math
from dataclasses import dataclass
from time import perf_counter

import cv2
import numpy as np
from numpy.typing import NDArray

from medn.face.landmarker import FaceCounter, FaceObservation, Landmarker
from realtime.frame import Frame

CENSUS_S = 0.5
AWAY_S = 2.0


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen in one frame, before anything is made of it."""

    faces: list[FaceObservation] | None
    """In no order that means anything; None where landmarks were not looked for in this frame."""
    took_ms: float


class FaceWatch:
    """Landmarks of up to `most` faces in a stream of frames, looked for every `interval_s` at most.

    It knows the frames alone, so it may run ahead of what is made of them, in a thread of its own.
    """

    def __init__(self, most: int = 4, interval_s: float = 0.0) -> None:
        self._most = most
        self._interval_s = interval_s
        self._looked_s = -math.inf
        self._counter = FaceCounter() if most > 1 else None
        self._landmarker = Landmarker("video", 1)
        self._looking_for = 1
        self._next_census_s = -math.inf
        self._enough_s = -math.inf

    def __call__(self, frame: Frame) -> Sight:
        """Look at the next frame; times must increase."""
        if frame.time_s - self._looked_s < self._interval_s:
            return Sight(None, 0.0)
        self._looked_s = frame.time_s
        began_s = perf_counter()
        faces = self._faces(cv2.cvtColor(frame.image, cv2.COLOR_BGR2RGB), frame.time_s)
        return Sight(faces, 1000 * (perf_counter() - began_s))

    def close(self) -> None:
        """Free the models."""
        self._landmarker.close()
        if self._counter is not None:
            self._counter.close()

    def _faces(self, rgb: NDArray[np.uint8], time_s: float) -> list[FaceObservation]:
        if self._counter is not None and time_s >= self._next_census_s:
            self._next_census_s = time_s + CENSUS_S
            self._look_for(min(max(self._counter(rgb), 1), self._most), time_s)
        return self._landmarker(rgb, time_s)

    def _look_for(self, faces: int, time_s: float) -> None:
        if faces >= self._looking_for:
            self._enough_s = time_s
        if faces > self._looking_for or time_s - self._enough_s > AWAY_S:
            self._landmarker.close()
            self._landmarker = Landmarker("video", faces)
            self._looking_for, self._enough_s = faces, time_s
