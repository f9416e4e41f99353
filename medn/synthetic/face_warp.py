"""The face in a frame, moved as a displacement of its landmarks says: interpolated over their triangles.

A displacement fades to nothing at the face's rim (`fade`), so neither hair nor background is dragged along; eyeballs
stay where they are behind the lids.
"""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from medn.face.aligned import eye_distance_px
from medn.face.landmarker import OVAL
from medn.synthetic.footage import Shot, planes_of, with_planes
from medn.synthetic.mesh import INNER_LIP_LOWER, INNER_LIP_UPPER, LOWER_LIDS, SKIN, UPPER_LIDS
from medn.synthetic.registration import load_shapes
from medn.synthetic.warp import inverse_map

FADE_IOD = 0.14
"""Distance from the face's rim over which a movement grows from nothing to its full size."""
LID_RIM_IOD = 0.012
"""How far below the landmarks of the lower lid's edge its skin begins."""
SLIDE = 0.35
"""Part of the eye's opening, from each lid, over which the picture is stretched where the lid slides over the eye."""


def warp_frame(shot: Shot, points: NDArray[np.float32], displacement: NDArray[np.float32]) -> tuple[Shot, float]:
    """A frame whose face is moved by a displacement of its landmarks (478, 2) in iod, and how far it moved at most.

    The size is measured on the warp itself, over all pixels, in iod.
    """
    iod_px = eye_distance_px(points)
    rest, moved = _vertices(points, displacement, iod_px)
    planes = planes_of(shot.frame)
    height, width = planes[0].shape
    low = np.clip(np.floor(rest.min(axis=0)).astype(int) // 2 * 2 - 2, 0, [width - 2, height - 2])
    high = np.clip(np.ceil(rest.max(axis=0)).astype(int) // 2 * 2 + 4, low + 2, [width, height])
    rows, columns = np.mgrid[: high[1] - low[1], : high[0] - low[0]]
    still = np.stack([columns, rows], axis=-1).astype(np.float32)
    came_from = still.copy()
    inverse_map(moved - low, rest - low, _TRIANGLES, came_from)
    shift = came_from - still
    new = [_moved_plane(plane, (width, height), (low, high), shift) for plane in planes]
    size_iod = float(np.sqrt((shift**2).sum(axis=-1).max())) / iod_px
    return replace(shot, frame=with_planes(shot.frame, new)), size_iod


def fade(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """(478,) 0 on the face's rim and outside it, 1 from `FADE_IOD` inside it on."""
    rim = np.ascontiguousarray(points[list(OVAL)])
    reach = FADE_IOD * eye_distance_px(points)
    inside = np.array([cv2.pointPolygonTest(rim, (float(x), float(y)), True) for x, y in points])
    at = np.clip(inside / reach, 0, 1)
    return (at * at * (3 - 2 * at)).astype(np.float32)


def _vertices(
    points: NDArray[np.float32], displacement: NDArray[np.float32], iod_px: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(V, 2) px before and after: the skin's landmarks, then the rows inside the eyes where the lids' motion ends."""
    rest = points[:468].astype(np.float64)
    # the landmarks run along the white of the eye, which must not ride on the lower lid
    across = points[263] - points[33]
    down = np.array([-across[1], across[0]]) / np.linalg.norm(across)
    rest[[k for lid in LOWER_LIDS for k in lid[1:-1]]] += LID_RIM_IOD * iod_px * down
    shift = displacement[:468].astype(np.float64) * iod_px
    inner, inner_shift = [], []
    for lids in zip(UPPER_LIDS, LOWER_LIDS, strict=True):
        for edge, other in (lids, lids[::-1]):
            near, far = list(edge[1:-1]), list(other[1:-1])
            slack = SLIDE * (rest[far] - rest[near])
            inner.append(rest[near] + slack)
            # a lid that closes over more than half of the room takes the eye's picture with it; one that opens does not
            width = np.maximum(np.linalg.norm(slack, axis=1), 1e-6)
            closing = np.maximum((shift[near] * slack).sum(axis=1) / width, 1e-9)
            inner_shift.append(shift[near] * np.clip(1 - 0.5 * width / closing, 0, 1)[:, None])
    rest = np.concatenate([rest, *inner])
    return rest, rest + np.concatenate([shift, *inner_shift])


def _moved_plane(
    plane: NDArray[np.uint8],
    size_px: tuple[int, int],
    box: tuple[NDArray[np.int64], NDArray[np.int64]],
    shift: NDArray[np.float32],
) -> NDArray[np.uint8]:
    """A plane, of full size or subsampled, with the part inside `box` (of the full size) sampled where it came from."""
    by_x, by_y = round(size_px[0] / plane.shape[1]), round(size_px[1] / plane.shape[0])
    (left, top), (right, bottom) = (corner // [by_x, by_y] for corner in box)
    part = plane[top:bottom, left:right]
    if (by_x, by_y) != (1, 1):
        shift = np.asarray(
            cv2.resize(shift, (part.shape[1], part.shape[0]), interpolation=cv2.INTER_AREA) / (by_x, by_y), np.float32
        )
    rows, columns = np.mgrid[: part.shape[0], : part.shape[1]].astype(np.float32)
    kind = cv2.INTER_LANCZOS4 if (by_x, by_y) == (1, 1) else cv2.INTER_CUBIC
    new = plane.copy()
    new[top:bottom, left:right] = cv2.remap(
        part, columns + shift[..., 0], rows + shift[..., 1], kind, borderMode=cv2.BORDER_REPLICATE
    )
    return new


def _triangles() -> NDArray[np.int64]:
    """Skin, the rows in the eyes, the eyes' insides and the mouth's, all clockwise in a frontal face."""
    holes = []
    first = 468
    for upper, lower in zip(UPPER_LIDS, LOWER_LIDS, strict=True):
        count = len(upper) - 2
        inner_upper = (upper[0], *range(first, first + count), upper[-1])
        inner_lower = (upper[0], *range(first + count, first + 2 * count), upper[-1])
        holes += [_strip(upper, inner_upper), _strip(inner_upper, inner_lower), _strip(inner_lower, lower)]
        first += 2 * count
    triangles = np.concatenate([*holes, _strip(INNER_LIP_UPPER, INNER_LIP_LOWER), SKIN])
    frontal = load_shapes().points
    rest, _ = _vertices(frontal[:, :2], np.zeros((478, 2), np.float32), 1.0)
    a, b, c = np.moveaxis(rest[triangles], 1, 0)
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (c[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1])
    return np.ascontiguousarray(np.where(area[:, None] < 0, triangles[:, [0, 2, 1]], triangles))


def _strip(one: Sequence[int], other: Sequence[int]) -> NDArray[np.int64]:
    quads = [(one[k], one[k + 1], other[k + 1], other[k]) for k in range(len(one) - 1)]
    triangles = [t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))]
    return np.array([t for t in triangles if len(set(t)) == 3])


_TRIANGLES = _triangles()
