"""The evidence around a candidate: what else face and head did, in named numbers, for the decision and for people."""

import numpy as np
from numpy.typing import NDArray

from realtime.motion.regions import GROUP_OF_REGION, LIDS
from realtime.results import REGION_GROUPS
from realtime.ring import Window
from realtime.spotting.bounds import Bounds
from realtime.spotting.trace import DIFFERENCE_COLUMN, EVIDENCE, EVIDENCE_COLUMNS, HEAD_COLUMNS, MOTION_COLUMNS

MARGIN_S = 0.1
_MOUTH = np.isin(GROUP_OF_REGION, [REGION_GROUPS.index("mouth"), REGION_GROUPS.index("chin")])
_BROWS = REGION_GROUPS.index("brows") == GROUP_OF_REGION


def gather(window: Window, bounds: Bounds, context_s: float) -> dict[str, float]:
    """Evidence for a movement in a trace window around it; "outside" is within `context_s` of it, but not in it.

    "… pct" is in % iod, "head" in iod (or radians) over the movement, "head speed" in iod/s; the rest is in blendshape
    units: "blink" over its median, the others as the range they covered. "difference" is the plain frame difference
    in local standard deviations of the picture.
    """
    t = window.times_s
    inside = (t >= bounds.onset_s - MARGIN_S) & (t <= bounds.offset_s + MARGIN_S)
    context = (t >= bounds.onset_s - context_s) & (t <= bounds.offset_s + context_s)
    outside = context & ~inside
    if not outside.any():
        outside = context
    shapes = dict(zip(EVIDENCE, window.values[:, EVIDENCE_COLUMNS].T, strict=True))
    motion = window.values[:, MOTION_COLUMNS].reshape(len(t), -1, 2)
    head = window.values[:, HEAD_COLUMNS]
    difference = window.values[:, DIFFERENCE_COLUMN]
    peaks = bounds.peaks_pct
    main = peaks >= 0.5 * peaks.max()
    return {
        "duration s": bounds.offset_s - bounds.onset_s,
        "rise s": bounds.apex_s - bounds.onset_s,
        "over threshold": bounds.bump.ratio,
        "amplitude pct": float(peaks.max()),
        "lids pct": float(peaks[LIDS].max()),
        "mouth pct": float(peaks[_MOUTH].max()),
        "brows pct": float(peaks[_BROWS].max()),
        "blink": float(shapes["blink"][inside].max() - np.median(shapes["blink"][context])),
        "gaze": max(_range(shapes["gaze x"][inside]), _range(shapes["gaze y"][inside])),
        "jaw": _range(shapes["jaw"][inside]),
        "jaw outside": _range(shapes["jaw"][outside]),
        "lips": _range(shapes["lips"][inside]),
        "lips outside": _range(shapes["lips"][outside]),
        "smile outside": _range(shapes["smile"][outside]),
        "head": float(np.ptp(head[inside], axis=0).max()),
        "head speed": _speed(t[context], head[context]),
        "outside pct": float(_spread(motion[outside][:, main]).max()),
        "mouth outside pct": float(_spread(motion[outside][:, _MOUTH]).max()),
        "difference": float(difference[inside].max()),
        "difference outside": float(np.median(difference[outside])),
    }


def _range(values: NDArray[np.float32]) -> float:
    return float(np.ptp(values))


def _spread(motion: NDArray[np.float32]) -> NDArray[np.float32]:
    """(regions,) how far each region strays: the diagonal of the box that holds 80 % of its path in each direction."""
    low, high = np.quantile(motion, [0.1, 0.9], axis=0)
    return np.hypot(*(high - low).T)


def _speed(t: NDArray[np.float64], head: NDArray[np.float32]) -> float:
    if len(t) < 3:
        return 0.0
    return float(np.abs(np.gradient(head.astype(np.float64), t, axis=0)).max())
