"""The laboratory's commands: what they make is whole, and what cannot be made is named in one sentence."""

import csv
import sys

import pytest
from typer.testing import CliRunner

from gui.cli import app
from realtime.evaluation.truth import read_truth


def medn(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_planted_videos_come_with_ground_truth_that_the_evaluation_reads(tmp_path):
    result = medn("synth", "videos", tmp_path, "--videos", 1, "--minutes", 0.12, "--fps", 12, "--seed", 3)
    assert result.exit_code == 0
    [video] = tmp_path.glob("*.mp4")
    assert video.name in read_truth(tmp_path)
    with (tmp_path / "truth.csv").open() as lines:
        assert next(csv.reader(lines))[:6] == ["video", "onset_s", "apex_s", "offset_s", "emotion", "aus"]


def test_conversing_people_come_with_a_truth_that_the_judge_can_read(tmp_path):
    result = medn("synth", "videos", tmp_path, "--people", "conversing", "--videos", 1, "--minutes", 0.12, "--seed", 3)
    assert result.exit_code == 0
    [video] = tmp_path.glob("conversing-*")
    assert video.name in read_truth(tmp_path)


@pytest.mark.parametrize(
    "command",
    [
        ["synth", "videos", "out", "--portraits", "nowhere"],
        ["synth", "videos", "out", "--micro-rate", 9, 3],
        ["synth", "videos", "out", "--people", "talking"],
        ["synth", "videos", "out", "--people", "conversing", "--speech-share", 0.9],
        ["synth", "videos", "out", "--speech-share", 0.5],
        ["synth", "pairs", "out", "--portraits", "nowhere"],
        ["synth", "pairs", "out", "--portraits", "nowhere", "--split", "everybody"],
        ["synth", "database", "out", "casme2", "nowhere"],
        ["synth", "database", "out", "casme9", "nowhere"],
        ["train", "out", "--flow", "nowhere"],
        ["train", "out", "--flow", "nowhere", "--device", "cuda"],
        ["train", "out", "--flow", "nowhere", "--device", "gpu"],
        ["evaluate", "flow", "nowhere.npz"],
        ["evaluate", "loso", "nowhere.npz"],
        ["evaluate", "loso", "nowhere.npz", "--picture", "nowhere/loso.png"],
        ["evaluate", "spotting", "nowhere", "--report", "nowhere/report.md"],
        ["train-spotter", "nowhere/decision.npz", "nowhere"],
        ["compile", "--export-only", "nowhere/medn.pt2"],
        ["compile", "--export-only", "/proc/medn.pt2"],
        ["compile", "--export-only", "medn.onnx"],
        ["compile", "--precision", "fp4"],
        ["compile"],
    ],
)
def test_what_cannot_be_done_is_refused_in_one_sentence(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = medn(*command)
    assert result.exit_code == 2
    assert len([line for line in result.stderr.splitlines() if line.startswith("medn: ")]) == 1
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("package", "extra", "command"),
    [
        ("matplotlib", "lab", ["train", "out", "--flow", "nowhere"]),
        ("matplotlib", "lab", ["evaluate", "flow", "nowhere.npz", "--picture", "flow.png"]),
        ("sklearn", "lab", ["train-spotter", "out.npz", "nowhere"]),
        ("pyqtgraph", "app", ["live"]),
    ],
)
def test_a_missing_extra_is_named_before_any_work_is_lost_to_it(package, extra, command, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    result = medn(*command)
    assert result.exit_code == 2
    assert f"needs the package {package}: pip install 'medn[{extra}]'." in result.stderr


@pytest.mark.parametrize(
    "command",
    [
        ["synth", "videos", "out", "--minutes", "inf"],
        ["synth", "pairs", "out", "--portraits", "nowhere", "--count", 0],
        ["synth", "windows", "out", "--portraits", "nowhere", "--count", -1],
    ],
)
def test_a_number_that_makes_nothing_is_refused(command):
    result = medn(*command)
    assert result.exit_code == 2
    assert f"Invalid value for '{command[-2]}'" in result.stderr


@pytest.mark.parametrize(
    "command",
    [
        ["synth", "videos", "folder", "--videos", 1, "--minutes", 0.12],
        ["synth", "videos", "folder", "--videos", 1, "--minutes", 0.12, "--people", "conversing"],
        ["synth", "implants", "clips/a.mp4", "--out", "folder"],
    ],
)
def test_the_truth_of_other_videos_is_not_overwritten(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("folder", "clips"):
        (tmp_path / name).mkdir()
    (tmp_path / "clips" / "a.mp4").touch()
    truth = tmp_path / "folder" / "truth.csv"
    truth.write_text("video,onset_s,apex_s,offset_s,emotion,aus\ninterview.mp4,1,,1.3,,\n")
    result = medn(*command)
    assert result.exit_code == 2
    assert "has the truth of interview.mp4, which would be lost" in " ".join(result.stderr.split())
    assert "interview.mp4" in truth.read_text()
