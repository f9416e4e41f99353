"""No subject is ever on both sides, and what is reported comes from the held-out predictions alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medn.contract import AU_NAMES
from medn.evaluation.folds import loso, loso_folds, refuse_leak
from medn.evaluation.recognition import Predictions, Truth, recognition_table

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


def test_the_composite_of_three_databases_has_68_folds_though_they_use_the_same_names():
    sizes = {"casme2": 24, "samm": 28, "smic": 16}
    subjects = [f"{name}/{i}" for name, size in sizes.items() for i in range(size) for _ in range(2)]
    assert len(list(loso_folds(subjects))) == 68


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
    """90 clips of 18 subjects in two databases; AU12 is coded in every second clip, there where the class is 1."""
    rng = np.random.default_rng(0)
    emotion = rng.integers(0, 3, 90)
    subject = np.array([f"{'casme2' if i < 60 else 'smic'}/s{i % 9}" for i in range(90)])
    aus = np.full((90, len(AU_NAMES)), np.nan, np.float32)
    aus[::2, AU_NAMES.index("AU12")] = emotion[::2] == 1
    return Truth(emotion, aus, subject)


def says(*epochs):
    """Sure predictions, by epoch, from class numbers; every unit where the class is 1."""
    return [
        Predictions(
            np.eye(3, dtype=np.float32)[guess], np.repeat(np.float32(guess == 1)[:, None], len(AU_NAMES), axis=1)
        )
        for guess in map(np.asarray, epochs)
    ]


def test_a_perfect_classifier_scores_one_and_a_constant_one_scores_as_the_trivial_guess():
    truth = task()
    knows = loso(truth, lambda _train, test, _seed: says(truth.emotion[test]), seeds=[0]).by_seed[0]
    assert knows.whole.uf1 == knows.whole.uar == knows.au_mean_auc == 1
    assert [(unit.name, unit.clips) for unit in knows.aus] == [("AU12", 45)]
    assert knows.calibration_error == 0
    largest = np.bincount(truth.emotion).argmax()
    constant = loso(truth, lambda _train, test, _seed: says(np.full(len(test), largest)), seeds=[0]).by_seed[0]
    assert constant.whole.uf1 == pytest.approx(constant.whole.baseline_uf1)
    assert constant.whole.uar == pytest.approx(1 / 3)


def guessed(truth, seeds):
    return loso(
        truth, lambda _, test, seed: says(np.random.default_rng([seed, *test]).integers(0, 3, len(test))), seeds
    )


def test_databases_are_scored_apart_and_add_up_to_the_whole():
    result = guessed(task(), [3, 4])
    assert result.folds == 18
    assert result.seeds == (3, 4)
    for seed, predicted in zip(result.by_seed, result.predicted, strict=True):
        parts = [np.array(seed.by_database[name].confusion) for name in ("casme2", "smic")]
        assert (sum(parts) == np.array(seed.whole.confusion)).all()
        assert [scores.clips for scores in seed.by_database.values()] == [60, 30]
        assert len(predicted) == 90


def test_the_table_gives_means_and_deviations_over_seeds_and_sums_the_counts():
    result = guessed(task(), [3, 4, 5])
    table = recognition_table(result.by_seed)
    uf1 = [seed.whole.uf1 for seed in result.by_seed]
    assert f"90  {np.mean(uf1):.3f} ± {np.std(uf1, ddof=1):.3f}" in table
    counts = sum(np.array(seed.whole.confusion) for seed in result.by_seed)
    assert f"positive {counts[1, 0]:23d} {counts[1, 1]:9d}" in table
    assert "mean AUC " in table
    alone = recognition_table(result.by_seed[:1])
    assert f"90  {uf1[0]:.3f}  " in alone
    assert "±" not in alone


def test_the_last_epoch_counts_and_the_oracle_is_reported_only_if_asked_for():
    truth = task()

    def right_only_at_first(_train, test, _seed):
        return says(truth.emotion[test], (truth.emotion[test] + 1) % 3)

    plain = loso(truth, right_only_at_first, seeds=[0])
    assert plain.by_seed[0].whole.uf1 == 0
    assert plain.oracle == ()
    assert "ORACLE" not in recognition_table(plain.by_seed, plain.oracle)
    asked = loso(truth, right_only_at_first, seeds=[0], oracle=True)
    assert asked.by_seed == plain.by_seed
    assert asked.oracle[0].uf1 == 1
    assert "ORACLE EPOCH" in recognition_table(asked.by_seed, asked.oracle)


def test_too_few_answers_are_refused():
    with pytest.raises(ValueError, match=r"1 predictions came for the \d+ clips of casme2/s0"):
        loso(task(), lambda *_: says([0]), seeds=[0])
