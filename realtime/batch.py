"""Many recordings, one after the other or in several worker processes: a fault in one does not stop the others."""

import queue
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

from realtime.drivers import Sink, StopSign, Summary, run_replay
from realtime.frame import Frame
from realtime.pipeline import Pipeline, PipelineParameters
from realtime.recording import describe, free_path
from realtime.results import Analysis, Event
from realtime.session import SessionError, SessionWriter
from realtime.sources import Notice, NoticeKind, SourceError, open_source

VIDEO_ENDINGS = tuple(
    f".{ending}"
    for ending in ("3gp", "avi", "flv", "m2ts", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "mts", "webm", "wmv")
)
PROGRESS_EVERY_S = 0.5
"""How often progress is told, in time of the recording."""


@dataclass(frozen=True, slots=True)
class Job:
    """One recording to analyse."""

    video: str
    """A video file, or a folder of pictures with its rate."""
    folder: Path
    """Where its session goes."""
    parameters: PipelineParameters
    rate_hz: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one recording: a summary and a session, or the one sentence that says why there is none."""

    video: str
    summary: Summary | None = None
    events: tuple[Event, ...] = ()
    session: Path | None = None
    runtime: str = ""
    weights: str = ""
    error: str = ""
    notices: tuple[str, ...] = ()
    """What the user should be told although all went well: that another runtime had to stand in."""


@dataclass(frozen=True, slots=True)
class Tick:
    """How far one recording has come."""

    video: str
    done_s: float
    length_s: float | None
    """None if the recording does not say."""


def find_videos(names: Iterable[str]) -> list[str]:
    """Videos for what a user named: files as they are, folders and patterns as the videos in them, in order.

    Raises SourceError for a folder or a pattern without videos.
    """
    videos: list[str] = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            found = sorted(str(p) for p in path.rglob("*") if p.suffix.lower() in VIDEO_ENDINGS and p.is_file())
        elif any(sign in name for sign in "*?[") and not path.exists():
            pattern = path.relative_to(path.anchor) if path.anchor else path
            found = sorted(str(p) for p in Path(path.anchor or ".").glob(str(pattern)) if p.is_file())
        else:
            found = [name]
        if not found:
            raise SourceError(f"{name} holds no video; known endings are {', '.join(VIDEO_ENDINGS)}.")
        videos += found
    return list(dict.fromkeys(videos))


def analyse(
    job: Job,
    sinks: Sequence[Sink] = (),
    progress: Callable[[Tick], None] = lambda _: None,
    stop: StopSign | None = None,
) -> Outcome:
    """Analyse one recording into a session, to its end or until `stop` is set."""
    try:
        with open_source(job.video, rate_hz=job.rate_hz) as source, Pipeline(job.parameters) as pipeline:
            path = free_path(job.folder, Path(job.video).stem)
            collected, watching = _Collected(), _Watching(job.video, source.duration_s, progress)
            with SessionWriter(path, describe(source, pipeline, job.video)) as session:
                summary = run_replay(source, pipeline, [session, collected, watching, *sinks], stop=stop)
                session.close(summary)
            told = pipeline.recognizer
            summary = replace(summary, source=job.video)
            return Outcome(
                job.video, summary, tuple(collected.events), path, told.runtime.name, told.weights.name,
                notices=tuple(collected.notices),
            )  # fmt: skip
    except (SourceError, SessionError) as error:
        return Outcome(job.video, error=str(error))


def analyse_all(
    jobs: Sequence[Job], workers: int, progress: Callable[[Tick], None], stop: StopSign
) -> Iterator[Outcome]:
    """Outcomes of many recordings as they are done, from `workers` processes.

    Once `stop` is set, those under way end with what they have and the rest do not begin.
    """
    context = get_context("spawn")
    with context.Manager() as manager, ProcessPoolExecutor(workers, mp_context=context) as pool:
        ticks: queue.Queue[Tick] = manager.Queue()
        halt = manager.Event()
        running: set[Future[Outcome]] = {pool.submit(_work, job, ticks, halt) for job in jobs}
        while running:
            done, running = wait(running, timeout=0.1, return_when=FIRST_COMPLETED)
            while not ticks.empty():
                progress(ticks.get())
            if stop.is_set() and not halt.is_set():
                halt.set()
                running = {future for future in running if not future.cancel()}
            yield from (future.result() for future in done)


def _work(job: Job, ticks: "queue.Queue[Tick]", halt: StopSign) -> Outcome:
    return analyse(job, progress=ticks.put, stop=halt)


class _Collected(Sink):
    def __init__(self) -> None:
        self.events: list[Event] = []
        self.notices: list[str] = []

    def on_events(self, events: Sequence[Event]) -> None:
        self.events += events

    def on_notice(self, notice: Notice) -> None:
        if notice.kind is NoticeKind.DEGRADED:
            self.notices.append(notice.text)


class _Watching(Sink):
    def __init__(self, video: str, length_s: float | None, progress: Callable[[Tick], None]) -> None:
        self._video, self._length_s, self._progress = video, length_s, progress
        self._next_s = 0.0

    def on_analysis(self, frame: Frame, _: Analysis) -> None:
        if frame.time_s >= self._next_s:
            self._next_s = frame.time_s + PROGRESS_EVERY_S
            self._progress(Tick(self._video, frame.time_s, self._length_s))
