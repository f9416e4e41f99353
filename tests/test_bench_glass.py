"""Glass to glass: what a flash is, worked out from the pictures of a made-up camera whose delay is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.glass import MIN_CONTRAST, SIZES, delays_ms, measure
from benchmarks.harness import Effort, ImpossibleError
from tests.recordings import grey, write_video

FLASHES_S = np.arange(1, 9) + np.array([0.0, 0.11, 0.04, 0.23, 0.17, 0.08, 0.3, 0.02])


def camera(rate_hz, delay_s, exposure_s, noise=0.5, dark=20.0, bright=120.0):
    """Times and brightness of frames of a camera that sees each change of the screen after `delay_s`."""
    times_s = np.arange(0, 10, 1 / rate_hz)
    fine_s = np.arange(0, 10, 0.0005)
    lit = np.searchsorted(FLASHES_S + delay_s, fine_s) % 2
    light = np.concatenate([[0], np.cumsum(dark + (bright - dark) * lit)])
    end = np.clip((times_s / 0.0005).astype(int), 0, len(fine_s))
    begin = np.clip(((times_s - exposure_s) / 0.0005).astype(int), 0, len(fine_s) - 1)
    level = (light[end] - light[begin]) / np.maximum(end - begin, 1)
    return times_s, level + np.random.default_rng(0).normal(0, noise, len(level))


@given(st.sampled_from([30, 60, 120]), st.floats(0.0, 0.15), st.floats(0.001, 0.008))
def test_the_delay_of_a_camera_is_found_to_within_one_frame_and_its_exposure(rate_hz, delay_s, exposure_s):
    times_s, brightness = camera(rate_hz, delay_s, exposure_s)
    found = delays_ms(FLASHES_S, times_s, brightness, times_s)
    assert np.isfinite(found).all()
    assert (found >= 1000 * delay_s - 1).all()
    assert (found <= 1000 * (delay_s + 1 / rate_hz + exposure_s) + 1).all()


def test_what_comes_after_the_capture_is_counted_too():
    times_s, brightness = camera(30, 0.05, 0.005)
    captured = delays_ms(FLASHES_S, times_s, brightness, times_s)
    analysed = delays_ms(FLASHES_S, times_s, brightness, times_s + 0.012)
    assert np.allclose(analysed - captured, 12)


def test_a_camera_that_does_not_see_the_screen_gives_no_delay():
    times_s, brightness = camera(30, 0.05, 0.005, bright=20.0 + MIN_CONTRAST / 4)
    assert np.isnan(delays_ms(FLASHES_S, times_s, brightness, times_s)).all()


def test_a_change_that_comes_too_late_is_not_attributed_to_the_flash():
    times_s, brightness = camera(30, 0.7, 0.005)
    assert np.isnan(delays_ms(FLASHES_S, times_s, brightness, times_s)).all()


def test_a_flash_without_frames_around_it_has_no_delay():
    times_s, brightness = camera(30, 0.05, 0.005)
    found = delays_ms([*FLASHES_S, 30.0], times_s, brightness, times_s)
    assert np.isnan(found[-1])
    assert np.isfinite(found[:-1]).all()


def test_a_recording_cannot_be_measured_glass_to_glass(tmp_path):
    video = write_video(tmp_path / "a.mp4", [grey(90)] * 3, [0, 40, 80])
    with pytest.raises(ImpossibleError, match="needs a camera"):
        measure(SIZES[Effort.QUICK], lambda _: None, str(video))
