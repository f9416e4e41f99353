"""The accounts of a run: what was offered, what was analysed, what was dropped and why, and how long it took."""

import math
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from realtime.frame import Frame
from realtime.latency import Latencies
from realtime.results import Analysis
from realtime.sources import Cause, Dropped

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


class Tally:
    """Counts for one run; written by its driver, `summary` may be asked for at any time from any thread."""

    def __init__(self) -> None:
        self.latencies = Latencies()
        self.zero_s = math.nan
        """`time.monotonic()` at time 0 of the source, as soon as it is known: a frame's age is counted from it."""
        self._started_s = time.monotonic()
        self._processed = 0
        self._dropped: Counter[Cause] = Counter()
        self._events = 0
        self._first_s: float | None = None
        self._last_s = 0.0

    def processed(self, frame: Frame, analysis: Analysis, step_ms: float) -> None:
        """A frame was analysed."""
        self._processed += 1
        self._span(frame.time_s)
        for stage, ms in analysis.stages_ms.items():
            self.latencies.record(stage, ms)
        self.latencies.record("step", step_ms)

    def dropped(self, dropped: Dropped) -> None:
        """A frame was not analysed."""
        self._dropped[dropped.cause] += 1
        self._span(dropped.time_s)

    def events(self, count: int) -> None:
        """So many events were found."""
        self._events += count

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
            duration_s=duration_s,
            wall_s=wall_s,
            fps=processed / wall_s if wall_s > 0 else 0.0,
            source_fps=(offered - 1) / duration_s if duration_s > 0 else 0.0,
            events=self._events,
            stages_ms=self.latencies.quantiles_ms(),
        )

    def _span(self, time_s: float) -> None:
        self._first_s = time_s if self._first_s is None else min(self._first_s, time_s)
        self._last_s = max(self._last_s, time_s)
