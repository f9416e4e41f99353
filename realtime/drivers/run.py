"""What live and replay share: each item of a source goes through the pipeline and on to the sinks."""

import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from realtime.drivers.tally import RESULT_LATENCY, Summary, Tally
from realtime.frame import Frame
from realtime.results import Analysis, Event
from realtime.sources import Dropped, Item, Notice, NoticeKind, Source

if TYPE_CHECKING:
    from realtime.faces.watch import Sight


class Analyser(Protocol):
    """What a driver needs of the pipeline."""

    @property
    def analysis(self) -> Analysis:
        """All that the last `step` learned; `flush` may replace it to tell what it rejected."""

    def look(self, frame: Frame) -> "Sight":
        """The part of the next `step` that needs its frame alone."""

    def step(self, frame: Frame, sight: "Sight | None" = None) -> list[Event]:
        """Analyse the next frame, of which `look` may have been asked already; the events that it confirmed."""

    def flush(self) -> list[Event]:
        """The events that were still open when the stream ended."""


class StopSign(Protocol):
    """A threading.Event, or one that processes share."""

    def is_set(self) -> bool:
        """Whether to stop."""


class Sink:
    """Takes results, in the thread that runs the driver. To be subclassed: what is not overridden does nothing."""

    def on_analysis(self, frame: Frame, analysis: Analysis) -> None:
        """A frame was analysed."""

    def on_events(self, events: Sequence[Event]) -> None:
        """Events were confirmed, by a frame (after its `on_analysis`) or by the end of the stream; never empty."""

    def on_rejected(self, candidates: Sequence[Event]) -> None:
        """Candidates were rejected, each with its reason; when and how as with `on_events`."""

    def on_drop(self, dropped: Dropped) -> None:
        """A frame was offered and not analysed."""

    def on_notice(self, notice: Notice) -> None:
        """The source or the driver has something to tell the user."""


class Run:
    """One source's way through one pipeline to the sinks, with its accounts."""

    def __init__(self, source: Source, pipeline: Analyser, sinks: Sequence[Sink], tally: Tally) -> None:
        self._source, self._pipeline, self._sinks, self._tally = source, pipeline, sinks, tally

    def take(self, item: Item, sight: "Sight | None" = None) -> None:
        """Analyse a frame, with what was seen in it already, or account for and pass on what else a source tells."""
        if isinstance(item, Frame):
            self._analyse(item, sight)
        elif isinstance(item, Dropped):
            self._tally.dropped(item)
            for sink in self._sinks:
                sink.on_drop(item)
        else:
            for sink in self._sinks:
                sink.on_notice(item)

    def finish(self) -> Summary:
        """Flush the pipeline; the summary of the run."""
        last = self._pipeline.analysis
        events = self._pipeline.flush()
        flushed = self._pipeline.analysis
        self._pass_on(events, flushed.rejected if flushed is not last else ())
        return self._tally.summary(self._source.name)

    def _analyse(self, frame: Frame, sight: "Sight | None") -> None:
        began_s = time.monotonic()
        events = self._pipeline.step(frame, sight)
        ended_s = time.monotonic()
        analysis = self._pipeline.analysis
        self._tally.processed(frame, analysis, (ended_s - began_s) * 1000 + (sight.took_ms if sight else 0.0))
        self._tally.zero_s = self._source.zero_s
        captured_s = self._tally.zero_s + frame.time_s
        if not math.isnan(captured_s):
            self._tally.latencies.record(RESULT_LATENCY, (ended_s - captured_s) * 1000)
        for sink in self._sinks:
            sink.on_analysis(frame, analysis)
            for text in analysis.notices:
                sink.on_notice(Notice(frame.time_s, NoticeKind.DEGRADED, text))
        self._pass_on(events, analysis.rejected)

    def _pass_on(self, events: Sequence[Event], rejected: Sequence[Event]) -> None:
        self._tally.events(len(events))
        for sink in self._sinks:
            if events:
                sink.on_events(events)
            if rejected:
                sink.on_rejected(rejected)
