"""`medn power`: known movements in one's own recording, and from what size on they are found."""

import json
from pathlib import Path
from tempfile import gettempdir

import numpy as np
import pytest
from typer.testing import CliRunner

from gui.cli import app
from realtime.evaluation.limits import GROUPS, group_of, limits_of
from realtime.evaluation.power import PowerReport, Trial, fit_thresholds, size_groups
from realtime.session import FrameRow
from realtime.session.frames import Frames
from realtime.viewing.limits import Limits
from tests.recordings import write_video


def trials(threshold_pct, count=400, half="upper", context="still", seed=0):
    rng = np.random.default_rng(seed)
    sizes = np.exp(rng.uniform(*np.log([0.6, 5.0]), count))
    found = rng.random(count) < 1 / (1 + (threshold_pct / sizes) ** 3)
    return [Trial(half, context, float(size), bool(hit), GROUPS[2]) for size, hit in zip(sizes, found, strict=True)]


def test_the_sizes_of_50_and_80_percent_are_those_that_the_movements_were_found_by():
    ((upper_50, upper_80), (lower_50, _)) = fit_thresholds([trials(1.2), trials(2.5, half="lower")])
    assert upper_50 == pytest.approx(1.2, rel=0.12)
    assert upper_80 == pytest.approx(1.2 * 4 ** (1 / 3), rel=0.12)
    assert lower_50 == pytest.approx(2.5, rel=0.12)


def test_nothing_is_claimed_of_what_is_never_found_nor_of_too_few_movements():
    never = [Trial("lower", "speaking", size, False, GROUPS[0]) for size in np.linspace(0.6, 5, 20)]
    few = trials(1.0, 3, context="head moving")
    by = {(group.half, group.context): group for group in size_groups([*trials(1.2), *never, *few])}
    assert by["lower", "speaking"].size50_pct is None
    assert by["upper", "head moving"].size50_pct is None
    assert by["upper", "still"].size50_pct < by["upper", "still"].size80_pct
    report = PowerReport("a.mp4", (0.0, 120.0), 600.0, (*trials(1.2), *never), tuple(by.values()), 1)
    first, second = report.sentences()
    assert "2.0 of 10.0 min" in first
    assert "none up to 5 while speaking" in first
    assert "1 event, 0.5 a minute" in second


def test_a_movement_is_compared_with_the_limit_of_its_part_of_the_face_at_its_apex():
    limits = Limits(np.array([0.0, 1.0]), np.array([[1.0, np.nan], [2.0, np.nan]]))
    assert group_of(limits, 0.1, "upper", 2.0) == "above the limit"
    assert group_of(limits, 0.9, "upper", 2.0) == "at the limit"
    assert group_of(limits, 0.9, "both", 1.0) == "below the limit"
    assert group_of(limits, 0.9, "lower", 9.0) == GROUPS[0] == "not judged"
    assert group_of(Limits(np.empty(0), np.empty((0, 2))), 0.9, "upper", 9.0) == "not judged"


def test_movements_of_a_recording_in_which_nothing_was_judged_count_as_not_judged():
    frames = Frames.of([FrameRow(n, n / 30, face=0, motion=(0.1,) * 6, threshold=(0.4,) * 6) for n in range(90)])
    limits = limits_of(frames)
    assert group_of(limits, 1.0, "upper", 3.0) == "not judged"


def test_a_recording_is_reported_in_two_sentences_and_a_picture_and_nothing_is_left_behind(act, tmp_path):
    still, times_s = np.zeros((478, 2)), np.arange(0, 12, 1 / 25)
    frames = act(times_s, lambda t: still, iod_px=80, size_px=(320, 320))
    path = write_video(tmp_path / "own.mp4", [f.image for f in frames], [round(1000 * t) for t in times_s])
    before = set(Path(gettempdir()).glob("medn-power-*"))
    arguments = ["power", str(path), "--minutes", "0.15", "--rounds", "1", "--pictures", str(tmp_path), "--json"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.stderr
    record = json.loads(result.stdout)
    assert record["part_s"][0] == pytest.approx(1.5, abs=0.1)
    assert record["part_s"][1] == pytest.approx(10.5, abs=0.1)
    assert 0 < sum(group["movements"] for group in record["groups"]) <= record["movements"]
    assert record["false_alarms_per_min"] == 0
    assert len(record["sentences"]) == 2
    assert (tmp_path / "own.png").read_bytes().startswith(b"\x89PNG")
    assert set(Path(gettempdir()).glob("medn-power-*")) == before
    assert {file.name for file in tmp_path.iterdir()} == {"own.mp4", "own.png"}


def test_a_recording_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "text.mp4").write_text("no video")
    result = CliRunner().invoke(app, ["power", str(tmp_path / "text.mp4")])
    assert result.exit_code == 2
    assert "text.mp4" in result.stderr
