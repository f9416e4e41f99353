"""Leave one subject out, with no way for a subject to be on both sides.

Clips of one person resemble each other far more than clips of one emotion, so every figure rests on people the network
never saw. The composite of MEGC 2019 (24 subjects of CASME II, 28 of SAMM, 16 of SMIC-HS) gives 68 folds; subjects are
told apart by `subject_keys`, for databases use the same names.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medn.evaluation.metrics import ClassScores, class_scores

FitPredict = Callable[[NDArray[np.int64], NDArray[np.int64], int], ArrayLike]
"""(training indices, test indices, seed) → (tests,) class numbers, or (epochs, tests) with the last epoch counting."""


@dataclass(frozen=True, slots=True)
class Fold:
    """One held-out subject."""

    subject: str
    train: NDArray[np.int64]
    test: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Spread:
    """A score over seeds; plain numbers."""

    mean: float
    deviation: float
    """Sample standard deviation; 0 with a single seed."""
    seeds: int


@dataclass(frozen=True, slots=True)
class LosoResult:
    """What `loso` tells. `whole` and each of `by_database` hold one `ClassScores` a seed, counts pooled over folds."""

    folds: int
    seeds: tuple[int, ...]
    whole: tuple[ClassScores, ...]
    by_database: dict[str, tuple[ClassScores, ...]]
    predicted: tuple[tuple[int, ...], ...]
    """Class numbers by seed and clip, in the order of the clips: for calibration, tables and doubt."""
    oracle: tuple[ClassScores, ...] = ()
    """Empty unless asked for; see `loso`."""


def subject_keys(databases: Sequence[str], subjects: Sequence[str]) -> list[str]:
    """ "database/subject" of each clip."""
    return [f"{database}/{subject}" for database, subject in zip(databases, subjects, strict=True)]


def loso_folds(subjects: Sequence[str]) -> Iterator[Fold]:
    """A fold for each subject, in sorted order; `subjects` names that of each clip, unique over databases.

    Raises ValueError where there are fewer than two subjects.
    """
    names = np.asarray(subjects, np.str_)
    held_out = np.unique(names)
    if len(held_out) < 2:
        raise ValueError(f"Leaving one subject out needs at least two subjects, and there are {len(held_out)}.")
    for subject in held_out:
        test = names == subject
        yield Fold(str(subject), np.flatnonzero(~test), np.flatnonzero(test))


def refuse_leak(train_subjects: Iterable[str], test_subjects: Iterable[str]) -> None:
    """Raise ValueError where a subject is in both."""
    both = sorted(set(train_subjects) & set(test_subjects))
    if both:
        shown = ", ".join(both[:5]) + (f" and {len(both) - 5} more" if len(both) > 5 else "")
        raise ValueError(
            f"Training would see the held-out {'subject' if len(both) == 1 else 'subjects'} {shown}; "
            "keep every clip of a subject on one side."
        )


def loso(
    truth: Sequence[int] | NDArray[np.int64],
    databases: Sequence[str],
    subjects: Sequence[str],
    fit_predict: FitPredict,
    seeds: Sequence[int],
    classes: int = 3,
    oracle: bool = False,
) -> LosoResult:
    """Leave each subject out in turn, once for every seed, and score the pooled answers.

    `truth`, `databases` and `subjects` tell each clip's class number, database and (per database) subject.
    `fit_predict` trains on the first indices and answers for the second; if it answers by epoch, the last one counts.

    `oracle` adds what choosing each fold's epoch *by its test accuracy* would report (the first best one). Some
    published figures are made so; it is no estimate of anything and is only for comparing with them.
    """
    true = np.asarray(truth, np.int64)
    keys = subject_keys(databases, subjects)
    folds = list(loso_folds(keys))
    answers = np.full((len(seeds), len(true)), -1, np.int64)
    best = answers.copy()
    for row, seed in enumerate(seeds):
        for fold in folds:
            refuse_leak((keys[i] for i in fold.train), (keys[i] for i in fold.test))
            by_epoch = np.atleast_2d(np.asarray(fit_predict(fold.train, fold.test, seed), np.int64))
            if by_epoch.shape[1] != len(fold.test):
                raise ValueError(f"{by_epoch.shape[1]} answers came for the {len(fold.test)} clips of {fold.subject}.")
            answers[row, fold.test] = by_epoch[-1]
            best[row, fold.test] = by_epoch[(by_epoch == true[fold.test]).sum(axis=1).argmax()]
    members = {name: np.flatnonzero(np.asarray(databases) == name) for name in sorted(set(databases))}
    names = np.asarray(keys)
    return LosoResult(
        folds=len(folds),
        seeds=tuple(seeds),
        whole=tuple(class_scores(true, given, classes, names) for given in answers),
        by_database={
            name: tuple(class_scores(true[at], given[at], classes, names[at]) for given in answers)
            for name, at in members.items()
        },
        predicted=tuple(tuple(int(c) for c in given) for given in answers),
        oracle=tuple(class_scores(true, given, classes, names) for given in best) if oracle else (),
    )


def spread(values: Sequence[float]) -> Spread:
    """Mean and sample standard deviation over seeds."""
    return Spread(mean(values), stdev(values) if len(values) > 1 else 0.0, len(values))


def loso_table(result: LosoResult) -> str:
    """The result as a small plain table: UF1 and UAR, mean ± deviation over seeds, beside the trivial guess."""
    parts = {"all": result.whole, **result.by_database}
    if result.oracle:
        parts["all, ORACLE EPOCH (chosen by test score)"] = result.oracle
    width = max(len(name) for name in parts)
    lines = [f"{'':{width}}  clips  UF1           UAR           always the largest class: UF1 / UAR"]
    for name, scores in parts.items():
        f1, recall = spread([s.uf1 for s in scores]), spread([s.uar for s in scores])
        first = scores[0]
        lines.append(
            f"{name:{width}}  {first.clips:5d}  {f1.mean:.3f} ± {f1.deviation:.3f}  {recall.mean:.3f} ± "
            f"{recall.deviation:.3f}  {first.baseline_uf1:.3f} / {first.baseline_uar:.3f}"
        )
    return "\n".join(lines)
