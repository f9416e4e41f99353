"""A steady warp: landmark jitter must not become motion of the picture.

The similarity from `alignment` is taken apart into place, size and tilt of the eye axis, and each part goes through a
one-euro filter (Casiez, Roussel, Vogel, CHI 2012): nearly held while the head rests, followed at once while it moves.
What lag is left shows as rigid motion inside the crop, which the motion meter fits and takes out.
"""

import math

import numpy as np
from numpy.typing import NDArray

from medn.face.aligned import EYE_CENTRE_PX, EYE_DISTANCE_PX, eye_centres

REST_HZ = 0.6
"""Cut-off frequency at rest."""
SPEED_GAIN = 8.0
"""Rise of the cut-off, in Hz for each iod/s of movement."""
SPEED_HZ = 2.0
"""Cut-off of the speed estimate itself."""


class SteadyWarp:
    """Landmarks in, (2, 3) frame→crop warp out, steadied in time."""

    def __init__(self) -> None:
        self._pose: NDArray[np.float64] | None = None  # eye centre x and y in px, log eye distance, tilt
        self._speed = np.zeros(4)
        self._time_s = 0.0
        self._first_size_px = 1.0

    def __call__(self, points: NDArray[np.float32], time_s: float) -> NDArray[np.float64]:
        """The warp for a frame with these (478, ≥2) landmarks in px at a time later than the last."""
        left, right = eye_centres(points)
        across = right - left
        seen = np.array([*(left + right) / 2, math.log(np.hypot(*across)), math.atan2(across[1], across[0])])
        if self._pose is None:
            self._pose = seen
            self._first_size_px = math.exp(seen[2])
        else:
            step_s = time_s - self._time_s
            change = seen - self._pose
            change[3] = math.remainder(change[3], math.tau)
            in_iod = np.array([1 / self._first_size_px, 1 / self._first_size_px, 1.0, 1.0])
            self._speed += _share(SPEED_HZ, step_s) * (change * in_iod / step_s - self._speed)
            cutoff_hz = REST_HZ + SPEED_GAIN * float(np.abs(self._speed).max())
            self._pose = self._pose + _share(cutoff_hz, step_s) * change
        self._time_s = time_s
        return _warp(self._pose)

    def follow(self, head: NDArray[np.float64]) -> NDArray[np.float64]:
        """The warp for a frame without landmarks, whose head is (shift x, shift y, roll, scale, …) off in the crop."""
        if self._pose is None:
            raise ValueError("there is no warp to follow from before the first landmarks")
        x, y, log_size, tilt = self._pose
        size, cos, sin = math.exp(log_size), math.cos(tilt), math.sin(tilt)
        # the crop turns about its own middle, not the eyes; that little is left to the next fit
        shift_x, shift_y, roll, scale = head[:4]
        self._pose = np.array(
            [
                x + size * (cos * shift_x - sin * shift_y),
                y + size * (sin * shift_x + cos * shift_y),
                log_size + scale,
                tilt + roll,
            ]
        )
        return _warp(self._pose)

    @property
    def place(self) -> NDArray[np.float64]:
        """(4,): x and y in eye distances of the first frame, tilt in radians, log of the size in px."""
        if self._pose is None:
            raise ValueError("there is no place before the first landmarks")
        x, y, log_size, tilt = self._pose
        return np.array([x / self._first_size_px, y / self._first_size_px, tilt, log_size])


def _share(cutoff_hz: float, step_s: float) -> float:
    """Share of the new value in an exponential filter of this cut-off at this step."""
    return 1 / (1 + 1 / (math.tau * cutoff_hz * step_s))


def _warp(pose: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y, log_size, tilt = pose
    zoom = EYE_DISTANCE_PX / math.exp(log_size)
    a, b = zoom * math.cos(tilt), zoom * math.sin(tilt)
    rotation = np.array([[a, b], [-b, a]])
    return np.column_stack([rotation, np.array(EYE_CENTRE_PX) - rotation @ (x, y)])
