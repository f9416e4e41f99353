"""The limit of detection: what it promises is what is found, and what cannot be seen is called not judged."""

import math

import numpy as np
import pytest

from realtime.drivers.summary import Tally
from realtime.report import limit_line, summary_record
from realtime.spotting.background import REFERENCE
from realtime.spotting.limit import INTERVALS_S, MAX_LIMIT_PCT, fit_z50, limits_pct, sampled, shown
from realtime.spotting.patterns import UPPER as UPPER_PATTERNS
from realtime.spotting.patterns import shipped_patterns
from realtime.spotting.responses import DURATIONS_S, GRID_HZ, bump_filter
from realtime.types import Analysis, FaceReading, Frame
from realtime.viewing.limits import Limits, limit_summary, limits_at

UPPER = np.array([True, True, True, False, False])
Z50 = (6.0, 8.0)


def test_a_face_that_moves_twice_as_much_has_twice_the_limit():
    per_pct = np.array([4.0, 6.0, 8.0, 6.0, 10.0])
    assert limits_pct(per_pct, UPPER, Z50, 0, 0) == pytest.approx((1.0, 1.0))
    assert limits_pct(per_pct / 2, UPPER, Z50, 0, 0) == pytest.approx((2.0, 2.0))


@pytest.mark.parametrize(("yaw_deg", "pitch_deg"), [(60, 0), (-60, 0), (0, 50), (0, -50)])
def test_a_face_that_is_turned_away_is_not_judged(yaw_deg, pitch_deg):
    assert all(map(math.isnan, limits_pct(np.full(5, 9.0), UPPER, Z50, yaw_deg, pitch_deg)))


def test_a_talking_mouth_is_not_judged_while_the_brows_are():
    upper, lower = limits_pct(np.array([6.0, 6.0, 6.0, 1.0, 1.0]), UPPER, Z50, 0, 0)
    assert upper == pytest.approx(1.0)
    assert Z50[1] > MAX_LIMIT_PCT
    assert math.isnan(lower)


def test_where_only_the_mouth_is_in_the_dark_its_limit_alone_rises():
    energy = shipped_patterns().energy()
    upper = np.array(UPPER_PATTERNS)
    lit, half_dark = np.full((225, 2), 0.94), np.full((225, 2), 0.94)
    half_dark[120:] = 0.4  # the lower rows of patches
    whole, part = shown(energy, lit), shown(energy, half_dark)
    assert whole == pytest.approx(np.ones(len(energy)))
    assert np.median(part[upper]) > 0.85
    assert np.median(part[~upper]) < 0.6


@pytest.mark.parametrize("interval_s", INTERVALS_S)
def test_what_few_frames_a_second_leave_of_a_movement_is_what_its_samples_leave(interval_s):
    length_s, weights = DURATIONS_S[REFERENCE], bump_filter(DURATIONS_S[REFERENCE])

    def measured(interval_s):
        steps_s = np.arange(-1.5, 1.5, 1 / GRID_HZ)
        found = []
        for late_s in np.linspace(0, interval_s, 12, endpoint=False):
            times_s = np.arange(-3, 3, interval_s) + late_s
            size = np.where(np.abs(times_s) < length_s / 2, 0.5 * (1 + np.cos(2 * np.pi * times_s / length_s)), 0)
            for shift_s in np.linspace(0, 1 / GRID_HZ, 4, endpoint=False):
                drawn = np.interp(steps_s + shift_s, times_s, size)
                found.append(np.convolve(drawn, weights[::-1], "valid").max())
        return np.mean(found)

    assert sampled(interval_s) == pytest.approx(measured(interval_s) / measured(1 / 30), abs=0.01)


def test_a_face_of_which_noise_leaves_nothing_is_not_judged_and_ends_no_run():
    nothing = shown(shipped_patterns().energy(), np.zeros((225, 2)))
    assert all(map(math.isnan, limits_pct(nothing * 9.0, np.array(UPPER_PATTERNS), Z50, 0, 0)))


@pytest.mark.parametrize("true_z50", [3.0, 6.5, 12.0])
def test_half_of_the_movements_are_found_at_the_fitted_limit(true_z50):
    rng = np.random.default_rng(0)
    z = np.exp(rng.uniform(np.log(1), np.log(30), 4000))
    found = rng.random(len(z)) < 1 / (1 + (true_z50 / z) ** 3)
    assert fit_z50(z, found) == pytest.approx(true_z50, rel=0.08)


def test_a_limit_cannot_be_fitted_where_nothing_or_everything_was_found():
    for found in (np.zeros(9, bool), np.ones(9, bool)):
        with pytest.raises(ValueError, match="all or none"):
            fit_z50(np.arange(1.0, 10.0), found)


def test_the_summary_says_how_much_of_the_time_each_part_of_the_face_was_judged_and_from_what_size_on():
    tally = Tally()
    for index in range(100):
        limit = (1.4 if index % 4 else math.nan, 2.9 if index % 10 == 0 else math.nan)
        face = FaceReading(0, np.zeros((478, 3)), np.zeros(6), np.zeros(6), (0.0, 0.0, 0.0), 90.0, True, limit)
        faces = () if index >= 80 else (face,)
        tally.processed(Frame(index, index / 30, np.zeros((2, 2, 3), np.uint8)), Analysis(index, index / 30, faces), 1)
    summary = tally.summary("camera")
    limit = summary_record(summary)["limit"]
    assert limit["upper"]["judged_share"] == 0.6
    assert limit["lower"]["judged_share"] == 0.08
    assert limit["upper"]["median_pct"] == pytest.approx(1.4, rel=0.011)
    assert limit_line(summary.limit) == (
        "Upper face judged 60 % of the time, half of all movements found from 1.4 % of the eye distance; "
        "lower face 8 %, from 2.9 %."
    )


def test_a_run_without_a_face_judged_nothing():
    summary = Tally().summary("camera")
    assert summary.limit == {part: {"judged_share": 0.0, "median_pct": None} for part in ("upper", "lower")}
    assert limit_line(summary.limit) == "Upper face judged 0 % of the time; lower face 0 %."


def test_limits_are_shown_as_stretches_that_do_not_flicker_and_leave_out_times_without_the_face():
    times_s = np.concatenate([np.arange(0, 2, 0.1), np.arange(5, 6, 0.1)])
    upper = np.where(np.arange(30) % 5 == 0, np.nan, 1.2)  # single frames that are not judged do not show
    lower = np.where(times_s < 1, np.nan, 2.0)
    stretches = Limits(times_s, np.stack([upper, lower], axis=1)).stretches()
    assert [(s.start_s, s.end_s, s.limit_pct) for s in stretches] == [
        (0.0, 1.0, (1.2, None)),
        (1.0, 2.0, (1.2, 2.0)),
        (5.0, 6.0, (1.2, 2.0)),
    ]
    assert [limits_at(stretches, at_s) for at_s in (0.5, 1.5, 3.0, 9.0)] == [
        (1.2, None),
        (1.2, 2.0),
        *[(None, None)] * 2,
    ]


def test_what_a_session_judged_is_counted_over_all_faces_and_the_frames_without_any():
    one = Limits(np.arange(4.0), np.array([[1.0, np.nan]] * 4))
    other = Limits(np.arange(2.0), np.array([[3.0, 2.0]] * 2))
    assert limit_summary([one, other], 8) == {
        "upper": {"judged_share": 0.75, "median_pct": 1.0},
        "lower": {"judged_share": 0.25, "median_pct": 2.0},
    }
    assert limit_summary([], 0)["upper"] == {"judged_share": 0.0, "median_pct": None}
