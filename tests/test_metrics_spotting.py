"""Counting hits, false alarms and misses as the MEGC spotting rules do."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medn.evaluation.spotting_metrics import iou, match, recall_by_amplitude, spotting_scores

interval = st.tuples(st.integers(0, 30), st.integers(1, 8)).map(lambda i: (i[0], i[0] + i[1]))
intervals = st.lists(interval, max_size=5)


def test_half_overlap_is_a_hit_and_less_is_not():
    assert match([(0.0, 1.0)], [(0.0, 2.0)]) == [(0, 0)]
    assert match([(0.0, 1.0)], [(0.0, 2.01)]) == []


@given(intervals, intervals)
def test_no_way_of_pairing_gives_more_hits(truth, spotted):
    pairs = match(truth, spotted)
    overlap = iou(truth, spotted)
    assert len({t for t, _ in pairs}) == len({s for _, s in pairs}) == len(pairs)
    assert all(overlap[pair] >= 0.5 for pair in pairs)
    # the slots beyond the spotted ones stand for "not matched"
    slots = len(spotted) + len(truth)
    most = max(
        (
            sum(s < len(spotted) and overlap[t, s] >= 0.5 for t, s in enumerate(chosen))
            for chosen in itertools.permutations(range(min(slots, 6)), len(truth))
        ),
        default=0,
    )
    assert len(pairs) >= most


@given(intervals, intervals)
def test_iou_is_symmetric_and_one_only_for_the_same_interval(a, b):
    overlap = iou(a, b)
    assert overlap == pytest.approx(iou(b, a).T)
    for (i, x), (j, y) in itertools.product(enumerate(a), enumerate(b)):
        assert (overlap[i, j] == 1) == (x == y)


@given(st.lists(st.tuples(intervals, intervals), max_size=4))
def test_every_interval_is_counted_once_over_all_videos(videos):
    truth, spotted = [t for t, _ in videos], [s for _, s in videos]
    scores = spotting_scores(truth, spotted, [60.0] * len(videos))
    assert scores.tp + scores.fn == sum(map(len, truth))
    assert scores.tp + scores.fp == sum(map(len, spotted))
    if videos:
        assert scores.false_alarms_per_min == pytest.approx(scores.fp / len(videos))


def test_precision_recall_and_f1_come_from_pooled_counts():
    truth = [[(0, 1), (5, 6)], [(2, 3)]]
    spotted = [[(0, 1), (8, 9)], []]
    scores = spotting_scores(truth, spotted, [30, 90])
    assert (scores.tp, scores.fp, scores.fn) == (1, 1, 2)
    assert scores.precision == 0.5
    assert scores.recall == pytest.approx(1 / 3)
    assert scores.f1 == pytest.approx(0.4)
    assert scores.false_alarms_per_min == 0.5


def test_nothing_to_find_and_nothing_found_has_no_score():
    assert math.isnan(spotting_scores([[]], [[]], [10]).f1)


def test_an_offset_before_its_onset_is_refused():
    with pytest.raises(ValueError, match="no offset before its onset"):
        match([(1.0, 0.5)], [(0.0, 1.0)])


def test_recall_is_given_by_amplitude():
    bins = recall_by_amplitude([0.9, 1.0, 2.0, 9.0], [True, False, True, True], [0.8, 1.2, 2.4])
    assert [(b.hits, b.movements) for b in bins] == [(1, 2), (1, 1)]
    assert np.isclose(bins[0].high, bins[1].low)
