"""No subject is ever on both sides, and what is reported comes from the held-out answers alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medn.evaluation.folds import loso, loso_folds, loso_table, refuse_leak, spread, subject_keys

names = st.lists(st.sampled_from("abcdefg"), min_size=2, max_size=40).filter(lambda s: len(set(s)) > 1)


@given(names)
def test_every_clip_is_tested_once_by_a_network_that_never_saw_its_subject(subjects):
    folds = list(loso_folds(subjects))
    assert len(folds) == len(set(subjects))
    assert sorted(i for fold in folds for i in fold.test) == list(range(len(subjects)))
    for fold in folds:
        assert {subjects[i] for i in fold.test} == {fold.subject}
        assert fold.subject not in {subjects[i] for i in fold.train}
        assert len(fold.train) + len(fold.test) == len(subjects)


def test_the_composite_of_three_databases_has_68_folds():
    sizes = {"casme2": 24, "samm": 28, "smic": 16}
    # the same plain numbers in every database
    databases = [name for name, size in sizes.items() for i in range(size) for _ in range(2)]
    subjects = [str(i) for size in sizes.values() for i in range(size) for _ in range(2)]
    assert len(list(loso_folds(subject_keys(databases, subjects)))) == 68


def test_a_subject_on_both_sides_is_refused_by_name():
    with pytest.raises(ValueError, match=r"held-out subject casme2/sub01; keep"):
        refuse_leak(["casme2/sub01", "casme2/sub02"], ["casme2/sub01"])
    with pytest.raises(ValueError, match="a, b, c, d, e and 1 more"):
        refuse_leak("abcdef", "abcdef")
    refuse_leak(["casme2/01"], ["smic/01"])


def test_one_subject_alone_cannot_be_left_out():
    with pytest.raises(ValueError, match="at least two subjects, and there are 1"):
        list(loso_folds(["a", "a"]))


def task():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 90)
    return truth, np.repeat(["casme2", "smic"], [60, 30]).tolist(), [f"s{i % 9}" for i in range(90)]


def test_a_classifier_that_knows_scores_one_and_a_constant_one_scores_as_the_trivial_guess():
    truth, databases, subjects = task()
    knows = loso(truth, databases, subjects, lambda _train, test, _seed: truth[test], seeds=[0])
    assert knows.whole[0].uf1 == knows.whole[0].uar == 1
    largest = np.bincount(truth).argmax()
    constant = loso(truth, databases, subjects, lambda _train, test, _seed: np.full(len(test), largest), seeds=[0])
    assert constant.whole[0].uf1 == pytest.approx(constant.whole[0].baseline_uf1)
    assert constant.whole[0].uar == pytest.approx(1 / 3)


def test_databases_are_scored_apart_and_add_up_to_the_whole():
    truth, databases, subjects = task()
    result = loso(
        truth, databases, subjects, lambda _, test, seed: np.random.default_rng(seed).integers(0, 3, len(test)), [3, 4]
    )
    assert result.folds == 18
    assert result.seeds == (3, 4)
    for seed in range(2):
        parts = [np.array(result.by_database[name][seed].confusion) for name in ("casme2", "smic")]
        assert (sum(parts) == np.array(result.whole[seed].confusion)).all()
        assert [scores[seed].clips for scores in result.by_database.values()] == [60, 30]
        assert len(result.predicted[seed]) == 90


def test_the_last_epoch_counts_and_the_oracle_is_told_only_if_asked_for():
    truth, databases, subjects = task()

    def right_only_at_first(_train, test, _seed):
        return np.stack([truth[test], (truth[test] + 1) % 3])

    plain = loso(truth, databases, subjects, right_only_at_first, seeds=[0])
    assert plain.whole[0].uf1 == 0
    assert plain.oracle == ()
    assert "ORACLE" not in loso_table(plain)
    asked = loso(truth, databases, subjects, right_only_at_first, seeds=[0], oracle=True)
    assert asked.whole == plain.whole
    assert asked.oracle[0].uf1 == 1
    assert "ORACLE EPOCH" in loso_table(asked)


def test_too_few_answers_are_refused():
    truth, databases, subjects = task()
    with pytest.raises(ValueError, match=r"1 answers came for the \d+ clips of casme2/s0"):
        loso(truth, databases, subjects, lambda *_: [0], seeds=[0])


def test_spread_over_seeds_is_the_sample_standard_deviation():
    assert spread([0.5]).deviation == 0
    assert spread([0.4, 0.6]).deviation == pytest.approx(np.std([0.4, 0.6], ddof=1))
