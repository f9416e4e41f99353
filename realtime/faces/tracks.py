"""Tracks: each face keeps its number while it moves, crosses another, leaves and comes back."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from medn.face.aligned import align, alignment, eye_centres, eye_distance_px
from medn.face.landmarker import FaceObservation

LOOK_PX = 24
"""Side of the small aligned picture by which a face is known again."""
FAR = 1.5
"""A face this many eye distances from where it was expected is not the same one, unless it looks alike."""
ALIKE = 0.6
"""Correlation of looks above which a face that left is taken to have come back."""
APART = 2.0
"""Faces this many eye distances apart cannot have changed places between two frames."""
LOOK_AGAIN_S = 1.0
"""How old a face's look may get."""
FORGET_S = 60.0
"""A face that has been away this long is forgotten."""


@dataclass(slots=True)
class _Track:
    number: int
    centre: NDArray[np.float64]
    speed: NDArray[np.float64]  # px/s
    eye_distance_px: float
    look: NDArray[np.float32]
    seen_s: float
    looked_s: float


class Tracks:
    """Numbers the faces of each frame, from 0 in order of appearance."""

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._next = 0

    def __call__(
        self, faces: list[FaceObservation], image: NDArray[np.uint8], time_s: float
    ) -> dict[int, FaceObservation]:
        """Track number → face. `image` is the BGR frame in which the faces were found."""
        self._tracks = [track for track in self._tracks if time_s - track.seen_s <= FORGET_S]
        if stayed := self._stayed(faces, time_s):
            for found, face in stayed:
                _move(found, face, time_s)
            return {found.number: face for found, face in sorted(stayed, key=lambda pair: pair[0].number)}
        looks = [_look(face, image) for face in faces]
        cost = np.array([[_cost(track, face, look, time_s) for track in self._tracks]
                         for face, look in zip(faces, looks, strict=True)])  # fmt: skip
        matches: dict[int, _Track] = {}
        if cost.size:
            for row, column in zip(*linear_sum_assignment(cost), strict=True):
                if cost[row, column] < 1:
                    matches[row] = self._tracks[column]
        numbered = {}
        for row, (face, look) in enumerate(zip(faces, looks, strict=True)):
            track = matches.get(row)
            if track is None:
                track = self._enter(face, look, time_s)
            else:
                _update(track, face, look, time_s)
            numbered[track.number] = face
        return dict(sorted(numbered.items()))

    def _stayed(self, faces: list[FaceObservation], time_s: float) -> list[tuple[_Track, FaceObservation]]:
        """Each face with its track where places alone tell, so that looks need not be compared; else nothing.

        They do if as many faces as a moment ago are each about where one was, far from all others.
        """
        here = [track for track in self._tracks if time_s - track.seen_s < 0.2]
        if len(here) != len(self._tracks) or len(here) != len(faces):
            return []
        if any(time_s - track.looked_s >= LOOK_AGAIN_S for track in here):
            return []
        stayed = []
        for face in faces:
            centre = eye_centres(face.points).mean(axis=0)
            away = [float(np.linalg.norm(centre - track.centre)) / track.eye_distance_px for track in here]
            nearest = int(np.argmin(away))
            if away[nearest] >= 0.5 or any(d < APART for i, d in enumerate(away) if i != nearest):
                return []
            stayed.append((here[nearest], face))
        return stayed if len({track.number for track, _ in stayed}) == len(faces) else []

    def _enter(self, face: FaceObservation, look: NDArray[np.float32], time_s: float) -> _Track:
        centre = eye_centres(face.points).mean(axis=0)
        track = _Track(self._next, centre, np.zeros(2), eye_distance_px(face.points), look, time_s, time_s)
        self._next += 1
        self._tracks.append(track)
        return track


def _look(face: FaceObservation, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    small = cv2.resize(align(image, alignment(face.points)), (LOOK_PX, LOOK_PX), interpolation=cv2.INTER_AREA)
    look = small.astype(np.float32)
    look -= look.mean()
    return look / (np.linalg.norm(look) + 1e-6)


def _cost(track: _Track, face: FaceObservation, look: NDArray[np.float32], time_s: float) -> float:
    """Under 1 if the face may be this track's: near where it was expected, or away and looking alike."""
    unlike = 1 - float((track.look * look).sum())
    away_s = time_s - track.seen_s
    expected = track.centre + track.speed * min(away_s, 0.2)
    distance = np.linalg.norm(eye_centres(face.points).mean(axis=0) - expected) / track.eye_distance_px
    if away_s < 0.5 and distance < FAR:
        return 0.5 * float(distance) / FAR + 0.5 * min(unlike, 1.0) * 0.99
    return unlike / (1 - ALIKE)


def _update(track: _Track, face: FaceObservation, look: NDArray[np.float32], time_s: float) -> None:
    _move(track, face, time_s)
    track.look += 0.05 * (look - track.look)
    track.look /= np.linalg.norm(track.look) + 1e-6
    track.looked_s = time_s


def _move(track: _Track, face: FaceObservation, time_s: float) -> None:
    centre = eye_centres(face.points).mean(axis=0)
    step_s = time_s - track.seen_s
    if step_s < 0.5:
        track.speed += 0.5 * ((centre - track.centre) / step_s - track.speed)
    else:
        track.speed[:] = 0
    track.centre, track.eye_distance_px, track.seen_s = centre, eye_distance_px(face.points), time_s
