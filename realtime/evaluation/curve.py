"""How much is found at how many false alarms a minute: events and rejected candidates ranked together by score.

Whole, and by what is known of each movement: context, size, part of the face, eye distance, how far it stands out. The
false alarms are always those of all the footage. Baselines are ranked in the same way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medn.evaluation.spotting_curve import RATES_PER_MIN, Ranking, rank
from realtime.evaluation.truth import TrueMovement
from realtime.types import Event

TIMING_AT_PER_MIN = 5.0
"""Errors of onset, apex and offset are those of the movements found at this many false alarms a minute."""
SIZE_EDGES_PCT = (0.0, 1.0, 1.65, 2.4, np.inf)
EYE_EDGES_PX = (0.0, 60.0, 90.0, 130.0, np.inf)
Z_EDGES = (0.0, 4.0, 6.0, 9.0, np.inf)


@dataclass(frozen=True, slots=True)
class Detection:
    """One reported movement of a baseline."""

    onset_s: float
    offset_s: float
    score: float


@dataclass(frozen=True, slots=True)
class Video:
    """One video's truth, and what was found in it."""

    name: str
    duration_s: float
    movements: Sequence[TrueMovement]
    candidates: Sequence[Event]
    """Events and rejected candidates alike."""
    baselines: Mapping[str, Sequence[Detection]]


@dataclass(frozen=True, slots=True)
class Recall:
    """Some of the true movements, and how many of them are found at each of `RATES_PER_MIN`."""

    label: str
    movements: int
    hits: tuple[int, ...]

    @property
    def shares(self) -> tuple[float, ...]:
        """Recall at each rate; NaN where there is no movement."""
        return tuple(hits / self.movements if self.movements else float("nan") for hits in self.hits)


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, and 10th and 90th percentile, in ms."""

    median_ms: float
    p10_ms: float
    p90_ms: float


@dataclass(frozen=True, slots=True)
class Timing:
    """Bounds and delay of the movements found at `TIMING_AT_PER_MIN`; errors are found less true."""

    movements: int
    onset: Spread
    apex: Spread
    offset: Spread
    delay_p50_ms: float
    """From the true apex to the report."""
    delay_p95_ms: float


@dataclass(frozen=True, slots=True)
class Curves:
    """Recall over false alarms a minute of the pipeline and of the baselines."""

    minutes: float
    whole: Recall
    parts: Mapping[str, tuple[Recall, ...]]
    """By what is known of the movements."""
    baselines: Mapping[str, Recall]
    missing: tuple[str, ...]
    """Columns that the truth lacks, so that nothing can be reported by them."""
    timing: Timing | None
    """None if nothing was found."""
    steps: Mapping[str, tuple[tuple[float, float], ...]]
    """For a picture: (false alarms a minute, recall) of the pipeline and of each baseline wherever recall rises."""
    score_at: Mapping[float, float]
    """The score at which the pipeline has that many false alarms a minute."""


def measure_curves(videos: Sequence[Video], missing: Sequence[str] = ()) -> Curves:
    """Rank what was found in all videos together."""
    movements = [movement for video in videos for movement in video.movements]
    ranking = _ranked(videos, [[(c.onset_s, c.offset_s, c.score) for c in v.candidates] for v in videos])
    names = list(dict.fromkeys(name for video in videos for name in video.baselines))
    rankings = {
        name: _ranked(videos, [[(d.onset_s, d.offset_s, d.score) for d in v.baselines.get(name, ())] for v in videos])
        for name in names
    }
    return Curves(
        minutes=ranking.minutes,
        whole=_recall("all", ranking),
        parts=_parts(movements, ranking),
        baselines={name: _recall(name, other) for name, other in rankings.items()},
        missing=tuple(missing),
        timing=_timing(movements, [c for video in videos for c in video.candidates], ranking),
        steps={name: _steps(other) for name, other in {"MEDN": ranking, **rankings}.items()},
        score_at={rate: ranking.score_at(rate) for rate in RATES_PER_MIN},
    )


def _ranked(videos: Sequence[Video], found: Sequence[Sequence[tuple[float, float, float]]]) -> Ranking:
    rows = [np.array(one, np.float64).reshape(-1, 3) for one in found]
    return rank(
        [[(m.onset_s, m.offset_s) for m in video.movements] for video in videos],
        [row[:, :2] for row in rows],
        [row[:, 2] for row in rows],
        [video.duration_s for video in videos],
    )


def _recall(label: str, ranking: Ranking, of: NDArray[np.bool_] | None = None) -> Recall:
    count = len(ranking.found_at) if of is None else int(of.sum())
    return Recall(label, count, tuple(ranking.hits(rate, of) for rate in RATES_PER_MIN))


def _parts(movements: Sequence[TrueMovement], ranking: Ranking) -> dict[str, tuple[Recall, ...]]:
    groups: dict[str, list[str | None]] = {
        "context": [m.context for m in movements],
        "face": [m.half for m in movements],
        "size (% iod)": [_bin(m.amplitude_pct, SIZE_EDGES_PCT) for m in movements],
        "eye distance (px)": [_bin(m.eye_distance_px, EYE_EDGES_PX) for m in movements],
        "stands out (z)": [_bin(m.z, Z_EDGES) for m in movements],
        "limit of detection": [m.limit for m in movements],
    }
    return {
        name: tuple(
            _recall(label, ranking, np.array([other == label for other in labels]))
            for label in sorted({label for label in labels if label is not None}, key=_in_order)
        )
        for name, labels in groups.items()
        if any(label is not None for label in labels)
    }


def _bin(value: float | None, edges: Sequence[float]) -> str | None:
    if value is None:
        return None
    at = int(np.clip(np.searchsorted(edges, value, side="right") - 1, 0, len(edges) - 2))
    low, high = edges[at], edges[at + 1]
    return f"{low:g} and more" if np.isinf(high) else f"{low:g}–{high:g}"


def _in_order(label: str) -> tuple[float, str]:
    """Bins by their numbers, words by the alphabet."""
    digits = label.split("–")[0].split(" ")[0]
    return float(digits) if digits.replace(".", "").isdigit() else 0.0, label


def _timing(movements: Sequence[TrueMovement], candidates: Sequence[Event], ranking: Ranking) -> Timing | None:
    hits = [
        (movement, candidates[by])
        for movement, by, at in zip(movements, ranking.found_by, ranking.found_at, strict=True)
        if at <= TIMING_AT_PER_MIN
    ]
    if not hits:
        return None
    delays_ms = [1000 * (c.apex_s - m.apex_s) + c.algorithmic_ms + c.compute_ms for m, c in hits]
    onset, apex, offset = (
        _spread([1000 * (getattr(c, bound) - getattr(m, bound)) for m, c in hits])
        for bound in ("onset_s", "apex_s", "offset_s")
    )
    p50_ms, p95_ms = np.percentile(delays_ms, [50, 95])
    return Timing(len(hits), onset, apex, offset, float(p50_ms), float(p95_ms))


def _spread(errors_ms: Sequence[float]) -> Spread:
    low, middle, high = np.percentile(errors_ms, [10, 50, 90])
    return Spread(float(middle), float(low), float(high))


def _steps(ranking: Ranking) -> tuple[tuple[float, float], ...]:
    rates = np.unique(ranking.found_at[np.isfinite(ranking.found_at)])
    return tuple((float(rate), ranking.recall(rate)) for rate in rates)
