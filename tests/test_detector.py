"""The matched filter: it finds known patterns in a face that moves, at their time, however the frames come."""

import numpy as np
import pytest

from realtime.motion import kernel
from realtime.motion.regions import CELLS, PATCH_CELLS, PATCH_STRIDE, PATCHES
from realtime.spotting.detector import DELAY_S, Detector
from realtime.spotting.patterns import UNITS, shipped_patterns
from realtime.spotting.peak_features import PEAK_FEATURES, peak_features
from realtime.spotting.responses import DURATIONS_S, GRID_HZ, bump_filter, filter_bank

SECONDS = 14.0
APEX_S = 9.0
BROWS = next(number for number, unit in enumerate(UNITS) if unit.aus == ("AU1", "AU2"))


def talking_face(times_s, seed=0):
    """(n, 450) patches of a face whose mouth moves all the time, as the population's correlation has it."""
    rng = np.random.default_rng(seed)
    patterns = shipped_patterns()
    noise = rng.normal(0, 0.15, (len(times_s), 450))
    mouth = next(number for number, unit in enumerate(UNITS) if unit.aus == ("AU17",) and unit.side == "both")
    speech = np.cumsum(rng.normal(0, 0.4, len(times_s)))
    noise[:, patterns.channels] += speech[:, None] * patterns.patterns[mouth]
    return noise.astype(np.float32)


def raised_brows(times_s, size_pct=3.0, duration_s=0.36):
    patterns = shipped_patterns()
    course = np.where(
        np.abs(times_s - APEX_S) < duration_s / 2, 0.5 * (1 + np.cos(2 * np.pi * (times_s - APEX_S) / duration_s)), 0
    )
    added = np.zeros((len(times_s), 450), np.float32)
    added[:, patterns.channels] = size_pct * course[:, None] * patterns.patterns[BROWS]
    return added


def detect(times_s, patches):
    detector, peaks, delays_s = Detector(), [], []
    for time_s, row in zip(times_s, patches, strict=True):
        found = detector(float(time_s), row.reshape(225, 2))
        delays_s += [time_s - peak.moment.time_s for peak in found]
        peaks += found
    return peaks + detector.flush(), delays_s


def strongest(peaks):
    return max(peaks, key=lambda peak: peak.moment.statistic[peak.part].max())


