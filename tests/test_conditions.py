"""What kept small movements from being found: counted in seconds, told truly, in summaries, exports and the app."""

import csv
import json

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from typer.testing import CliRunner

from gui.cli import app as cli
from gui.widgets import overlay
from medn.face.aligned import eye_axis, eye_distance_px
from realtime.drivers.conditions import Hindered
from realtime.report import hindered_line
from realtime.session import open_session
from realtime.sources import Cause, Dropped
from realtime.types import Analysis, FaceReading, Frame
from realtime.viewing.advice import Advisor
from tests.gui_driver import until, write_session
from tests.recordings import write_video

RATE_HZ = 30


@pytest.fixture
def film(portrait):
    """`film(seconds, rate_hz, …)`: analysed frames of one face, 90 px between the eyes."""

    def make(seconds, rate_hz=RATE_HZ, *, light=1.0, scale=1.0, yaw=0.0, face=True, not_followed=0, noise=1):
        points = (portrait.points * np.float32(scale * 90 / portrait.iod_px)).astype(np.float32)
        image = np.full((480, 640, 3), round(120 * light), np.uint8)
        values = np.full(6, 0.1, np.float32)
        reading = FaceReading(0, points, values, values, (yaw, 0.0, 0.0), eye_distance_px(points), True)
        for index in range(round(seconds * rate_hz)):
            frame = Frame(index, index / rate_hz, image + np.uint8(noise * (index % 2)))
            yield frame, Analysis(index, frame.time_s, (reading,) if face else (), not_followed=not_followed)

    return make


@pytest.mark.parametrize(
    ("change", "hindrance"),
    [
        ({}, None),
        ({"face": False}, "no face"),
        ({"light": 0.2}, "too dark"),
        ({"light": 2.1}, "overexposed"),
        ({"scale": 0.5}, "face too small"),
        ({"yaw": -40.0}, "turned away"),
        ({"rate_hz": 24}, "below 25 frames a second"),
        ({"rate_hz": 25}, None),
        ({"not_followed": 1}, "a face not followed"),
        ({"noise": 0}, "frozen picture"),
    ],
)
def test_each_hindrance_is_counted_in_seconds_and_nothing_else_is(film, change, hindrance):
    hindered = Hindered()
    for frame, analysis in film(10, **change):
        hindered.processed(frame, analysis)
    seconds = hindered.seconds()
    assert list(seconds) == ([] if hindrance is None else [hindrance])
    assert all(8 < each < 10.5 for each in seconds.values())


def test_a_machine_that_is_too_busy_is_not_called_a_slow_source(film):
    hindered = Hindered()
    for frame, analysis in film(10):
        if frame.index % 3:
            cause = Cause.CAMERA_OVERRUN if frame.index % 2 else Cause.OVERRUN
            hindered.dropped(Dropped(frame.index, frame.time_s, cause))
        else:
            hindered.processed(frame, analysis)
    assert list(hindered.seconds()) == ["machine too busy"]


def test_a_camera_that_was_away_is_not_called_slow_when_it_is_back(film):
    hindered, advisor, said = Hindered(), Advisor(), set()
    for frame, analysis in film(10):
        if not 3 < frame.time_s < 5:
            hindered.processed(frame, analysis)
            advisor.on_analysis(analysis, frame)
            said.update(advisor.sentences)
    assert hindered.seconds() == {}
    assert said == set()


def test_a_camera_that_gives_the_same_picture_again_and_again_is_said_to_hang(film):
    for is_device, cure in ((True, ": the camera hangs. Plug it in again."), (False, ".")):
        advisor, said = Advisor(), set()
        advisor.is_device = is_device
        for frame, analysis in film(4, noise=0):
            advisor.on_analysis(analysis, frame)
            said.update(advisor.sentences)
        assert f"The picture has been the same for 3 s{cure}" in said


def test_a_slow_recording_is_not_called_a_slow_camera_and_nobody_is_sent_to_settings(film):
    sentences = []
    for is_device in (True, False):
        advisor = Advisor()
        advisor.is_device = is_device
        for frame, analysis in film(4, 20):
            advisor.on_analysis(analysis, frame)
        sentences.append(" ".join(advisor.sentences))
    assert "The camera is slow: 20 fps reached, 25 needed. Choose a faster mode in Settings." in sentences[0]
    assert sentences[1] == "This recording has 20 frames a second, 25 needed: brief movements may be missed."


def test_hindrances_are_one_sentence_the_longest_first():
    assert hindered_line({"no face": 4.25, "too dark": 31.4}) == "Hindered: too dark for 31 s, no face for 4.2 s."
    assert hindered_line({}) == ""


@pytest.fixture(scope="module")
def two_people(act, tmp_path_factory):
    """5 s at 20 frames a second of two people side by side."""
    still, times_s = np.zeros((478, 2)), np.arange(0, 5, 1 / 20)
    frames = [np.hstack([f.image, f.image]) for f in act(times_s, lambda t: still, size_px=(320, 360))]
    path = tmp_path_factory.mktemp("two") / "two.mp4"
    return write_video(path, frames, [round(1000 * t) for t in times_s])


