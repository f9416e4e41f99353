"""The judging arithmetic against scikit-learn and against what must hold for any answers."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics as reference

from medn.contract import AU_CLAIMED_AT
from medn.evaluation.metrics import (
    au_scores,
    auc,
    class_scores,
    confusion_matrix,
    expected_calibration_error,
    subject_bootstrap,
    uar,
    uf1,
)
from realtime.types import Event, action_units_of

answers = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=60)


@given(answers)
def test_uf1_and_uar_are_scikit_learns_macro_averages_over_the_classes_there_are(pairs):
    truth, guess = np.array(pairs).T
    counts = confusion_matrix(truth, guess, 3)
    assert (counts == reference.confusion_matrix(truth, guess, labels=[0, 1, 2])).all()
    assert uf1(counts) == pytest.approx(reference.f1_score(truth, guess, average="macro"))
    there = np.unique(truth)
    assert uar(counts) == pytest.approx(
        reference.recall_score(truth, guess, labels=there, average="macro", zero_division=0)
    )


@given(answers, st.permutations(range(3)))
def test_renaming_the_classes_changes_no_score(pairs, order):
    truth, guess = np.array(pairs).T
    renamed = np.array(order)
    plain, other = confusion_matrix(truth, guess, 3), confusion_matrix(renamed[truth], renamed[guess], 3)
    assert uf1(plain) == pytest.approx(uf1(other))
    assert uar(plain) == pytest.approx(uar(other))


def test_always_the_largest_class_stands_beside_every_score():
    truth = np.repeat([0, 1, 2], [60, 25, 15])
    scores = class_scores(truth, truth, 3)
    assert (scores.uf1, scores.uar) == (1.0, 1.0)
    assert scores.baseline_uar == pytest.approx(1 / 3)
    assert scores.baseline_uf1 == pytest.approx(2 * 0.6 / 1.6 / 3)
    assert class_scores(truth, np.zeros_like(truth), 3).uf1 == scores.baseline_uf1


def test_a_class_without_trace_counts_for_nothing_and_is_reported_as_none():
    scores = class_scores([0, 0, 1], [0, 0, 1], 3)
    assert scores.recall == (1.0, 1.0, None)
    assert scores.f1 == (1.0, 1.0, None)
    assert scores.uf1 == 1.0


def test_a_class_out_of_range_or_a_missing_answer_is_refused():
    with pytest.raises(ValueError, match=r"predicted class lies outside 0–2"):
        class_scores([0, 1], [0, 3], 3)
    with pytest.raises(ValueError, match=r"\(2,\) true classes but \(1,\)"):
        class_scores([0, 1], [0], 3)


@given(
    hnp.arrays(np.bool_, st.shared(st.integers(2, 40), key="n")),
    hnp.arrays(np.int64, st.shared(st.integers(2, 40), key="n"), elements=st.integers(0, 5)),
)
def test_auc_is_scikit_learns_with_ties(there, score):
    assume(there.any() and not there.all())
    assert auc(there, score.astype(float)) == pytest.approx(reference.roc_auc_score(there, score))


def test_an_unknown_action_unit_is_left_out_for_that_unit_alone():
    truth = np.array([[1, np.nan], [0, 1], [1, 0], [np.nan, 1]])
    score = np.array([[0.9, 0.9], [0.2, 0.8], [0.6, 0.6], [0.1, 0.7]])
    first, second = au_scores(truth, score, ["AU1", "AU12"])
    assert (first.clips, first.positives, first.auc, first.f1) == (3, 2, 1.0, 1.0)
    assert (second.clips, second.positives, second.auc) == (3, 2, 1.0)
    assert second.f1 == second.baseline_f1 == pytest.approx(0.8)


def test_a_unit_is_claimed_in_a_judgement_where_the_product_names_it():
    chances = {"AU14": AU_CLAIMED_AT, "AU12": AU_CLAIMED_AT - 0.01}
    event = Event(0, 1.0, 1.1, 1.3, 30, 33, 39, 0.9, {}, {}, 120.0, 0.4, aus=chances)
    judged = au_scores(np.ones((1, 2)), [list(chances.values())], list(chances))
    assert action_units_of(event) == [unit.name for unit in judged if unit.f1] == ["AU14"]


def test_an_action_unit_that_is_nowhere_coded_has_no_score():
    (unit,) = au_scores(np.full((3, 1), np.nan), np.zeros((3, 1)), ["AU6"])
    assert (unit.clips, unit.auc, unit.f1, unit.baseline_f1) == (0, None, None, None)


def test_calibration_error_is_the_gap_between_confidence_and_accuracy():
    certain = np.array([[1.0, 0.0]] * 4)
    assert expected_calibration_error(certain, [0, 0, 0, 0]) == 0
    assert expected_calibration_error(certain, [0, 0, 1, 1]) == pytest.approx(0.5)
    unsure = np.array([[0.75, 0.25]] * 4)
    assert expected_calibration_error(unsure, [0, 0, 0, 1]) == pytest.approx(0)


def test_calibration_error_vanishes_for_honest_probabilities():
    rng = np.random.default_rng(1)
    chances = rng.dirichlet([1, 1, 1], size=20_000)
    truth = (rng.random((len(chances), 1)) > chances.cumsum(axis=1)).sum(axis=1)
    assert expected_calibration_error(chances, truth) < 0.02


def test_clips_of_one_subject_are_drawn_together():
    subjects = np.repeat(["a", "b", "c"], 10)
    owner = np.repeat([0, 1, 2], 10)

    def whole_subjects(clips):
        assert len(clips) == 30
        assert all(n % 10 == 0 for n in np.bincount(owner[clips], minlength=3))
        return float(owner[clips].mean())

    low, high = subject_bootstrap(subjects, whole_subjects, level=0.99)
    assert low == 0
    assert high == 2
    assert subject_bootstrap(subjects, whole_subjects, level=0.99) == (low, high)


def test_the_interval_holds_the_score():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 200)
    guess = np.where(rng.random(200) < 0.7, truth, rng.integers(0, 3, 200))
    scores = class_scores(truth, guess, 3, subjects=[f"s{i % 20}" for i in range(200)])
    low, high = scores.uf1_interval
    assert low < scores.uf1 < high
    assert not math.isnan(low)
