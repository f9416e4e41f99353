"""How well classes and action units are recognised: the field's own arithmetic, in plain NumPy.

A figure never stands alone: `class_scores` puts the trivial guess ("always the largest class") beside it, and the
interval that the choice of subjects leaves open; `au_scores` the base rate and the F1 of "always there".
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medn.contract import AU_CLAIMED_AT


@dataclass(frozen=True, slots=True)
class ClassScores:
    """The result of `class_scores`; plain numbers, so that `dataclasses.asdict` of it is JSON."""

    clips: int
    uf1: float
    """Unweighted F1: the mean of the classes' F1."""
    uar: float
    """Unweighted average recall."""
    confusion: tuple[tuple[int, ...], ...]
    """Row: true class, column: predicted class."""
    f1: tuple[float | None, ...]
    """By class; None for a class that is neither in the truth nor predicted."""
    recall: tuple[float | None, ...]
    """By class; None for a class that the truth lacks."""
    baseline_uf1: float
    """UF1 of always answering the largest class."""
    baseline_uar: float
    uf1_interval: tuple[float, float] | None = None
    """95 % interval under resampling of the subjects; None where no subjects were given."""


@dataclass(frozen=True, slots=True)
class AUScore:
    """How well one action unit is detected, on the clips where it is known."""

    name: str
    clips: int
    positives: int
    auc: float | None
    """Area under the ROC curve; chance is 0.5. None unless both kinds of clip are there."""
    f1: float | None
    """At the threshold. None where the unit is neither there nor claimed."""
    baseline_f1: float | None
    """F1 of claiming the unit in every clip."""


def class_scores(
    truth: ArrayLike, predicted: ArrayLike, classes: int, subjects: Sequence[str] | NDArray[np.str_] | None = None
) -> ClassScores:
    """UF1, UAR and all that belongs to them, of (N,) true and predicted class numbers.

    Counts are pooled over everything given (all folds), as MEGC 2019 asks. With `subjects` ((N,) names, unique over
    databases) the 95 % interval of UF1 under resampling of subjects is added.
    """
    true, named = np.asarray(truth, np.int64), np.asarray(predicted, np.int64)
    counts = confusion_matrix(true, named, classes)
    baseline = confusion_matrix(true, largest_class(true, classes), classes)
    interval = None
    if subjects is not None:
        interval = subject_bootstrap(subjects, lambda i: uf1(confusion_matrix(true[i], named[i], classes)))
    return ClassScores(
        clips=len(true),
        uf1=uf1(counts),
        uar=uar(counts),
        confusion=tuple(tuple(int(n) for n in row) for row in counts),
        f1=_or_none(f1_by_class(counts)),
        recall=_or_none(recall_by_class(counts)),
        baseline_uf1=uf1(baseline),
        baseline_uar=uar(baseline),
        uf1_interval=interval,
    )


def au_scores(
    truth: ArrayLike, score: ArrayLike, names: Sequence[str], threshold: float = AU_CLAIMED_AT
) -> list[AUScore]:
    """One `AUScore` a unit, from (N, K) truth (1 there, 0 not there, NaN unknown) and (N, K) scores.

    Clips on which a unit is unknown are left out for that unit alone. A unit is claimed where its score is at least
    `threshold`.
    """
    known_truth, claimed = np.asarray(truth, np.float64), np.asarray(score, np.float64)
    if known_truth.shape != claimed.shape or known_truth.shape[1:] != (len(names),):
        raise ValueError(
            f"Truth {known_truth.shape} and scores {claimed.shape} of action units must both be (clips, {len(names)})."
        )
    scores = []
    for name, true, value in zip(names, known_truth.T, claimed.T, strict=True):
        known = ~np.isnan(true)
        there = true[known] > 0.5
        hit = value[known] >= threshold
        scores.append(
            AUScore(
                name=name,
                clips=int(known.sum()),
                positives=int(there.sum()),
                auc=_finite(auc(there, value[known])),
                f1=_finite(binary_f1(there, hit)),
                baseline_f1=_finite(binary_f1(there, np.ones_like(there))),
            )
        )
    return scores


