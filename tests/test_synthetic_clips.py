"""Short clips to train on: one movement each, half of them micro-expressions."""

from itertools import islice

import numpy as np
import pytest

from medn.contract import EYE_DISTANCE_PX, SIZE_PX
from medn.face.aligned import align, alignment, eye_distance_px
from medn.synthetic.clips import OTHERS, SHARES, ClipMaker, bounds, clips, draw_movement
from medn.synthetic.movements import micro
from medn.synthetic.portrait import Portrait, astronaut
from medn.synthetic.registration import load_shapes

IOD_PX = 48.0


@pytest.fixture(scope="module")
def portrait() -> Portrait:
    return astronaut()


def some(portrait, seed, count=6):
    return list(islice(clips([portrait], [load_shapes()], seed, iod_px=IOD_PX), count))


def test_clips_are_the_same_from_the_same_seed_and_others_from_another(portrait):
    first, again, other = some(portrait, 1), some(portrait, 1), some(portrait, 2)
    for one, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.frames, same.frames)
        assert one.movement == same.movement
    assert [clip.movement for clip in first] != [clip.movement for clip in other]


def test_a_clip_spans_its_bounds_with_frames_in_order_of_time(portrait):
    for clip in some(portrait, 3, 10):
        assert clip.identity == "astronaut"
        assert clip.onset_s < clip.apex_s < clip.offset_s
        assert (np.diff(clip.times_s) > 0).all()
        assert clip.times_s[0] < clip.onset_s
        assert clip.offset_s < clip.times_s[-1]
        assert len(clip.frames) == len(clip.times_s) == len(clip.points)
        assert clip.frames.dtype == np.uint8


def test_the_landmarks_of_a_clip_align_its_faces(portrait):
    clip = some(portrait, 4, 1)[0]
    for frame, points in zip(clip.frames, clip.points, strict=True):
        assert abs(eye_distance_px(points) - IOD_PX) < 0.06 * IOD_PX
        face = align(frame, alignment(points))
        assert face.shape == (SIZE_PX, SIZE_PX)
        corners = points[[33, 133, 362, 263]] @ alignment(points)[:, :2].T + alignment(points)[:, 2]
        assert np.ptp(corners[[0, 3], 0]) > EYE_DISTANCE_PX
        # nothing but the picture itself reaches into the aligned face
        back = np.linalg.inv(np.vstack([alignment(points), [0, 0, 1]]))
        sides = (back @ np.array([[0, 0, 1], [SIZE_PX, 0, 1], [0, SIZE_PX, 1], [SIZE_PX, SIZE_PX, 1]]).T)[:2].T
        assert (sides > -1).all()
        assert (sides < np.array(frame.shape[::-1]) + 1).all()


def test_half_of_the_drawn_movements_are_micro_expressions_and_every_other_kind_occurs():
    rng = np.random.default_rng(0)
    kinds = [draw_movement(rng).kind for _ in range(600)]
    assert 0.44 < kinds.count("micro") / 600 < 0.56
    assert set(kinds) == {"micro", *OTHERS}
    assert sum(SHARES.values()) == pytest.approx(1)
    assert set(SHARES) == set(OTHERS)


def test_the_bounds_of_a_movement_lie_in_it_and_last_as_long_as_a_spotter_s():
    rng = np.random.default_rng(0)
    for _ in range(200):
        movement = draw_movement(rng)
        onset_s, apex_s, offset_s = bounds(movement, rng)
        assert movement.onset_s <= onset_s < apex_s < offset_s
        assert offset_s - onset_s < 1.7


def test_a_micro_expression_moves_the_skin_of_its_clip_by_its_amplitude(portrait):
    movement = micro(0.6, np.random.default_rng(5), (0.03, 0.03))
    clip = ClipMaker(portrait, load_shapes(), IOD_PX)(movement, np.random.default_rng(1), fps=100.0)
    assert clip.is_micro
    before, at = (int(np.abs(clip.times_s - time).argmin()) for time in (clip.onset_s, clip.apex_s))
    moved = (clip.points[at] - clip.points[before])[:468]
    reach = np.linalg.norm(moved - np.median(moved, axis=0), axis=1).max() / IOD_PX
    assert reach == pytest.approx(0.03, abs=0.012)


def test_clips_need_faces_and_shapes(portrait):
    with pytest.raises(ValueError, match="at least one portrait"):
        next(clips([], [load_shapes()], 0))
    with pytest.raises(ValueError, match="at least one portrait"):
        next(clips([portrait], [], 0))
