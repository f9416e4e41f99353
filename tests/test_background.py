"""The background of a face: what slides and is renewed in pieces equals a plain computation over all of it."""

import numpy as np
import pytest

from realtime.spotting.background import (
    AHEAD,
    BANK,
    FLOOR_PCT,
    LOADING,
    LOCAL_S,
    LONG_SHARE,
    OWN_SHARE,
    REACH,
    REFERENCE,
    RENEW_STEPS,
    Background,
)
from realtime.spotting.responses import DURATIONS_S, GRID_HZ, bump_filter

CHANNELS = 12
STEPS = 400


@pytest.fixture(scope="module")
def values() -> np.ndarray:
    """Two people's worth of wandering: (steps, channels) in % iod, the second half far livelier."""
    rng = np.random.default_rng(0)
    mixed = rng.normal(0, 1, (STEPS, 3)) @ rng.normal(0, 1, (3, CHANNELS)) + 0.5 * rng.normal(0, 1, (STEPS, CHANNELS))
    return (np.cumsum(0.2 * mixed, axis=0) * np.where(np.arange(STEPS) < 200, 1, 5)[:, None]).astype(np.float32)


def windows(values: np.ndarray):
    padded = np.concatenate([np.repeat(values[:1], 2 * REACH, axis=0), values])
    return [padded[step : step + 2 * REACH + 1] for step in range(len(values))]


def fed(values: np.ndarray, background: Background | None = None) -> Background:
    background = background or Background(np.eye(CHANNELS, dtype=np.float32))
    for recent in windows(values):
        background.take(recent)
    return background


@pytest.mark.parametrize("steps", [60, 131, 132, 250, STEPS])
def test_sliding_scales_equal_those_of_the_whole_window(values, steps):
    background = fed(values[:steps])
    responses = np.stack([BANK @ recent for recent in windows(values[:steps])])  # (steps, lengths, channels)
    at = steps - 1 - AHEAD
    assert np.allclose(background.responses, responses[at], atol=1e-4)
    first = max(at - round(LOCAL_S * GRID_HZ), 0)
    for length, duration_s in enumerate(DURATIONS_S):
        near = np.abs(np.arange(steps) - at) <= round(0.8 * duration_s * GRID_HZ)
        rest = responses[first:, length][~near[first:]].astype(np.float64)
        local = np.sqrt((rest**2).mean(axis=0))
        expected = np.sqrt(FLOOR_PCT**2 + np.maximum(local, LONG_SHARE * background.long[length]) ** 2)
        # the scales over long may have been renewed after the scales were taken
        assert np.median(np.abs(background.scales[length] / expected - 1)) < 1e-4
        assert np.allclose(background.scales[length], expected, rtol=0.1)


def test_the_inverse_made_in_pieces_is_that_of_the_mixed_correlation(values):
    rng = np.random.default_rng(1)
    population = np.corrcoef(rng.normal(0, 1, (CHANNELS, 40))).astype(np.float32)
    steps = RENEW_STEPS * 20 + 9  # the last piece was just made
    background = fed(values[:steps], Background(population))
    own = background._own.astype(np.float64)
    own /= np.sqrt(np.outer(np.diag(own), np.diag(own)))
    mixed = (1 - OWN_SHARE) * population + OWN_SHARE * own
    # it was mixed four steps before the newest inverse was complete
    then = fed(values[: steps - 4], Background(population)).scales[REFERENCE]
    motion = np.sqrt(1 - (FLOOR_PCT / then) ** 2)
    mixed = np.where(np.eye(CHANNELS) > 0, mixed, mixed * np.outer(motion, motion)) + LOADING * np.eye(CHANNELS)
    assert background.inverse is not None
    assert np.allclose(background.inverse, np.linalg.inv(mixed), atol=1e-3)


def test_an_inverse_that_was_handed_out_is_never_changed(values):
    background = Background(np.eye(CHANNELS, dtype=np.float32))
    seen = []
    for recent in windows(values):
        background.take(recent)
        if background.inverse is not None and (not seen or background.inverse is not seen[-1][0]):
            seen.append((background.inverse, background.inverse.copy()))
    assert len(seen) > 20
    assert all(np.array_equal(inverse, copy) for inverse, copy in seen)


def test_a_reset_background_equals_a_new_one(values):
    used = fed(values[150:])
    used.reset()
    used, fresh = fed(values[:100], used), fed(values[:100])
    assert np.array_equal(used.scales, fresh.scales)
    assert np.array_equal(used.responses, fresh.responses)
    assert used.inverse is not None
    assert np.array_equal(used.inverse, fresh.inverse)


@pytest.mark.parametrize("duration_s", DURATIONS_S)
def test_a_bump_answers_with_its_size_and_drift_with_nothing(duration_s):
    weights = bump_filter(duration_s)
    t = (np.arange(len(weights)) - len(weights) // 2) / GRID_HZ
    bump = np.where(np.abs(t) < duration_s / 2, 0.5 * (1 + np.cos(2 * np.pi * t / duration_s)), 0)
    assert weights @ (1.7 * bump + 30 - 8 * t) == pytest.approx(1.7, abs=1e-3)
    assert weights @ (30 - 8 * t) == pytest.approx(0, abs=1e-3)
    assert DURATIONS_S[REFERENCE] == 0.36
