"""Evaluate spotting by the whole pipeline on annotated videos, with trivial and simple spotters for comparison.

Events and true intervals are matched one to one at IoU ≥ 0.5 and counted over all videos (Micro-Expression Grand
Challenge, spotting track). The events of all faces count, because each video shows one face. The result is reported as
JSON, as a table for a terminal, or as Markdown.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Group
from rich.table import Table

from medn.evaluation.spotting_metrics import (
    IOU_AT_LEAST,
    AmplitudeBin,
    SpottingScores,
    match,
    recall_by_amplitude,
    spotting_scores,
)
from realtime.batch import Job, Outcome, Tick, analyse, in_workers
from realtime.drivers import StopSign
from realtime.evaluation.baselines import BaselineMeasures
from realtime.evaluation.curve import Curves, Detection, Video, measure_curves
from realtime.evaluation.curve_report import curves_markdown, curves_record, curves_table
from realtime.evaluation.limits import group_of, limits_of
from realtime.evaluation.stand_out import BackgroundFollower, StandOut
from realtime.evaluation.trace_picture import draw_trace
from realtime.evaluation.truth import TrueMovement, Truth, TruthError, read_movements, read_rates, read_truth
from realtime.pipeline import PipelineParameters
from realtime.session import open_session
from realtime.session.frames import NO_FACE, Frames
from realtime.types import Event
from realtime.viewing.limits import Limits

AMPLITUDE_EDGES_PCT = (0.0, 0.8, 1.15, 1.65, 2.4, 3.6)
TRIVIAL_LENGTH_S = 0.4
"""Length of a trivial spotter's events: about the median of published micro-expressions."""
CAUSE_MARGIN_S = 0.1
"""A false alarm this close to a planted movement is attributed to it."""
CAUSE_ORDER = ("micro", "blink", "speech", "macro", "head", "swallow", "gaze", "light")
"""A false alarm near several planted movements is attributed to the first of these kinds."""
HEADINGS = ("TP", "FP", "FN", "precision", "recall", "F1", "false alarms a minute")


@dataclass(frozen=True, slots=True)
class SpottingEvaluation:
    """Pooled scores of the pipeline and of the trivial spotters, recall by amplitude, and causes of false alarms."""

    videos: int
    spotter: SpottingScores
    candidates: SpottingScores
    """All candidates of the first stage, rejected ones included: their recall bounds the spotter's."""
    trivial: Mapping[str, SpottingScores]
    """Each reports, in every video, as many events as there are true ones."""
    by_amplitude: Sequence[AmplitudeBin]
    alarms: Mapping[str, int]
    """Number of false alarms by the kind of planted movement at their time."""
    curves: Curves
    """Recall over false alarms a minute, events and rejected candidates ranked by score."""


