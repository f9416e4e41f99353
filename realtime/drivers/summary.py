"""The accounts of a run: what was offered, what was analysed, what was dropped and why, and how long it took."""

import math
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ddsketch import LogCollapsingLowestDenseDDSketch

from realtime.drivers.conditions import Hindered
from realtime.sources import Cause, Dropped
from realtime.timing import ACCURACY, BUCKETS, Latencies
from realtime.types import FACE_PARTS, Analysis, Frame

RESULT_LATENCY = "capture_to_result"
"""The stage from capture (of a paced file: from the moment at which the frame was due) to the end of its analysis."""


@dataclass(frozen=True, slots=True)
class Summary:
    """`frames_offered == frames_processed + sum(frames_dropped.values())`, always."""

    source: str
    frames_offered: int
    frames_processed: int
    frames_dropped: Mapping[str, int]
    """By cause."""
    frames_with_face: int
    """Analysed frames in which at least one face was followed."""
    duration_s: float
    """Time of the source from its first frame to its last."""
    wall_s: float
    fps: float
    """Frames analysed a second of wall time."""
    source_fps: float
    """Frames offered a second of the source's time: measured, never declared."""
    events: int
    stages_ms: Mapping[str, Mapping[str, float]]
    """p50, p90, p99 and max of each stage; live, also of `capture_to_result`."""
    limit: Mapping[str, Mapping[str, float | None]]
    """Limit of detection of the "upper" and "lower" face: `judged_share` of the analysed frames (of each face), and
    `median_pct`, the median in % iod of the size from which half of all movements are found (None: never judged)."""
    hindered_s: Mapping[str, float]
    """For how many seconds what kept small movements from being found, by `realtime.drivers.conditions.Hindrance`."""
    candidates: int = 0
    """Movements that were rejected, each with its reason."""
    strongest_candidate: float | None = None
    """The highest score among them; None if there are none."""
    complete: bool = True
    """False if a replay ended before its recording did."""
    length_s: float | None = None
    """The recording's length where it is given."""

    first_frame_utc: str | None = None
    """Time of day at time 0 of a camera or a stream, when its first frame was taken: ISO 8601 in UTC, to the ms. None
    for recordings."""
    candidates_failed: int = 0
    """Candidates that were lost through a fault."""
    frames_not_filmed: int = 0
    """Frames that are missing in the film of a recording, because encoding was too slow; they may be analyzed."""


def utc(monotonic_s: float) -> datetime:
    """The time of day, in UTC, at a time of `time.monotonic()`'s clock."""
    return datetime.now(UTC) - timedelta(seconds=time.monotonic() - monotonic_s)


def later_utc(first_frame_utc: str | None, by_s: float) -> str | None:
    """A summary's `first_frame_utc` moved by `by_s`: where a session begins later than its run."""
    if first_frame_utc is None:
        return None
    return (datetime.fromisoformat(first_frame_utc) + timedelta(seconds=by_s)).isoformat(timespec="milliseconds")


def without_face(summary: Summary) -> str:
    """A sentence where a face was found in less than half of the frames, because no event can be in the others."""
    analysed, seen = summary.frames_processed, summary.frames_with_face
    if 2 * seen >= analysed:
        return ""
    if seen == 0:
        return f"No face was found in any of {analysed} frames of {summary.source}."
    return f"A face was found in only {seen} of {analysed} frames of {summary.source}; the others cannot be analysed."


