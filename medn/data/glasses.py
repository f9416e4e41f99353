"""Glasses for a portrait: rims that move with the head and not with the skin, as real ones do."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

FRAME_BGR = (38, 34, 30)


def rims(points: NDArray[np.float64], iod_px: float) -> list[NDArray[np.float64]]:
    """The lines (N, 3) of a pair of glasses on landmarks at rest: two rims, a bridge, two temples; in px."""
    eyes = [points[[362, 263]].mean(axis=0), points[[33, 133]].mean(axis=0)]
    ahead = points[168, 2] - 0.05 * iod_px  # over the bridge of the nose
    turns = np.linspace(0, 2 * np.pi, 33)
    lines = []
    for eye in eyes:
        # a rounded rectangle: |x|⁴ + |y|⁴ = 1
        x, y = np.cos(turns), np.sin(turns)
        round_off = (x**4 + y**4) ** -0.25 * iod_px
        lines.append(
            np.stack([eye[0] + 0.37 * round_off * x, eye[1] + 0.04 * iod_px + 0.28 * round_off * y, 0 * x + ahead], 1)
        )
    left, right = lines
    lines.append(np.array([right[0], left[16]]) - [0, 0.05 * iod_px, 0])
    for rim, corner, ear in ((left, 0, 454), (right, 16, 234)):
        lines.append(np.array([rim[corner], [points[ear, 0], rim[corner, 1], points[ear, 2]]]))
    return lines


def draw_glasses(
    picture: NDArray[np.uint8],
    lines: list[NDArray[np.float64]],
    place: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    iod_px: float,
) -> None:
    """Draw the lines into a picture, where `place` ((N, 3) → (N, 2) px) puts them."""
    for line in lines:
        at = np.round(place(line) * 16).astype(np.int32)
        cv2.polylines(picture, [at], False, FRAME_BGR, max(round(0.028 * iod_px), 1), cv2.LINE_AA, 4)
