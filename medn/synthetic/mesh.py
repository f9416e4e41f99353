"""The triangulated face that the 478 landmarks span: skin, eyes, mouth and the face's rim."""

import numpy as np
from numpy.typing import NDArray

from medn.face.mediapipe_tasks import vision

UPPER_LIDS = (
    (263, 466, 388, 387, 386, 385, 384, 398, 362),
    (33, 246, 161, 160, 159, 158, 157, 173, 133),
)
"""Outer corner, upper lid's edge, inner corner: the person's left eye, then the right."""
LOWER_LIDS = (
    (263, 249, 390, 373, 374, 380, 381, 382, 362),
    (33, 7, 163, 144, 145, 153, 154, 155, 133),
)
UPPER_LID_SKIN = (
    (467, 260, 259, 257, 258, 286, 414),
    (247, 30, 29, 27, 28, 56, 190),
)
"""The row above each upper lid's edge, without the corners."""
IRISES = ((473, 474, 475, 476, 477), (468, 469, 470, 471, 472))
"""Pupil, then four points of the iris' rim: the person's left eye, then the right."""

INNER_LIP_UPPER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
INNER_LIP_LOWER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
"""The edges of the mouth's opening, from the picture's left corner to its right."""
LIPS_UPPER = (
    185, 40, 39, 37, 0, 267, 269, 270, 409, 184, 74, 73, 72, 11, 302, 303, 304, 408,
    183, 42, 41, 38, 12, 268, 271, 272, 407, *INNER_LIP_UPPER[1:-1],
)  # fmt: skip
LIPS_LOWER = (
    146, 91, 181, 84, 17, 314, 405, 321, 375, 77, 90, 180, 85, 16, 315, 404, 320, 307,
    96, 89, 179, 86, 15, 316, 403, 319, 325, *INNER_LIP_LOWER[1:-1],
)  # fmt: skip
"""Every landmark on the red of the upper and of the lower lip, without the corners."""


def _skin() -> NDArray[np.int64]:
    edges = np.array([(edge.start, edge.end) for edge in vision.FaceLandmarksConnections.FACE_LANDMARKS_TESSELATION])
    # MediaPipe lists each triangle as three edges (a, b), (b, c), (c, a)
    return edges[:, 0].reshape(-1, 3)


SKIN = _skin()
"""(852, 3) triangles of the skin; the eyes' and the mouth's openings are holes."""
