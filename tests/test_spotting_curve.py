"""Recall over false alarms a minute: what is found by rank, and at what price."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medn.evaluation.spotting_curve import RATES_PER_MIN, rank
from realtime.evaluation.curve import Video, measure_curves
from realtime.evaluation.curve_report import curves_record
from tests.readings import an_event

MINUTE_S = 60.0


def test_a_hit_costs_the_false_alarms_that_are_ranked_above_it():
    truth = [[(10.0, 10.4)]]
    spotted = [[(1.0, 1.4), (10.0, 10.4), (20.0, 20.4)]]
    ranking = rank(truth, spotted, [[0.9, 0.8, 0.7]], [MINUTE_S])
    assert ranking.found_at.tolist() == [1.0]
    assert [ranking.recall(per_min) for per_min in (0.5, 1.0, 2.0)] == [0.0, 1.0, 1.0]
    assert ranking.found_by.tolist() == [1]


def test_detections_of_one_score_count_together_whatever_their_order():
    truth = [[(10.0, 10.4)]]
    for spotted in ([(1.0, 1.4), (10.0, 10.4)], [(10.0, 10.4), (1.0, 1.4)]):
        assert rank(truth, [spotted], [[0.5, 0.5]], [MINUTE_S]).found_at.tolist() == [1.0]


def test_a_movement_is_found_once_and_its_second_detection_is_a_false_alarm():
    ranking = rank([[(10.0, 10.4)]], [[(10.0, 10.4), (10.02, 10.42)]], [[0.9, 0.8]], [MINUTE_S])
    assert ranking.found_at.tolist() == [0.0]
    assert ranking.alarms_at.tolist() == [0.8]


def test_a_movement_without_a_detection_is_never_found():
    ranking = rank([[(10.0, 10.4)], []], [[(10.3, 10.9)], []], [[0.9], []], [MINUTE_S, MINUTE_S])
    assert np.isinf(ranking.found_at).all()
    assert ranking.minutes == 2


def test_the_score_for_a_rate_lets_no_more_false_alarms_pass():
    ranking = rank([[]], [[(k, k + 0.4) for k in range(5)]], [[0.9, 0.8, 0.7, 0.6, 0.5]], [MINUTE_S])
    for per_min in (1.0, 2.0, 10.0):
        assert (ranking.alarms_at >= ranking.score_at(per_min)).sum() == min(per_min, 5)


def test_the_score_for_a_rate_that_is_reported_can_be_used_as_the_threshold():
    scores = [0.90004, 0.80006, 0.70004]
    candidates = [replace(an_event(onset_s=10.0 * k), score=score) for k, score in enumerate(scores)]
    reported = curves_record(measure_curves([Video("a.mp4", MINUTE_S, [], candidates, {})]))["score_at_rate"]
    assert [sum(score >= reported[rate] for score in scores) for rate in ("1", "2")] == [1, 2]
    assert reported["5"] is None


def test_as_many_scores_as_detections_are_asked_for():
    with pytest.raises(ValueError, match="one score"):
        rank([[]], [[(0, 1)]], [[]], [1.0])


@given(
    st.lists(st.tuples(st.floats(0, 55), st.floats(0.1, 1)), max_size=8),
    st.lists(st.tuples(st.floats(0, 55), st.floats(0.1, 1), st.floats(0, 1)), max_size=20),
)
def test_recall_never_falls_as_more_false_alarms_are_allowed(truth, spotted):
    ranking = rank(
        [[(at, at + length) for at, length in truth]],
        [[(at, at + length) for at, length, _ in spotted]],
        [[score for *_, score in spotted]],
        [MINUTE_S],
    )
    hits = [ranking.hits(per_min) for per_min in RATES_PER_MIN]
    assert hits == sorted(hits)
    assert len(ranking.alarms_at) + (ranking.found_by >= 0).sum() == len(spotted)
