"""The evidence around a candidate: what face and head did before, during and after it, as named numbers.

The decision rests on it and on what MEDN says, and it is kept with every event and every rejected candidate.
"""

import numpy as np
from numpy.typing import NDArray

from realtime.motion.regions import GROUP_STARTS, REGION_NAMES
from realtime.results import REGION_GROUPS
from realtime.ring import Window
from realtime.spotting.bounds import Bounds
from realtime.spotting.trace import DIFFERENCE_COLUMN, EVIDENCE, EVIDENCE_COLUMNS, HEAD, HEAD_COLUMNS, MOTION_COLUMNS

MARGIN_S = 0.05
_LEFT = np.array([name.endswith("left") for name in REGION_NAMES])
_RIGHT = np.array([name.endswith("right") for name in REGION_NAMES])


def gather(window: Window, bounds: Bounds, context_s: float) -> dict[str, float]:
    """Evidence for a movement in a trace window that holds it and `context_s` around it, as far as there is.

    Of the movement: its duration and rise in s, its amplitude in % iod and over the threshold, its direction (x, y: +1
    is right and down), how far apart its ends lie (share of the amplitude), how many regions moved half as much, and
    how one-sided it is (−1 left of the picture, 1 right). By group of regions: displacement at the apex, and the path's
    extent before and after, in % iod. Head (iod, radians) and blendshapes: the range covered before, during and after.
    "difference": the plain frame difference in local standard deviations of the picture.
    """
    t = window.times_s
    motion = window.values[:, MOTION_COLUMNS].reshape(len(t), -1, 2)
    spans = {
        " before": (t >= bounds.onset_s - context_s) & (t < bounds.onset_s - MARGIN_S),
        "": (t >= bounds.onset_s - MARGIN_S) & (t <= bounds.offset_s + MARGIN_S),
        " after": (t > bounds.offset_s + MARGIN_S) & (t <= bounds.offset_s + context_s),
    }
    evidence = _movement(bounds) | {"ends apart": _ends_apart(t, motion, bounds)}
    for when, span in spans.items():
        moved = bounds.peaks_pct if when == "" else _extent(motion[span])
        for group, extent_pct in zip(REGION_GROUPS, np.maximum.reduceat(moved, GROUP_STARTS), strict=True):
            evidence[f"{group} pct{when}"] = float(extent_pct)
        for names, columns in ((HEAD, HEAD_COLUMNS), (EVIDENCE, EVIDENCE_COLUMNS)):
            for name, values in zip(names, window.values[span, columns].T, strict=True):
                evidence[f"{name}{when}"] = _range(values)
        evidence[f"difference{when}"] = float(np.max(window.values[span, DIFFERENCE_COLUMN], initial=0.0))
    blink = window.values[:, EVIDENCE_COLUMNS][:, list(EVIDENCE).index("blink")]
    evidence["eyes shut"] = float(blink[spans[""]].max() - np.median(blink))
    return evidence


def _movement(bounds: Bounds) -> dict[str, float]:
    peaks = bounds.peaks_pct
    left, right = float(peaks[_LEFT].max()), float(peaks[_RIGHT].max())
    x, y = bounds.direction
    return {
        "duration s": bounds.offset_s - bounds.onset_s,
        "rise s": bounds.apex_s - bounds.onset_s,
        "amplitude pct": float(peaks.max()),
        "over threshold": bounds.bump.ratio,
        "direction x": x,
        "direction y": y,
        "regions": float((peaks >= 0.5 * peaks.max()).sum()),
        "one-sided": (right - left) / (right + left + 1e-6),
    }


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