class Tally:
    """Counts for one run; written by its driver, `summary` may be asked for at any time from any thread."""

    def __init__(self) -> None:
        self.latencies = Latencies()
        self.zero_s = math.nan
        """`time.monotonic()` at time 0 of the source, as soon as it is known: a frame's age is counted from it."""
        self.first_frame_utc: str | None = None
        self._started_s = time.monotonic()
        self._processed = 0
        self._with_face = 0
        self._dropped: Counter[Cause] = Counter()
        self._events = 0
        self._candidates, self._strongest = 0, 0.0
        self._limits = tuple(_Limits() for _ in FACE_PARTS)
        self._failed = 0
        self._hindered = Hindered()
        self._first_s: float | None = None
        self._last_s = 0.0

    @property
    def offered(self) -> int:
        """Frames so far."""
        return self._processed + self._dropped.total()

    def processed(self, frame: Frame, analysis: Analysis, step_ms: float) -> None:
        """A frame was analysed."""
        self._processed += 1
        self._hindered.processed(frame, analysis)
        self._with_face += bool(analysis.faces)
        self._span(frame.time_s)
        for stage, ms in analysis.stages_ms.items():
            self.latencies.record(stage, ms)
        self.latencies.record("step", step_ms)
        for number, limits in enumerate(self._limits):
            for reading in analysis.faces:
                limits.add(reading.limit_pct[number])
            if not analysis.faces:
                limits.add(math.nan)

    def dropped(self, dropped: Dropped) -> None:
        """A frame was not analysed."""
        self._dropped[dropped.cause] += 1
        self._hindered.dropped(dropped)
        self._span(dropped.time_s)

    def decided(self, analysis: Analysis) -> None:
        """Candidates were decided, or lost."""
        self._events += len(analysis.events)
        self._candidates += len(analysis.rejected)
        self._strongest = max([self._strongest, *(candidate.score for candidate in analysis.rejected)])
        self._failed += analysis.failed

    def before(self, frame: Frame, analysis: Analysis) -> None:
        """A frame was analysed that is none of these accounts' own, but comes before them."""
        self._hindered.before(frame, analysis)

    def add(self, later: "Tally") -> None:
        """Add the accounts of a later part of the recording; those of movements are counted anew."""
        self.latencies.add(later.latencies)
        self._processed += later._processed
        self._with_face += later._with_face
        self._dropped += later._dropped
        self._failed += later._failed
        self._hindered.add(later._hindered)
        for limits, others in zip(self._limits, later._limits, strict=True):
            limits.merge(others)
        if later._first_s is not None:
            self._span(later._first_s)
            self._span(later._last_s)

    def summary(self, source: str) -> Summary:
        """The accounts up to now."""
        dropped = {cause.value: count for cause, count in list(self._dropped.items())}
        processed, duration_s = self._processed, self._last_s - (self._first_s or 0.0)
        offered = processed + sum(dropped.values())
        wall_s = time.monotonic() - self._started_s
        return Summary(
            source=source,
            frames_offered=offered,
            frames_processed=processed,
            frames_dropped=dropped,
            frames_with_face=self._with_face,
            duration_s=duration_s,
            wall_s=wall_s,
            fps=processed / wall_s if wall_s > 0 else 0.0,
            source_fps=(offered - 1) / duration_s if duration_s > 0 else 0.0,
            events=self._events,
            stages_ms=self.latencies.quantiles_ms(),
            hindered_s=self._hindered.seconds(),
            candidates=self._candidates,
            strongest_candidate=self._strongest if self._candidates else None,
            limit={part: limits.summary() for part, limits in zip(FACE_PARTS, self._limits, strict=True)},
            first_frame_utc=self.first_frame_utc,
            candidates_failed=self._failed,
        )

    def _span(self, time_s: float) -> None:
        self._first_s = time_s if self._first_s is None else min(self._first_s, time_s)
        self._last_s = max(self._last_s, time_s)


class _Limits:
    """Limits of detection of one part of the face: how often judged, and their median to 1 %, in constant memory."""

    def __init__(self) -> None:
        self._readings = 0
        self._judged = 0
        self._sketch = LogCollapsingLowestDenseDDSketch(ACCURACY, BUCKETS)

    def add(self, limit_pct: float) -> None:
        """Count a face of a frame; NaN: not judged."""
        self._readings += 1
        if not math.isnan(limit_pct):
            self._judged += 1
            self._sketch.add(limit_pct)

    def merge(self, others: "_Limits") -> None:
        """Count those of another part, too."""
        self._readings += others._readings
        self._judged += others._judged
        self._sketch.merge(others._sketch)

    def summary(self) -> dict[str, float | None]:
        share = self._judged / self._readings if self._readings else 0.0
        return {"judged_share": share, "median_pct": self._sketch.get_quantile_value(0.5) if self._judged else None}
