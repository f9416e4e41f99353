"""Facial regions: where in the aligned face the motion meter sums up movement."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from medn.contract import EYE_DISTANCE_PX, SIZE_PX
from medn.face.landmarker import OVAL
from realtime.types import REGION_GROUPS

CELL_PX = 4
CELLS = SIZE_PX // CELL_PX
PATCH_CELLS = 4
PATCH_STRIDE = 2
PATCHES = (CELLS - PATCH_CELLS) // PATCH_STRIDE + 1
"""Sums are kept per cell of 4×4 px; the head's motion is fitted to 15×15 patches of 16×16 px at a stride of 8 px."""

REGIONS: dict[str, tuple[str, tuple[int, ...]]] = {
    # name: (group, landmarks whose mean is the centre); left and right are those of the picture
    "inner brow left": ("brows", (55, 65, 107)),
    "inner brow right": ("brows", (285, 295, 336)),
    "middle brow left": ("brows", (52, 105)),
    "middle brow right": ("brows", (282, 334)),
    "outer brow left": ("brows", (46, 70, 63)),
    "outer brow right": ("brows", (276, 300, 293)),
    "glabella": ("brows", (9, 8)),
    "upper lid left": ("eyes", (159, 158, 160)),
    "upper lid right": ("eyes", (386, 385, 387)),
    "lower lid left": ("eyes", (145, 230)),
    "lower lid right": ("eyes", (374, 450)),
    "nose root": ("nose", (6, 197)),
    "nose wing left": ("nose", (129, 203)),
    "nose wing right": ("nose", (358, 423)),
    "cheek left": ("cheeks", (50, 101, 205)),
    "cheek right": ("cheeks", (280, 330, 425)),
    "mouth corner left": ("mouth", (61, 57)),
    "mouth corner right": ("mouth", (291, 287)),
    "upper lip": ("mouth", (0, 37, 267)),
    "lower lip": ("mouth", (17, 84, 314)),
    "chin": ("chin", (199, 200)),
}
REGION_NAMES = tuple(REGIONS)
GROUP_STARTS = np.array([[group for group, _ in REGIONS.values()].index(group) for group in REGION_GROUPS])
"""The first region of each group, as `np.add.reduceat` and its like take it: a group's regions stand together."""
LIDS = np.array([name.startswith(("upper lid", "lower lid")) for name in REGIONS])
"""At the lids only the vertical part counts: sideways they show the gaze."""

_SIGMA_PX = 5.0
_REACH = 0.05  # cells whose weight is below this share of the peak do not count


@dataclass(frozen=True, slots=True)
class Layout:
    """Where one face's regions and patches lie in its aligned crop."""

    region_cells: NDArray[np.int32]
    """(regions, K) cells of each region, padded with cell 0; none of a region outside the crop."""
    region_weights: NDArray[np.float32]
    """(regions, K) their weights, padded with 0."""
    basis: NDArray[np.float32]
    """(patches², 2, 6) displacement in px of each patch for one unit of each rigid motion: shift x, shift y (iod),
    roll, scale (relative), yaw and pitch (radians, by the face's depth)."""
    cell_basis: NDArray[np.float32]
    """(cells², 2, 6) the same for each cell."""
    inside: NDArray[np.bool_]
    """(patches²,) whether the patch lies on the face."""


def layout(points: NDArray[np.float32]) -> Layout:
    """The layout for one face, from its (478, 3) landmarks in px of the aligned crop."""
    cells = _region_weights(points)
    width = max(1, *(len(index) for index, _ in cells))
    region_cells = np.zeros((len(cells), width), np.int32)
    region_weights = np.zeros((len(cells), width), np.float32)
    for row, (index, weight) in enumerate(cells):
        region_cells[row, : len(index)] = index
        region_weights[row, : len(index)] = weight
    cell_centres, patch_centres = _centres(CELLS, 1, 1), PATCH_CENTRES
    oval = cv2.convexHull(np.rint(points[list(OVAL), :2]).astype(np.int32))
    on_face = cv2.fillConvexPoly(np.zeros((SIZE_PX, SIZE_PX), np.uint8), oval, 1)
    column, row = patch_centres.astype(int).T
    depth_fit = _depth_surface(points)
    return Layout(
        region_cells=region_cells,
        region_weights=region_weights,
        basis=_rigid_basis(patch_centres, depth_fit),
        cell_basis=_rigid_basis(cell_centres, depth_fit),
        inside=on_face[row, column] > 0,
    )


def _centres(count: int, stride: int, size: int) -> NDArray[np.float64]:
    """(count², 2) centres in px of squares of `size` cells at a stride in cells, row by row."""
    line = (np.arange(count) * stride + size / 2) * CELL_PX - 0.5
    y, x = np.meshgrid(line, line, indexing="ij")
    return np.column_stack([x.ravel(), y.ravel()])


PATCH_CENTRES = _centres(PATCHES, PATCH_STRIDE, PATCH_CELLS)
"""(patches², 2) x and y in px of the aligned face."""


def _region_weights(points: NDArray[np.float32]) -> list[tuple[NDArray[np.intp], NDArray[np.float64]]]:
    cells = _centres(CELLS, 1, 1)
    result = []
    for _, landmarks in REGIONS.values():
        distance = cells - points[list(landmarks), :2].mean(axis=0)
        weight = np.exp(-0.5 * (distance**2).sum(axis=1) / _SIGMA_PX**2)
        index = np.flatnonzero(weight >= _REACH)
        result.append((index, weight[index]))
    return result


def _depth_surface(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """(15,) the surface of 4th degree through the landmarks' depth, by the products of `_powers`."""
    centre = np.array([SIZE_PX / 2, SIZE_PX / 2])
    fit, *_ = np.linalg.lstsq(_powers(points[:468, :2] - centre), points[:468, 2] - points[:468, 2].mean())
    return fit


def _rigid_basis(places: NDArray[np.float64], depth_fit: NDArray[np.float64]) -> NDArray[np.float32]:
    """(n, 2, 6): d(place)/d(shift x, shift y, roll, scale, yaw, pitch) in px, depth by a surface of 4th degree."""
    centre = np.array([SIZE_PX / 2, SIZE_PX / 2])
    depth = _powers(places - centre) @ depth_fit
    x, y = (places - centre).T
    basis = np.zeros((len(places), 2, 6))
    basis[:, 0, 0] = basis[:, 1, 1] = EYE_DISTANCE_PX
    basis[:, 0, 2], basis[:, 1, 2] = -y, x
    basis[:, 0, 3], basis[:, 1, 3] = x, y
    basis[:, 0, 4] = basis[:, 1, 5] = depth
    return basis.astype(np.float32)


def _powers(places: NDArray[np.floating]) -> NDArray[np.float64]:
    """(n, 15): all products x^i y^j with i + j ≤ 4, x and y in half crops and kept within the crop."""
    x, y = np.clip(places.T.astype(np.float64) * (2 / SIZE_PX), -1, 1)
    return np.stack([x**i * y**j for i in range(5) for j in range(5 - i)], axis=1)
