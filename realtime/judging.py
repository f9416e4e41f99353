"""Judges the whole pipeline on videos whose micro-expressions are known, with two trivial spotters beside it.

Events and true intervals are matched one to one at IoU ≥ 0.5 and counted over all videos (Micro-Expression Grand
Challenge, spotting track). Every face's events count: the videos are of one face.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from medn.evaluation.spotting_metrics import (
    AmplitudeBin,
    SpottingScores,
    match,
    recall_by_amplitude,
    spotting_scores,
)  # fmt: skip
from realtime.batch import Job, Tick, analyse_all
from realtime.drivers import StopSign
from realtime.pipeline import PipelineParameters
from realtime.results import Event
from realtime.session import open_session

TRUTH_COLUMNS = ("video", "onset_s", "apex_s", "offset_s", "emotion", "aus")
MOVEMENT_COLUMNS = ("video", "kind", "onset_s", "offset_s", "amplitude_percent_iod")
AMPLITUDE_EDGES_PCT = (0.0, 0.8, 1.15, 1.65, 2.4, 3.6)
TRIVIAL_LENGTH_S = 0.4
"""Length of a trivial spotter's events: about the median of published micro-expressions."""
BLAME_S = 0.1
"""A false alarm this close to a planted movement is put down to it."""
BLAME_ORDER = ("micro", "blink", "speech", "macro", "head", "swallow", "gaze", "light")


class TruthError(Exception):
    """Truth that cannot be read; its text is one sentence for the user."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one video."""

    spans_s: NDArray[np.float64]
    """(n, 2) onset and offset of its micro-expressions."""
    amplitudes_pct: NDArray[np.float64]
    """(n,) % iod; empty where nobody wrote them down."""
    others: tuple[tuple[str, float, float], ...]
    """Kind, onset and offset of everything that was planted; empty where nobody wrote it down."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Pooled scores of the pipeline and of the trivial spotters, and what lies behind them."""

    videos: int
    spotter: SpottingScores
    candidates: SpottingScores
    """Everything that the first stage found, rejected candidates included: its recall bounds the spotter's."""
    trivial: Mapping[str, SpottingScores]
    """Each makes as many events as there are true ones, every video's number known to it."""
    by_amplitude: Sequence[AmplitudeBin]
    alarms: Mapping[str, int]
    """False alarms by the planted movement that they fell on."""


def judge(
    folder: Path,
    parameters: PipelineParameters,
    workers: int,
    progress: Callable[[Tick], None],
    stop: StopSign,
) -> Judgement:
    """Analyse the videos that `truth.csv` in a folder lists and score the events.

    `movements.csv`, where there is one (planted videos have it), adds recall by amplitude and what each confounder
    costs. Raises TruthError for truth or videos that cannot be read.
    """
    known = read_truth(folder)
    truth, events, candidates, loudest, durations_s = [], [], [], [], []
    amplitudes: list[float] = []
    hit: list[bool] = []
    alarms: Counter[str] = Counter()
    with TemporaryDirectory() as sessions:
        jobs = [Job(str(folder / video), Path(sessions), parameters) for video in known]
        for outcome in analyse_all(jobs, workers, progress, stop):
            if outcome.summary is None or outcome.session is None:
                raise TruthError(f"{folder / 'truth.csv'} lists a video that cannot be read: {outcome.error}")
            video = known[Path(outcome.video).name]
            found = outcome.events
            with open_session(outcome.session) as session:
                rejected = session.candidates()
                strength = [(row.time_s, max(row.motion)) for row in session.frames() if row.motion]
            truth.append(video.spans_s)
            events.append(_spans(found))
            candidates.append(_spans([*found, *rejected]))
            loudest.append(_loudest(np.array(strength), len(video.spans_s)))
            durations_s.append(outcome.summary.duration_s)
            pairs = match(video.spans_s, events[-1])
            if len(video.amplitudes_pct):
                amplitudes += video.amplitudes_pct.tolist()
                hit += np.isin(np.arange(len(video.spans_s)), [true for true, _ in pairs]).tolist()
            alarms.update(_blame(found, {spotted for _, spotted in pairs}, video))
    even = [_evenly(duration_s, len(spans)) for duration_s, spans in zip(durations_s, truth, strict=True)]
    return Judgement(
        videos=len(truth),
        spotter=spotting_scores(truth, events, durations_s),
        candidates=spotting_scores(truth, candidates, durations_s),
        trivial={
            "evenly spread": spotting_scores(truth, even, durations_s),
            "largest movements": spotting_scores(truth, loudest, durations_s),
        },
        by_amplitude=recall_by_amplitude(amplitudes, hit, AMPLITUDE_EDGES_PCT),
        alarms=dict(alarms.most_common()),
    )