def confusion_matrix(truth: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """(classes, classes) counts: row the true class, column the predicted one."""
    if truth.shape != predicted.shape or truth.ndim != 1:
        raise ValueError(f"There are {truth.shape} true classes but {predicted.shape} predicted ones.")
    for what, values in (("true", truth), ("predicted", predicted)):
        if values.size and not (values.min() >= 0 and values.max() < classes):
            raise ValueError(f"A {what} class lies outside 0–{classes - 1}: {values.min()} to {values.max()}.")
    return np.bincount(truth * classes + predicted, minlength=classes**2).reshape(classes, classes)


def f1_by_class(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """(C,): 2 TP / (2 TP + FP + FN) of each class; NaN for one that is neither in the truth nor predicted."""
    hits = np.diag(counts)
    return _ratio(2 * hits, counts.sum(axis=0) + counts.sum(axis=1))


def recall_by_class(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """(C,): TP / (TP + FN) of each class; NaN for one that the truth lacks."""
    return _ratio(np.diag(counts), counts.sum(axis=1))


def uf1(counts: NDArray[np.int64]) -> float:
    """Unweighted F1: the mean of `f1_by_class` (MEGC 2019, See et al.); NaN without clips.

    The challenge's three classes are always there; leaving out classes of which there is no trace is our reading.
    """
    return _mean(f1_by_class(counts))


def uar(counts: NDArray[np.int64]) -> float:
    """Unweighted average recall: the mean of `recall_by_class` (MEGC 2019); NaN without clips."""
    return _mean(recall_by_class(counts))


def largest_class(truth: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """(N,): the trivial guess, always the largest class of the truth (the lowest number where two are as large)."""
    return np.full_like(truth, np.bincount(truth, minlength=classes).argmax())


def auc(there: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """Area under the ROC curve: how often a clip with the unit outscores one without, ties counting half.

    NaN unless both kinds of clip are there (Mann–Whitney: the mean rank of the positives).
    """
    positives, negatives = int(there.sum()), int((~there).sum())
    if not positives or not negatives:
        return math.nan
    _, group, size = np.unique(score, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(size) - (size - 1) / 2
    rank_sum = mean_rank[group][there].sum()
    return float((rank_sum - positives * (positives + 1) / 2) / (positives * negatives))


def binary_f1(there: NDArray[np.bool_], claimed: NDArray[np.bool_]) -> float:
    """F1 of (N,) claims; NaN where nothing is there and nothing is claimed."""
    both = int(there.sum() + claimed.sum())
    return 2 * int((there & claimed).sum()) / both if both else math.nan


def expected_calibration_error(probability: ArrayLike, truth: ArrayLike, bins: int = 15) -> float:
    """Mean gap between confidence and accuracy over equally wide bins of confidence, weighted by their clips.

    `probability` is (N, C), `truth` (N,) class numbers (Guo et al. 2017, "On calibration of modern neural networks").
    """
    chances, true = np.asarray(probability, np.float64), np.asarray(truth, np.int64)
    confidence = chances.max(axis=1)
    right = (chances.argmax(axis=1) == true).astype(np.float64)
    # a bin holds its upper edge, so that a confidence of 1 falls into the last one
    where = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    gaps = np.bincount(where, weights=right - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(true))


def subject_bootstrap(
    subjects: Sequence[str] | NDArray[np.str_],
    statistic: Callable[[NDArray[np.int64]], float],
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """The interval that holds `level` of `statistic` when whole subjects are drawn with replacement.

    Clips of one subject resemble each other, so drawing clips would claim too much. `statistic` is given the indices
    of the drawn clips. Percentile method (Efron 1979); draws on which the statistic is NaN are left out.
    """
    _, member = np.unique(np.asarray(subjects), return_inverse=True)
    clips_of = np.split(np.argsort(member, kind="stable"), np.cumsum(np.bincount(member))[:-1])
    rng = np.random.default_rng(seed)
    values = [
        statistic(np.concatenate([clips_of[s] for s in rng.integers(len(clips_of), size=len(clips_of))]))
        for _ in range(draws)
    ]
    low, high = np.nanquantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)


def _mean(values: NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else math.nan


def _finite(value: float) -> float | None:
    return None if math.isnan(value) else value


def _or_none(values: NDArray[np.float64]) -> tuple[float | None, ...]:
    return tuple(_finite(float(value)) for value in values)