@pytest.mark.parametrize("duration_s", DURATIONS_S)
def test_a_bump_answers_with_its_size_and_drift_with_nothing(duration_s):
    weights = bump_filter(duration_s)
    t = (np.arange(len(weights)) - len(weights) // 2) / GRID_HZ
    bump = np.where(np.abs(t) < duration_s / 2, 0.5 * (1 + np.cos(2 * np.pi * t / duration_s)), 0)
    assert weights @ (1.7 * bump + 3 + 5 * t) == pytest.approx(1.7, abs=1e-4)
    assert weights @ (2 - 4 * t) == pytest.approx(0, abs=1e-4)


def test_the_filters_share_one_centre():
    for row, duration_s in zip(filter_bank(), DURATIONS_S, strict=True):
        assert np.allclose(row[row != 0], bump_filter(duration_s)[bump_filter(duration_s) != 0])
        assert row == pytest.approx(row[::-1], abs=1e-6)


def test_the_shipped_patterns_are_whole():
    patterns = shipped_patterns()
    assert patterns.patterns.shape == (len(UNITS), len(patterns.channels))
    assert np.array_equal(patterns.correlation, patterns.correlation.T)
    assert np.array_equal(np.diag(patterns.correlation), np.ones(len(patterns.channels)))
    assert np.linalg.eigvalsh(patterns.correlation + 0.3 * np.eye(len(patterns.channels))).min() > 0


@pytest.mark.parametrize("rate_hz", [24, 30, 60, 120])
def test_raised_brows_of_somebody_who_talks_are_the_strongest_peak_of_the_upper_face(rate_hz):
    times_s = np.arange(0, SECONDS, 1 / rate_hz)
    # the same face at each rate: drawn on the grid and read in between
    grid = np.arange(0, SECONDS + 0.1, 1 / 30)
    face = talking_face(grid)
    patches = np.stack([np.interp(times_s, grid, column) for column in face.T], axis=1) + raised_brows(times_s)
    peaks, delays_s = detect(times_s, patches.astype(np.float32))
    best = strongest([peak for peak in peaks if peak.part == 0])
    assert best.moment.time_s == pytest.approx(APEX_S, abs=0.1)
    length = int(best.moment.statistic[0].argmax())
    assert "AU1" in UNITS[int(best.moment.pattern[0, length])].aus or "AU2" in UNITS[best.moment.pattern[0, length]].aus
    size_pct = best.moment.raw[0, length] / best.moment.per_pct[0, length]
    assert size_pct == pytest.approx(3.0, rel=0.3)
    assert max(delays_s) <= DELAY_S + 2 / rate_hz + 1 / GRID_HZ


def test_the_same_trace_gives_the_same_peaks_again_and_after_a_reset():
    times_s = np.arange(0, SECONDS, 1 / 30)
    patches = talking_face(times_s) + raised_brows(times_s)
    first, _ = detect(times_s, patches)
    detector = Detector()
    for time_s, row in zip(times_s[:200], patches[200:], strict=False):
        detector(float(time_s), row.reshape(225, 2))
    detector.reset()
    again = [peak for t, row in zip(times_s, patches, strict=True) for peak in detector(float(t), row.reshape(225, 2))]
    again += detector.flush()
    assert [peak.moment.time_s for peak in again] == [peak.moment.time_s for peak in first]
    for one, other in zip(again, first, strict=True):
        assert np.array_equal(one.moment.statistic, other.moment.statistic)
        assert np.array_equal(one.course, other.course)


def test_a_larger_movement_stands_out_by_as_much_more_and_speech_raises_the_limit():
    times_s = np.arange(0, SECONDS, 1 / 30)
    face = talking_face(times_s)
    raw = []
    for size_pct in (2.0, 4.0):
        peaks, _ = detect(times_s, face + raised_brows(times_s, size_pct))
        raw.append(max(float(p.moment.raw[0].max()) for p in peaks if abs(p.moment.time_s - APEX_S) < 0.1))
    assert raw[1] / raw[0] == pytest.approx(2, rel=0.25)
    still, loud = Detector(), Detector()
    for time_s, row in zip(times_s, face, strict=True):
        still(float(time_s), row.reshape(225, 2))
        loud(float(time_s), 4 * row.reshape(225, 2))
    assert np.median(loud.newest.limit) < 0.6 * np.median(still.newest.limit)


def test_a_peak_has_every_feature_as_a_finite_number():
    times_s = np.arange(0, SECONDS, 1 / 30)
    peaks, _ = detect(times_s, talking_face(times_s) + raised_brows(times_s))
    from realtime.spotting.columns import WIDTH

    rows = np.random.default_rng(1).normal(0, 0.1, (len(times_s), WIDTH)).astype(np.float32)
    for peak in peaks:
        features = peak_features(peak, shipped_patterns(), times_s, rows)
        assert tuple(features) == PEAK_FEATURES
        assert np.isfinite(list(features.values())).all()


def test_the_patches_of_the_kernel_are_those_of_plain_numpy():
    rng = np.random.default_rng(0)
    sums = rng.uniform(0, 50, (CELLS * CELLS, 6)).astype(np.float32)
    sums[:, 1] *= 0.1
    basis = rng.normal(0, 1, (CELLS * CELLS, 2, 6)).astype(np.float32)
    head = rng.normal(0, 0.1, 6)
    scratch, motion = np.zeros((CELLS * CELLS, 5), np.float32), np.zeros((PATCHES * PATCHES, 2), np.float32)
    kernel.patch_motion(sums, basis, head, scratch, motion)
    moved = basis @ head
    xx, xy, yy, xt, yt = sums[:, :5].T.astype(np.float64)
    xt = xt + xx * moved[:, 0] + xy * moved[:, 1]
    yt = yt + xy * moved[:, 0] + yy * moved[:, 1]
    grids = np.stack([xx, xy, yy, xt, yt]).reshape(5, CELLS, CELLS)
    expected = []
    for row in range(PATCHES):
        for column in range(PATCHES):
            top, left = row * PATCH_STRIDE, column * PATCH_STRIDE
            a, b, d, x, y = grids[:, top : top + PATCH_CELLS, left : left + PATCH_CELLS].sum(axis=(1, 2))
            ridge = kernel.RIDGE * kernel.CELL_PX**2 * PATCH_CELLS**2
            expected.append(-np.linalg.solve([[a + ridge, b], [b, d + ridge]], [x, y]))
    assert motion == pytest.approx(np.array(expected), rel=1e-3, abs=1e-4)
