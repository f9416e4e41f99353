"""The steadied warp does not turn landmark jitter into motion, and follows a head that moves."""

import numpy as np
import pytest

from medn.contract import EYE_CENTRE_PX
from medn.face.aligned import alignment
from realtime.faces.steady import SteadyWarp


def moved(points, x=0.0, y=0.0):
    return points + np.array([x, y, 0], np.float32)


def crop_centre(warp, points):
    """Where the eye centre of these landmarks comes to lie in the crop."""
    centre = points[[33, 133, 362, 263], :2].mean(axis=0)
    return warp[:, :2] @ centre + warp[:, 2]


def test_jitter_of_the_landmarks_is_taken_out_of_the_warp(portrait):
    rng = np.random.default_rng(0)
    steady, raw, held = SteadyWarp(), [], []
    for i in range(120):
        points = portrait.points + rng.normal(0, 0.01 * portrait.iod_px, portrait.points.shape).astype(np.float32)
        held.append(steady(points, i / 30)[:, 2])
        raw.append(alignment(points)[:, 2])
    assert np.std(held[30:], axis=0).max() < 0.5 * np.std(raw[30:], axis=0).min()


def test_a_head_that_moves_across_the_picture_stays_in_the_crop(portrait):
    steady = SteadyWarp()
    for i in range(60):
        points = moved(portrait.points, x=4.0 * i)
        warp = steady(points, i / 30)
    assert crop_centre(warp, points) == pytest.approx(EYE_CENTRE_PX, abs=6)


def test_between_landmarks_the_warp_follows_the_fitted_motion_of_the_head(portrait):
    steady = SteadyWarp()
    for i in range(30):
        steady(portrait.points, i / 30)
    shift_iod = np.array([0.05, -0.02, 0, 0, 0, 0])
    points = moved(portrait.points, *(shift_iod[:2] * portrait.iod_px))
    assert crop_centre(steady.follow(shift_iod), points) == pytest.approx(EYE_CENTRE_PX, abs=0.6)


def test_there_is_nothing_to_follow_before_the_first_landmarks():
    with pytest.raises(ValueError, match="before the first landmarks"):
        SteadyWarp().follow(np.zeros(6))
