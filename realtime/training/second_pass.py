"""The second pass: a decision that learns one recording, from its trace, and scores its movements once more.

Movements added in the trace are the positives, the recording's own peaks the negatives. Whatever is scored was not
learned from: the recording is cut into `FOLDS` blocks, and each block is scored by what the others taught, joined with
the shipped decision. First scores and what was reported stay as they are. Needs scikit-learn.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from medn.errors import UserError
from realtime.batch import Tick
from realtime.drivers import StopSign
from realtime.recognition.classifier import (
    Classifier,
    classifier_inputs,
    score_of,
    shipped_classifier,
    shipped_peak_classifier,
)
from realtime.recognition.recognizer import Recognized
from realtime.session import Session, open_session
from realtime.session.rows import place_of
from realtime.spotting.patterns import shipped_patterns
from realtime.training.forest import joined
from realtime.training.peak_decision import Lesson, fit_peak_decision, lesson
from realtime.training.recordings import StoppedError, go_on
from realtime.types import Event

FOLDS = 5
OWN_SHARE = 0.5
"""The weight of the recording's own decision beside the shipped one."""
LEAST_S = 20.0
"""A shorter recording teaches nothing about itself."""


class SecondPassError(UserError):
    """A session that no second pass can be made of."""


@dataclass(frozen=True, slots=True)
class SecondPassJob:
    """A session file whose movements are scored once more; the same seed gives the same scores."""

    session: Path
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Scored:
    """How many movements have a second score now."""

    movements: int
    """Events and candidates."""
    events: int


def score_session(job: SecondPassJob, progress: Callable[[Tick], None], stop: StopSign) -> Scored | None:
    """Score a session's movements once more, and store the scores in it, all at once; None if it was stopped.

    Raises `UserError` with one sentence that names the session.
    """
    name = str(job.session)

    def take(part: float) -> None:
        go_on(stop)
        progress(Tick(name, part, 1.0))

    try:
        with open_session(job.session) as session:
            scores = second_pass(session, job.seed, take)
            go_on(stop)
            session.replace_second_scores(scores)
            return Scored(len(scores), len(session.events()))
    except StoppedError:
        return None
    except SecondPassError as error:
        raise SecondPassError(f"{name}: {error}.") from None


def second_pass(
    session: Session, seed: int = 0, progress: Callable[[float], None] = lambda _: None
) -> dict[tuple[int, float, float, float], float]:
    """The second score of each event and candidate of a session, by `place_of`.

    Raises `SecondPassError` for a session without a trace, or one that is too short.
    """
    stretches = [steps for _, steps in session.traces()]
    seconds = sum(steps.end_s - steps.first_s for steps in stretches)
    if not stretches:
        raise SecondPassError("it holds no trace: it was made by an earlier MEDN, or shows no face. Analyse it again")
    if seconds < LEAST_S:
        raise SecondPassError(f"it holds {seconds:.0f} s of a face, and {LEAST_S:.0f} s are needed")
    learned = lesson(stretches, shipped_patterns(), np.random.default_rng(seed), progress=progress)
    movements = [*(stored.event for stored in session.events()), *session.candidates()]
    return second_scores(movements, learned, seed)


def second_scores(
    movements: Sequence[Event], learned: Lesson, seed: int = 0, share: float = OWN_SHARE
) -> dict[tuple[int, float, float, float], float]:
    """Scores from what the recording's other blocks teach. Raises `SecondPassError` where they teach too little."""
    times = [learned.negatives.middle_s, learned.positives.middle_s, np.array([one.apex_s for one in movements])]
    edges = np.quantile(np.concatenate(times[:2]), np.linspace(0, 1, FOLDS + 1)[1:-1])
    negatives, positives, scored = (np.searchsorted(edges, at_s) for at_s in times)
    scores: dict[tuple[int, float, float, float], float] = {}
    for fold in np.unique(scored):
        others = Lesson(
            (), learned.positives.part(positives != fold), learned.negatives.part(negatives != fold), learned.seconds
        )
        try:
            own = fit_peak_decision([others], seed)
        except ValueError as error:
            raise SecondPassError(str(error)) from None
        decision = joined(shipped_peak_classifier(), own, share)
        for place in np.flatnonzero(scored == fold).tolist():
            scores[place_of(movements[place])] = _score(movements[place], decision)
    return scores


def _score(event: Event, peaks: Classifier) -> float:
    """The score by the classifier of bumps and another one of peaks; 0 where the first pass gave 0 for good."""
    if event.score == 0:  # too long, or another candidate stands for the same movement
        return 0.0
    bump = None
    if "duration_s" in event.evidence:
        recognized = Recognized(event.evidence["micro"], event.emotion, event.aus)
        bump = shipped_classifier().log_odds(classifier_inputs(event.evidence, recognized))
    peak = {name.removeprefix("peak_"): value for name, value in event.evidence.items() if name.startswith("peak_")}
    return score_of(bump, peaks.log_odds(peak) if peak else None)
