"""The fused Numba kernels: difference and Lucas–Kanade sums of two aligned faces in one pass, then head and regions.

Lucas–Kanade (1981) is the frame difference divided by the picture's gradient; per cell of 4×4 px the kernel sums

    xx = Σ gx², xy = Σ gx·gy, yy = Σ gy², xt = Σ gx·dt, yt = Σ gy·dt

with symmetric gradients g (mean of both pictures) and dt = now − reference, so that any set of cells has the
least-squares displacement −[[xx, xy], [xy, yy]]⁻¹ (xt, yt). `reference.py` computes the same in plain NumPy.
"""

import numpy as np
from numpy.typing import NDArray

from medn.compiled import compiled
from realtime.motion.regions import CELL_PX, CELLS, PATCH_CELLS, PATCH_STRIDE, PATCHES

ITERATIONS = 6
RIDGE = 1e-3
"""Added to the structure tensor's diagonal, in units of the mean gradient energy of a well-structured cell (1)."""
NOISE_GRADIENT = 0.1
"""Gradient energy a pixel, along x or y, of the mean of two pictures whose noise differs by 1 in the mean.

White noise of deviation √π / 2, blurred by σ 1.2 px as in `meter.normalise`: pixels 2 px apart correlate by e^−0.69."""


@compiled(fastmath=True)
def cell_sums(
    now: NDArray[np.float32], reference: NDArray[np.float32], before: NDArray[np.float32], sums: NDArray[np.float32]
) -> None:
    """Write (cells², 6) sums xx, xy, yy, xt, yt, Σ|now − before| of three (128, 128) normalised aligned faces."""
    size = now.shape[0]
    # a row of cells is summed downwards first, which the CPU does for eight columns at once
    columns = np.empty((6, size), np.float32)
    for top in range(0, size, CELL_PX):
        columns[:] = 0
        for y in range(max(top, 1), min(top + CELL_PX, size - 1)):
            for x in range(1, size - 1):
                gx = 0.25 * (now[y, x + 1] - now[y, x - 1] + reference[y, x + 1] - reference[y, x - 1])
                gy = 0.25 * (now[y + 1, x] - now[y - 1, x] + reference[y + 1, x] - reference[y - 1, x])
                dt = now[y, x] - reference[y, x]
                columns[0, x] += gx * gx
                columns[1, x] += gx * gy
                columns[2, x] += gy * gy
                columns[3, x] += gx * dt
                columns[4, x] += gy * dt
                columns[5, x] += abs(now[y, x] - before[y, x])
        for cell in range(CELLS):
            for k in range(6):
                total = columns[k, cell * CELL_PX]
                for x in range(cell * CELL_PX + 1, (cell + 1) * CELL_PX):
                    total += columns[k, x]
                sums[top // CELL_PX * CELLS + cell, k] = total


@compiled(fastmath=True)
def fit_head(
    sums: NDArray[np.float32], basis: NDArray[np.float32], inside: NDArray[np.bool_], head: NDArray[np.float64]
) -> None:
    """Write (6,) rigid motion reference→now by iteratively reweighted least squares with Cauchy weights.

    Each patch votes with its whole structure tensor, so that an edge speaks only across itself. The Cauchy scale is
    twice the (lower) median residual.
    """
    patches = PATCHES * PATCHES
    tensor, weight = np.empty((patches, 5)), np.empty(patches)
    for p in range(patches):
        top, left = (p // PATCHES) * PATCH_STRIDE, (p % PATCHES) * PATCH_STRIDE
        tensor[p] = 0
        weight[p] = 1 if inside[p] else 0  # np.where would load SciPy with the kernel
        for cy in range(top, top + PATCH_CELLS):
            for cx in range(left, left + PATCH_CELLS):
                for k in range(5):
                    tensor[p, k] += sums[cy * CELLS + cx, k]
    residual, kept = np.empty(patches), np.empty(patches)
    head[:] = 0
    normal = np.empty((6, 6))
    right = np.empty(6)
    for _ in range(ITERATIONS):
        normal[:] = 0
        right[:] = 0
        for p in range(patches):
            if weight[p] == 0:
                continue
            xx, xy, yy, xt, yt = tensor[p]
            energy = weight[p] / (xx + yy + RIDGE * CELL_PX * CELL_PX * PATCH_CELLS * PATCH_CELLS)
            for i in range(6):
                bx, by = basis[p, 0, i], basis[p, 1, i]
                tx, ty = xx * bx + xy * by, xy * bx + yy * by
                right[i] -= energy * (bx * xt + by * yt)
                for j in range(6):
                    normal[i, j] += energy * (tx * basis[p, 0, j] + ty * basis[p, 1, j])
        for i in range(6):
            normal[i, i] += 1e-6 * (normal[i, i] + 1.0)
        _solve(normal, right, head)
        count = 0
        for p in range(patches):
            if not inside[p]:
                continue
            xx, xy, yy, xt, yt = tensor[p]
            dx, dy = 0.0, 0.0
            for i in range(6):
                dx += basis[p, 0, i] * head[i]
                dy += basis[p, 1, i] * head[i]
            # how far the picture is from being explained, in px along the gradient
            ex, ey = xt + xx * dx + xy * dy, yt + xy * dx + yy * dy
            residual[p] = np.sqrt(ex * ex + ey * ey) / (xx + yy + RIDGE * CELL_PX * CELL_PX * PATCH_CELLS * PATCH_CELLS)
            kept[count] = residual[p]
            count += 1
        if count == 0:
            return
        scale = 2.0 * _select(kept, count, (count - 1) // 2) + 1e-6
        for p in range(patches):
            weight[p] = 1.0 / (1.0 + (residual[p] / scale) ** 2) if inside[p] else 0.0


@compiled(fastmath=True)
def region_motion(
    sums: NDArray[np.float32],
    region_cells: NDArray[np.int32],
    region_weights: NDArray[np.float32],
    cell_basis: NDArray[np.float32],
    head: NDArray[np.float64],
    motion: NDArray[np.float32],
    difference: NDArray[np.float32],
) -> None:
    """Write (regions, 2) displacement in px without the head's and (regions,) mean |now − before| a pixel.

    A region outside the crop, as in a head turned far away or cut by the picture's edge, does not move.
    """
    for r in range(region_cells.shape[0]):
        xx, xy, yy, xt, yt, plain, total = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for k in range(region_cells.shape[1]):
            w = region_weights[r, k]
            if w == 0:
                break
            c = region_cells[r, k]
            dx, dy = 0.0, 0.0
            for i in range(6):
                dx += cell_basis[c, 0, i] * head[i]
                dy += cell_basis[c, 1, i] * head[i]
            cell = sums[c]
            xx += w * cell[0]
            xy += w * cell[1]
            yy += w * cell[2]
            xt += w * (cell[3] + cell[0] * dx + cell[1] * dy)
            yt += w * (cell[4] + cell[1] * dx + cell[2] * dy)
            plain += w * cell[5]
            total += w
        if total == 0:
            motion[r] = 0
            difference[r] = 0
            continue
        ridge = RIDGE * CELL_PX * CELL_PX * total
        xx += ridge
        yy += ridge
        determinant = xx * yy - xy * xy
        motion[r, 0] = -(yy * xt - xy * yt) / determinant
        motion[r, 1] = -(xx * yt - xy * xt) / determinant
        difference[r] = plain / (total * CELL_PX * CELL_PX)


@compiled(fastmath=True)
def patch_motion(
    sums: NDArray[np.float32],
    cell_basis: NDArray[np.float32],
    head: NDArray[np.float64],
    without_head: NDArray[np.float32],
    motion: NDArray[np.float32],
) -> None:
    """Write (patches², 2) displacement in px of each patch without the head's; `without_head`: (cells², 5) scratch."""
    for c in range(sums.shape[0]):
        dx, dy = 0.0, 0.0
        for i in range(6):
            dx += cell_basis[c, 0, i] * head[i]
            dy += cell_basis[c, 1, i] * head[i]
        xx, xy, yy = sums[c, 0], sums[c, 1], sums[c, 2]
        without_head[c, 0] = xx
        without_head[c, 1] = xy
        without_head[c, 2] = yy
        without_head[c, 3] = sums[c, 3] + xx * dx + xy * dy
        without_head[c, 4] = sums[c, 4] + xy * dx + yy * dy
    ridge = RIDGE * CELL_PX * CELL_PX * PATCH_CELLS * PATCH_CELLS
    for p in range(PATCHES * PATCHES):
        top, left = (p // PATCHES) * PATCH_STRIDE, (p % PATCHES) * PATCH_STRIDE
        xx, xy, yy, xt, yt = ridge, 0.0, ridge, 0.0, 0.0
        for cy in range(top, top + PATCH_CELLS):
            for cx in range(left, left + PATCH_CELLS):
                cell = without_head[cy * CELLS + cx]
                xx += cell[0]
                xy += cell[1]
                yy += cell[2]
                xt += cell[3]
                yt += cell[4]
        determinant = xx * yy - xy * xy
        motion[p, 0] = -(yy * xt - xy * yt) / determinant
        motion[p, 1] = -(xx * yt - xy * xt) / determinant


@compiled(fastmath=True)
def measured_share(
    sums: NDArray[np.float32], follow: float, change: NDArray[np.float32], share: NDArray[np.float32]
) -> None:
    """Write (patches², 2) the share of a small displacement along x and along y that `patch_motion` finds.

    Where the picture is noisy, S / (S + N + ridge) of it is found, S and N the gradient energy of the face and of the
    noise, for noise is in the gradients, too. S + N is xx or yy. `change` (patches²,) is the mean |now − before| a
    pixel, into which that of this frame enters by the share `follow`; N is `NOISE_GRADIENT` · change².
    """
    area = CELL_PX * CELL_PX * PATCH_CELLS * PATCH_CELLS
    for p in range(PATCHES * PATCHES):
        top, left = (p // PATCHES) * PATCH_STRIDE, (p % PATCHES) * PATCH_STRIDE
        xx, yy, plain = 0.0, 0.0, 0.0
        for cy in range(top, top + PATCH_CELLS):
            for cx in range(left, left + PATCH_CELLS):
                cell = sums[cy * CELLS + cx]
                xx += cell[0]
                yy += cell[2]
                plain += cell[5]
        change[p] += follow * (plain / area - change[p])
        noise = NOISE_GRADIENT * change[p] * change[p] * area
        share[p, 0] = max(xx - noise, 0.0) / (xx + RIDGE * area)
        share[p, 1] = max(yy - noise, 0.0) / (yy + RIDGE * area)


# NumPy's solve and median give the same, but take Numba ten seconds to compile.


@compiled()
def _solve(matrix: NDArray[np.float64], right: NDArray[np.float64], solution: NDArray[np.float64]) -> None:
    """Solve a small symmetric positive definite system in place, by Cholesky's decomposition."""
    n = len(right)
    for j in range(n):
        for k in range(j):
            matrix[j, j] -= matrix[j, k] ** 2
        matrix[j, j] = np.sqrt(matrix[j, j])
        for i in range(j + 1, n):
            for k in range(j):
                matrix[i, j] -= matrix[i, k] * matrix[j, k]
            matrix[i, j] /= matrix[j, j]
    for i in range(n):
        total = right[i]
        for k in range(i):
            total -= matrix[i, k] * solution[k]
        solution[i] = total / matrix[i, i]
    for i in range(n - 1, -1, -1):
        total = solution[i]
        for k in range(i + 1, n):
            total -= matrix[k, i] * solution[k]
        solution[i] = total / matrix[i, i]


@compiled()
def _select(values: NDArray[np.float64], count: int, rank: int) -> float:
    """The value of this rank among the first `count`, which are reordered (Hoare's quickselect)."""
    low, high = 0, count - 1
    while low < high:
        pivot = values[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i, j = i + 1, j - 1
        if rank <= j:
            high = j
        elif rank >= i:
            low = i
        else:
            break
    return values[rank]
