"""The limit of detection of each action unit: asked for at a moment, or exported over time."""

import csv
import math
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from gui.cli import app
from realtime.session import SessionInfo, SessionWriter, open_session
from realtime.spotting.responses import GRID_HZ
from realtime.types import LIMIT_DELAY_S, Analysis, FaceReading, Frame
from realtime.viewing.unit_limits import UNIT_NAMES, unit_limits
from tests.traces import PICTURE, restless_face

SECONDS = 70.0
TURNED_S = (20.0, 25.0)
"""The head is turned away there."""
LOST_S = (40.0, 44.0)
"""The mouth talks there: its part is not judged."""


def write(path, scale=1.0, *, seconds=SECONDS, trace=True, joins_s=math.inf):
    """A session with the limits 1.0 and 1.4 % for its parts, times `scale`; a second face joins late."""
    steps = restless_face(seconds, seed=1)
    with SessionWriter(path, SessionInfo(source="a")) as session:
        for number in range(len(steps)):
            time_s = number / GRID_HZ
            about_s = time_s - LIMIT_DELAY_S
            limit = (1.0 * scale, np.nan if LOST_S[0] <= about_s < LOST_S[1] else 1.4 * scale)
            turned = TURNED_S[0] <= time_s < TURNED_S[1]
            face = FaceReading(
                0, np.zeros((478, 3), np.float32), np.zeros(6, np.float32), np.ones(6, np.float32),
                (40.0 * turned, 0.0, 0.0), 60.0, True, (np.nan, np.nan) if turned else limit,
                **({"trace": steps.part(number, number + 1)} if trace else {}),
            )  # fmt: skip
            faces = (face, replace(face, face=1)) if time_s >= joins_s else (face,)
            session.on_analysis(Analysis(number, time_s, faces), Frame(number, time_s, PICTURE))
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return write(tmp_path_factory.mktemp("units") / "talk.medn")


def limits_at(path, time_s):
    with open_session(path) as session:
        limits = unit_limits(session, (time_s - 0.105, time_s + 0.105))[0]
    assert np.abs(limits.times_s - time_s).max() < 0.11
    return limits.limit_pct.mean(axis=0)


def test_units_lie_around_the_limit_of_their_part_and_follow_it(path, tmp_path):
    here_pct = limits_at(path, 30.0)
    assert 1.0 / 2 < np.nanmedian(here_pct) < 2 * 1.4
    twice_pct = limits_at(write(tmp_path / "twice.medn", 2.0), 30.0)
    both = ~np.isnan(twice_pct)
    assert both.sum() > len(UNIT_NAMES) / 2
    assert twice_pct[both] == pytest.approx(2 * here_pct[both])
    one_sided = [side != "both" for _, side in UNIT_NAMES]
    assert np.nanmedian(here_pct[one_sided]) > np.nanmedian(here_pct[np.logical_not(one_sided)])


def test_a_moment_has_the_limits_that_the_whole_recording_gives_it(path):
    with open_session(path) as session:
        whole = unit_limits(session, (0.0, SECONDS))[0]
    assert whole.times_s[0] == pytest.approx(3.0, abs=0.1)  # before, the face is being learned
    for time_s in (10.0, 62.0):
        near = np.abs(whole.times_s - time_s) < 0.11
        assert limits_at(path, time_s) == pytest.approx(whole.limit_pct[near].mean(axis=0), rel=0.05, nan_ok=True)


def test_a_face_that_is_turned_away_is_not_judged_and_a_talking_mouth_only_where_it_moves_too_much(path):
    assert np.isnan(limits_at(path, 22.0)).all()
    # the median of the part was too large; what single units need is still known
    assert np.isfinite(limits_at(path, 42.0)).any()


def test_no_unit_is_said_to_be_seen_better_than_its_part_that_noise_hides(path, tmp_path):
    alone_pct = limits_at(path, 30.0)
    hidden_pct = limits_at(write(tmp_path / "dark.medn", np.nan), 30.0)
    assert np.isnan(alone_pct).mean() < 0.2 < 0.4 < np.isnan(hidden_pct).mean() < 1
    assert np.nanmin(hidden_pct) > 2 * np.nanmin(alone_pct)


def test_the_export_has_a_row_for_each_half_second_and_empty_cells_where_nothing_was_judged(path, tmp_path):
    done = CliRunner().invoke(app, ["export", str(path), "--to", "units", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.stderr
    with (tmp_path / "talk-units.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    times_s = [float(row["time_s"]) for row in rows]
    assert len(rows) == pytest.approx(2 * (SECONDS - 3.6), abs=2)
    assert np.diff(times_s) == pytest.approx(0.5, abs=0.04)
    assert {"AU12_limit_pct", "AU12_left_limit_pct", "AU4_right_limit_pct"} <= set(rows[0])
    turned = [row for row, time_s in zip(rows, times_s, strict=True) if TURNED_S[0] <= time_s < TURNED_S[1] - 0.1]
    assert turned
    assert all(row["AU4_limit_pct"] == "" for row in turned)
    assert sum(row["AU4_limit_pct"] != "" for row in rows) > len(rows) / 2
    assert (tmp_path / "talk-units.json").exists()


def test_a_session_without_a_trace_is_refused_in_a_sentence(tmp_path):
    path = write(tmp_path / "old.medn", trace=False)
    done = CliRunner().invoke(app, ["export", str(path), "--to", "units", "--out", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert "old holds no trace" in done.stderr
    assert not list((tmp_path / "out").iterdir())


def test_a_session_too_short_for_any_limit_gives_an_empty_table(tmp_path):
    path = write(tmp_path / "short.medn", seconds=3.5)
    done = CliRunner().invoke(app, ["export", str(path), "--to", "units", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.stderr
    assert len((tmp_path / "short-units.csv").read_text().splitlines()) == 1


def test_explain_names_the_units_on_request(path):
    plain = CliRunner().invoke(app, ["explain", str(path), "--at", "30"])
    asked = CliRunner().invoke(app, ["explain", str(path), "--at", "30", "--units"])
    assert asked.exit_code == 0, asked.stderr
    assert asked.stdout.startswith(plain.stdout)
    added = asked.stdout[len(plain.stdout) :].splitlines()
    assert [line.partition(":")[0] for line in added] == [
        "Action units on both sides, in % of the eye distance",
        "Action units on the person's left alone, in % of the eye distance",
        "Action units on the person's right alone, in % of the eye distance",
    ]
    assert "AU4 from " in added[0]
    assert all(f" {unit} " in added[0] or f" {unit}," in added[0] for unit, side in UNIT_NAMES[:3] if side == "both")


def test_of_several_faces_each_is_named_also_one_of_which_nothing_is_known_yet(tmp_path):
    path = write(tmp_path / "two.medn", joins_s=28.5)
    asked = CliRunner().invoke(app, ["explain", str(path), "--at", "30", "--units"])
    lines = asked.stdout.splitlines()
    assert [line for line in lines if line.startswith("Face")] == 2 * ["Face 0:", "Face 1:"]
    assert lines[-2:] == ["Face 1:", lines[-1]]
    assert lines[-1].startswith("Nothing is known of single action units at 30.00 s")
