"""Recordings to learn from: analysed into sessions that are read and then thrown away."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from realtime.batch import Job, Tick, analyse_all
from realtime.drivers import StopSign
from realtime.evaluation.truth import Truth, TruthError, read_truth
from realtime.pipeline import PipelineParameters
from realtime.session import open_session
from realtime.spotting.grid import Steps
from realtime.types import Event


class StoppedError(Exception):
    """The work was stopped before anything came of it."""


def go_on(stop: StopSign) -> None:
    """Raise `StoppedError` if `stop` is set."""
    if stop.is_set():
        raise StoppedError


@dataclass(frozen=True, slots=True)
class Recording:
    """What an analysis found in one recording, and what is known to be there."""

    video: str
    movements: Sequence[Event]
    """Events and rejected candidates."""
    stretches: Sequence[Steps]
    """Its trace, of all faces, where it has no gap."""
    truth: Truth | None
    seconds: float


def planted_videos(folders: Sequence[Path]) -> dict[str, Truth]:
    """The ground truth of each video that a folder's `truth.csv` lists. Raises `TruthError`."""
    return {str(folder / video): truth for folder in folders for video, truth in read_truth(folder).items()}


def analysed(
    videos: Sequence[str],
    workers: int,
    progress: Callable[[Tick], None],
    stop: StopSign,
    truth: dict[str, Truth] | None = None,
) -> Iterator[Recording]:
    """Analyse recordings and yield each.

    Raises `TruthError` for one that cannot be read, `StoppedError` once `stop` is set.
    """
    with TemporaryDirectory(prefix="medn-training-") as sessions:
        jobs = [Job(video, Path(sessions), PipelineParameters()) for video in videos]
        for outcome in analyse_all(jobs, workers, progress, stop):
            go_on(stop)
            if outcome.summary is None or outcome.session is None:
                raise TruthError(f"{outcome.video} cannot be learned from: {outcome.error}")
            with open_session(outcome.session) as session:
                yield Recording(
                    outcome.video,
                    [*(stored.event for stored in session.events()), *session.candidates()],
                    [steps for _, steps in session.traces()],
                    (truth or {}).get(outcome.video),
                    outcome.summary.duration_s,
                )
        go_on(stop)
