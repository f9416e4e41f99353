"""The flow map is what users of the network and of published maps rely on: framing, units, indifference to scale."""

from dataclasses import fields

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from medn.face.flow import (
    EYES_AT,
    cell_centres_px,
    flow_map,
    flow_maps,
    framed,
    halved_flow,
    normalised,
    published_maps,
    with_strain,
    without_rigid_motion,
)
from medn.face.window import faces_at, window
from medn.training.augment import Augmentation, augmented_flow_maps

NO_AUGMENTATION = Augmentation(**dict.fromkeys((field.name for field in fields(Augmentation)), 0.0))


@pytest.fixture(scope="module")
def face():
    """A face-like texture, 128 × 128, that flow can hold on to everywhere."""
    rng = np.random.default_rng(0)
    texture = cv2.GaussianBlur(rng.uniform(0, 255, (128, 128)).astype(np.float32), (0, 0), 2)
    return cv2.normalize(texture, None, 40, 215, cv2.NORM_MINMAX).astype(np.uint8)


def moved(face, x_px, y_px, centre=None, reach_px=9.0):
    """`face` with content shifted by (x, y) px, all of it or a bump around a centre."""
    columns, rows = np.meshgrid(np.arange(128, dtype=np.float32), np.arange(128, dtype=np.float32))
    share = np.ones_like(rows)
    if centre:
        share = np.exp(-((columns - centre[0]) ** 2 + (rows - centre[1]) ** 2) / (2 * reach_px**2))
    at = (columns - x_px * share).astype(np.float32), (rows - y_px * share).astype(np.float32)
    return cv2.remap(face, *at, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def test_flow_is_in_percent_of_the_eye_distance_right_and_down(face):
    flow = halved_flow(face, moved(face, 0.96, 0.48))
    assert np.median(flow[0]) == pytest.approx(2.0, abs=0.15)  # 0.96 px of 48
    assert np.median(flow[1]) == pytest.approx(1.0, abs=0.15)


def test_the_eyes_lie_where_published_maps_have_them():
    x, y = cell_centres_px()
    left, right = np.interp([39.5, 87.5], x, np.arange(28) + 0.5) / 28
    assert right - left == pytest.approx(0.46, abs=1e-6)
    assert (left + right) / 2 == pytest.approx(0.5, abs=1e-6)
    assert np.interp(38, y, np.arange(28) + 0.5) / 28 == pytest.approx(EYES_AT)
    assert x.min() > 0
    assert max(x.max(), y.max()) < 128


def test_a_movement_appears_at_its_place_with_its_amplitude(face):
    flow = flow_map(face, moved(face, 0.0, -1.2, centre=(90, 92)))
    row, column = np.unravel_index(flow.map[1].argmin(), (28, 28))
    x, y = cell_centres_px()
    assert abs(x[column] - 90) < 7
    assert abs(y[row] - 92) < 7
    assert 1.0 < flow.amplitude_iod < 2.8  # the peak is 2.5 % iod


def test_a_head_that_shifts_rolls_and_grows_leaves_next_to_nothing(face):
    turn = cv2.getRotationMatrix2D((64, 64), 0.4, 1.004) + np.array([[0, 0, 0.8], [0, 0, -0.5]])
    there = cv2.warpAffine(face, turn, (128, 128), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    before = framed(halved_flow(face, there))
    after = without_rigid_motion(before)
    assert np.abs(after).mean() < 0.15 * np.abs(before).mean()


def test_what_moves_by_itself_survives_the_removal_of_rigid_motion(face):
    shifted = moved(moved(face, 0.0, -1.2, centre=(64, 100)), 0.6, 0.3)
    after = without_rigid_motion(framed(halved_flow(face, shifted)))
    assert after[1].min() < -1.2
    assert abs(np.median(after)) < 0.1


@settings(max_examples=30, deadline=None)
@given(
    scale=st.lists(st.floats(0.05, 40), min_size=3, max_size=3),
    offset=st.lists(st.floats(-50, 50), min_size=3, max_size=3),
    seed=st.integers(0, 99),
)
def test_the_scale_and_offset_of_a_channel_do_not_matter(scale, offset, seed):
    maps = np.random.default_rng(seed).normal(0, 1, (3, 28, 28)).astype(np.float32)
    changed = maps * np.array(scale, np.float32)[:, None, None] + np.array(offset, np.float32)[:, None, None]
    np.testing.assert_allclose(normalised(changed), normalised(maps), atol=5e-3)


def test_a_still_face_is_all_zeros():
    assert not normalised(with_strain(np.zeros((2, 28, 28), np.float32))).any()


def test_published_maps_come_out_as_the_live_ones_do(face):
    live = flow_map(face, moved(face, 0.0, -1.2, centre=(64, 100))).map
    low, high = live.min(axis=(1, 2), keepdims=True), live.max(axis=(1, 2), keepdims=True)
    stored = np.rint(255 * (live - low) / (high - low)).astype(np.uint8).transpose(1, 2, 0)
    np.testing.assert_allclose(published_maps(stored[None])[0], live, atol=0.06)


def test_a_window_spreads_its_faces_evenly_from_onset_to_apex_at_any_rate(face):
    for rate in (24, 30, 200):
        times = np.arange(0, 1, 1 / rate)
        levels = np.broadcast_to((100 + 100 * times).astype(np.uint8)[:, None, None], (len(times), 128, 128))
        seen = faces_at(levels, times, np.linspace(0.2, 0.41, 8))[:, 0, 0]
        np.testing.assert_allclose(seen, 100 + 100 * np.linspace(0.2, 0.41, 8), atol=1.6)


def test_a_window_beyond_the_faces_is_refused(face):
    faces, times = np.stack([face] * 3), np.array([0.0, 0.1, 0.2])
    with pytest.raises(ValueError, match="does not fit"):
        window(faces, times, 0.1, 0.3)
    with pytest.raises(ValueError, match="does not fit"):
        window(faces, times, 0.1, 0.1)
    assert window(faces, times, 0.0, 0.2).rise_s == pytest.approx(0.2)


def test_a_live_map_one_in_a_batch_and_one_in_training_without_augmentation_are_the_same_bit_for_bit():
    rng = np.random.default_rng(0)
    smooth = [cv2.GaussianBlur(rng.integers(0, 256, (128, 128)).astype(np.uint8), (0, 0), 3) for _ in range(3)]
    pairs = [(onset, np.roll(onset, 1, axis=1)) for onset in smooth]
    halved = np.stack([halved_flow(onset, apex) for onset, apex in pairs])
    maps, amplitude = flow_maps(halved)
    trained, trained_amplitude = augmented_flow_maps(halved, NO_AUGMENTATION, torch.Generator().manual_seed(0))
    np.testing.assert_array_equal(trained.numpy(), maps)
    np.testing.assert_array_equal(trained_amplitude, amplitude)
    shown, _ = augmented_flow_maps(halved, Augmentation(), torch.Generator().manual_seed(0))
    assert not np.allclose(shown.numpy(), maps, atol=0.1)
    for row, (onset, apex) in enumerate(pairs):
        live = flow_map(onset, apex)
        np.testing.assert_array_equal(live.map, maps[row])
        assert live.amplitude_iod == amplitude[row]
