"""Peaks of the matched filter in a trace that was kept, and which of them are movements that were added to it."""

import copy
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medn.evaluation.spotting_metrics import IOU_AT_LEAST, iou
from realtime.spotting.columns import WIDTH
from realtime.spotting.detector import DELAY_S, WARM_UP_S, Detector, Peak
from realtime.spotting.grid import Steps
from realtime.spotting.patterns import Patterns
from realtime.spotting.peak_bounds import bounds_inputs, shipped_peak_bounds
from realtime.spotting.peak_features import AREAS, peak_features
from realtime.spotting.responses import DURATIONS_S, GRID_HZ
from realtime.training.trace_movements import TraceMovement, added_values, draw_movement

INPUTS = (
    "statistic", "raw", "rest", "size_pct", "limit_pct", "duration_s",
    *(f"statistic_{round(1000 * d)}ms" for d in DURATIONS_S), "other_part", "part", "one_sided",
    *(f"{area}_unrest" for area in AREAS),
    "misfit", "before", "after", "slope", "ends_apart", "earlier", "later",
)  # fmt: skip
"""What a decision on peaks looks at: of `PEAK_FEATURES` those that mean the same on every face and in every trace."""


PROGRESS_EVERY = 30
"""Steps."""
BESIDE_S = 0.1
"""A peak so close to a movement may be of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Peaks:
    """Peaks of a stretch of a trace."""

    spans_s: NDArray[np.float64]
    """(n, 2) onset and offset."""
    inputs: NDArray[np.float32]
    """(n, `INPUTS`)."""

    def part(self, of: NDArray[np.bool_]) -> "Peaks":
        """Those that are marked."""
        return Peaks(self.spans_s[of], self.inputs[of])

    @property
    def middle_s(self) -> NDArray[np.float64]:
        """(n,) when each is."""
        return self.spans_s.mean(axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class Added:
    """A movement that was added to a trace."""

    movement: TraceMovement
    peaks: Peaks
    """Those that are this movement; none where it was missed."""
    near: Sequence[tuple[float, NDArray[np.float32]]]
    """The peaks within or beside it, whatever bounds they have: when, and their `bounds_inputs`."""
    z: float
    """By how much it stands out if its whole size shows in the trace; 0 where nothing could be computed."""


def find_peaks(
    steps: Steps,
    patterns: Patterns | None = None,
    rng: np.random.Generator | None = None,
    every_s: float = math.inf,
    progress: Callable[[int], None] = lambda _: None,
    *,
    unlike: bool = False,
) -> tuple[Peaks, list[Added]]:
    """Run the matched filter over a stretch of a trace, as over a face that has just appeared.

    Returns its peaks, and what became of movements added to it: one begins about every `every_s` (drawn with `rng`),
    each seen by a copy of the filter that parts at its onset, so that no movement is judged beside another. `unlike`:
    they differ from their patterns as movements in pictures do. `progress` is told the number of steps that are done,
    and may raise what ends the work.
    """
    detector = Detector(patterns)
    found: list[Peak] = []
    added: list[Added] = []
    next_s = steps.first_s + WARM_UP_S + (rng.uniform(0, every_s) if rng else math.inf)
    for number, (at_s, values) in enumerate(steps):
        if rng and at_s >= next_s:
            next_s += every_s * rng.uniform(0.5, 1.5)
            movement = draw_movement(at_s, detector.patterns, rng, unlike)
            last = number + round((movement.curve.offset_s - at_s + DELAY_S + 0.2) * GRID_HZ)
            if last <= len(steps):
                added.append(_with_movement(copy.deepcopy(detector), steps.part(number, last), movement))
        found += detector.step(at_s, values)
        if number % PROGRESS_EVERY == 0:
            progress(number + 1)
    return _peaks(found + detector.flush(), detector.patterns), added


def _with_movement(detector: Detector, steps: Steps, movement: TraceMovement) -> Added:
    found: list[Peak] = []
    apex_s, nearest_s, per_pct = movement.curve.apex_s, math.inf, 0.0
    for at_s, values in steps:
        found += detector.step(at_s, values + added_values(movement, at_s, detector.patterns))
        newest = detector.newest
        if newest and abs(newest.time_s - apex_s) < nearest_s:
            nearest_s, per_pct = abs(newest.time_s - apex_s), float(newest.limit[movement.unit])
    peaks = _peaks(found, detector.patterns)
    first_s, last_s = movement.curve.onset_s - BESIDE_S, movement.curve.offset_s + BESIDE_S
    near = [(p.moment.time_s, bounds_inputs(p)) for p in found if first_s < p.moment.time_s < last_s]
    return Added(movement, peaks.part(overlapping(peaks, [movement.span_s])), near, movement.size_pct * per_pct)


def _peaks(found: Sequence[Peak], patterns: Patterns) -> Peaks:
    times_s, rows = np.zeros(0), np.zeros((0, WIDTH), np.float32)  # no input is of head or lids
    spans, inputs = [], []
    for peak in found:
        features = peak_features(peak, patterns, times_s, rows)
        span = shipped_peak_bounds()(peak)
        spans.append((span.onset_s, span.offset_s))
        inputs.append([features[name] for name in INPUTS])
    return Peaks(np.array(spans).reshape(-1, 2), np.array(inputs, np.float32).reshape(-1, len(INPUTS)))


def overlapping(
    peaks: Peaks, spans_s: Sequence[tuple[float, float]], at_least: float = IOU_AT_LEAST
) -> NDArray[np.bool_]:
    """(n,) whether each peak overlaps one of the spans by that much."""
    if not len(spans_s) or not len(peaks.spans_s):
        return np.zeros(len(peaks.spans_s), np.bool_)
    return iou(np.array(spans_s), peaks.spans_s).max(axis=0) >= at_least


def together(parts: Iterable[Peaks]) -> Peaks:
    """All as one."""
    parts = list(parts)
    return Peaks(
        np.concatenate([np.zeros((0, 2)), *(part.spans_s for part in parts)]),
        np.concatenate([np.zeros((0, len(INPUTS)), np.float32), *(part.inputs for part in parts)]),
    )
