"""The demo finds most of what was planted, and says what it missed."""

import json

from typer.testing import CliRunner

from gui.cli import app


def test_the_demo_ends_with_what_was_found_of_what_was_planted(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    result = CliRunner().invoke(app, ["demo", "--json"])
    assert result.exit_code == 0
    *events, summary, comparison = map(json.loads, result.stdout.splitlines())
    assert comparison["type"] == "comparison"
    assert comparison["planted"] == 6
    assert comparison["found"] >= 4
    assert len(comparison["false_alarms_onset_s"]) <= 2
    assert summary["events"] == len(events) == comparison["found"] + len(comparison["false_alarms_onset_s"])
    assert list((tmp_path / "medn" / "sessions").glob("*.medn"))
