"""Tracks: each face keeps its number while it moves, crosses another, leaves and comes back."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from medn.face.aligned import EyeAxis, align, alignment, eye_axis
from medn.face.landmarker import FaceObservation

LOOK_PX = 24
"""Side of the small aligned picture by which a face is recognised again."""
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
    place: EyeAxis
    speed: tuple[float, float]  # px/s
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
        places = [eye_axis(face.points) for face in faces]
        if stayed := self._stayed(places, time_s):
            for found, place in zip(stayed, places, strict=True):
                _move(found, place, time_s)
            numbers = [found.number for found in stayed]
            return dict(sorted(zip(numbers, faces, strict=True)))
        looks = [_look(face, image) for face in faces]
        cost = np.array([[_cost(track, place, look, time_s) for track in self._tracks]
                         for place, look in zip(places, looks, strict=True)])  # fmt: skip
        matches: dict[int, _Track] = {}
        if cost.size:
            for row, column in assigned(np.minimum(cost, 1)):  # out of reach, near or far, costs the same
                if cost[row, column] < 1:
                    matches[row] = self._tracks[column]
        numbered = {}
        for row, (face, place, look) in enumerate(zip(faces, places, looks, strict=True)):
            track = matches.get(row)
            if track is None:
                track = self._enter(place, look, time_s)
            else:
                _update(track, place, look, time_s)
            numbered[track.number] = face
        return dict(sorted(numbered.items()))

    def _stayed(self, places: list[EyeAxis], time_s: float) -> list[_Track]:
        """The track of each face where positions alone decide, so that appearances need not be compared; else nothing.

        They do if as many faces as a moment ago are each about where one was, far from all others.
        """
        here = [track for track in self._tracks if time_s - track.seen_s < 0.2]
        if len(here) != len(self._tracks) or len(here) != len(places):
            return []
        if any(time_s - track.looked_s >= LOOK_AGAIN_S for track in here):
            return []
        stayed = []
        for place in places:
            away = [_away(track.place, place.x, place.y) for track in here]
            nearest = min(range(len(away)), key=away.__getitem__)
            if away[nearest] >= 0.5 or any(d < APART for i, d in enumerate(away) if i != nearest):
                return []
            stayed.append(here[nearest])
        return stayed if len({track.number for track in stayed}) == len(places) else []

    def _enter(self, place: EyeAxis, look: NDArray[np.float32], time_s: float) -> _Track:
        track = _Track(self._next, place, (0.0, 0.0), look, time_s, time_s)
        self._next += 1
        self._tracks.append(track)
        return track


def assigned(cost: NDArray[np.float64]) -> tuple[tuple[int, int], ...]:
    """Pairs (row, column) of a (faces, tracks) array, as many as there can be, whose costs have the least sum.

    Exact: track by track, the cheapest pairs for each set of faces that have one. Work doubles with each face; SciPy's
    assignment has no such limit, but loading SciPy would take a tenth of the program's start.
    """
    cheapest: dict[frozenset[int], tuple[float, tuple[tuple[int, int], ...]]] = {frozenset(): (0.0, ())}
    for column in range(cost.shape[1]):
        for paired, (total, pairs) in list(cheapest.items()):
            for row in set(range(cost.shape[0])) - paired:
                new, known = (total + float(cost[row, column]), (*pairs, (row, column))), cheapest.get(paired | {row})
                if known is None or new[0] < known[0]:
                    cheapest[paired | {row}] = new
    most = max(map(len, cheapest))
    return min(found for paired, found in cheapest.items() if len(paired) == most)[1]


def _away(axis: EyeAxis, x: float, y: float) -> float:
    """How far a point is from between the eyes, in eye distances."""
    return math.hypot(x - axis.x, y - axis.y) / axis.length_px


def _look(face: FaceObservation, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    small = cv2.resize(align(image, alignment(face.points)), (LOOK_PX, LOOK_PX), interpolation=cv2.INTER_AREA)
    look = small.astype(np.float32)
    look -= look.mean()
    return look / (np.linalg.norm(look) + 1e-6)


def _cost(track: _Track, place: EyeAxis, look: NDArray[np.float32], time_s: float) -> float:
    """Under 1 if the face may be this track's: near where it was expected, or away and looking alike."""
    unlike = 1 - float((track.look * look).sum())
    away_s = time_s - track.seen_s
    ahead_s = min(away_s, 0.2)
    distance = _away(track.place, place.x - track.speed[0] * ahead_s, place.y - track.speed[1] * ahead_s)
    if away_s < 0.5 and distance < FAR:
        return 0.5 * distance / FAR + 0.5 * min(unlike, 1.0) * 0.99
    return unlike / (1 - ALIKE)


def _update(track: _Track, place: EyeAxis, look: NDArray[np.float32], time_s: float) -> None:
    _move(track, place, time_s)
    track.look += 0.05 * (look - track.look)
    track.look /= np.linalg.norm(track.look) + 1e-6
    track.looked_s = time_s


def _move(track: _Track, place: EyeAxis, time_s: float) -> None:
    step_s = time_s - track.seen_s
    if step_s < 0.5:
        now = ((place.x - track.place.x) / step_s, (place.y - track.place.y) / step_s)
        track.speed = (0.5 * (track.speed[0] + now[0]), 0.5 * (track.speed[1] + now[1]))
    else:
        track.speed = (0.0, 0.0)
    track.place, track.seen_s = place, time_s
