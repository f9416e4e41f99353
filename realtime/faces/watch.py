"""Looks for as many faces as there are: one face costs a third less than several, so the cheap way comes first.

MediaPipe runs its detector on every frame while it follows fewer faces than it was told to look for. So the
landmarker is told the number that a census finds, twice a second; a face that leaves lowers it only after a while.
"""

import numpy as np
from numpy.typing import NDArray

from medn.face.landmarker import FaceCounter, FaceObservation, Landmarker

CENSUS_S = 0.5
AWAY_S = 2.0


class FaceWatch:
    """Landmarks of up to `most` faces in a stream of RGB pictures."""

    def __init__(self, most: int = 4) -> None:
        self._most = most
        self._counter = FaceCounter() if most > 1 else None
        self._landmarker = Landmarker("video", 1)
        self._looking_for = 1
        self._next_census_s = -np.inf
        self._enough_s = -np.inf

    def __call__(self, rgb: NDArray[np.uint8], time_s: float) -> list[FaceObservation]:
        """Faces of one picture, (H, W, 3) uint8, contiguous; times must increase."""
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

    def close(self) -> None:
        """Free the models."""
        self._landmarker.close()
        if self._counter is not None:
            self._counter.close()
