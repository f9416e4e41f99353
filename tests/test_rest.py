"""One person's baseline: the background starts from a stretch at rest."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from gui.cli import app
from realtime.session import open_session
from realtime.spotting.detector import DELAY_S, WARM_UP_S, Detector
from realtime.spotting.grid import Steps
from realtime.spotting.responses import GRID_HZ
from realtime.spotting.rest import RestError, check_stretch, rest_of
from realtime.spotting.spotter import Spotter
from tests.traces import restless_face


def moments(detector, steps):
    seen = []
    for time_s, values in steps:
        detector.step(time_s, values)
        if detector.newest is not None and (not seen or detector.newest is not seen[-1]):
            seen.append(detector.newest)
    return seen


def test_the_background_starts_from_the_stretch_and_is_known_at_once():
    at_rest = restless_face(6.0, seed=1).values
    lively, still = Steps(0.0, at_rest * 5), Steps(0.0, at_rest * 0.2)
    face = restless_face(5.0, seed=2)
    without = moments(Detector(), face)
    after_still, after_lively = (moments(Detector(rest=rest), face) for rest in (still, lively))
    assert without[0].time_s >= face.first_s + WARM_UP_S
    assert after_still[0].time_s < face.first_s + 1.2
    assert after_lively[0].time_s < face.first_s + 1.2
    # what one does at rest says what stands out at first
    assert np.median(after_still[0].limit) > 1.5 * np.median(after_lively[0].limit)
    # times are the recording's own, none of the stretch
    assert [m.time_s for m in without] == pytest.approx([m.time_s for m in after_still][-len(without) :])


def test_where_the_stretch_ends_and_the_face_begins_nothing_is_seen():
    rest = restless_face(6.0, seed=1)
    quiet = Steps(0.0, np.full((90, 450), 40.0, np.float32))  # far from where the stretch ended
    detector = Detector(rest=rest)
    peaks = [peak for time_s, values in quiet for peak in detector.step(time_s, values)]
    assert not peaks
    assert detector.newest.time_s == pytest.approx(89 / GRID_HZ - (DELAY_S - 0.2), abs=0.01)


def test_the_noise_of_the_stretch_gives_the_first_thresholds():
    noise_pct = np.linspace(0.05, 0.4, 21)
    spotter = Spotter(0, noise_pct=noise_pct)
    assert spotter.calibrated
    assert spotter.threshold_pct == pytest.approx(
        np.maximum(spotter.parameters.floor_pct, spotter.parameters.noise_factor * noise_pct)
    )
    spotter.reset()  # measured anew
    assert not spotter.calibrated


@pytest.mark.parametrize("stretch_s", [(2.0, 2.0), (5.0, 1.0), (-1.0, 4.0), (1.0, float("inf")), (1.0, 3.5)])
def test_a_stretch_that_is_none_is_refused(stretch_s):
    with pytest.raises(RestError, match=r"stretch at rest|is too short"):
        check_stretch(stretch_s)


def test_a_stretch_must_show_one_face_throughout():
    whole, other = restless_face(4.0, seed=0), restless_face(4.0, seed=1)
    noise = {0: np.ones(21), 1: np.ones(21)}
    found = rest_of((0, 4), {0: [whole.part(0, 50), whole.part(50, len(whole))]}, noise)
    assert np.array_equal(found.trace.values, whole.values)
    with pytest.raises(RestError, match="2 faces are seen"):
        rest_of((0, 4), {0: [whole], 1: [other]}, noise)
    with pytest.raises(RestError, match="no face is seen"):
        rest_of((0, 4), {0: [whole.part(0, 40), whole.part(70, 110)]}, noise)


def test_a_replay_with_a_stretch_at_rest_judges_from_the_first_seconds_on_and_says_so_in_the_session(
    interview, tmp_path
):
    plain = CliRunner().invoke(app, ["replay", str(interview), "--out", str(tmp_path / "a"), "--json"])
    arguments = ["replay", str(interview), "--rest", "0", "3.2", "--out", str(tmp_path / "b"), "--json"]
    rested = CliRunner().invoke(app, arguments)
    assert plain.exit_code == rested.exit_code == 0, rested.stderr
    judged = []
    for folder in ("a", "b"):
        with open_session(tmp_path / folder / f"{interview.stem}.medn") as session:
            rows = [row for row in session.frames() if row.face is not None]
            judged.append(min((row.time_s for row in rows if row.limit_pct[0] is not None), default=99.0))
            rest_s = session.info.parameters["rest_s"]
    assert rest_s == [0, 3.2]
    assert judged[1] < 1.3 < judged[0]
    counts = [json.loads(result.stdout.splitlines()[-1])["frames_processed"] for result in (plain, rested)]
    assert counts[0] == counts[1]  # the stretch is no part of the run's accounts
    late = CliRunner().invoke(app, ["replay", str(interview), "--rest", "500", "510", "--out", str(tmp_path / "c")])
    assert late.exit_code == 2
    assert "no face is seen" in late.stderr
    folder = tmp_path / "two"
    folder.mkdir()
    for name in ("a.mp4", "b.mp4"):
        (folder / name).write_bytes(interview.read_bytes())
    two = CliRunner().invoke(app, ["replay", str(folder), "--rest", "0", "3.2", "--out", str(tmp_path / "d")])
    assert two.exit_code == 2
    assert "--rest is a stretch of one recording" in two.stderr
