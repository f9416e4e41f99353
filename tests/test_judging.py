"""Judging: a hit is a hit, a miss a miss, and truth that cannot be read is named."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from medn.cli import app
from realtime.judging import TruthError, read_truth

HEADER = "video,onset_s,apex_s,offset_s,emotion,aus\n"


def evaluate(folder):
    result = CliRunner().invoke(app, ["evaluate", "spotting", str(folder), "--json", "--workers", "1"])
    return result, json.loads(result.stdout) if result.exit_code == 0 else None


def test_a_planted_movement_that_is_found_counts_as_a_hit_and_one_that_was_not_there_as_a_miss(film, tmp_path):
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
        (HEADER, "lists no video"),
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


def test_a_listed_video_that_is_missing_is_named(tmp_path):
    (tmp_path / "truth.csv").write_text(HEADER + "gone.mp4,1,1.2,1.4,negative,AU4\n")
    result, _ = evaluate(tmp_path)
    assert result.exit_code == 2
    assert "gone.mp4" in result.stderr
