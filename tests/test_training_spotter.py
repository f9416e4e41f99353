"""What `medn train-spotter` makes is read as it was written, and works where it is chosen."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import ExtraTreesClassifier
from typer.testing import CliRunner

from gui.cli import app
from medn.contract import AU_NAMES
from realtime.evaluation.truth import Truth
from realtime.pipeline import PipelineParameters
from realtime.recognition.classifier import (
    FEATURES,
    PEAK_CLASSIFIER_FILE,
    PEAK_PRIOR,
    classify,
    score_of,
    shipped_classifier,
    shipped_peak_classifier,
)
from realtime.recognition.decision import DecisionError, decision_file, peak_decision
from realtime.recognition.recognizer import Recognized
from realtime.session import open_session
from realtime.spotting.patterns import PATTERNS_FILE, Patterns, shipped_patterns
from realtime.spotting.trees import Trees
from realtime.training import bump_decision
from realtime.training.forest import TREES, fit_forest, fit_regression, joined
from realtime.training.limit import fit_limit
from realtime.training.parts import learn_peaks
from realtime.training.peak_decision import Lesson, lesson
from realtime.training.population import correlation, without_correlation
from realtime.training.recordings import Recording
from realtime.training.trace_movements import SHOWN, UNLIKE_SHOWN, draw_movement
from realtime.training.trace_peaks import INPUTS, Added, Peaks
from realtime.types import Candidate, Event
from tests.traces import restless_face


def bump(onset_s, *, real):
    rng = np.random.default_rng(round(1000 * onset_s))
    evidence = {name: rng.normal(2.0 * real) for name in FEATURES} | {"duration_s": 0.4, "micro": 0.9 if real else 0.1}
    times_s = (onset_s, onset_s + 0.2, onset_s + 0.4)
    return Event(0, *times_s, 0, 6, 12, 0.5, {}, evidence, 450.0, 8.0, aus=dict.fromkeys(AU_NAMES, 0.1))


def test_recall_counts_a_movement_once_that_two_candidates_found(monkeypatch):
    truth = {f"v{k}": Truth(np.array([[k, k + 0.4], [k + 30, k + 30.4]]), np.zeros(2), ()) for k in range(30)}

    def analysed(videos, *_):
        for k, video in enumerate(videos):
            twice = [bump(k + shift, real=True) for shift in (0.0, 0.05)]  # the other movement is not found
            yield Recording(video, [*twice, *(bump(k + 3.0 + i, real=False) for i in range(6))], [], truth[video], 60.0)

    monkeypatch.setattr(bump_decision, "planted_videos", lambda _: truth)
    monkeypatch.setattr(bump_decision, "analysed", analysed)
    report = bump_decision.train([], 1, lambda _: None, threading.Event())
    assert (report.candidates, report.hits) == (240, 60)
    _, precision, recall, _ = report.by_threshold[0]
    assert precision > 0.9
    assert recall == pytest.approx(0.5, abs=0.05)


@pytest.fixture(scope="module")
def samples():
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, (300, len(INPUTS))).astype(np.float32)
    return x, x[:, 0] + x[:, 3] + rng.normal(0, 0.3, 300) > 0.8


@pytest.fixture(scope="module")
def forest(samples):
    return fit_forest(*samples, INPUTS, 1, least_in_leaf=8)


def inputs(row):
    return dict(zip(INPUTS, row.tolist(), strict=True))


def test_a_forest_as_arrays_answers_as_scikit_learn_does(samples, forest):
    x, positive = samples
    trees = ExtraTreesClassifier(TREES, min_samples_leaf=8, max_features=0.4, random_state=1).fit(x, positive)
    odds = (~positive).sum() / positive.sum()
    expected = np.zeros(40)
    for tree in trees.estimators_:
        leaves = tree.apply(x[:40])
        negative, share = (tree.tree_.value[leaves, 0] * tree.tree_.n_node_samples[leaves, None]).T
        expected += np.log((share * odds + 0.5) / (negative + 0.5)) / TREES
    assert [forest.log_odds(inputs(row)) for row in x[:40]] == pytest.approx(expected, abs=1e-4)


def test_a_tree_of_more_nodes_than_a_short_integer_numbers_answers_as_scikit_learn_does():
    x = np.linspace(-1, 1, 20_000, dtype=np.float32)[:, None]
    y = np.stack([np.arange(20_000.0)] * 2, axis=1)
    fields = fit_regression(x, y, 1, trees=1, least_in_leaf=1)
    assert fields["left"].shape[1] == 39_999
    assert [Trees(**fields).leaves(x[i])[0, 0] for i in (0, 9_999, 19_999)] == [0, 9_999, 19_999]


@settings(deadline=None, max_examples=10)
@given(share=st.floats(0, 1), number=st.integers(0, 299))
def test_two_decisions_as_one_answer_with_the_weighted_mean_of_both(samples, forest, share, number):
    row = inputs(samples[0][number])
    whole = joined(shipped_peak_classifier(), forest, share).log_odds(row)
    assert whole == pytest.approx(
        (1 - share) * shipped_peak_classifier().log_odds(row) + share * forest.log_odds(row), abs=1e-3
    )


def test_a_decision_that_was_saved_is_chosen_by_its_file_and_kept_with_the_session(
    samples, forest, interview, tmp_path
):
    out = tmp_path / "own.npz"
    forest.save(out)
    chosen = peak_decision(decision_file(out))
    for row in samples[0][:20]:
        assert chosen.log_odds(inputs(row)) == forest.log_odds(inputs(row))
    result = CliRunner().invoke(
        app, ["replay", str(interview), "--spotter", str(out), "--out", str(tmp_path), "--json"]
    )
    assert result.exit_code == 0, result.stderr
    with open_session(tmp_path / f"{interview.stem}.medn") as session:
        assert session.info.parameters["decision"]["path"] == str(out)
    candidate = Candidate(0, 1.0, 1.2, 1.4, 30, 36, 42, {}, {}, inputs(samples[0][0]), 900.0)
    own = classify(candidate, Recognized(), 0.5, chosen)
    assert own.score == pytest.approx(score_of(None, forest.log_odds(candidate.peak)))
    assert own.score != pytest.approx(classify(candidate, Recognized(), 0.5).score)


def test_a_file_that_holds_no_decision_or_was_changed_meanwhile_is_refused_in_one_sentence(forest, tmp_path):
    wrong = tmp_path / "wrong.npz"
    shipped_classifier().save(wrong)  # one of bumps
    with pytest.raises(DecisionError, match="no decision on peaks"):
        decision_file(wrong)
    replace(forest, left=forest.left + 9999).save(wrong)
    with pytest.raises(DecisionError, match="no decision on peaks"):
        decision_file(wrong)
    whole = PEAK_CLASSIFIER_FILE.read_bytes()
    for place in range(100, len(whole), len(whole) // 25):
        wrong.write_bytes(whole[:place] + b"\xff" * 16 + whole[place + 16 :])
        with pytest.raises(DecisionError, match="no decision on peaks"):
            decision_file(wrong)
    wrong.write_bytes(b"PK\3\4 nothing")
    for command in (["replay", "x.mp4"], ["live", "--headless"], ["power", "x.mp4"]):
        result = CliRunner().invoke(app, [*command, "--spotter", str(wrong)])
        assert result.exit_code == 2
        assert "no decision on peaks" in result.stderr
    forest.save(wrong)
    chosen = decision_file(wrong)
    forest.save(tmp_path / "other.npz")
    joined(forest, forest, 0.3).save(wrong)
    with pytest.raises(DecisionError, match="changed meanwhile"):
        peak_decision(chosen)
    assert PipelineParameters(decision=chosen).decision == chosen


def test_a_recording_teaches_the_movements_that_are_added_to_it_and_its_own_peaks(tmp_path):
    steps = restless_face(16.0, seed=0)
    known = lesson([steps], shipped_patterns(), np.random.default_rng(0), added=24)
    again = lesson([steps], shipped_patterns(), np.random.default_rng(0), added=24)
    assert 8 <= len(known.added) <= 26
    assert np.array_equal(known.positives.inputs, again.positives.inputs)
    assert np.array_equal(known.negatives.inputs, again.negatives.inputs)
    for one in known.added:
        onset_s, offset_s = one.movement.span_s
        assert all(begin < offset_s and end > onset_s for begin, end in one.peaks.spans_s)
    # what both teach is a decision that can be chosen, and is judged on what did not teach it
    other = lesson([restless_face(16.0, seed=1)], shipped_patterns(), np.random.default_rng(1), added=24)
    learned = learn_peaks([known, other], 0, beside_shipped=0.7)
    assert 0 <= learned.recall[0] <= learned.recall[1] <= 1
    learned.decision.save(tmp_path / "own.npz")
    assert peak_decision(decision_file(tmp_path / "own.npz")).log_odds(inputs(known.negatives.inputs[0])) < 3
    # what is known to be there is no negative
    span = tuple(known.negatives.spans_s[0])
    told = lesson([steps], shipped_patterns(), np.random.default_rng(0), [span], added=1)
    assert len(told.negatives.spans_s) < len(known.negatives.spans_s)
    assert any(tuple(found) == span for found in told.positives.spans_s)


def test_patterns_that_were_made_anew_are_read_as_they_were_written(tmp_path):
    rng = np.random.default_rng(0)
    shipped = shipped_patterns()
    measured = np.zeros((3, len(shipped.patterns), 450), np.float32)
    measured[:, :, shipped.channels] = shipped.patterns + rng.normal(0, 0.01, (3, *shipped.patterns.shape))
    made = without_correlation(measured.reshape(3, -1, 225, 2))
    assert set(made.channels) >= set(shipped.channels[np.abs(shipped.patterns).max(axis=0) > 0.1])
    people = correlation([[restless_face(3.0, seed)] for seed in range(2)], made.channels)
    assert np.diag(people) == pytest.approx(1)
    assert np.array_equal(people, people.T)
    path = tmp_path / "patterns.npz"
    Patterns(made.channels, made.patterns, people, (5.0, 6.0)).save(path)
    read = Patterns.load(path)
    assert np.array_equal(read.channels, made.channels)
    assert np.array_equal(read.patterns, made.patterns)
    assert read.correlation == pytest.approx(people, abs=1e-3)
    assert read.z50 == (5.0, 6.0)


def test_movements_that_teach_a_decision_differ_from_their_patterns_as_those_in_pictures_do():
    patterns = shipped_patterns()

    def answers(unlike: bool) -> np.ndarray:
        """By how much of its size each movement answers to its own pattern, every patch alike."""
        rng = np.random.default_rng(0)
        drawn = [draw_movement(1.0, patterns, rng, unlike) for _ in range(300)]
        own = [patterns.patterns[one.unit] for one in drawn]
        return np.array([one.drawn @ s / (s @ s) for one, s in zip(drawn, own, strict=True)])

    assert answers(False) == pytest.approx(SHOWN)
    found = answers(True)
    low, high = np.percentile(found, [10, 90])
    assert low < UNLIKE_SHOWN[0] + 0.1  # measured on real faces: 0.35–0.8 (whitened)
    assert high > 0.8
    assert 0.55 < np.median(found) < 0.8


def test_the_limit_is_where_half_of_the_added_movements_are_more_likely_one_than_not(forest):
    rng = np.random.default_rng(0)
    patterns = shipped_patterns()
    high, low = (np.full((1, len(INPUTS)), level, np.float32) for level in (3.0, -3.0))
    span = np.zeros((1, 2))
    added = []
    for z in np.linspace(1, 15, 200):
        movement = draw_movement(1.0, patterns, rng)
        found = z > (6 if patterns.upper[movement.unit] else 9)
        added.append(Added(movement, Peaks(span, high if found else low), [], float(z)))
    nothing = Peaks(np.zeros((0, 2)), np.zeros((0, len(INPUTS)), np.float32))
    decision = replace(forest, calibration=np.array([1.0, PEAK_PRIOR]))
    upper, lower = fit_limit([Lesson(added, nothing, nothing, 30.0)], decision, patterns)
    assert upper == pytest.approx(6, abs=0.7)
    assert lower == pytest.approx(9, abs=0.7)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Name folders of planted videos"),
        (["gone", "--footage", "gone"], "--footage takes recordings without truth"),
        (["gone", "--part", "patterns"], "needs --portraits"),
        (["gone", "--part", "peaks"], "truth.csv cannot be read"),
        (["--footage", "gone"], "gone"),
        (["--footage", "gone", "--part", "limit"], "no --part limit"),
    ],
)
def test_training_that_cannot_begin_says_why_in_one_sentence(arguments, sentence, tmp_path):
    result = CliRunner().invoke(app, ["train-spotter", str(tmp_path / "out.npz"), *arguments])
    assert result.exit_code == 2
    assert sentence in " ".join(result.stderr.split())
    assert not (tmp_path / "out.npz").exists()


def test_a_damaged_file_of_patterns_is_refused_in_one_sentence(tmp_path):
    damaged = bytearray(PATTERNS_FILE.read_bytes())
    damaged[20_000:20_064] = b"\xff" * 64
    (tmp_path / "patterns.npz").write_bytes(damaged)
    arguments = ["gone", "--part", "peaks", "--patterns", str(tmp_path / "patterns.npz")]
    result = CliRunner().invoke(app, ["train-spotter", str(tmp_path / "out.npz"), *arguments])
    assert result.exit_code == 2
    assert "patterns.npz holds no patterns" in " ".join(result.stderr.split())


def test_a_file_that_would_be_written_under_another_name_is_refused(tmp_path):
    result = CliRunner().invoke(app, ["train-spotter", str(tmp_path / "own"), "gone"])
    assert result.exit_code == 2
    assert "own must end in .npz" in " ".join(result.stderr.split())


def test_footage_that_is_too_short_to_learn_from_is_refused_and_nothing_is_written(interview, tmp_path):
    folder = tmp_path / "clips"
    folder.mkdir()
    (folder / "a.mp4").write_bytes(interview.read_bytes())
    out = tmp_path / "own.npz"
    result = CliRunner().invoke(app, ["train-spotter", str(out), "--footage", str(folder), "--workers", "1"])
    assert result.exit_code == 2
    assert "too few peaks to learn" in result.stderr
    assert not out.exists()
