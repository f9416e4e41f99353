"""The motion meter sees how far each region moved, and nothing else."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from medn.contract import EYE_DISTANCE_PX, SIZE_PX
from realtime.motion import kernel, reference
from realtime.motion.meter import RENEW_S, MotionMeter, normalise
from realtime.motion.regions import CELLS, LIDS, PATCHES, REGION_NAMES, layout

BROWS = [i for i, name in enumerate(REGION_NAMES) if "brow" in name]
MOUTH = [i for i, name in enumerate(REGION_NAMES) if "mouth" in name or "lip" in name]


def shifted(picture: NDArray[np.uint8], dx: float, dy: float) -> NDArray[np.uint8]:
    move = np.array([[1, 0, dx], [0, 1, dy]], np.float64)
    return cv2.warpAffine(picture, move, picture.shape[::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def brows_raised(crop: NDArray[np.uint8], points: NDArray[np.float32], pct: float) -> NDArray[np.uint8]:
    """The crop with its brows moved up by this much of the eye distance, fading out towards eyes and hair."""
    y, x = np.mgrid[:SIZE_PX, :SIZE_PX].astype(np.float32)
    row = points[[55, 285, 52, 282], 1].mean()
    lift = pct / 100 * EYE_DISTANCE_PX * np.exp(-(((y - row) / 13) ** 4) - ((x - 63.5) / 45) ** 8)
    return cv2.remap(crop, x, (y + lift).astype(np.float32), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_fused_kernel_equals_its_numpy_reference(portrait_crop, seed: int):
    crop, points = portrait_crop
    rng = np.random.default_rng(seed)
    pictures = []
    for _ in range(3):
        picture = shifted(crop, *rng.normal(0, 1, 2)) + rng.normal(0, 3, crop.shape)
        normalised = np.zeros((SIZE_PX, SIZE_PX), np.float32)
        normalise(np.clip(picture, 0, 255).astype(np.uint8), normalised, [np.empty_like(normalised) for _ in range(2)])
        pictures.append(normalised)
    places = layout(points)
    sums = np.zeros((CELLS * CELLS, 6), np.float32)
    kernel.cell_sums(*pictures, sums)
    expected = reference.cell_sums(*pictures)
    assert np.allclose(sums, expected, rtol=1e-3, atol=1e-3)
    head = np.zeros(6)
    kernel.fit_head(sums, places.basis, places.inside, head)
    expected_head = reference.fit_head(expected, places)
    assert np.allclose(head, expected_head, atol=2e-4)
    motion = np.zeros((len(REGION_NAMES), 2), np.float32)
    difference = np.zeros(len(REGION_NAMES), np.float32)
    kernel.region_motion(
        sums, places.region_cells, places.region_weights, places.cell_basis, expected_head, motion, difference
    )
    expected_motion, expected_difference = reference.region_motion(expected, places, expected_head)
    assert np.allclose(motion, expected_motion, atol=2e-3)
    assert np.allclose(difference, expected_difference, rtol=1e-3)
    patches = np.zeros((PATCHES * PATCHES, 2), np.float32)
    kernel.patch_motion(sums, places.cell_basis, expected_head, np.zeros((CELLS * CELLS, 5), np.float32), patches)
    assert np.allclose(patches, reference.patch_motion(expected, places, expected_head), atol=5e-3)
    change, share = rng.uniform(0, 0.5, PATCHES * PATCHES).astype(np.float32), patches.copy()
    kernel.measured_share(sums, 0.0, change, share)
    assert np.allclose(share, reference.measured_share(expected, change), atol=1e-3)


@pytest.mark.parametrize(("light", "noise"), [(1.0, 5.0), (0.3, 2.0), (0.15, 2.0), (0.1, 2.0), (0.05, 2.0)])
def test_how_much_of_a_movement_is_measured_in_the_dark_is_foretold(portrait_crop, light: float, noise: float):
    crop, points = portrait_crop
    rng = np.random.default_rng(0)
    places = layout(points)
    moved = shifted(crop, 0.5, 0.5)

    def filmed(face: NDArray[np.uint8], light: float, noise: float) -> NDArray[np.float32]:
        picture = np.clip(np.rint(face * light + rng.normal(0, noise, face.shape)), 0, 255).astype(np.uint8)
        normalised = np.zeros((SIZE_PX, SIZE_PX), np.float32)
        normalise(picture, normalised, [np.empty_like(normalised) for _ in range(2)])
        return normalised

    def measured(light: float, noise: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        sums = np.zeros((CELLS * CELLS, 6), np.float32)
        patches = np.zeros((PATCHES * PATCHES, 2), np.float32)
        kernel.cell_sums(filmed(moved, light, noise), filmed(crop, light, noise), filmed(moved, light, noise), sums)
        scratch = np.zeros((CELLS * CELLS, 5), np.float32)
        kernel.patch_motion(sums, places.cell_basis, np.zeros(6), scratch, patches)
        share, change = np.zeros_like(patches), np.zeros(PATCHES * PATCHES, np.float32)
        kernel.measured_share(sums, 1.0, change, share)
        return patches[places.inside], share[places.inside]

    clean, _ = measured(1.0, 0.0)
    patches, share = np.mean([measured(light, noise) for _ in range(20)], axis=0)
    assert np.median(patches / clean) == pytest.approx(np.median(share), abs=0.05)


def test_raised_brows_are_measured_in_proportion_and_not_elsewhere(portrait_crop):
    crop, points = portrait_crop
    inner = [REGION_NAMES.index("inner brow left"), REGION_NAMES.index("inner brow right")]
    shares = []
    for pct in (0.5, 1.0, 2.0, 3.5):
        meter = MotionMeter()
        at_rest = meter(crop, 0.0, points).regions.copy()
        moved = meter(brows_raised(crop, points, pct), 0.04, points).regions - at_rest
        shares.append(-moved[inner, 1].mean() / pct)
        assert np.abs(moved[MOUTH]).max() < 0.25 * pct
    assert min(shares) > 0.5
    assert max(shares) < min(1.1, 1.25 * min(shares))


@given(st.floats(-1.5, 1.5), st.floats(-1.5, 1.5))
@settings(max_examples=20, deadline=None)
def test_a_shift_of_the_whole_head_is_not_facial_motion(portrait_crop, dx: float, dy: float):
    crop, points = portrait_crop
    meter = MotionMeter()
    meter(crop, 0.0, points)
    moved = meter(shifted(crop, dx, dy), 0.04, points)
    assert moved.head[:2] * EYE_DISTANCE_PX == pytest.approx([dx, dy], rel=0.15, abs=0.08)
    assert np.median(np.abs(moved.regions)) < 0.15


@pytest.mark.parametrize(("gain", "offset"), [(0.7, 0), (0.85, 0), (1.0, 15), (0.9, -10)])
def test_a_change_of_light_is_not_motion(portrait_crop, gain: float, offset: float):
    crop, points = portrait_crop
    meter = MotionMeter()
    meter(crop, 0.0, points)
    lit = np.clip(crop * gain + offset, 0, 255).astype(np.uint8)
    moved = meter(lit, 0.04, points).regions
    assert np.abs(moved[BROWS]).max() < 0.3
    assert np.abs(moved[MOUTH]).max() < 0.3


def test_renewing_the_reference_does_not_show_in_the_trace(portrait_crop):
    crop, points = portrait_crop
    raised = brows_raised(crop, points, 2.0)
    meter = MotionMeter()
    meter(crop, 0.0, points)
    before = meter(raised, RENEW_S, points).regions.copy()  # becomes the new reference
    after = meter(raised, RENEW_S + 0.04, points).regions
    assert np.allclose(before, after, atol=1e-4)


def test_lids_count_only_up_and_down(portrait_crop):
    crop, points = portrait_crop
    meter = MotionMeter()
    meter(crop, 0.0, points)
    assert not meter(shifted(crop, 1, 1), 0.04, points).regions[LIDS, 0].any()


@pytest.mark.parametrize("away_px", [40.0, 400.0])
def test_regions_outside_the_crop_do_not_move_and_end_nothing(portrait_crop, away_px: float):
    crop, points = portrait_crop
    off = (points + np.array([away_px, 0, 0])).astype(np.float32)
    meter = MotionMeter()
    meter(crop, 0.0, off)
    motion = meter(shifted(crop, 2, 0), 1 / 30, off)
    unseen = layout(off).region_weights.sum(axis=1) == 0
    assert unseen.any()
    assert not motion.regions[unseen].any()
    assert np.isfinite(motion.regions).all()