def evaluate_spotting(
    folder: Path,
    parameters: PipelineParameters,
    workers: int,
    progress: Callable[[Tick], None],
    stop: StopSign,
    traces: Path | None = None,
) -> SpottingEvaluation:
    """Analyse the videos that `truth.csv` in a folder lists, and score the events; draw each into a folder `traces`.

    If the folder holds `movements.csv` (planted videos do), the evaluation also has recall by amplitude and false
    alarms by confounder. Raises `TruthError` for ground truth or videos that cannot be read.
    """
    truth, rates = read_truth(folder), read_rates(folder)
    known, missing = read_movements(folder)
    videos: list[Video] = []
    spans, events, candidates, largest, durations_s = [], [], [], [], []
    amplitudes: list[float] = []
    hit: list[bool] = []
    alarms: Counter[str] = Counter()
    with TemporaryDirectory() as sessions:
        named = {str(folder / video): video for video in truth}
        jobs = [
            Job(path, Path(sessions), parameters, rates.get(video), name=f"{number}")
            for number, (path, video) in enumerate(named.items())
        ]
        for outcome, baselines, background in in_workers(_analyse, jobs, workers, progress, stop):
            if outcome.summary is None or outcome.session is None:
                raise TruthError(f"{folder / 'truth.csv'} lists a video that cannot be read: {outcome.error}")
            name = named[outcome.video]
            video = truth[name]
            found = outcome.events
            with open_session(outcome.session) as session:
                rejected = session.candidates()
                frames = Frames.joined(session.frame_blocks())
            seen = frames.part(frames.face != NO_FACE)
            of_video = [
                replace(one, z=background.z(one)) if one.z is None else one for one in known if one.video == name
            ]
            limits = limits_of(seen)
            of_video = _with_limits(of_video, limits)
            duration_s = outcome.summary.duration_s
            if traces:
                title = Path(name).with_suffix("").as_posix().replace("/", "_")
                draw_trace(traces / f"{title}.png", title, seen, limits, of_video, found)
            videos.append(Video(name, duration_s, of_video, [*found, *rejected], baselines))
            spans.append(video.spans_s)
            events.append(_spans(found))
            candidates.append(_spans([*found, *rejected]))
            largest.append(_largest_movements(seen, len(video.spans_s)))
            durations_s.append(duration_s)
            pairs = match(video.spans_s, events[-1])
            if len(video.amplitudes_pct):
                amplitudes += video.amplitudes_pct.tolist()
                hit += np.isin(np.arange(len(video.spans_s)), [true for true, _ in pairs]).tolist()
            alarms.update(_causes(found, {spotted for _, spotted in pairs}, video))
    even = [_evenly(duration_s, len(true)) for duration_s, true in zip(durations_s, spans, strict=True)]
    return SpottingEvaluation(
        videos=len(spans),
        spotter=spotting_scores(spans, events, durations_s),
        candidates=spotting_scores(spans, candidates, durations_s),
        trivial={
            "evenly spread": spotting_scores(spans, even, durations_s),
            "largest movements": spotting_scores(spans, largest, durations_s),
        },
        by_amplitude=recall_by_amplitude(amplitudes, hit, AMPLITUDE_EDGES_PCT) if amplitudes else (),
        alarms=dict(alarms.most_common()),
        curves=measure_curves(videos, [column for column in missing if column != "z"]),
    )


def evaluation_record(evaluation: SpottingEvaluation) -> dict[str, Any]:
    """Return the evaluation as a JSON object of the command line."""
    return {
        "type": "spotting",
        "videos": evaluation.videos,
        "minutes": evaluation.spotter.duration_s / 60,
        **_scores(evaluation.spotter),
        "candidates": _scores(evaluation.candidates),
        "trivial": {name: _scores(scores) for name, scores in evaluation.trivial.items()},
        "recall_by_amplitude_pct": [asdict(part) for part in evaluation.by_amplitude],
        "false_alarms_on": dict(evaluation.alarms),
        **curves_record(evaluation.curves),
    }


def evaluation_tables(evaluation: SpottingEvaluation) -> Group:
    """Return the evaluation as tables for a terminal."""
    table = Table(title=_title(evaluation), title_justify="left", header_style="bold", caption=_details(evaluation))
    table.add_column("spotter")
    for heading in HEADINGS:
        table.add_column(heading, justify="right")
    for row in _rows(evaluation):
        table.add_row(*row)
    return Group(table, "", curves_table(evaluation.curves))


def evaluation_markdown(evaluation: SpottingEvaluation, conditions: str, picture: str = "") -> str:
    """Return the evaluation as a Markdown report.

    `conditions` names data, models and machine of the measurement, `picture` is a link to the drawn curves.
    """
    lines = [
        f"# Spotting: {_title(evaluation)}",
        "",
        conditions,
        "",
        f"| spotter | {' | '.join(HEADINGS)} |",
        f"| --- |{' ---: |' * len(HEADINGS)}",
        *(f"| {' | '.join(row)} |" for row in _rows(evaluation)),
        "",
        _details(evaluation),
        "",
        curves_markdown(evaluation.curves, picture),
    ]
    return "\n".join(lines) + "\n"


def _analyse(
    job: Job, progress: Callable[[Tick], None], stop: StopSign
) -> tuple[Outcome, dict[str, list[Detection]], StandOut]:
    """Analyse one video in a worker process; run the baselines and the background of movements beside the pipeline."""
    measures, background = BaselineMeasures(), BackgroundFollower()
    outcome = analyse(job, [measures, background], progress, stop)
    return outcome, measures.detections(), background.result()


