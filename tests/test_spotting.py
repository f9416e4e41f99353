"""The spotter finds brief movements in a trace, with their bounds, and can say what the others look like."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from realtime.motion.regions import REGION_NAMES
from realtime.recognition.classifier import classify
from realtime.recognition.recognizer import Recognized
from realtime.spotting.columns import BLENDSHAPE_COLUMNS, BLENDSHAPE_SUMS, HEAD_COLUMNS, MOTION_COLUMNS, WIDTH
from realtime.spotting.parameters import MAX_MICRO_S
from realtime.spotting.spotter import Spotter
from realtime.types import Candidate

NOISE_PCT = 0.03
LENGTH_S = 8.0


def trace(times_s: NDArray[np.float64], *, seed: int = 0) -> NDArray[np.float32]:
    """(n, WIDTH) rows of a face at rest: noise of the usual size."""
    rows = np.zeros((len(times_s), WIDTH), np.float32)
    rows[:, MOTION_COLUMNS] = np.random.default_rng(seed).normal(0, NOISE_PCT, (len(times_s), 2 * len(REGION_NAMES)))
    return rows


def move(rows, times_s, region: str, course_pct: NDArray[np.float64]) -> None:
    """Add a vertical movement of a region."""
    rows[:, 2 * REGION_NAMES.index(region) + 1] += course_pct.astype(np.float32)


def bump(times_s: NDArray[np.float64], onset_s: float, apex_s: float, offset_s: float) -> NDArray[np.float64]:
    """A smooth rise and fall of height 1."""
    rise = np.clip((times_s - onset_s) / (apex_s - onset_s), 0, 1)
    fall = np.clip((offset_s - times_s) / (offset_s - apex_s), 0, 1)
    ease = np.minimum(rise, fall)
    return ease**2 * (3 - 2 * ease)


def spot(times_s, rows) -> list[Candidate]:
    spotter = Spotter(face=0)
    found = [
        event
        for frame, (t, row) in enumerate(zip(times_s, rows, strict=True))
        for event in spotter(float(t), frame, row)
    ]
    return found + spotter.flush()


def regular(rate_hz: float) -> NDArray[np.float64]:
    return np.arange(0, LENGTH_S, 1 / rate_hz)


def brief(found: list[Candidate]) -> list[Candidate]:
    return [event for event in found if event.offset_s - event.onset_s <= MAX_MICRO_S]


@pytest.mark.parametrize("rate_hz", [24, 30, 60, 120, 200])
@pytest.mark.parametrize("amplitude_pct", [0.8, 1.5, 3.5])
def test_a_brief_movement_is_found_once_at_every_frame_rate(rate_hz: float, amplitude_pct: float):
    times_s = regular(rate_hz)
    rows = trace(times_s)
    move(rows, times_s, "inner brow left", -amplitude_pct * bump(times_s, 4.0, 4.15, 4.4))
    [event] = brief(spot(times_s, rows))
    assert event.onset_s == pytest.approx(4.0, abs=0.06)
    assert event.apex_s == pytest.approx(4.15, abs=0.04)
    assert event.offset_s == pytest.approx(4.4, abs=0.08)
    assert list(event.regions) == ["inner brow left"]
    assert abs(event.apex_frame - 4.15 * rate_hz) <= 0.05 * rate_hz


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.floats(-500, 500))
def test_a_variable_rate_and_another_start_of_time_shift_the_event_and_no_more(seed: int, start_s: float):
    rng = np.random.default_rng(seed)
    times_s = np.cumsum(rng.choice([1 / 30, 1 / 30, 1 / 25, 2 / 30], 200)) + start_s
    course = bump(times_s - start_s, 4.0, 4.15, 4.4)
    rows = trace(times_s, seed=seed)
    move(rows, times_s, "mouth corner right", 1.5 * course)
    found = brief(spot(times_s, rows))
    assert len(found) <= 2  # noise may look like a movement now and then
    assert min(abs(event.apex_s - start_s - 4.15) for event in found) < 0.08


def test_a_face_at_rest_gives_no_candidates():
    times_s = np.arange(0, 60, 1 / 30)
    assert spot(times_s, trace(times_s)) == []


@pytest.mark.parametrize(
    ("words", "spoil"), [("a blink", lambda t, r: _blink(t, r)), ("head", lambda t, r: _head(t, r))]
)
def test_a_candidate_names_what_else_it_looks_like(words, spoil):
    times_s = regular(30)
    rows = trace(times_s)
    spoil(times_s, rows)
    [candidate] = brief(spot(times_s, rows))
    assert words in classify(candidate, Recognized(), score_threshold=1.1).reason


def test_a_macro_expression_is_marked_as_such_and_not_dropped():
    times_s = regular(30)
    rows = trace(times_s)
    move(rows, times_s, "mouth corner left", 6 * bump(times_s, 3.5, 4.1, 5.0))
    [long] = [candidate for candidate in spot(times_s, rows) if candidate not in brief([candidate])]
    assert long.onset_s < 4.1 < long.offset_s
    assert "macro-expression" in classify(long, Recognized(), score_threshold=0.0).reason


def _blink(times_s, rows):
    closing = bump(times_s, 4.0, 4.07, 4.27)
    move(rows, times_s, "upper lid left", 8 * closing)
    move(rows, times_s, "upper lid right", 8 * closing)
    rows[:, BLENDSHAPE_COLUMNS.start + list(BLENDSHAPE_SUMS).index("blink")] += 0.3 * closing


def _head(times_s, rows):
    move(rows, times_s, "chin", 3 * bump(times_s, 4.0, 4.15, 4.4))
    rows[:, HEAD_COLUMNS.start] += 0.4 * bump(times_s, 3.8, 4.2, 4.6)


def test_a_movement_without_return_is_no_candidate():
    times_s = regular(30)
    rows = trace(times_s)
    move(rows, times_s, "chin", 2 * np.clip((times_s - 4) / 0.2, 0, 1))
    assert brief(spot(times_s, rows)) == []


def test_the_spotter_is_causal_and_deterministic():
    times_s = regular(30)
    rows = trace(times_s)
    move(rows, times_s, "nose wing left", 2 * bump(times_s, 4.0, 4.15, 4.4))
    whole = brief(spot(times_s, rows))
    [event] = whole
    confirmed_s = event.apex_s + event.algorithmic_ms / 1000
    seen = times_s <= confirmed_s + 1e-9
    assert brief(spot(times_s[seen], rows[seen])) == [replace(event)] == whole


def test_flush_decides_a_movement_at_the_very_end():
    times_s = np.arange(0, 4.6, 1 / 30)
    rows = trace(times_s)
    move(rows, times_s, "nose root", 2 * bump(times_s, 4.0, 4.15, 4.4))
    assert len(brief(spot(times_s, rows))) == 1
