"""The demo finds most of what was planted, and says what it missed."""

import io
import json
from dataclasses import replace

from rich.console import Console
from typer.testing import CliRunner

from gui.cli import app
from realtime.report import events_table
from tests.gui_driver import an_event


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


def test_no_heading_of_the_table_of_events_is_cut_in_a_terminal_of_80_columns():
    shown = io.StringIO()
    events = [replace(an_event(place, 10.0 + place, 300), algorithmic_ms=1165.0, compute_ms=165.0) for place in (0, 1)]
    Console(file=shown, width=80).print(events_table(events, "Events"))
    assert "onset–apex–offset" in shown.getvalue()
    assert "…" not in shown.getvalue()
