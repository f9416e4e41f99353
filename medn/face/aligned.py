"""The aligned face: the network's and the motion meter's input contract.

An aligned face is a grey picture of 128×128 px in which the eye centres lie level, 48 px apart, around (63.5, 38). At
that scale the chin of most faces ends at the lower edge, the brows keep a dozen px of air, and 1 % of the eye
distance (all movement is measured in % iod) is 0.48 px.
"""

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from medn.contract import EYE_CENTRE_PX, EYE_DISTANCE_PX, SIZE_PX

FINE_BELOW = 0.75
"""Zoom from frame to aligned face below which single samples would skip pixels; two by two would below half of it."""

EYE_CORNERS = ((33, 133), (362, 263))
"""Outer and inner corner of the eye on the picture's left, inner and outer of the one on its right: they hold still
while lids and gaze move, as pupils do not."""


class EyeAxis(NamedTuple):
    """The line from the eye centre on the picture's left to the one on its right, in px of the picture."""

    x: float
    """Its middle."""
    y: float
    length_px: float
    """The eye distance (iod)."""
    tilt: float
    """Radians, clockwise in the image."""


def eye_axis(points: NDArray[np.float32]) -> EyeAxis:
    """The eye axis of (478, ≥2) landmarks in px."""
    (a, b), (c, d) = ((points[i, :2].tolist() for i in corners) for corners in EYE_CORNERS)
    left_x, left_y, right_x, right_y = (a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (c[0] + d[0]) / 2, (c[1] + d[1]) / 2
    across, down = right_x - left_x, right_y - left_y
    return EyeAxis((left_x + right_x) / 2, (left_y + right_y) / 2, math.hypot(across, down), math.atan2(down, across))


def eye_distance_px(points: NDArray[np.float32]) -> float:
    """The eye distance (iod) in px of the frame."""
    return eye_axis(points).length_px


def alignment(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """(2, 3): the similarity that takes px of the frame to px of the aligned face."""
    return aligning(eye_axis(points))


def aligning(axis: EyeAxis) -> NDArray[np.float64]:
    """(2, 3): the turn and zoom that lay this eye axis level and in its place in the aligned face."""
    zoom = EYE_DISTANCE_PX / axis.length_px
    a, b = zoom * math.cos(axis.tilt), zoom * math.sin(axis.tilt)
    x, y = EYE_CENTRE_PX
    return np.array([[a, b, x - (a * axis.x + b * axis.y)], [-b, a, y - (a * axis.y - b * axis.x)]])


def align(
    image: NDArray[np.uint8], warp: NDArray[np.float64], out: NDArray[np.uint8] | None = None
) -> NDArray[np.uint8]:
    """(128, 128) uint8: the aligned face of a BGR or grey picture under a (2, 3) warp from `alignment`.

    A face that is larger in the picture is sampled twice as finely and averaged down, one that is much larger is made
    half as large first, as often as it takes, so that no pixel goes to waste: the noise of the sensor is what small
    movements drown in.
    """
    zoom = math.hypot(warp[0, 0], warp[0, 1])
    step, fine = sampling(zoom)
    top, bottom, left, right = _box(warp, image.shape, step)
    image = image[top:bottom, left:right]
    if image.ndim == 3:
        image = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    if step > 1:
        image = cv2.resize(image, None, fx=1 / step, fy=1 / step, interpolation=cv2.INTER_AREA)
    # centres of pixels, not corners, must map onto each other
    finer = warp * fine
    finer[:, 2] += finer[:, :2] @ (left + (step - 1) / 2, top + (step - 1) / 2) + (fine - 1) / 2
    finer[:, :2] *= step
    size = (SIZE_PX * fine, SIZE_PX * fine)
    face = cv2.warpAffine(image, finer, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    if fine > 1:
        return cv2.resize(face, (SIZE_PX, SIZE_PX), dst=out, interpolation=cv2.INTER_AREA)
    if out is None:
        return face
    out[:] = face
    return out


def sampling(zoom: float) -> tuple[int, int]:
    """How a face is sampled at this zoom: by which power of two the picture is made smaller first, and how many samples
    are taken each way for a pixel of the face."""
    return 1 << max(math.ceil(math.log2(FINE_BELOW / 2 / zoom)), 0), 1 if zoom > FINE_BELOW else 2


def _box(warp: NDArray[np.float64], shape: tuple[int, ...], step: int) -> tuple[int, int, int, int]:
    """(top, bottom, left, right) of the pixels that an aligned face is taken from: whole steps, at least one each way.

    What is left of the picture after the last whole step is not looked at.
    """
    (a, b, x), (c, d, y) = warp.tolist()
    area = a * d - b * c
    across, down = _ends(d / area, -b / area, x, y), _ends(-c / area, a / area, x, y)
    edges = []
    for (low, high), size in ((down, shape[0]), (across, shape[1])):
        steps = size // step
        first = min(max(math.floor(low / step) - 1, 0), steps - 1)
        edges += [first * step, min(max(math.ceil(high / step) + 2, first + 1), steps) * step]
    top, bottom, left, right = edges
    return top, bottom, left, right


def _ends(by_x: float, by_y: float, x: float, y: float) -> tuple[float, float]:
    """The least and the greatest of by_x · (X − x) + by_y · (Y − y) over an aligned face and one px around it."""
    ends_x, ends_y = (-by_x, by_x * SIZE_PX), (-by_y, by_y * SIZE_PX)
    start = -by_x * x - by_y * y
    return start + min(ends_x) + min(ends_y), start + max(ends_x) + max(ends_y)