def read_truth(folder: Path) -> dict[str, Known]:
    """What is known of each video in a folder, by file name. Raises TruthError with one sentence."""
    rows = _read(folder / "truth.csv", TRUTH_COLUMNS)
    planted = folder / "movements.csv"
    movements = (
        _read(planted, ("video", "kind", "onset_s", "offset_s", "amplitude_percent_iod")) if planted.exists() else []
    )
    spans: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    sizes: defaultdict[str, list[float]] = defaultdict(list)
    others: defaultdict[str, list[tuple[str, float, float]]] = defaultdict(list)
    try:
        for row in rows:
            spans[row["video"]].append((float(row["onset_s"]), float(row["offset_s"])))
        for row in movements:
            others[row["video"]].append((row["kind"], float(row["onset_s"]), float(row["offset_s"])))
            if row["kind"] == "micro":
                sizes[row["video"]].append(float(row["amplitude_percent_iod"]))
    except ValueError as error:
        raise TruthError(f"{folder} holds truth with a time that is not a number of seconds ({error}).") from None
    videos = dict.fromkeys([*spans, *others])
    if not videos:
        raise TruthError(f"{folder / 'truth.csv'} lists no video.")
    return {
        video: Known(np.array(spans[video]).reshape(-1, 2), np.array(sizes[video]), tuple(others[video]))
        for video in videos
    }


def _read(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            reader = csv.DictReader(lines)
            missing = [column for column in columns if column not in (reader.fieldnames or ())]
            if missing:
                raise TruthError(f"{path} lacks the column {missing[0]}; it should have {', '.join(columns)}.")
            return list(reader)
    except OSError as error:
        raise TruthError(f"{path} cannot be read: {error.strerror}.") from error


def _spans(events: Sequence[Event]) -> NDArray[np.float64]:
    return np.array([(event.onset_s, event.offset_s) for event in events]).reshape(-1, 2)


def _evenly(duration_s: float, count: int) -> NDArray[np.float64]:
    middle = (np.arange(count) + 0.5) * duration_s / max(count, 1)
    return np.stack([middle - TRIVIAL_LENGTH_S / 2, middle + TRIVIAL_LENGTH_S / 2], axis=1)


def _loudest(strength: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """(≤ count, 2) spans around the moments at which the face moved most, none overlapping another."""
    spans: list[tuple[float, float]] = []
    for time_s in strength[np.argsort(-strength[:, 1]), 0] if len(strength) else ():
        if len(spans) == count:
            break
        if all(abs(time_s - (begin + end) / 2) >= TRIVIAL_LENGTH_S for begin, end in spans):
            spans.append((time_s - TRIVIAL_LENGTH_S / 2, time_s + TRIVIAL_LENGTH_S / 2))
    return np.array(spans).reshape(-1, 2)


def _blame(events: Sequence[Event], hits: set[int], video: Known) -> Counter[str]:
    blamed: Counter[str] = Counter()
    for number, event in enumerate(events):
        if number in hits or not video.others:
            continue
        near = {
            kind
            for kind, onset_s, offset_s in video.others
            if event.onset_s < offset_s + BLAME_S and event.offset_s > onset_s - BLAME_S
        }
        blamed[next((kind for kind in BLAME_ORDER if kind in near), "nothing")] += 1
    return blamed
