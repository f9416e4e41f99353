"""Analyse many recordings, long ones in sections side by side; each becomes one session, whole or not at all."""

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from medn.errors import UserError
from medn.faults import log_fault
from realtime.batch.analyse import Job, Outcome, Tick, analyse, earlier_of, watching
from realtime.batch.baseline import measure_rest
from realtime.batch.earlier import settle
from realtime.batch.recognition import analyse_all, sharing
from realtime.batch.sections import SectionJob, length_s, section_jobs, split, why_whole
from realtime.batch.workers import ATTEMPTS, WorkerDiedError, in_workers
from realtime.drivers import StopSign, Tally
from realtime.drivers.section import run_section
from realtime.drivers.summary import without_face
from realtime.pipeline import Pipeline
from realtime.seams import Section, Standing, hand_over
from realtime.session import RecordedFile, SessionError, SessionWriter, open_session
from realtime.session.joined import JoinedSession
from realtime.session.paths import describe, free_path
from realtime.session.private import FOLDER_MODE, make_private_folder
from realtime.session.recorded_file import recorded_file
from realtime.sources import Notice, NoticeKind, SourceError
from realtime.sources.video import VideoFile
from realtime.spotting.rest import RestError

SEEN_S = 0.2
"""Of faces seen this shortly before a seam both sides must know the same."""


@dataclass(frozen=True, slots=True)
class Analysed:
    """A section that was analysed into its own session, or why it was not."""

    of: SectionJob
    error: str = ""
    tally: Tally | None = None
    first: Standing = field(default_factory=Standing)
    last: Standing = field(default_factory=Standing)
    """How faces stood before the seams at its ends."""
    complete: bool = False
    source: str = ""
    length_s: float | None = None
    file: RecordedFile | None = None
    weights_sha256: str = ""
    runtime: str = ""
    weights: str = ""


def analyse_split(
    jobs: Sequence[Job],
    workers: int,
    progress: Callable[[Tick], None],
    stop: StopSign,
    notice: Callable[[str], None] = lambda _: None,
) -> Iterator[Outcome]:
    """Yield the outcomes of many recordings as they are done, as `analyse_all` does, but split long ones.

    A recording whose sections do not meet, because its file cannot be read exactly from its middle, is analysed whole.
    """
    planned = split(jobs, workers)
    if not planned:
        yield from _analyse_whole(jobs, workers, progress, stop, notice)
        return
    recordings: dict[str, _Recording] = {}
    again: list[Job] = []

    def tick(each: Tick) -> None:
        recording = recordings.get(each.video)
        progress(recording.tick(each) if recording else each)

    try:
        work, failed = _work(jobs, planned, recordings)
        yield from failed
        with sharing(_analyse, jobs[0].parameters.runtime, workers, notice) as doing:
            for result in in_workers(doing, work, min(workers, len(work)), tick, stop, notice, _lost):
                if isinstance(result, Outcome):
                    yield result
                    continue
                recording = recordings[result.of.video]
                recording.analysed[result.of.number] = result
                if len(recording.analysed) < len(recording.jobs):
                    continue
                if (joined := recording.outcome()) is not None:
                    yield joined
                else:
                    notice(f"{result.of.video} cannot be read exactly from its middle: it is analysed by one worker.")
                    again.append(result.of.job)
                recordings.pop(result.of.video).remove()
        for recording in recordings.values():  # stopped: what there is from its beginning on
            if (joined := recording.outcome()) is not None:
                yield joined
        if again:
            yield from analyse_all(again, min(workers, len(again)), progress, stop, notice)
    finally:
        for recording in recordings.values():
            recording.remove()


def _analyse_whole(
    jobs: Sequence[Job],
    workers: int,
    progress: Callable[[Tick], None],
    stop: StopSign,
    notice: Callable[[str], None],
) -> Iterator[Outcome]:
    """Analyse each recording by one worker, and say of each that would have been split why it was not."""
    whole = {job.video: why_whole(job, len(jobs), workers) for job in jobs}
    for outcome in analyse_all(jobs, min(workers, len(jobs)), progress, stop, notice):
        if outcome.summary and whole[outcome.video]:
            notice(whole[outcome.video])
        yield outcome


def _work(
    jobs: Sequence[Job], planned: Mapping[str, Sequence[Section]], recordings: "dict[str, _Recording]"
) -> tuple[list[Job | SectionJob], list[Outcome]]:
    """What workers do, the longest first, and recordings that cannot begin; `recordings` takes the split ones."""
    work: list[Job | SectionJob] = []
    failed: list[Outcome] = []
    for job in jobs:
        sections = planned.get(job.video)
        if sections is None:
            work.append(job)
            continue
        try:
            folder = _folder_for(job)
        except SessionError as error:
            failed.append(Outcome(job.video, error=str(error)))
            continue
        recording = recordings[job.video] = _Recording(job, section_jobs(job, sections, folder))
        work += recording.jobs
    return sorted(work, key=_length_s, reverse=True), failed


