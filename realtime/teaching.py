"""Teaches the spotter's second stage: planted videos in, a decision out, by way of ordinary sessions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from realtime.batch import Job, Tick, analyse_all
from realtime.drivers import StopSign
from realtime.judging import TruthError, read_truth
from realtime.pipeline import PipelineParameters
from realtime.results import Event
from realtime.session import open_session
from realtime.spotting.decision import Decision
from realtime.spotting.learn import hits, learn


@dataclass(frozen=True, slots=True)
class Lesson:
    """What was learned, and how well it does on videos that it did not learn from (folds by video)."""

    decision: Decision
    candidates: int
    hits: int
    by_least_score: tuple[tuple[float, float, float, float], ...]
    """Least score, precision, recall and false alarms a minute."""


def teach(
    folders: Sequence[Path], workers: int, progress: Callable[[Tick], None], stop: StopSign, seed: int = 0
) -> Lesson:
    """Analyse the videos of folders with a `truth.csv` and learn a decision from every candidate.

    Raises TruthError for truth or videos that cannot be read.
    """
    known = {str(folder / video): facts for folder in folders for video, facts in read_truth(folder).items()}
    events: list[Event] = []
    hit: list[bool] = []
    video: list[int] = []
    minutes = 0.0
    with TemporaryDirectory() as sessions:
        jobs = [Job(name, Path(sessions), PipelineParameters()) for name in known]
        for number, outcome in enumerate(analyse_all(jobs, workers, progress, stop)):
            if outcome.summary is None or outcome.session is None:
                raise TruthError(f"A video that the truth lists cannot be read: {outcome.error}")
            with open_session(outcome.session) as session:
                found = [stored.event for stored in session.events()] + session.candidates()
            events += found
            hit += hits(found, known[outcome.video].spans_s).tolist()
            video += [number] * len(found)
            minutes += outcome.summary.duration_s / 60
    true = sum(len(facts.spans_s) for facts in known.values())
    decision, scores = learn(events, np.array(hit), np.array(video), seed)
    rows = []
    for least in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7):
        accepted = scores >= least
        right = int((accepted & np.array(hit)).sum())
        wrong = int(accepted.sum()) - right
        rows.append((least, right / max(right + wrong, 1), right / max(true, 1), wrong / minutes))
    return Lesson(decision, len(events), sum(hit), tuple(rows))
