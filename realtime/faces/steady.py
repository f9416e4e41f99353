"""A steady warp: landmark jitter must not become motion of the picture.

Place, length and tilt of the eye axis each go through a one-euro filter (Casiez, Roussel, Vogel, CHI 2012): nearly held
while the head rests, followed at once while it moves. What lag is left shows as rigid motion inside the crop, which the
motion meter fits and takes out.
"""

import math

import numpy as np
from numpy.typing import NDArray

from medn.face.aligned import EyeAxis, aligning, eye_axis

REST_HZ = 0.6
"""Cut-off frequency at rest."""
SPEED_GAIN = 8.0
"""Rise of the cut-off, in Hz for each iod/s of movement."""
SPEED_HZ = 2.0
"""Cut-off of the speed estimate itself."""


class SteadyWarp:
    """Landmarks in, (2, 3) frame→crop warp out, steadied in time.

    Plain floats throughout: for four numbers NumPy's calls cost more than their arithmetic.
    """

    def __init__(self) -> None:
        self._axis: EyeAxis | None = None
        self._speed = [0.0] * 4
        self._time_s = 0.0
        self._first_size_px = 1.0

    def __call__(self, points: NDArray[np.float32], time_s: float) -> NDArray[np.float64]:
        """The warp for a frame with these (478, ≥2) landmarks in px at a time later than the last."""
        seen = eye_axis(points)
        if self._axis is None:
            self._axis = seen
            self._first_size_px = seen.length_px
        else:
            x, y, length_px, tilt = self._axis
            step_s = time_s - self._time_s
            grown, turned = math.log(seen.length_px / length_px), math.remainder(seen.tilt - tilt, math.tau)
            change = (seen.x - x, seen.y - y, grown, turned)
            in_iod = (1 / self._first_size_px, 1 / self._first_size_px, 1.0, 1.0)
            share = _share(SPEED_HZ, step_s)
            for part in range(4):
                self._speed[part] += share * (change[part] * in_iod[part] / step_s - self._speed[part])
            share = _share(REST_HZ + SPEED_GAIN * max(map(abs, self._speed)), step_s)
            by_x, by_y, grown, turned = (share * part for part in change)
            self._axis = EyeAxis(x + by_x, y + by_y, length_px * math.exp(grown), tilt + turned)
        self._time_s = time_s
        return aligning(self._axis)

    def follow(self, head: NDArray[np.float64]) -> NDArray[np.float64]:
        """The warp for a frame without landmarks, whose head is (shift x, shift y, roll, scale, …) off in the crop."""
        if self._axis is None:
            raise ValueError("there is no warp to follow from before the first landmarks")
        x, y, length_px, tilt = self._axis
        cos, sin = length_px * math.cos(tilt), length_px * math.sin(tilt)
        # the crop turns about its own middle, not the eyes; that little is left to the next fit
        right, down, roll, scale = head[:4].tolist()
        self._axis = EyeAxis(
            x + cos * right - sin * down, y + sin * right + cos * down, length_px * math.exp(scale), tilt + roll
        )
        return aligning(self._axis)

    @property
    def place(self) -> NDArray[np.float64]:
        """(6,): x and y in eye distances of the first frame, tilt in radians, log size in px, no yaw, no pitch."""
        if self._axis is None:
            raise ValueError("there is no place before the first landmarks")
        x, y, length_px, tilt = self._axis
        return np.array([x / self._first_size_px, y / self._first_size_px, tilt, math.log(length_px), 0, 0])


def _share(cutoff_hz: float, step_s: float) -> float:
    """Share of the new value in an exponential filter of this cut-off at this step."""
    return 1 / (1 + 1 / (math.tau * cutoff_hz * step_s))
