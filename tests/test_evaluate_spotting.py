"""Evaluation of spotting: hits and misses are counted, and ground truth that cannot be read is named."""

import json
import shutil
from pathlib import Path
from tempfile import gettempdir

import numpy as np
import pytest
from typer.testing import CliRunner

from gui.cli import app
from realtime.evaluation.truth import TruthError, read_truth
from tests.recordings import write_video

HEADER = "video,onset_s,apex_s,offset_s,emotion,aus\n"


def evaluate(folder):
    result = CliRunner().invoke(app, ["evaluate", "spotting", str(folder), "--json", "--workers", "1"])
    return result, json.loads(result.stdout) if result.exit_code == 0 else None


def test_a_planted_movement_that_is_found_counts_as_a_hit_and_one_that_is_not_there_as_a_miss(film, tmp_path):
    shutil.copy(film, tmp_path / "brows.mp4")
    rows = ["brows.mp4,2.95,3.15,3.35,surprise,AU1+AU2", "brows.mp4,0.6,0.8,1.0,negative,AU4"]
    (tmp_path / "truth.csv").write_text(HEADER + "\n".join(rows))
    result, scores = evaluate(tmp_path)
    assert result.exit_code == 0
    assert (scores["tp"], scores["fp"], scores["fn"]) == (1, 0, 1)
    assert scores["precision"] == 1
    assert scores["recall"] == 0.5
    assert scores["false_alarms_per_min"] == 0
    assert scores["trivial"].keys() == {"evenly spread", "largest movements"}
    assert all(trivial["tp"] + trivial["fn"] == 2 for trivial in scores["trivial"].values())


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "truth.csv cannot be read"),
        ("video,onset_s\na.mp4,1\n", "lacks the column apex_s"),
        (HEADER + "a.mp4,one,2,3,negative,AU4\n", "not a number of seconds"),
        (HEADER + "a.mp4,0.5,0.6,0.2,,AU4\n", r"out of order \(a.mp4: onset 0.5, apex 0.6, offset 0.2\)"),
        (HEADER + "a.mp4,0.5,,0.2,,AU4\n", "out of order"),
        (HEADER + "a.mp4,0.2,0.6,0.5,,AU4\n", "out of order"),
        (HEADER + "a.mp4,nan,,0.5,,AU4\n", "onset nan"),
        (HEADER + "a.mp4,0.2,nan,0.5,,AU4\n", "apex nan"),
        (HEADER + "a.mp4,0.2,,inf,,AU4\n", "offset inf"),
        (HEADER + "a.mp4,0.2\n", "not a number of seconds"),
        (HEADER + "a.mp4,,,0.5,,AU4\n", "not a number of seconds"),
        (HEADER, "lists no video"),
        (HEADER + "features/006_1.pkl,1,1.1,1.2,negative,AU4\n", "reading a pickle runs what its author wrote"),
    ],
)
def test_truth_that_cannot_be_read_is_named_in_one_sentence(content, sentence, tmp_path):
    if content is not None:
        (tmp_path / "truth.csv").write_text(content)
    with pytest.raises(TruthError, match=sentence):
        read_truth(tmp_path)
    result, _ = evaluate(tmp_path)
    assert result.exit_code == 2
    assert len([line for line in result.stderr.splitlines() if line.startswith("medn: ")]) == 1


def test_a_movement_behind_the_end_of_its_video_is_named_and_not_counted_as_missed(film, tmp_path):
    shutil.copy(film, tmp_path / "brows.mp4")
    (tmp_path / "truth.csv").write_text(HEADER + "brows.mp4,2950,3150,3350,surprise,AU1+AU2\n")  # milliseconds
    result, _ = evaluate(tmp_path)
    assert result.exit_code == 2
    assert "has a movement at 2950 s in brows.mp4, which ends at" in " ".join(result.stderr.split())


def test_a_listed_video_that_is_missing_is_named(tmp_path):
    (tmp_path / "truth.csv").write_text(HEADER + "gone.mp4,1,1.2,1.4,negative,AU4\n")
    result, _ = evaluate(tmp_path)
    assert result.exit_code == 2
    assert "gone.mp4" in result.stderr


def test_the_curve_is_reported_with_its_parts_and_what_the_truth_lacks_is_named(film, tmp_path):
    shutil.copy(film, tmp_path / "brows.mp4")
    header = HEADER.strip() + ",amplitude_percent_iod,context,z\n"
    rows = ["brows.mp4,2.95,3.15,3.35,surprise,AU1+AU2,3.0,still,9.5", "brows.mp4,0.6,0.8,1.0,negative,AU15,,speaking,"]
    (tmp_path / "truth.csv").write_text(header + "\n".join(rows))
    report, picture = tmp_path / "report.md", tmp_path / "curve.png"
    arguments = ["evaluate", "spotting", str(tmp_path), "--json", "--workers", "1"]
    result = CliRunner().invoke(app, [*arguments, "--report", str(report), "--picture", str(picture)])
    assert result.exit_code == 0, result.stderr
    scores = json.loads(result.stdout)
    assert scores["curve"].keys() == {"MEDN", "frame difference", "flow peaks"}
    for recall in scores["curve"].values():
        assert recall["movements"] == 2
        assert recall["hits"] == sorted(recall["hits"])
    by = scores["curve_by"]
    assert by["context"]["still"]["hits"][0] == 1
    assert by["context"]["speaking"]["hits"] == [0] * 6
    assert by["stands out (z)"].keys() == {"9 and more"}
    assert by["face"].keys() == {"upper", "lower"}
    assert "eye distance (px)" not in by
    assert scores["columns_missing"] == ["eye_distance_px"]
    assert abs(scores["timing"]["apex"]["median_ms"]) < 60
    text = report.read_text()
    assert "no such column: eye distance" in text
    assert "![Recall over false alarms a minute](curve.png)" in text
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_footage_is_evaluated_with_implants_and_without(act, tmp_path):
    still = np.zeros((478, 2))
    times_s = np.arange(0, 6.5, 1 / 25)
    (tmp_path / "clips").mkdir()
    frames = act(times_s, lambda t: still, iod_px=80, size_px=(320, 320))
    write_video(tmp_path / "clips" / "person.mp4", [f.image for f in frames], [round(1000 * t) for t in times_s])
    before = set(Path(gettempdir()).glob("medn-footage-*"))
    result = CliRunner().invoke(
        app, ["evaluate", "spotting", str(tmp_path / "clips"), "--footage", "--seed", "3", "--json", "--workers", "1"]
    )
    assert result.exit_code == 0, result.stderr
    scores = json.loads(result.stdout)
    assert scores["implants"]["seed"] == 3
    assert scores["curve"]["MEDN"]["movements"] == scores["tp"] + scores["fn"] >= 2
    assert scores["minutes"] >= 20 / 60
    assert scores["footage"]["minutes"] == pytest.approx(scores["minutes"], rel=0.02)
    assert scores["footage"]["events"] == len(scores["footage"]["alarms"]) == 0
    assert set(Path(gettempdir()).glob("medn-footage-*")) == before
