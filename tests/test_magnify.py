"""Movements magnified, and what differs between two pictures of a face."""

import cv2
import numpy as np
import pytest

from medn.synthetic.puppet import HeadMotion
from realtime.viewing.event_clips import square_around
from realtime.viewing.magnify import difference, magnify


@pytest.fixture(scope="module")
def brows_raised(act, shapes, portrait):
    """A face cut out at rest, and with brows raised by 1.5 % of the eye distance while the head has moved by 2 px;
    its landmarks, and how far each moved, both in px of the cut.
    """
    unit = shapes.action_units(["AU1", "AU2"])
    unit = unit * 0.015 / np.linalg.norm(unit[:, :2], axis=1).max()
    frames = act([0.0, 1.0], lambda t: t * unit, lambda t: HeadMotion(x=0.02 * t), noise=0.5)
    eyes = portrait.points[[33, 133, 362, 263], :2].mean(axis=0)
    points = portrait.points.copy()
    points[:, :2] = (points[:, :2] - eyes) * 90 / portrait.iod_px + [240, 360 * 0.42]
    square = square_around(points)
    points[:, :2] -= (square.left, square.top)
    return [square.cut(frame.image) for frame in frames], points[:, :2].round().astype(int), unit[:, :2] * 90


def flow_at(places, before, after):
    greys = [cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) for picture in (before, after)]
    return cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(*greys, None)[places[:, 1], places[:, 0]]


def test_a_magnified_movement_is_several_times_larger_and_the_head_holds_still(brows_raised):
    (rest, moved), places, shift_px = brows_raised
    magnified = magnify([rest, moved], 0, 6.0)
    assert cv2.absdiff(magnified[0], rest).max() <= 1
    seen_px = flow_at(places, rest, magnified[1])
    brows, chin = [105, 334, 66, 296], [199, 200, 175]
    assert 3 < seen_px[brows, 1].mean() / shift_px[brows, 1].mean() < 7  # smoothing takes some of the factor 6
    assert np.linalg.norm(seen_px[chin], axis=1).max() < 1.0


def test_a_factor_that_would_shrink_is_refused(brows_raised):
    with pytest.raises(ValueError, match="at least 1"):
        magnify(brows_raised[0], 0, 0.5)


def test_the_difference_shows_where_a_face_moved_and_no_change_of_light(brows_raised):
    (rest, moved), places, _ = brows_raised
    brighter = np.clip(rest.astype(int) + 12, 0, 255).astype(np.uint8)
    assert difference(rest, brighter).mean() < 3
    change = difference(rest, moved)
    brow, nose = places[105, 1] - 12, places[4, 1]
    assert change[brow - 20 : brow + 20].mean() > 3 * change[nose : nose + 40].mean()
