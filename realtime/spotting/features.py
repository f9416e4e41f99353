"""The features of a candidate: what face and head did before, during and after it, as named numbers.

The classifier decides from them and from what MEDN recognizes; they are kept with every event and rejected candidate.
"""

import numpy as np
from numpy.typing import NDArray

from realtime.motion.regions import GROUP_STARTS, REGION_NAMES
from realtime.ring import Window
from realtime.spotting.bounds import Bounds
from realtime.spotting.columns import (
    BLENDSHAPE_COLUMNS,
    BLENDSHAPE_SUMS,
    DIFFERENCE_COLUMN,
    HEAD,
    HEAD_COLUMNS,
    MOTION_COLUMNS,
)
from realtime.types import REGION_GROUPS

SPANS = ("_before", "", "_after")
"""Suffixes of what is measured over three spans: before the movement, during it, and after it."""
MOVEMENT_FEATURES = (
    "duration_s", "rise_s",
    "amplitude_pct", "over_threshold",  # % iod; in multiples of the region's threshold
    "direction_x", "direction_y",       # a unit vector, right and down
    "regions",                          # how many moved at least half as far as the one that moved most
    "one_sided",                        # from −1 (left of the picture) to 1 (right)
    "ends_apart",                       # distance between the ends as a share of the amplitude
)  # fmt: skip
SPAN_FEATURES = (
    *(f"{group}_pct" for group in REGION_GROUPS),  # displacement at the apex; before and after, the path's extent
    *HEAD, *BLENDSHAPE_SUMS,                       # the range covered: iod, radians, log scale; 0–1
    "difference",                                  # largest plain frame difference, in local standard deviations
)  # fmt: skip
FEATURES = (*MOVEMENT_FEATURES, *(name + span for span in SPANS for name in SPAN_FEATURES), "eyes_shut")
"""All features, in the order in which `gather` measures them."""

MARGIN_S = 0.05
_LEFT = np.array([name.endswith("left") for name in REGION_NAMES])
_RIGHT = np.array([name.endswith("right") for name in REGION_NAMES])
_BLINK = list(BLENDSHAPE_SUMS).index("blink")


def gather(window: Window, bounds: Bounds, context_s: float) -> dict[str, float]:
    """`FEATURES` of a movement in a trace window that holds it and up to `context_s` around it."""
    t = window.times_s
    motion = window.values[:, MOTION_COLUMNS].reshape(len(t), -1, 2)
    spans = (
        (t >= bounds.onset_s - context_s) & (t < bounds.onset_s - MARGIN_S),
        (t >= bounds.onset_s - MARGIN_S) & (t <= bounds.offset_s + MARGIN_S),
        (t > bounds.offset_s + MARGIN_S) & (t <= bounds.offset_s + context_s),
    )
    values = [*_movement(bounds), _ends_apart(t, motion, bounds)]
    for name, span in zip(SPANS, spans, strict=True):
        moved = bounds.peaks_pct if name == "" else _extent(motion[span])
        values += np.maximum.reduceat(moved, GROUP_STARTS).tolist()
        for columns in (HEAD_COLUMNS, BLENDSHAPE_COLUMNS):
            values += [_range(column) for column in window.values[span, columns].T]
        values.append(float(np.max(window.values[span, DIFFERENCE_COLUMN], initial=0.0)))
    blink = window.values[:, BLENDSHAPE_COLUMNS][:, _BLINK]
    values.append(float(blink[spans[1]].max() - np.median(blink)))
    return dict(zip(FEATURES, values, strict=True))


def _movement(bounds: Bounds) -> tuple[float, ...]:
    peaks = bounds.peaks_pct
    left, right = float(peaks[_LEFT].max()), float(peaks[_RIGHT].max())
    return (
        bounds.offset_s - bounds.onset_s,
        bounds.apex_s - bounds.onset_s,
        float(peaks.max()),
        bounds.bump.ratio,
        *bounds.direction,
        float((peaks >= 0.5 * peaks.max()).sum()),
        (right - left) / (right + left + 1e-6),
    )


def _ends_apart(t: NDArray[np.float64], motion: NDArray[np.float32], bounds: Bounds) -> float:
    first, last = (int(np.abs(t - end).argmin()) for end in (bounds.onset_s, bounds.offset_s))
    gaps = np.hypot(*(motion[last] - motion[first]).T)
    main = bounds.peaks_pct >= 0.5 * bounds.peaks_pct.max()
    return float(gaps[main].mean() / bounds.peaks_pct[main].mean())


def _range(values: NDArray[np.float32]) -> float:
    return float(np.ptp(values)) if len(values) else 0.0


def _extent(motion: NDArray[np.float32]) -> NDArray[np.float32]:
    """(regions,) the diagonal of the box that holds 80 % of each region's path in each direction."""
    if not len(motion):
        return np.zeros(motion.shape[1], np.float32)
    low, high = np.quantile(motion, [0.1, 0.9], axis=0)
    return np.hypot(*(high - low).T)
