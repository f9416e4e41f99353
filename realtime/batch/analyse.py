"""One recording, from its file to its session."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from medn.errors import UserError
from medn.faults import log_fault
from realtime.batch.baseline import measure_rest
from realtime.batch.earlier import AnalysisKey, Earlier, earlier_sessions, sessions_by_name, settle
from realtime.drivers import StopSign, Summary, run_replay
from realtime.pipeline import Pipeline, PipelineParameters
from realtime.session import RecordedFile, SessionError, SessionWriter
from realtime.session.paths import describe, free_path
from realtime.session.recorded_file import recorded_file
from realtime.sink import Sink
from realtime.sources import Notice, SourceError, open_source
from realtime.spotting.rest import RestError
from realtime.types import Analysis, Event, Frame

PROGRESS_EVERY_S = 0.5
"""How often progress is reported, in time of the recording."""


@dataclass(frozen=True, slots=True)
class Job:
    """One recording to analyse."""

    video: str
    """A video file, or a folder of pictures with its rate."""
    folder: Path
    """Where its session goes."""
    parameters: PipelineParameters
    rate_hz: float | None = None
    name: str = ""
    """The session's name, if it is not the recording's: two recordings of a folder may have the same."""
    length_s: float | None = None
    """The recording's length, where it is known before it is read."""
    again: bool = False
    """Whether a finished session of the same analysis is replaced; one that holds a person's work is kept."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one recording: a summary and a session, or the one sentence that says why there is none."""

    video: str
    summary: Summary | None = None
    events: tuple[Event, ...] = ()
    session: Path | None = None
    url: str = ""
    """Where its session is, if that is no file of this machine."""
    runtime: str | None = None
    weights: str | None = None
    error: str = ""
    notices: tuple[str, ...] = ()
    """What the user should see although there is a session: that the recording was cut short, that no face was found,
    that another runtime was used."""
    skipped: bool = False
    """It was finished already: all this is from its session, and nothing was computed."""


@dataclass(frozen=True, slots=True)
class Tick:
    """How far one recording has come."""

    video: str
    done_s: float
    length_s: float | None
    """None if the recording does not say."""
    section: int = 0
    """Which of its sections has come so far, where it is split."""


def analyse(
    job: Job,
    sinks: Sequence[Sink] = (),
    progress: Callable[[Tick], None] = lambda _: None,
    stop: StopSign | None = None,
) -> Outcome:
    """Analyse one recording into a session, to its end or until `stop` is set.

    Half-done sessions of the same analysis in the same folder are replaced, so that there is never more than one.
    """
    try:
        rest = measure_rest(job.video, job.rate_hz, job.parameters)
        with open_source(job.video, rate_hz=job.rate_hz) as source, Pipeline(job.parameters, rest) as pipeline:
            recognizer = pipeline.recognizer
            file = recorded_file(Path(job.video), job.rate_hz)
            earlier = earlier_of(job, file, recognizer.weights.sha256)
            path = free_path(job.folder, job.name or Path(job.video).stem)
            collected, ticks = _Collected(), watching(job.video, source.duration_s, progress)
            info = replace(describe(source, pipeline.parameters, recognizer.weights.sha256, job.video), file=file)
            with SessionWriter(path, info) as session:
                summary = run_replay(source, pipeline, [session, collected, ticks, *sinks], stop=stop)
                session.close(summary)
            replaced = (*earlier.half_done, *(earlier.finished if job.again and summary.complete else ()))
            return Outcome(
                video=job.video,
                summary=replace(summary, source=job.video),
                events=tuple(collected.events),
                session=settle(path, replaced, complete=summary.complete),
                runtime=recognizer.runtime.name,
                weights=recognizer.weights.name,
                notices=tuple(collected.notices),
            )
    except (SourceError, SessionError, RestError) as error:
        return Outcome(job.video, error=str(error))
    except UserError:
        raise
    except Exception as error:  # noqa: BLE001  a fault in one recording costs that recording
        log_fault(f"The analysis of {job.video} stopped")
        fault = f"{type(error).__name__}: {error}"
        return Outcome(job.video, error=f"The analysis of {job.video} stopped because of a fault ({fault}).")


def earlier_of(job: Job, file: RecordedFile | None, weights_sha256: str) -> Earlier:
    """Earlier sessions of the same analysis in a job's folder."""
    if file is None:
        return Earlier()
    key = AnalysisKey(Path(job.video), file, job.parameters, weights_sha256)
    return earlier_sessions(sessions_by_name(job.folder), key)


class _Collected(Sink):
    def __init__(self) -> None:
        self.events: list[Event] = []
        self.notices: list[str] = []

    def on_analysis(self, analysis: Analysis, frame: Frame | None) -> None:
        del frame
        self.events += analysis.events

    def on_notice(self, notice: Notice) -> None:
        self.notices.append(notice.text)


def watching(
    video: str, length_s: float | None, progress: Callable[[Tick], None], *, begins_s: float = 0.0, section: int = 0
) -> Sink:
    """A sink that reports how far a recording has come, or one of its sections, which begins at a time."""
    return _Watching(video, length_s, progress, begins_s, section)


class _Watching(Sink):
    def __init__(
        self, video: str, length_s: float | None, progress: Callable[[Tick], None], begins_s: float, section: int
    ) -> None:
        self._video, self._length_s, self._progress = video, length_s, progress
        self._begins_s, self._section = begins_s, section
        self._next_s = 0.0

    def on_analysis(self, analysis: Analysis, frame: Frame | None) -> None:
        del analysis
        if frame is not None and frame.time_s >= self._next_s:
            self._next_s = frame.time_s + PROGRESS_EVERY_S
            self._progress(Tick(self._video, frame.time_s - self._begins_s, self._length_s, self._section))
