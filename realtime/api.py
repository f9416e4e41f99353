"""The stream for programmers: `analyze` a recording, or `stream` frames and events from any source.

No session file is written; `realtime.session.SessionWriter` is a sink that writes one. What goes wrong raises an
exception whose text is one sentence: SourceError for a source that cannot be read, RuntimeUnavailableError for a
runtime that cannot run here.
"""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from realtime.batch.baseline import measure_rest
from realtime.drivers import Summary, run_live, run_replay
from realtime.pipeline import Pipeline, PipelineParameters
from realtime.report import event_record
from realtime.sink import Sink
from realtime.sources import Notice, open_source
from realtime.types import Analysis, Event, FaceReading, Frame

if TYPE_CHECKING:
    import pandas

__all__ = ["PipelineParameters", "Result", "Step", "analyze", "stream"]

STEPS_AHEAD = 4
"""Steps that wait for the loop that takes them; then a live source drops frames, counted, and a recording waits."""


@dataclass(frozen=True, slots=True)
class Result:
    """What was found in one recording."""

    events: tuple[Event, ...]
    """Accepted movements, in the order in which they were decided; times in s from the recording's start."""
    rejected: tuple[Event, ...]
    """Candidates that were rejected, each with its `reason`."""
    summary: Summary
    """Frames offered, processed and dropped by cause, rates, and latency by stage."""
    notices: tuple[Notice, ...]
    """Sentences about the recording that a person should read: that it was cut short, for example."""

    def to_frame(self) -> "pandas.DataFrame":
        """The events as a table, one row each, with the columns of the command line's JSON (nested names joined by
        "_"). Needs pandas, which MEDN does not install; raises ImportError without it."""
        import pandas

        records = [event_record(event, self.summary.source) for event in self.events]
        return pandas.json_normalize(records, sep="_")


@dataclass(frozen=True, slots=True)
class Step:
    """One frame and what was decided on it. The last step of a stream has no frame: it holds what was still open."""

    frame: Frame | None
    """Picture (height, width, 3) uint8 BGR, index, and time in s since the source's first frame."""
    faces: tuple[FaceReading, ...]
    """Landmarks, motion by region in % iod and head pose of each tracked face."""
    events: tuple[Event, ...]
    rejected: tuple[Event, ...]


def analyze(
    video: str | Path,
    *,
    parameters: PipelineParameters | None = None,
    rate_hz: float | None = None,
    sinks: Sequence[Sink] = (),
    progress: Callable[[float, float | None], None] = lambda _done_s, _length_s: None,
) -> Result:
    """Analyze a recording to its end, as fast as the machine allows.

    `video`: a video file, or a folder of pictures taken at `rate_hz` a second. `sinks` get every result as it comes.
    `progress` is called with the time analyzed and the length in s (None where the file does not say), in the caller's
    thread. Raises SourceError, RuntimeUnavailableError, and RestError for a stretch at rest that cannot be used.
    """
    rest = measure_rest(str(video), rate_hz, parameters)
    with open_source(str(video), rate_hz=rate_hz) as source, Pipeline(parameters, rest) as pipeline:
        collector = _Collector(source.duration_s, progress)
        summary = run_replay(source, pipeline, [collector, *sinks])
    return Result(tuple(collector.events), tuple(collector.rejected), summary, tuple(collector.notices))


def stream(
    source: str | int | Path = "auto",
    *,
    parameters: PipelineParameters | None = None,
    rate_hz: float | None = None,
    sinks: Sequence[Sink] = (),
) -> Iterator[Step]:
    """Steps of a source as they come: a camera by number or name ("auto": the first), a URL, or a recording.

    A camera is analyzed live: frames that the machine or the loop is too slow for are dropped and counted. A recording
    is analyzed frame by frame and waits for the loop. Leaving the loop ends the run and frees the source. Raises
    SourceError and RuntimeUnavailableError, at the first step or where the source fails.
    """
    steps: queue.Queue[Step | BaseException | None] = queue.Queue(STEPS_AHEAD)
    stop = threading.Event()

    def run() -> None:
        try:
            rest = measure_rest(str(source), rate_hz, parameters)
            with open_source(str(source), rate_hz=rate_hz) as opened, Pipeline(parameters, rest) as pipeline:
                drive = run_live if opened.live else run_replay
                drive(opened, pipeline, [_Stepper(steps, stop), *sinks], stop=stop)
        except BaseException as error:  # noqa: BLE001  raised again in the caller's thread
            _put(steps, error, stop)
        else:
            _put(steps, None, stop)

    thread = threading.Thread(target=run, name="stream", daemon=True)
    thread.start()
    try:
        while (step := steps.get()) is not None:
            if isinstance(step, BaseException):
                raise step
            yield step
    finally:
        stop.set()
        thread.join()


def _put(
    steps: "queue.Queue[Step | BaseException | None]", item: Step | BaseException | None, stop: threading.Event
) -> None:
    """Wait for room, until the loop is left."""
    while not stop.is_set():
        try:
            steps.put(item, timeout=0.1)
        except queue.Full:
            continue
        return


class _Stepper(Sink):
    """Hands each analysis to the loop as a step."""

    def __init__(self, steps: "queue.Queue[Step | BaseException | None]", stop: threading.Event) -> None:
        self._steps, self._stop = steps, stop

    def on_analysis(self, analysis: Analysis, frame: Frame | None) -> None:
        _put(self._steps, Step(frame, analysis.faces, analysis.events, analysis.rejected), self._stop)


class _Collector(Sink):
    """Keeps events, candidates and notices."""

    def __init__(self, length_s: float | None, progress: Callable[[float, float | None], None]) -> None:
        self._length_s, self._progress = length_s, progress
        self.events: list[Event] = []
        self.rejected: list[Event] = []
        self.notices: list[Notice] = []

    def on_analysis(self, analysis: Analysis, frame: Frame | None) -> None:
        self.events += analysis.events
        self.rejected += analysis.rejected
        if frame is not None:
            self._progress(frame.time_s, self._length_s)

    def on_notice(self, notice: Notice) -> None:
        self.notices.append(notice)
