"""The work list of many recordings: where each session goes, what is finished already, and the longest first."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from medn.weights import read_weights
from realtime.batch.analyse import Job, Outcome
from realtime.batch.earlier import AnalysisKey, Earlier, earlier_sessions, sessions_by_name, stored_summary
from realtime.pipeline import PipelineParameters
from realtime.session import SessionError, open_session
from realtime.session.recorded_file import recorded_file
from realtime.sources import SourceError
from realtime.sources.container import read_container


@dataclass(frozen=True, slots=True)
class WorkList:
    """What is to be done, and what is not to be done again."""

    jobs: tuple[Job, ...]
    """Longest first, so that the last to end is a short one."""
    finished: Mapping[str, Path]
    """Recording → its finished session."""


def make_work_list(
    videos: Sequence[str],
    folder: Path | None,
    parameters: PipelineParameters,
    rate_hz: float | None = None,
    *,
    again: bool = False,
) -> WorkList:
    """Plan the analysis of recordings into a folder, below which finished and half-done sessions of them are found.

    The folders of the sessions mirror those of the recordings below the folder that all of these share. Without a
    folder, as where sessions go to an object store, they are relative and nothing is looked up.
    """
    named = sessions_by_name(folder, below=True) if folder else {}
    jobs, finished = [], {}
    for video, (place, name) in session_places(videos, folder or Path()).items():
        job = Job(video, place, parameters, rate_hz, name, again=again)
        earlier = _earlier(job, named)
        if earlier.finished and not again:
            finished[video] = earlier.finished[0]
            continue
        if replaced := earlier.half_done or earlier.finished:  # where they lie, which may be another place
            job = replace(job, folder=replaced[0].parent)
        jobs.append(replace(job, length_s=_length_s(video)))
    return WorkList(tuple(sorted(jobs, key=lambda job: -(job.length_s or 0.0))), finished)


def session_places(videos: Sequence[str], folder: Path) -> dict[str, tuple[Path, str]]:
    """Return the folder and the name of each recording's session: no two have both in common.

    Two recordings of one folder that differ in their ending only have it in the session's name.
    """
    paths = {video: Path(os.path.abspath(video)) for video in videos}  # noqa: PTH100  keeps links
    try:
        shared = os.path.commonpath([path.parent for path in paths.values()])
    except ValueError:  # none, or on several drives
        shared = ""
    places = {
        video: (folder / (path.parent.relative_to(shared or path.anchor)), path.stem) for video, path in paths.items()
    }
    count = Counter((place, name.casefold()) for place, name in places.values())
    return {
        video: (place, name if count[place, name.casefold()] == 1 else paths[video].name)
        for video, (place, name) in places.items()
    }


def finished_outcome(job: Job) -> Outcome | None:
    """Return the outcome of a job from a finished session in its folder or below it; None if there is none."""
    finished = _earlier(job, sessions_by_name(job.folder, below=True)).finished
    outcome = stored_outcome(job.video, finished[0]) if finished else None
    return None if outcome and outcome.error else outcome


def stored_outcome(video: str, path: Path) -> Outcome:
    """Return the outcome of a recording as its finished session holds it."""
    try:
        with open_session(path) as session:
            summary = stored_summary(session.info)
            return Outcome(
                video=video,
                summary=summary and replace(summary, source=video),
                events=tuple(stored.event for stored in session.events() if not stored.promoted),
                session=path,
                notices=tuple(notice.text for notice in session.notices()),
                error="" if summary else f"{path} was changed: it holds no summary any more.",
                skipped=True,
            )
    except SessionError as error:
        return Outcome(video, error=str(error))


def _earlier(job: Job, named: Mapping[str, list[Path]]) -> Earlier:
    path = Path(job.video)
    if not (path.stem in named or path.name in named):
        return Earlier()
    file = recorded_file(path, job.rate_hz)
    return earlier_sessions(named, AnalysisKey(path, file, job.parameters, _weights_sha256())) if file else Earlier()


@cache
def _weights_sha256() -> str:
    return read_weights().sha256


def _length_s(video: str) -> float | None:
    """The length that a file declares; None where it declares none, or cannot be read, which its analysis reports."""
    try:
        container = read_container(Path(video))
    except SourceError:
        return None
    return container.ends_s if container else None
