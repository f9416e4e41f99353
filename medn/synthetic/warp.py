"""The kernels that move a picture's face: a triangulated inverse map, the eyeball behind the lids, the open mouth."""

import numpy as np
from numpy.typing import NDArray

from medn.compiled import compiled


@compiled()
def inverse_map(
    moved: NDArray[np.float64], rest: NDArray[np.float64], triangles: NDArray[np.int64], out: NDArray[np.float32]
) -> None:
    """Write into `out` (H, W, 2) where each pixel of the moved triangles comes from.

    `moved` (V, 2) are the vertices in px of `out`, `rest` (V, 2) the same vertices in px of the picture that is
    sampled; triangles run clockwise. Those that a movement turned over are drawn beneath the others, and pixels that
    no triangle covers keep what they hold.
    """
    height, width = out.shape[:2]
    x, y = np.empty(3), np.empty(3)
    for step in range(2 * len(triangles)):
        t = step % len(triangles)
        for k in range(3):
            x[k], y[k] = moved[triangles[t, k]]
        a, b, c = triangles[t]
        area = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])
        if abs(area) < 1e-9 or (area > 0) != (step >= len(triangles)):
            continue
        # the affine map from moved to rest
        ux, uy = rest[b, 0] - rest[a, 0], rest[b, 1] - rest[a, 1]
        vx, vy = rest[c, 0] - rest[a, 0], rest[c, 1] - rest[a, 1]
        xx = (ux * (y[2] - y[0]) - vx * (y[1] - y[0])) / area
        xy = (vx * (x[1] - x[0]) - ux * (x[2] - x[0])) / area
        yx = (uy * (y[2] - y[0]) - vy * (y[1] - y[0])) / area
        yy = (vy * (x[1] - x[0]) - uy * (x[2] - x[0])) / area
        top = max(int(np.ceil(y.min() - 1e-4)), 0)
        bottom = min(int(np.floor(y.max() + 1e-4)), height - 1)
        for row in range(top, bottom + 1):
            low, high = 1e18, -1e18
            for k in range(3):
                j = (k + 1) % 3
                y0, y1 = min(y[k], y[j]), max(y[k], y[j])
                if y0 - 1e-4 <= row <= y1 + 1e-4:
                    if y1 - y0 < 1e-9:
                        low, high = min(low, x[k], x[j]), max(high, x[k], x[j])
                    else:
                        at = min(max((row - y[k]) / (y[j] - y[k]), 0.0), 1.0)
                        crossing = x[k] + at * (x[j] - x[k])
                        low, high = min(low, crossing), max(high, crossing)
            first = max(int(np.ceil(low - 1e-4)), 0)
            last = min(int(np.floor(high + 1e-4)), width - 1)
            for column in range(first, last + 1):
                dx, dy = column - x[0], row - y[0]
                out[row, column, 0] = rest[a, 0] + xx * dx + xy * dy
                out[row, column, 1] = rest[a, 1] + yx * dx + yy * dy


@compiled()
def height_at(x: float, line: NDArray[np.float64]) -> float:
    """y of a line of points (N, 2) at x, level beyond its ends; x runs one way along it."""
    last = len(line) - 1
    rising = line[last, 0] > line[0, 0]
    for k in range(last):
        i, j = (k, k + 1) if rising else (last - k, last - k - 1)
        if x <= line[j, 0]:
            across = line[j, 0] - line[i, 0]
            at = (x - line[i, 0]) / across if across > 1e-9 else 0.0
            return line[i, 1] + min(max(at, 0.0), 1.0) * (line[j, 1] - line[i, 1])
    return line[last, 1] if rising else line[0, 1]


