"""The aligned face: the network's and the motion meter's input contract.

An aligned face is a grey picture of 128×128 px in which the eye centres lie level, 48 px apart, around (63.5, 38). At
that scale the chin of most faces ends at the lower edge, the brows keep a dozen px of air, and 1 % of the eye
distance (the unit in which all movement is told, % iod) is 0.48 px.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE_PX = 128
EYE_DISTANCE_PX = 48.0
EYE_CENTRE_PX = (63.5, 38.0)

FINE_BELOW = 0.75
"""Zoom from frame to aligned face below which single samples would skip pixels; two by two would below half of it."""

EYE_CORNERS = ((33, 133), (362, 263))
"""Outer and inner corner of the eye on the picture's left, inner and outer of the one on its right: they hold still
while lids and gaze move, as pupils do not."""


def eye_centres(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """(2, 2): x and y in px of the eye centre on the picture's left, then its right, from (478, ≥2) landmarks."""
    corners = points[_CORNERS, :2].astype(np.float64)
    return (corners[:, 0] + corners[:, 1]) / 2


def eye_distance_px(points: NDArray[np.float32]) -> float:
    """The eye distance (iod) in px of the frame."""
    left, right = eye_centres(points)
    return float(np.hypot(*(right - left)))


def alignment(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """(2, 3): the similarity that takes px of the frame to px of the aligned face."""
    left, right = eye_centres(points)
    across = (right - left) * (1.0 / EYE_DISTANCE_PX)
    # a rotation and scale that lays the eye axis level: (x, y) → (ax + by, -bx + ay)
    a, b = across / (across @ across)
    centre = (left + right) / 2
    rotation = np.array([[a, b], [-b, a]])
    return np.column_stack([rotation, np.array(EYE_CENTRE_PX) - rotation @ centre])


def align(
    image: NDArray[np.uint8], warp: NDArray[np.float64], out: NDArray[np.uint8] | None = None
) -> NDArray[np.uint8]:
    """(128, 128) uint8: the aligned face of a BGR or grey picture under a (2, 3) warp from `alignment`.

    A face that is larger in the picture is sampled twice as finely and averaged down, one that is much larger is made
    half as large first, as often as it takes, so that no pixel goes to waste: the noise of the sensor is what small
    movements drown in.
    """
    zoom = math.hypot(warp[0, 0], warp[0, 1])
    step, fine = halved_by(zoom), 1 if zoom > FINE_BELOW else 2
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


def halved_by(zoom: float) -> int:
    """By which power of two a picture is made smaller before a face is sampled from it at this zoom."""
    return 1 << max(math.ceil(math.log2(FINE_BELOW / 2 / zoom)), 0)


def _box(warp: NDArray[np.float64], shape: tuple[int, ...], step: int) -> tuple[int, int, int, int]:
    """(top, bottom, left, right) of the pixels that an aligned face is taken from: whole steps, at least one each way.

    What is left of the picture after the last whole step is not looked at.
    """
    back = cv2.invertAffineTransform(warp)
    corners = back[:, :2] @ _CROP_CORNERS + back[:, 2:]
    low, high = corners.min(axis=1).tolist(), corners.max(axis=1).tolist()
    edges = []
    for axis, size in ((1, shape[0]), (0, shape[1])):
        steps = size // step
        first = min(max(math.floor(low[axis] / step) - 1, 0), steps - 1)
        edges += [first * step, min(max(math.ceil(high[axis] / step) + 2, first + 1), steps) * step]
    top, bottom, left, right = edges
    return top, bottom, left, right


_CORNERS = np.array(EYE_CORNERS)
_CROP_CORNERS = np.array([[-1, SIZE_PX, -1, SIZE_PX], [-1, -1, SIZE_PX, SIZE_PX]], np.float64)
