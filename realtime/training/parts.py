"""The parts of the spotter that `medn train-spotter` makes anew, and what each finds in recordings it never saw.

All that ships comes from generated people: patterns from portraits, their correlation and the limit of detection from
conversing people, decisions from conversing and resting ones.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from medn.evaluation.spotting_curve import rank
from medn.synthetic.portrait import Portrait
from realtime.batch import Tick
from realtime.drivers import StopSign
from realtime.recognition.classifier import Classifier, shipped_peak_classifier
from realtime.spotting.patterns import Patterns
from realtime.training.forest import joined
from realtime.training.limit import fit_limit
from realtime.training.peak_decision import Lesson, fit_peak_decision, lesson, log_odds
from realtime.training.population import correlation, without_correlation
from realtime.training.recordings import analysed, go_on, planted_videos
from realtime.training.trace_peaks import together
from realtime.training.unit_patterns import measure_patterns

Progress = Callable[[Tick], None]
FOLDS = 5
PORTRAITS = 14
"""Between people patterns agree to a cosine of .97–.98: more portraits change little."""
FOOTAGE_SHARE = 0.7
"""The weight of what a lab's own footage teaches beside the shipped decision."""


@dataclass(frozen=True, slots=True)
class Learned:
    """A decision on peaks, and what it finds in recordings that it was not taught by (folds by recording)."""

    decision: Classifier
    recordings: int
    positives: int
    negatives: int
    recall: tuple[float, float]
    """Of the added movements, at 1 and at 5 false alarms a minute; NaN where too few recordings are left to teach."""


def make_patterns(
    portraits: Sequence[Portrait],
    folders: Sequence[Path],
    workers: int,
    progress: Progress,
    stop: StopSign,
    measured: Callable[[int, int], None] = lambda _done, _whole: None,
    seed: int = 0,
) -> Patterns:
    """Measure the units' patterns on portraits, and the population's correlation on generated people.

    Raises ValueError without portraits, `TruthError` for videos that cannot be read.
    """
    if not portraits:
        raise ValueError("Patterns are measured on portraits: name a folder of them.")
    chosen = [portraits[place] for place in np.linspace(0, len(portraits) - 1, PORTRAITS).astype(int)]
    chosen = list({portrait.identity: portrait for portrait in chosen}.values())
    patterns = without_correlation(measure_patterns(chosen, seed=seed, progress=measured))
    people = analysed(list(planted_videos(folders)), workers, progress, stop)
    return replace(patterns, correlation=correlation((one.stretches for one in people), patterns.channels))


def lessons_of(
    videos: Sequence[str],
    patterns: Patterns,
    workers: int,
    progress: Progress,
    stop: StopSign,
    *,
    folders: Sequence[Path] = (),
    seed: int = 0,
    unlike: bool = False,
) -> list[Lesson]:
    """What recordings teach: videos without any truth, and those that folders with a `truth.csv` list.

    `unlike`: movements that are added differ from their patterns as movements in pictures do.

    Raises `TruthError` for what cannot be read.
    """
    truth = planted_videos(folders)
    rng = np.random.default_rng(seed)
    return [
        lesson(
            one.stretches,
            patterns,
            rng,
            [] if one.truth is None else one.truth.spans_s.tolist(),
            progress=lambda _: go_on(stop),
            unlike=unlike,
        )
        for one in analysed([*videos, *truth], workers, progress, stop, truth)
    ]


def learn_peaks(lessons: Sequence[Lesson], seed: int, beside_shipped: float | None = None) -> Learned:
    """Fit a decision on peaks; with `beside_shipped`, the share that it has when it is joined with the shipped one.

    ValueError if the recordings hold too little to learn from.
    """

    def decide(some: Sequence[Lesson]) -> Classifier:
        own = fit_peak_decision(some, seed)
        return own if beside_shipped is None else joined(shipped_peak_classifier(), own, beside_shipped)

    return Learned(
        decide(lessons),
        len(lessons),
        len(together(one.positives for one in lessons).spans_s),
        len(together(one.negatives for one in lessons).spans_s),
        _held_out(lessons, decide) if len(lessons) > 1 else (float("nan"), float("nan")),
    )


def make_limit(lessons: Sequence[Lesson], patterns: Patterns, decision: Classifier | None = None) -> Patterns:
    """The patterns with the limit of detection fitted anew. ValueError if all or no movements were found."""
    return replace(patterns, z50=fit_limit(lessons, decision or shipped_peak_classifier(), patterns))


def _held_out(lessons: Sequence[Lesson], decide: Callable[[Sequence[Lesson]], Classifier]) -> tuple[float, float]:
    """Recall of added movements at 1 and 5 false alarms a minute, by decisions that never saw the recording."""
    truth, spans, scores = [], [], []
    for fold in range(min(FOLDS, len(lessons))):
        try:
            decision = decide([one for number, one in enumerate(lessons) if number % FOLDS != fold])
        except ValueError:  # all together teach enough, those without this fold do not
            return float("nan"), float("nan")
        for one in lessons[fold::FOLDS]:
            # added movements are seen one at a time: each has a time of its own here, after all that is not added
            later = [(1e4 + 10.0 * number) for number in range(len(one.added))]
            truth.append([(at_s, at_s + 1) for at_s in later])
            found = [log_odds(decision, added.peaks.inputs).max(initial=-np.inf) for added in one.added]
            spans.append([*one.negatives.spans_s.tolist(), *truth[-1]])
            scores.append([*log_odds(decision, one.negatives.inputs), *found])
    ranking = rank(truth, spans, scores, [one.seconds for fold in range(FOLDS) for one in lessons[fold::FOLDS]])
    return ranking.recall(1.0), ranking.recall(5.0)
