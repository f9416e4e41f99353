"""The features of a detector's peak: how it stands out, where, on which course, and what head, lids and jaw did.

The peak classifier decides from them (`realtime.recognition`).
"""

import numpy as np
from numpy.typing import NDArray

from realtime.motion.regions import PATCH_CENTRES
from realtime.spotting.background import REFERENCE
from realtime.spotting.columns import BLENDSHAPE_COLUMNS, BLENDSHAPE_SUMS, HEAD, HEAD_COLUMNS
from realtime.spotting.detector import Peak
from realtime.spotting.patterns import Patterns
from realtime.spotting.responses import DURATIONS_S, GRID_HZ

AREAS = ("brows", "eyes", "nose", "cheeks", "mouth", "chin")
"""Where a patch lies in the aligned face, whose eyes are at a fixed place: our reading of the crop."""
CONTEXT_S = 1.0
CONTEXT = ("during", "around")
PEAK_FEATURES = (
    "statistic", "raw", "rest", "size_pct", "limit_pct", "duration_s",
    *(f"statistic_{round(1000 * d)}ms" for d in DURATIONS_S), "other_part", "part", "one_sided",
    *(f"{area}_energy" for area in AREAS), *(f"{area}_left_over" for area in AREAS),
    *(f"{area}_scale" for area in AREAS), *(f"{area}_unrest" for area in AREAS),
    "misfit", "before", "after", "slope", "ends_apart", "earlier", "later",
    *(f"{name}_{span}" for span in CONTEXT for name in (*HEAD, *BLENDSHAPE_SUMS)), "eyes_shut",
)  # fmt: skip
"""Energies are means of squares in units of the channels' scales, "left over" when the pattern is taken out; unrest is
the scale now over that of half a minute; the course is in units of the statistic."""

_BLINK = list(BLENDSHAPE_SUMS).index("blink")


def peak_features(
    peak: Peak, patterns: Patterns, times_s: NDArray[np.float64], rows: NDArray[np.float32]
) -> dict[str, float]:
    """`PEAK_FEATURES` of a peak; `rows` (n, WIDTH) are the trace's rows at `times_s` (n,) around its moment."""
    moment = peak.moment
    statistic, raw, per_pct = moment.statistic[peak.part], moment.raw[peak.part], moment.per_pct[peak.part]
    length = int(statistic.argmax())
    unit = int(moment.pattern[peak.part, length])
    scale = moment.scales[length]
    z = moment.responses[length] / scale
    size_pct = float(raw[length] / per_pct[length])
    left_over = z - size_pct * patterns.patterns[unit] / scale
    areas = _areas(patterns)
    values = [
        float(statistic[length]),
        float(raw[length]),
        float((moment.energy[length] - raw[length] ** 2) / len(z)),
        size_pct,
        float(1 / per_pct[length]),
        peak.duration_s,
        *statistic.tolist(),
        float(moment.statistic[1 - peak.part].max()),
        float(peak.part),
        float(patterns.one_sided[unit]),
        *(float(np.mean(z[area] ** 2)) for area in areas),
        *(float(np.mean(left_over[area] ** 2)) for area in areas),
        *(float(np.mean(moment.scales[REFERENCE][area])) for area in areas),
        *(float(np.mean(moment.scales[REFERENCE][area] / (moment.longs[area] + 0.1))) for area in areas),
        *_course(peak),
        *_context(peak, times_s, rows),
    ]
    return dict(zip(PEAK_FEATURES, values, strict=True))


def _course(peak: Peak) -> list[float]:
    course = peak.course.astype(np.float64)
    middle = len(course) // 2
    half = peak.duration_s / 2
    t = (np.arange(len(course)) - middle) / GRID_HZ
    inside = np.abs(t) <= half
    if inside.sum() < 3 or inside.all():
        return [0.0] * 7
    bump = np.where(inside, 0.5 * (1 + np.cos(np.pi * t / half)), 0.0)
    near = np.abs(t) <= half + 0.13
    design = np.stack([bump, np.ones_like(t), t], axis=1)[near]
    fit, *_ = np.linalg.lstsq(design, course[near])
    misfit = course[near] - design @ fit
    before, after = course[(t < -half) & (t >= -half - 0.25)], course[(t > half) & (t <= half + 0.25)]
    first, last = np.interp([-half, half], t, course)
    size = abs(float(fit[0])) + 1e-3
    return [
        float(np.sqrt(np.mean(misfit**2)) / size),
        float(np.ptp(before) / size) if len(before) else 0.0,
        float(np.ptp(after) / size) if len(after) else 0.0,
        float(abs(fit[2]) / size),
        float(abs(last - first) / size),
        float(np.ptp(course[t < -half]) / size) if (t < -half).any() else 0.0,
        float(np.ptp(course[t > half]) / size) if (t > half).any() else 0.0,
    ]


def _context(peak: Peak, times_s: NDArray[np.float64], rows: NDArray[np.float32]) -> list[float]:
    at = peak.moment.time_s
    values: list[float] = []
    for reach_s in (peak.duration_s / 2 + 0.05, CONTEXT_S):
        span = np.abs(times_s - at) <= reach_s
        for columns in (HEAD_COLUMNS, BLENDSHAPE_COLUMNS):
            part = rows[span, columns]
            values += np.ptp(part, axis=0).tolist() if len(part) else [0.0] * rows[:, columns].shape[1]
    blink = rows[:, BLENDSHAPE_COLUMNS][:, _BLINK]
    during = blink[np.abs(times_s - at) <= peak.duration_s / 2 + 0.05]
    return [*values, float(during.max() - np.median(blink)) if len(during) else 0.0]


def _areas(patterns: Patterns) -> list[NDArray[np.intp]]:
    x, y = PATCH_CENTRES[patterns.channels // 2].T
    beside = np.abs(x - 63.5) >= 16
    masks = (y < 32, (y >= 32) & (y < 47), (y >= 47) & (y < 72) & ~beside, (y >= 47) & (y < 80) & beside)
    mouth = (y >= 72) & (y < 96) & ~masks[3]
    return [np.flatnonzero(mask) for mask in (*masks, mouth, y >= 96)]
