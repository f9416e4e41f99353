"""Candidates of both first stages: the same movement is one candidate, and nothing is lost."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from realtime.ring import Window
from realtime.spotting.columns import WIDTH
from realtime.spotting.detector import Detector
from realtime.spotting.join import WAIT_S, Join, movements_of
from realtime.spotting.patterns import UNITS, shipped_patterns
from realtime.spotting.peak_bounds import shipped_peak_bounds
from realtime.types import Candidate

RATE_HZ = 30.0
TIMES_S = np.arange(0, 12, 1 / RATE_HZ)
APEX_S = 8.0
TRACE = Window(TIMES_S, np.arange(len(TIMES_S)), np.zeros((len(TIMES_S), WIDTH), np.float32))


@pytest.fixture(scope="module")
def peak():
    """The peak of raised brows of 3 % iod in noise."""
    patterns = shipped_patterns()
    brows = next(number for number, unit in enumerate(UNITS) if unit.aus == ("AU1", "AU2"))
    patches = np.random.default_rng(0).normal(0, 0.1, (len(TIMES_S), 450)).astype(np.float32)
    course = np.where(np.abs(TIMES_S - APEX_S) < 0.18, 0.5 * (1 + np.cos(2 * np.pi * (TIMES_S - APEX_S) / 0.36)), 0)
    patches[:, patterns.channels] += (3 * course[:, None] * patterns.patterns[brows]).astype(np.float32)
    detector = Detector(patterns)
    peaks = [p for t, row in zip(TIMES_S, patches, strict=True) for p in detector(float(t), row.reshape(225, 2))]
    return max(peaks, key=lambda p: p.moment.statistic[p.part].max())


def bump(apex_s, half_s=0.2):
    onset_s, offset_s = apex_s - half_s, apex_s + half_s
    frames = [round(t * RATE_HZ) for t in (onset_s, apex_s, offset_s)]
    return Candidate(0, onset_s, apex_s, offset_s, *frames, regions={}, features={"amplitude": 1.0}, peak={},
                     algorithmic_ms=0.0)  # fmt: skip


def test_a_movement_that_both_found_is_one_candidate_with_the_peak_s_bounds(peak):
    join, found = Join(0, shipped_patterns()), bump(peak.moment.time_s + 0.05)
    assert join(APEX_S + 0.8, [found], [], TRACE) == []
    assert join(APEX_S + 0.9, [], [peak], TRACE) == []
    [one] = join(APEX_S + WAIT_S + 0.2, [], [], TRACE)
    assert (one.onset_s, one.apex_s, one.offset_s) == shipped_peak_bounds()(peak)
    assert (one.onset_frame, one.offset_frame) == (round(one.onset_s * RATE_HZ), round(one.offset_s * RATE_HZ))
    assert one.features == found.features
    assert one.peak["statistic"] == pytest.approx(float(peak.moment.statistic[peak.part].max()))


@pytest.mark.parametrize("bump_first", [True, False])
def test_movements_apart_stay_two_candidates_whichever_comes_first(peak, bump_first):
    join, found = Join(0, shipped_patterns()), bump(APEX_S + 0.7)
    for bumps, peaks in (([found], []), ([], [peak])) if bump_first else (([], [peak]), ([found], [])):
        assert join(APEX_S + 0.9, bumps, peaks, TRACE) == []
    both = join(APEX_S + 0.7 + WAIT_S + 0.1, [], [], TRACE)
    assert sorted(bool(candidate.peak) for candidate in both) == [False, True]


def test_a_bump_is_of_the_strongest_of_the_peaks_that_it_may_be_of_in_whatever_order_they_came():
    found, other = bump(APEX_S, 0.2), bump(APEX_S + 0.15, 0.2)
    peaks = [
        replace(bump(APEX_S + later_s), features={}, peak={"statistic": statistic})
        for later_s, statistic in ((-0.1, 2.2), (0.05, 4.0), (0.2, 2.0))
    ]
    for order in permutations(peaks):
        peak_of = {one.bump.apex_s: one.peak for one in movements_of([found, other], order) if one.bump}
        assert peak_of == {found.apex_s: peaks[1], other.apex_s: peaks[2]}


def test_a_flush_gives_what_waits_once_and_a_reset_nothing(peak):
    join = Join(0, shipped_patterns())
    join(APEX_S + 0.9, [], [peak], TRACE)
    [left] = join.flush(APEX_S + 1.0, [], [], TRACE)
    assert left.apex_s == shipped_peak_bounds()(peak).apex_s
    assert left.algorithmic_ms == pytest.approx(1000 * (APEX_S + 1.0 - left.apex_s))
    assert join.flush(APEX_S + 3, [], [], TRACE) == []
    join(APEX_S + 0.9, [], [peak], TRACE)
    join.reset()
    assert join.flush(APEX_S + 1.0, [], [], TRACE) == []


def test_a_macro_expression_does_not_wait():
    long = bump(APEX_S, half_s=0.5)
    assert [candidate.apex_s for candidate in Join(0, shipped_patterns())(APEX_S, [long], [], TRACE)] == [APEX_S]