def _with_limits(movements: Sequence[TrueMovement], limits: Limits) -> list[TrueMovement]:
    """The movements with their size, where it is known, compared with the limit of detection."""
    return [
        replace(one, limit=group_of(limits, one.apex_s, one.half, one.amplitude_pct))
        if one.amplitude_pct is not None
        else one
        for one in movements
    ]


def _spans(events: Sequence[Event]) -> NDArray[np.float64]:
    return np.array([(event.onset_s, event.offset_s) for event in events]).reshape(-1, 2)


def _evenly(duration_s: float, count: int) -> NDArray[np.float64]:
    middle = (np.arange(count) + 0.5) * duration_s / max(count, 1)
    return np.stack([middle - TRIVIAL_LENGTH_S / 2, middle + TRIVIAL_LENGTH_S / 2], axis=1)


def _largest_movements(seen: Frames, count: int) -> NDArray[np.float64]:
    """(≤ count, 2) spans around the times of the largest movements of the face, without overlap."""
    spans: list[tuple[float, float]] = []
    for time_s in seen.time_s[np.argsort(-seen.motion.max(axis=1))]:
        if len(spans) == count:
            break
        if all(abs(time_s - (begin + end) / 2) >= TRIVIAL_LENGTH_S for begin, end in spans):
            spans.append((time_s - TRIVIAL_LENGTH_S / 2, time_s + TRIVIAL_LENGTH_S / 2))
    return np.array(spans).reshape(-1, 2)


def _causes(events: Sequence[Event], hits: set[int], video: Truth) -> Counter[str]:
    """The planted kinds of movement to which false alarms are attributed, with their numbers."""
    causes: Counter[str] = Counter()
    for number, event in enumerate(events):
        if number in hits or not video.movements:
            continue
        near = {
            kind
            for kind, onset_s, offset_s in video.movements
            if event.onset_s < offset_s + CAUSE_MARGIN_S and event.offset_s > onset_s - CAUSE_MARGIN_S
        }
        causes[next((kind for kind in CAUSE_ORDER if kind in near), "nothing")] += 1
    return causes


def _title(evaluation: SpottingEvaluation) -> str:
    minutes = evaluation.spotter.duration_s / 60
    return f"{evaluation.videos} videos, {minutes:.1f} min; a hit overlaps the truth with IoU ≥ {IOU_AT_LEAST}"


def _rows(evaluation: SpottingEvaluation) -> list[tuple[str, ...]]:
    spotters = {"MEDN": evaluation.spotter, "first stage alone": evaluation.candidates, **evaluation.trivial}
    return [
        (
            name, str(scores.tp), str(scores.fp), str(scores.fn), f"{scores.precision:.3f}", f"{scores.recall:.3f}",
            f"{scores.f1:.3f}", f"{scores.false_alarms_per_min:.2f}",
        )
        for name, scores in spotters.items()
    ]  # fmt: skip


def _details(evaluation: SpottingEvaluation) -> str:
    """Recall by amplitude and false alarms by confounder, if the ground truth has them."""
    parts = [f"{b.low:g}–{b.high:g} %: {b.hits} of {b.movements}" for b in evaluation.by_amplitude if b.movements]
    alarms = [f"{kind} {count}" for kind, count in evaluation.alarms.items()]
    if not parts:
        return ""
    return f"Found by amplitude (% iod): {', '.join(parts)}. False alarms on: {', '.join(alarms) or 'none'}."


def _scores(scores: SpottingScores) -> dict[str, float | None]:
    shares = {
        "precision": scores.precision,
        "recall": scores.recall,
        "f1": scores.f1,
        "false_alarms_per_min": scores.false_alarms_per_min,
    }
    defined = {name: None if math.isnan(share) else round(share, 4) for name, share in shares.items()}
    return {"tp": scores.tp, "fp": scores.fp, "fn": scores.fn} | defined
