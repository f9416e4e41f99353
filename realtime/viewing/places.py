"""Where each face of a session is at each moment, by which a viewer tells which of several faces has which number."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_APART_S = 0.2
"""A face that was measured this long before or after a moment is still where it was."""


@dataclass(frozen=True, slots=True)
class Place:
    """A face in one frame, in px of the frame."""

    x: float
    y: float
    """The middle between the eyes."""
    eye_distance_px: float


@dataclass(frozen=True, slots=True)
class Course:
    """The places of one face, n frames."""

    times_s: NDArray[np.float64]
    """(n,) increasing."""
    places: NDArray[np.float64]
    """(n, 3) x and y of the middle between the eyes and the eye distance, in px; NaN where it was not stored."""


def places_at(courses: Mapping[int, Course], time_s: float) -> dict[int, Place]:
    """The faces that are there at a time, by number."""
    there = {}
    for face, course in courses.items():
        after = int(np.searchsorted(course.times_s, time_s))
        near = [at for at in (after - 1, after) if 0 <= at < len(course.times_s)]
        nearest = min(near, key=lambda at: abs(float(course.times_s[at]) - time_s), default=None)
        if nearest is None or abs(course.times_s[nearest] - time_s) > MAX_APART_S:
            continue
        x, y, eye_distance_px = course.places[nearest].tolist()
        if np.isfinite((x, y)).all() and eye_distance_px > 0:
            there[face] = Place(x, y, eye_distance_px)
    return there
