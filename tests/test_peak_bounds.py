"""Onset, apex and offset at a peak: nearer to the truth than the symmetric movement that fits best."""

from dataclasses import replace

import numpy as np
import pytest

from medn.synthetic.timing import Curve
from realtime.spotting.detector import Detector
from realtime.spotting.grid import Steps
from realtime.spotting.patterns import UNITS, shipped_patterns
from realtime.spotting.peak_bounds import LEAST_S, MOST_APART_S, PeakBounds, shipped_peak_bounds
from realtime.spotting.responses import GRID_HZ
from realtime.training.peak_bounds import fit_peak_bounds
from realtime.training.peak_decision import lesson
from tests.traces import restless_face

SECONDS = 60.0
CURVES = [
    Curve(at_s, at_s + rise_s, at_s + rise_s + fall_s)
    for at_s, (rise_s, fall_s) in zip(
        np.arange(5, SECONDS - 3, 2.5), [(0.1, 0.25), (0.25, 0.12), (0.16, 0.16)] * 8, strict=False
    )
]
"""Fast and slow at first, and symmetric ones."""


@pytest.fixture(scope="module")
def found():
    """Raised brows with these courses in the noise of measuring: each curve with its highest peak."""
    patterns = shipped_patterns()
    brows = next(number for number, unit in enumerate(UNITS) if unit.aus == ("AU1", "AU2"))
    values = np.random.default_rng(0).normal(0, 0.1, (round(SECONDS * GRID_HZ), 450)).astype(np.float32)
    for step in range(len(values)):
        level = sum(curve(step / GRID_HZ) for curve in CURVES)
        values[step, patterns.channels] += 2.5 * level * patterns.patterns[brows]
    detector = Detector()
    peaks = [peak for at_s, row in Steps(0.0, values) for peak in detector.step(at_s, row)]
    each = [[p for p in peaks if curve.onset_s < p.moment.time_s < curve.offset_s] for curve in CURVES]
    return [(curve, max(near, key=lambda p: p.moment.statistic[p.part].max()))
            for curve, near in zip(CURVES, each, strict=True)]  # fmt: skip


def test_bounds_are_nearer_to_the_truth_than_those_of_the_symmetric_movement(found):
    assert len(found) >= 20
    read, symmetric = [], []
    for curve, peak in found:
        truth = np.array([curve.onset_s, curve.apex_s, curve.offset_s])
        at_s, half_s = peak.moment.time_s, peak.duration_s / 2
        read.append(np.abs(np.array(shipped_peak_bounds()(peak)) - truth))
        symmetric.append(np.abs(np.array([at_s - half_s, at_s, at_s + half_s]) - truth))
    assert np.all(np.mean(read, axis=0) < np.mean(symmetric, axis=0))
    assert np.mean(read) < 0.05


def test_bounds_are_in_order_whatever_the_course(found):
    rng = np.random.default_rng(0)
    for _, peak in found:
        for size in (0.0, 5.0, 1e6):
            wild = replace(peak, course=(size * rng.normal(0, 1, len(peak.course))).astype(np.float32))
            onset_s, apex_s, offset_s = shipped_peak_bounds()(wild)
            assert onset_s <= apex_s - LEAST_S
            assert offset_s >= apex_s + LEAST_S
            assert abs(apex_s - peak.moment.time_s) <= MOST_APART_S


def test_trees_made_anew_read_bounds_from_what_added_movements_taught(found, tmp_path):
    lessons = [lesson([restless_face(24.0, seed=0)], shipped_patterns(), np.random.default_rng(0), added=40)]
    fit_peak_bounds(lessons, 0).save(tmp_path / "bounds.npz")
    read = PeakBounds.load(tmp_path / "bounds.npz")
    errors = [np.abs(np.array(read(peak)) - (curve.onset_s, curve.apex_s, curve.offset_s)) for curve, peak in found]
    assert np.mean(errors) < 0.1
    with pytest.raises(ValueError, match="too few movements"):
        fit_peak_bounds([replace(lessons[0], added=())], 0)