class _Recording:
    """A recording that is analysed in sections."""

    def __init__(self, job: Job, jobs: Sequence[SectionJob]) -> None:
        self.job, self.jobs = job, jobs
        self.analysed: dict[int, Analysed] = {}
        self._done_s: defaultdict[int, float] = defaultdict(float)
        self._accounts: Tally | None = None

    def tick(self, tick: Tick) -> Tick:
        """How far the whole has come."""
        self._accounts = self._accounts or Tally()  # its wall time begins with the first frame
        self._done_s[tick.section] = tick.done_s
        return replace(tick, done_s=sum(self._done_s.values()), section=0)

    def remove(self) -> None:
        """Remove the sections' sessions."""
        shutil.rmtree(self.jobs[0].path.parent, ignore_errors=True)

    def outcome(self) -> Outcome | None:
        """Its session, joined from the sections as far as all before are complete; None if they do not meet.

        None, too, if nothing was analysed.
        """
        for each in self.analysed.values():
            if each.error:
                return Outcome(self.job.video, error=each.error)
        try:
            return self._joined()
        except SessionError as error:
            return Outcome(self.job.video, error=str(error))

    def _joined(self) -> Outcome | None:
        first = self.analysed.get(0)
        if first is None or first.tally is None:
            return None
        accounts = self._accounts or Tally()
        accounts.add(first.tally)
        session, seams = JoinedSession(first.of.path), self.job.parameters.seams
        standing, frames_before, before = first.last, 0, first
        for number in range(1, len(self.jobs)):
            later = self.analysed.get(number)
            if not before.complete or later is None or later.tally is None:
                break
            if later.tally.offered:
                if not _meet(standing, later.first):
                    session.close()
                    return None
                handover = hand_over(standing, later.first)
                frames_before += before.last.frame - later.first.frame
                session.add(later.of.path, seams.at_s(later.of.section.first), handover, frames_before)
                accounts.add(later.tally)
                standing = handover.standing(later.last)
            before = later
        complete = len(self.analysed) == len(self.jobs) and all(each.complete for each in self.analysed.values())
        decided = session.decided()
        summary = replace(
            accounts.summary(first.source),
            events=decided.events,
            candidates=decided.candidates,
            strongest_candidate=decided.strongest_candidate,
            complete=complete,
            length_s=first.length_s,
        )
        text = without_face(summary)
        session.close(summary, Notice(summary.duration_s, NoticeKind.NO_FACE, text) if text else None)
        path = free_path(self.job.folder, self.job.name or Path(self.job.video).stem)
        first.of.path.replace(path)
        earlier = earlier_of(self.job, first.file, first.weights_sha256)
        half_done = tuple(each for each in earlier.half_done if each != path)
        finished = tuple(each for each in earlier.finished if each != path)
        replaced = (*half_done, *(finished if self.job.again and complete else ()))
        path = settle(path, replaced, complete=complete)
        with open_session(path) as stored:
            return Outcome(
                video=self.job.video,
                summary=replace(summary, source=self.job.video),
                events=tuple(each.event for each in stored.events()),
                session=path,
                runtime=first.runtime,
                weights=first.weights,
                notices=tuple(each.text for each in stored.notices()),
            )


def _meet(before: Standing, after: Standing) -> bool:
    """Whether both sides of a seam saw the same on the last frame before it."""
    seen = [
        {last.place for last in standing.faces.values() if last.place[0] > standing.time_s - SEEN_S}
        for standing in (before, after)
    ]
    return before.time_s == after.time_s and seen[0] == seen[1]


def _folder_for(job: Job) -> Path:
    """An empty folder for the sessions of a recording's sections; one that a killed run left is removed."""
    folder = job.folder / f".{job.name or Path(job.video).stem}.sections"
    try:
        make_private_folder(job.folder)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=FOLDER_MODE)
    except OSError as error:
        raise SessionError(f"The folder {folder} for sessions cannot be created: {error.strerror}.") from error
    return folder


def _length_s(work: Job | SectionJob) -> float:
    return (work.length_s or 0.0) if isinstance(work, Job) else length_s(work.job, work.section)


def _analyse(work: Job | SectionJob, progress: Callable[[Tick], None], stop: StopSign) -> Outcome | Analysed:
    """Analyse a recording or a section in a worker process."""
    if isinstance(work, Job):
        return analyse(work, progress=progress, stop=stop)
    try:
        return _analyse_section(work, progress, stop)
    except (SourceError, SessionError, RestError) as error:
        return Analysed(work, str(error))
    except UserError:
        raise
    except Exception as error:  # noqa: BLE001  a fault in one recording costs that recording
        log_fault(f"The analysis of {work.video} stopped")
        fault = f"{type(error).__name__}: {error}"
        return Analysed(work, f"The analysis of {work.video} stopped because of a fault ({fault}).")


def _analyse_section(work: SectionJob, progress: Callable[[Tick], None], stop: StopSign) -> Analysed:
    job, section = work.job, work.section
    rest = measure_rest(job.video, job.rate_hz, job.parameters)
    begin_s, _ = job.parameters.seams.needed_s(section)
    with VideoFile(Path(job.video)) as source, Pipeline(job.parameters, rest, section) as pipeline:
        source.skip_to(begin_s)
        recognizer, tally = pipeline.recognizer, Tally()
        file = recorded_file(Path(job.video), job.rate_hz)
        info = replace(describe(source, pipeline.parameters, recognizer.weights.sha256, job.video), file=file)
        work.path.unlink(missing_ok=True)  # of a worker that died
        begins_s = max(job.parameters.seams.shown_s(section)[0], 0.0)
        ticks = watching(job.video, source.duration_s, progress, begins_s=begins_s, section=work.number)
        with SessionWriter(work.path, info) as session:
            complete = run_section(source, pipeline, section, [session, ticks], tally, stop)
            session.close()
        first, last = pipeline.ends
        return Analysed(
            of=work,
            tally=tally,
            first=first,
            last=last,
            complete=complete,
            source=source.name,
            length_s=source.duration_s,
            file=file,
            weights_sha256=recognizer.weights.sha256,
            runtime=recognizer.runtime.name,
            weights=recognizer.weights.name,
        )


def _lost(work: Job | SectionJob, death: WorkerDiedError) -> Outcome | Analysed:
    text = f"{work.video} could not be analysed: {death}, {ATTEMPTS} times."
    return Outcome(work.video, error=text) if isinstance(work, Job) else Analysed(work, text)
