"""What live and replay share: each item of a source goes through the pipeline and on to the sinks."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from realtime.drivers.summary import RESULT_LATENCY, Summary, Tally, utc, without_face
from realtime.sink import Sink
from realtime.sources import Dropped, Item, Notice, NoticeKind, Source
from realtime.types import Analysis, Frame

if TYPE_CHECKING:
    from realtime.faces.detector import Detections


class Analyzer(Protocol):
    """What a driver needs of the pipeline."""

    def detect(self, frame: Frame) -> "Detections":
        """The part of the next `step` that needs its frame alone."""

    def step(self, frame: Frame, detections: "Detections | None" = None) -> Analysis:
        """Analyze the next frame, whose faces `detect` may have found already."""

    def flush(self) -> Analysis:
        """Decide what was still open when the stream ended."""


class StopSign(Protocol):
    """A threading.Event, or one that processes share."""

    def is_set(self) -> bool:
        """Whether to stop."""


class Run:
    """One source's way through one pipeline to the sinks, with its accounts.

    `clock`: the source is a camera or a stream, whose frames have a time of day.
    """

    def __init__(
        self, source: Source, pipeline: Analyzer, sinks: Sequence[Sink], tally: Tally, *, clock: bool = False
    ) -> None:
        self._clock = clock
        self._source, self._pipeline, self._sinks, self._tally = source, pipeline, sinks, tally

    def take(self, item: Item, detections: "Detections | None" = None) -> None:
        """Analyze a frame, with the faces detected in it already, or count and pass on what else a source gives."""
        if isinstance(item, Frame):
            self._analyze(item, detections)
        elif isinstance(item, Dropped):
            self._tally.dropped(item)
            for sink in self._sinks:
                sink.on_drop(item)
        else:
            for sink in self._sinks:
                sink.on_notice(item)

    def finish(self, *, complete: bool = True) -> Summary:
        """Flush the pipeline; the summary of the run, after a notice if faces were rarely found.

        It is `complete` unless the run ended before its recording.
        """
        self._report(self._pipeline.flush(), None)
        summary = self._tally.summary(self._source.name)
        if text := without_face(summary):
            self.take(Notice(summary.duration_s, NoticeKind.NO_FACE, text))
        return replace(summary, complete=complete, length_s=self._source.duration_s)

    def _analyze(self, frame: Frame, detections: "Detections | None") -> None:
        began_s = time.monotonic()
        analysis = self._pipeline.step(frame, detections)
        ended_s = time.monotonic()
        took_ms = (ended_s - began_s) * 1000 + (detections.took_ms if detections else 0.0)
        self._tally.processed(frame, analysis, took_ms)
        self._tally.zero_s = self._source.zero_s
        if self._clock and self._tally.first_frame_utc is None and not math.isnan(self._tally.zero_s):
            # at once: the system's clock may be set while the run goes on
            self._tally.first_frame_utc = utc(self._tally.zero_s).isoformat(timespec="milliseconds")
            for sink in self._sinks:
                sink.on_clock(self._tally.first_frame_utc)
        captured_s = self._tally.zero_s + frame.time_s
        if not math.isnan(captured_s):
            self._tally.latencies.record(RESULT_LATENCY, (ended_s - captured_s) * 1000)
        self._report(analysis, frame)

    def _report(self, analysis: Analysis, frame: Frame | None) -> None:
        self._tally.decided(analysis)
        for sink in self._sinks:
            sink.on_analysis(analysis, frame)
            for text in analysis.notices:
                sink.on_notice(Notice(analysis.time_s, NoticeKind.DEGRADED, text))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A frame with what was found in it."""

    frame: Frame
    analysis: Analysis


class Mailbox(Sink):
    """The newest result for a window that pulls: one slot, so a slow window sees fewer results, never old ones.

    Read `newest` from any thread at any time; compare by identity to see whether it is new.
    """

    def __init__(self) -> None:
        self.newest: Snapshot | None = None

    def on_analysis(self, analysis: Analysis, frame: Frame | None) -> None:
        """Replace the snapshot."""
        if frame is not None:
            self.newest = Snapshot(frame, analysis)