@compiled()
def show_eyeball(
    picture: NDArray[np.uint8],
    source: NDArray[np.uint8],
    per_px: float,
    upper: NDArray[np.float64],
    lower: NDArray[np.float64],
    upper_rest: NDArray[np.float64],
    lower_rest: NDArray[np.float64],
    iris: NDArray[np.float64],
    iris_rest: NDArray[np.float64],
    iris_px: float,
    lash_px: float,
) -> None:
    """Paint the eyeball between the lids' edges as they now lie, so that lids slide over it instead of squeezing it.

    `upper`, `lower` (9, 2) are the lids' edges from corner to corner in `picture`, `iris` (2,) is the pupil there, all
    `_rest` their places before any movement in px of `picture` too; `source` has `per_px` pixels for each of them.
    The iris moves whole and drags what lies around it. Where a lid opens wider than it was, its lashes (the last
    `lash_px` below its edge) are left out, and the hidden part is taken from the other side of the pupil.
    """
    height, width = picture.shape[:2]
    span, span_rest = upper[8] - upper[0], upper_rest[8] - upper_rest[0]
    length = span[0] ** 2 + span[1] ** 2
    turn_x = (span[0] * span_rest[0] + span[1] * span_rest[1]) / length
    turn_y = (span[0] * span_rest[1] - span[1] * span_rest[0]) / length
    # where the pupil would be had only the head moved
    px, py = iris[0] - upper[0, 0], iris[1] - upper[0, 1]
    gaze_x = upper_rest[0, 0] + turn_x * px - turn_y * py - iris_rest[0]
    gaze_y = upper_rest[0, 1] + turn_y * px + turn_x * py - iris_rest[1]
    first, last = int(np.ceil(min(upper[0, 0], upper[8, 0]))), int(np.floor(max(upper[0, 0], upper[8, 0])))
    for column in range(max(first, 0), min(last, width - 1) + 1):
        top, bottom = height_at(column, upper), height_at(column, lower)
        for row in range(max(int(np.floor(top)), 0), min(int(np.ceil(bottom)), height - 1) + 1):
            cover = min(row + 0.5, bottom) - max(row - 0.5, top)
            if cover <= 0:
                continue
            dx, dy = column - upper[0, 0], row - upper[0, 1]
            x = upper_rest[0, 0] + turn_x * dx - turn_y * dy
            y = upper_rest[0, 1] + turn_y * dx + turn_x * dy
            away = np.hypot(x - iris_rest[0] - gaze_x, y - iris_rest[1] - gaze_y) / iris_px
            drag = min(max((2.4 - away) / 1.3, 0.0), 1.0)
            drag = drag * drag * (3 - 2 * drag)
            x -= drag * gaze_x
            y -= drag * gaze_y
            lid_top, lid_bottom = height_at(x, upper_rest) - 0.5, height_at(x, lower_rest) + 0.5
            wider = max(lid_top - (top - upper[0, 1] + upper_rest[0, 1]) - 0.5, drag * gaze_y, 0.0)
            below_lashes = lid_top + min(wider, lash_px)
            if y < below_lashes:
                # under the lid the eye goes on as it does on the pupil's other side
                y = 2 * iris_rest[1] - y
            y = max(min(y, lid_bottom), below_lashes)
            blend_sample(picture, row, column, source, x * per_px, y * per_px, min(cover, 1.0))


@compiled()
def blend_sample(
    picture: NDArray[np.uint8], row: int, column: int, source: NDArray[np.uint8], x: float, y: float, cover: float
) -> None:
    """Lay the bilinear sample of `source` at (x, y) over one pixel of `picture`."""
    left = min(max(int(np.floor(x)), 0), source.shape[1] - 2)
    above = min(max(int(np.floor(y)), 0), source.shape[0] - 2)
    u, v = min(max(x - left, 0.0), 1.0), min(max(y - above, 0.0), 1.0)
    for channel in range(3):
        sample = (1 - v) * ((1 - u) * source[above, left, channel] + u * source[above, left + 1, channel]) + v * (
            (1 - u) * source[above + 1, left, channel] + u * source[above + 1, left + 1, channel]
        )
        mixed = (1 - cover) * picture[row, column, channel] + cover * sample
        picture[row, column, channel] = np.uint8(min(max(mixed + 0.5, 0.0), 255.0))


@compiled()
def show_mouth(
    picture: NDArray[np.uint8],
    upper: NDArray[np.float64],
    lower: NDArray[np.float64],
    shut_gap: NDArray[np.float64],
    light: float,
    iod_px: float,
) -> None:
    """Paint a mouth's inside where the lips' edges (11, 2) have parted by more than `shut_gap` (11,) at rest.

    Upper teeth from behind the upper lip, dark below them, a tongue further down; `light` (0–1) is the skin's tone.
    """
    height, width = picture.shape[:2]
    gap = np.empty((len(upper), 2))
    gap[:, 0] = upper[:, 0]
    gap[:, 1] = shut_gap / 2
    middle = (upper[0, 0] + upper[10, 0]) / 2
    reach = max(abs(upper[10, 0] - upper[0, 0]) / 2, 1e-6)
    teeth_px, tongue_px = 0.10 * iod_px, 0.17 * iod_px
    first, last = int(np.ceil(min(upper[0, 0], upper[10, 0]))), int(np.floor(max(upper[0, 0], upper[10, 0])))
    for column in range(max(first, 0), min(last, width - 1) + 1):
        half = height_at(column, gap)
        top, bottom = height_at(column, upper) + half, height_at(column, lower) - half
        sideways = abs(column - middle) / reach
        for row in range(max(int(np.floor(top)), 0), min(int(np.ceil(bottom)), height - 1) + 1):
            cover = min(row + 0.5, bottom) - max(row - 0.5, top)
            if cover <= 0:
                continue
            deep = row - top
            # the lip's shadow, then the teeth's edge; teeth end before the corners
            teeth = min(max((teeth_px - deep) / (0.02 * iod_px), 0.0), 1.0) * min(max((0.8 - sideways) / 0.3, 0.0), 1.0)
            teeth *= 0.35 + 0.65 * min(deep / (0.05 * iod_px), 1.0)
            tongue = 0.6 * min(max((deep - tongue_px) / (0.08 * iod_px), 0.0), 1.0)
            for channel in range(3):
                dark = (22.0, 20.0, 38.0)[channel]
                enamel = (185.0, 196.0, 204.0)[channel]
                flesh = (80.0, 70.0, 140.0)[channel]
                inside = light * (dark + tongue * (flesh - dark) + teeth * (enamel - dark))
                mixed = (1 - min(cover, 1.0)) * picture[row, column, channel] + min(cover, 1.0) * inside
                picture[row, column, channel] = np.uint8(min(max(mixed + 0.5, 0.0), 255.0))
