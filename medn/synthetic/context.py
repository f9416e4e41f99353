"""What a person does at a moment of a clip (holds still, speaks, moves the head), read from the landmarks alone."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from medn.face.aligned import eye_axis

Context = Literal["still", "speaking", "head moving"]
CONTEXTS: tuple[Context, ...] = ("still", "speaking", "head moving")

AROUND_S = 0.5
"""How far before and after a movement the mouth is looked at."""
HEAD_AROUND_S = 0.2
HEAD_IOD, HEAD_DEG = 0.12, 5.0
"""Travel of the head, and turn, within a movement and `HEAD_AROUND_S` on either side, from which on it moves."""
MOUTH_IOD = 0.015
"""Standard deviation of the lips' distance from which on a person speaks."""


def context_at(
    times_s: NDArray[np.float64],
    points: NDArray[np.float32],
    rotations: NDArray[np.float32],
    onset_s: float,
    offset_s: float,
) -> Context:
    """The context of a movement from onset to offset in a track of N frames.

    `points` are (N, 478, 2) landmarks in px, NaN where there is none; `rotations` (N, 3, 3). Our reading: a head that
    travels or turns counts before a mouth that moves.
    """
    mouth, travel_iod, turn_deg = measures(times_s, points, rotations, onset_s, offset_s)
    if travel_iod > HEAD_IOD or turn_deg > HEAD_DEG:
        return "head moving"
    return "speaking" if mouth > MOUTH_IOD else "still"


def measures(
    times_s: NDArray[np.float64],
    points: NDArray[np.float32],
    rotations: NDArray[np.float32],
    onset_s: float,
    offset_s: float,
) -> tuple[float, float, float]:
    """Motion of the lips (standard deviation of their distance, iod), travel of the head (iod), its turn (degrees)."""
    there = ~np.isnan(points[:, 0, 0])
    near = there & (times_s > onset_s - AROUND_S) & (times_s < offset_s + AROUND_S)
    within = there & (times_s > onset_s - HEAD_AROUND_S) & (times_s < offset_s + HEAD_AROUND_S)
    if not within.any():
        return 0.0, 0.0, 0.0
    axes = [eye_axis(p) for p in points[within]]
    iod_px = float(np.median([axis.length_px for axis in axes]))
    lips = points[near][:, [13, 14]]
    mouth = float(np.std(np.linalg.norm(lips[:, 0] - lips[:, 1], axis=1))) / iod_px
    place = np.array([(axis.x, axis.y) for axis in axes])
    travel_iod = float(np.linalg.norm(np.ptp(place, axis=0))) / iod_px
    forward = rotations[within][:, :, 2].astype(np.float64)
    middle = forward.mean(axis=0)
    cosine = forward @ middle / np.maximum(np.linalg.norm(forward, axis=1) * np.linalg.norm(middle), 1e-9)
    return mouth, travel_iod, 2 * float(np.degrees(np.arccos(np.clip(cosine, -1, 1)).max()))