def test_a_recording_says_what_could_not_be_judged_in_its_summary_session_and_exports(two_people, tmp_path):
    arguments = ["replay", str(two_people), "--out", str(tmp_path), "--faces", "1", "--json"]
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0
    summary = json.loads(done.stdout.splitlines()[-1])
    assert set(summary["hindered_s"]) == {"a face not followed", "below 25 frames a second"}
    assert summary["hindered_s"]["a face not followed"] > 3
    assert "Hindered: " in done.stderr
    [path] = tmp_path.glob("*.medn")
    with open_session(path) as stored:
        assert stored.info.hindered_s == summary["hindered_s"]
    done = CliRunner().invoke(cli, ["export", str(path), "--to", "csv,elan,boris,webvtt"])
    assert done.exit_code == 0
    rows = {row["what"]: row for row in csv.DictReader((tmp_path / "two-judged.csv").open())}
    assert float(rows["below 25 frames a second"]["share"]) > 0.7
    assert "upper face judged" in rows
    for ending in (".eaf", ".boris", ".vtt"):
        assert "a face not followed for" in (tmp_path / f"two{ending}").read_text()
    done = CliRunner().invoke(cli, ["replay", str(two_people), "--out", str(tmp_path), "--json"])
    assert "a face not followed" not in json.loads(done.stdout.splitlines()[-1])["hindered_s"]


def test_review_says_it_above_the_events_and_analyze_in_the_tip(window, two_people, home):
    window.show_workspace(1)
    window.analyze.faces.choice.setCurrentText("1")
    window.analyze.add([str(two_people)])
    until(lambda: not window.analyze.queue.running, 90)
    [entry] = window.analyze.queue.entries
    tip = window.analyze.table.rows.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert "a face not followed for" in tip
    assert "below 25 frames a second for" in window.analyze.table.rows.index(0, 3).data()
    window.open_session(entry.outcome.session)
    assert "Hindered: " in window.review.arrangement.summary.text()


def test_several_faces_are_numbered_on_picture_cards_and_trace_and_one_is_chosen(window, two_people):
    live = window.live
    live.picker.choose(str(two_people))
    live.start()
    until(lambda: live.stage.numbered, 60)
    assert live.faces.isVisible()
    assert [live.faces.itemText(place) for place in range(live.faces.count())] == ["face 0", "face 1"]
    live.faces.setFocus()
    live.faces.setCurrentIndex(1)
    live.faces.activated.emit(1)
    until(lambda: live._face == 1)
    live.stage.grab()  # paints the numbers


def test_in_review_the_table_names_faces_and_the_trace_follows_the_choice(window, home):
    path = write_session(home / "sessions" / "two.medn", 12.0, [3.0, 6.0], faces=2)
    window.resize(1366, 768)
    window.open_session(path)
    review = window.review
    until(lambda: review.model.record.readings is not None)
    until(lambda: review.arrangement.faces.isVisible())
    assert [review.table._rows.index(row, 8).data() for row in range(2)] == ["0", "1"]
    assert not review.table.view.isColumnHidden(8)
    assert review.inspector._times.text().startswith("face 0")
    shown = review.timeline._trace._bands
    assert [event.face for event in shown._events] == [0]
    review.arrangement.faces.setCurrentIndex(1)
    review.arrangement.faces.activated.emit(1)
    assert review.model.shown_face == 1
    assert [event.face for event in shown._events] == [1]
    QTest.keyClick(review, Qt.Key.Key_K)
    assert review.model.chosen.event.face == 1
    QTest.keyClick(review, Qt.Key.Key_J)
    assert review.model.shown_face == 0  # another event brings its own face


def test_an_event_names_its_face_also_where_only_one_of_several_has_events(window, home):
    window.open_session(write_session(home / "sessions" / "two.medn", 6.0, [3.0], faces=2))
    until(lambda: window.review.model.record.readings is not None)
    until(lambda: window.review.inspector._times.text().startswith("face 0"))


def test_in_review_each_outline_carries_its_face_s_number(window, two_people, home, monkeypatch):
    done = CliRunner().invoke(cli, ["replay", str(two_people), "--out", str(home / "sessions"), "--json"])
    assert done.exit_code == 0
    with open_session(home / "sessions" / "two.medn") as stored:
        place = {row.face: row.eyes_px for row in stored.frames() if row.frame == 40}
    assert place.keys() == {0, 1}
    assert abs(place[0][0] - place[1][0]) == pytest.approx(320, abs=8)
    painted = {}
    outline = overlay.outline

    def noted(painter, to_widget, points, number=None):
        painted[number] = eye_axis(points)
        outline(painter, to_widget, points, number)

    monkeypatch.setattr(overlay, "outline", noted)
    window.open_session(home / "sessions" / "two.medn")
    review = window.review
    until(lambda: review.arrangement.faces.isVisible())
    until(lambda: review.viewer._shown is not None)
    review.viewer.seek(2.0)
    until(lambda: {seen.number for seen in review.viewer._shown.faces} == {0, 1})
    painted.clear()
    review.viewer.grab()
    for number, eyes in painted.items():
        assert (eyes.x, eyes.y) == pytest.approx(place[number], abs=4)
    assert painted.keys() == {0, 1}


def test_a_session_of_one_face_has_no_numbers(window, home):
    window.open_session(write_session(home / "sessions" / "one.medn", 6.0, [3.0]))
    until(lambda: window.review.model.record.readings is not None)
    assert window.review.table.view.isColumnHidden(8)
    assert not window.review.arrangement.faces.isVisible()
    assert "face" not in window.review.inspector._times.text()
