"""The bump detector: how much each region's trace leaves and returns within a span of time.

For the span from a to b, with the chord c(t) from x(a) to x(b):

    bump = max |x(t) − c(t)| − gap_share · |x(b) − x(a)| − flank_share · (movement before a + movement after b)

where the movement on a flank is the largest distance from the span's end within `flank_s` outside it. Distances are in
the plane. A micro-expression leaves and returns between two plateaus; a macro-expression's edge has a gap, speech has
moving flanks. Our own formulation of plateau–rise–fall–plateau.
"""

import numpy as np
from numpy.typing import NDArray

from medn.compiled import compiled


@compiled()
def bumps(
    times_s: NDArray[np.float64],
    trace: NDArray[np.float32],
    regions: int,
    end_s: float,
    durations_s: NDArray[np.float64],
    flank_s: float,
    gap_share: float,
    flank_share: float,
    values: NDArray[np.float32],
    peaks: NDArray[np.float32],
    apexes: NDArray[np.int64],
) -> None:
    """Write (durations, regions) bump, deviation peak and index of the apex for spans that end at `end_s`.

    `trace` is (n, ≥ 2·regions) with x and y of each region side by side, `times_s` (n,) increasing. Ends between two
    frames are interpolated. Spans that begin before the first time get −1.
    """
    n = len(times_s)
    last = _first_from(times_s, end_s)
    for d in range(len(durations_s)):
        start_s = end_s - durations_s[d]
        first = _first_from(times_s, start_s)
        if first == 0 or last >= n or first >= last:
            values[d], peaks[d], apexes[d] = -1, 0, 0
            continue
        begin, stop = first, last
        while begin > 0 and times_s[begin - 1] >= start_s - flank_s:
            begin -= 1
        while stop < n and times_s[stop] <= end_s + flank_s:
            stop += 1
        wa = (start_s - times_s[first - 1]) / (times_s[first] - times_s[first - 1])
        wb = (end_s - times_s[last - 1]) / (times_s[last] - times_s[last - 1])
        for r in range(regions):
            x, y = 2 * r, 2 * r + 1
            ax = trace[first - 1, x] + wa * (trace[first, x] - trace[first - 1, x])
            ay = trace[first - 1, y] + wa * (trace[first, y] - trace[first - 1, y])
            bx = trace[last - 1, x] + wb * (trace[last, x] - trace[last - 1, x])
            by = trace[last - 1, y] + wb * (trace[last, y] - trace[last - 1, y])
            peak, apex = 0.0, first
            for i in range(first, last):
                share = (times_s[i] - start_s) / durations_s[d]
                dx = trace[i, x] - ax - share * (bx - ax)
                dy = trace[i, y] - ay - share * (by - ay)
                distance = dx * dx + dy * dy
                if distance > peak:
                    peak, apex = distance, i
            before, after = 0.0, 0.0
            for i in range(begin, first):
                before = max(before, (trace[i, x] - ax) ** 2 + (trace[i, y] - ay) ** 2)
            for i in range(last, stop):
                after = max(after, (trace[i, x] - bx) ** 2 + (trace[i, y] - by) ** 2)
            gap = np.sqrt((bx - ax) ** 2 + (by - ay) ** 2)
            peak = np.sqrt(peak)
            peaks[d, r] = peak
            apexes[d, r] = apex
            values[d, r] = peak - gap_share * gap - flank_share * (np.sqrt(before) + np.sqrt(after))


@compiled()
def _first_from(times_s: NDArray[np.float64], time_s: float) -> int:
    """The place of the first time that is not before `time_s`. np.searchsorted would load SciPy with the kernel."""
    low, high = 0, len(times_s)
    while low < high:
        middle = (low + high) // 2
        if times_s[middle] < time_s:
            low = middle + 1
        else:
            high = middle
    return low
