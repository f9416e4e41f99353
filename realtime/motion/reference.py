"""The motion kernels once more, in plain NumPy: slow, short, and what the tests hold `kernel.py` to."""

import numpy as np
from numpy.typing import NDArray

from realtime.motion.kernel import ITERATIONS, NOISE_GRADIENT, RIDGE
from realtime.motion.regions import CELL_PX, CELLS, PATCH_CELLS, PATCH_STRIDE, PATCHES, Layout


def cell_sums(
    now: NDArray[np.float32], reference: NDArray[np.float32], before: NDArray[np.float32]
) -> NDArray[np.float64]:
    """(cells², 6) sums xx, xy, yy, xt, yt, Σ|now − before|; see `kernel.cell_sums`."""
    both = now.astype(np.float64) + reference
    gx, gy = np.zeros_like(both), np.zeros_like(both)
    gx[:, 1:-1] = 0.25 * (both[:, 2:] - both[:, :-2])
    gy[1:-1] = 0.25 * (both[2:] - both[:-2])
    dt = now.astype(np.float64) - reference
    products = np.stack([gx * gx, gx * gy, gy * gy, gx * dt, gy * dt, np.abs(now.astype(np.float64) - before)])
    products[:, [0, -1]] = products[:, :, [0, -1]] = 0  # no gradient at the border
    cells = products.reshape(6, CELLS, CELL_PX, CELLS, CELL_PX).sum(axis=(2, 4))
    return cells.reshape(6, -1).T


def fit_head(sums: NDArray[np.float64], layout: Layout) -> NDArray[np.float64]:
    """(6,) rigid motion reference→now; see `kernel.fit_head`."""
    grid = sums[:, :5].reshape(CELLS, CELLS, 5)
    corners = [PATCH_STRIDE * i for i in range(PATCHES)]
    patches = np.array(
        [grid[y : y + PATCH_CELLS, x : x + PATCH_CELLS].sum(axis=(0, 1)) for y in corners for x in corners]
    )[layout.inside]
    basis = layout.basis[layout.inside].astype(np.float64)
    tensor = patches[:, [[0, 1], [1, 2]]]
    drive = patches[:, 3:5]
    energy = patches[:, 0] + patches[:, 2] + RIDGE * (CELL_PX * PATCH_CELLS) ** 2
    weight = np.ones(len(patches))
    head = np.zeros(6)
    for _ in range(ITERATIONS):
        share = (weight / energy)[:, None, None]
        normal = (share * (basis.transpose(0, 2, 1) @ tensor @ basis)).sum(axis=0)
        right = -(share[:, 0] * (basis.transpose(0, 2, 1) @ drive[:, :, None])[:, :, 0]).sum(axis=0)
        normal += np.diag(1e-6 * (np.diag(normal) + 1.0))
        head = np.linalg.solve(normal, right)
        unexplained = drive + (tensor @ (basis @ head)[:, :, None])[:, :, 0]
        residual = np.linalg.norm(unexplained, axis=1) / energy
        middle = np.sort(residual)[(len(residual) - 1) // 2]
        weight = 1.0 / (1.0 + (residual / (2.0 * middle + 1e-6)) ** 2)
    return head


def region_motion(
    sums: NDArray[np.float64], layout: Layout, head: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(regions, 2) displacement in px without the head's, (regions,) |now − before|; see `kernel.region_motion`."""
    tensor = sums[:, [[0, 1], [1, 2]]]
    drive = sums[:, 3:5] + (tensor @ (layout.cell_basis.astype(np.float64) @ head)[:, :, None])[:, :, 0]
    weight = np.zeros((len(layout.region_cells), CELLS * CELLS))
    for row, cells, weights in zip(weight, layout.region_cells, layout.region_weights, strict=True):
        row[cells[weights > 0]] = weights[weights > 0]
    total = np.maximum(weight.sum(axis=1), 1e-9)  # nothing of a region outside the crop: no motion
    ridge = RIDGE * CELL_PX**2 * total[:, None, None] * np.eye(2)
    regional = np.einsum("rc,cij->rij", weight, tensor) + ridge
    motion = -np.linalg.solve(regional, (weight @ drive)[:, :, None])[:, :, 0]
    return motion, weight @ sums[:, 5] / (total * CELL_PX**2)


def patch_motion(sums: NDArray[np.float64], layout: Layout, head: NDArray[np.float64]) -> NDArray[np.float64]:
    """(patches², 2) displacement in px without the head's; see `kernel.patch_motion`."""
    tensor = sums[:, [[0, 1], [1, 2]]]
    drive = sums[:, 3:5] + (tensor @ (layout.cell_basis.astype(np.float64) @ head)[:, :, None])[:, :, 0]
    grid = np.concatenate([sums[:, :3], drive], axis=1).reshape(CELLS, CELLS, 5)
    corners = [PATCH_STRIDE * i for i in range(PATCHES)]
    xx, xy, yy, xt, yt = np.array(
        [grid[y : y + PATCH_CELLS, x : x + PATCH_CELLS].sum(axis=(0, 1)) for y in corners for x in corners]
    ).T
    ridge = RIDGE * (CELL_PX * PATCH_CELLS) ** 2
    xx, yy = xx + ridge, yy + ridge
    return np.stack([xy * yt - yy * xt, xy * xt - xx * yt], axis=1) / (xx * yy - xy * xy)[:, None]


def measured_share(sums: NDArray[np.float64], change: NDArray[np.float64]) -> NDArray[np.float64]:
    """(patches², 2) share of a displacement that is found, by (patches²,) mean change; see `kernel.measured_share`."""
    grid = sums.reshape(CELLS, CELLS, 6)
    corners = [PATCH_STRIDE * i for i in range(PATCHES)]
    mean = (
        np.array([grid[y : y + PATCH_CELLS, x : x + PATCH_CELLS].mean(axis=(0, 1)) for y in corners for x in corners])
        / CELL_PX**2
    )
    energy = mean[:, [0, 2]]
    return np.maximum(energy - NOISE_GRADIENT * change[:, None] ** 2, 0) / (energy + RIDGE)
