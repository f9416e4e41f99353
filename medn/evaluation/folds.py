"""Leave one subject out, with no way for a subject to be on both sides.

Clips of one person resemble each other far more than clips of one emotion, so every figure rests on people the network
never saw. The composite of MEGC 2019 (24 subjects of CASME II, 28 of SAMM, 16 of SMIC-HS) gives 68 folds; subjects are
distinguished by their database, for databases use the same names.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medn.contract import AU_NAMES, EMOTIONS
from medn.evaluation.metrics import ClassScores, class_scores
from medn.evaluation.recognition import Predictions, Recognition, Truth, score

FitPredict = Callable[[NDArray[np.int64], NDArray[np.int64], int], Sequence[Predictions]]
"""(training indices, test indices, seed) → the predictions for the tests after each epoch, of which the last counts."""


@dataclass(frozen=True, slots=True)
class Fold:
    """One held-out subject."""

    subject: str
    train: NDArray[np.int64]
    test: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LosoResult:
    """The result of `loso`; plain numbers."""

    folds: int
    seeds: tuple[int, ...]
    by_seed: tuple[Recognition, ...]
    """Scores of the predictions pooled over the folds."""
    predicted: tuple[tuple[int, ...], ...]
    """Class numbers by seed and clip, in the order of the clips."""
    oracle: tuple[ClassScores, ...] = ()
    """By seed; empty unless asked for, see `loso`."""


def loso_folds(subjects: Sequence[str] | NDArray[np.str_]) -> Iterator[Fold]:
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


def refuse_leak(train_subjects: Iterable[str], test_subjects: Iterable[str], fitting: str = "Training") -> None:
    """Raise ValueError where a subject is in both; `fitting` says what is done with the first."""
    both = sorted(set(train_subjects) & set(test_subjects))
    if both:
        shown = ", ".join(both[:5]) + (f" and {len(both) - 5} more" if len(both) > 5 else "")
        raise ValueError(
            f"{fitting} would see the held-out {'subject' if len(both) == 1 else 'subjects'} {shown}; "
            "keep every clip of a subject on one side."
        )


def loso(truth: Truth, fit_predict: FitPredict, seeds: Sequence[int], oracle: bool = False) -> LosoResult:
    """Leave each subject out in turn, once for every seed, and score the pooled predictions.

    `fit_predict` trains on the first indices and predicts the second.

    `oracle` adds what choosing each fold's epoch *by its test accuracy* would report (the first best one). Some
    published figures are made so; it is no estimate of anything and is only for comparing with them.
    """
    folds = list(loso_folds(truth.subject))
    by_seed, predicted, best = [], [], []
    for seed in seeds:
        pooled = Predictions(*(np.empty((len(truth), len(names)), np.float32) for names in (EMOTIONS, AU_NAMES)))
        best_guess = np.empty(len(truth), np.int64)
        for fold in folds:
            refuse_leak(truth.subject[fold.train], truth.subject[fold.test])
            epochs = fit_predict(fold.train, fold.test, seed)
            if len(epochs[-1].emotion) != len(fold.test):
                raise ValueError(
                    f"{len(epochs[-1].emotion)} predictions came for the {len(fold.test)} clips of {fold.subject}."
                )
            pooled.emotion[fold.test], pooled.aus[fold.test] = epochs[-1]
            guesses = np.stack([epoch.emotion.argmax(axis=1) for epoch in epochs])
            best_guess[fold.test] = guesses[(guesses == truth.emotion[fold.test]).sum(axis=1).argmax()]
        by_seed.append(score(truth, pooled))
        predicted.append(tuple(pooled.emotion.argmax(axis=1).tolist()))
        if oracle:
            best.append(class_scores(truth.emotion, best_guess, len(EMOTIONS), truth.subject))
    return LosoResult(len(folds), tuple(seeds), tuple(by_seed), tuple(predicted), tuple(best))
