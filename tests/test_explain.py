"""Why something or nothing was reported at a moment: `medn explain`, and the same question in Review."""

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, QPointF, QRect, Qt
from PyQt6.QtGui import QGuiApplication, QScreen
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QPushButton, QScrollArea
from typer.testing import CliRunner

from gui.cli import app as cli
from gui.review.why import WhyDialog
from realtime.explain import Explanation, explain, threshold_at, why_rejected
from realtime.session import Annotation, SessionInfo, SessionWriter, open_session
from realtime.sources import Cause, Dropped
from realtime.types import Analysis, FaceReading, Frame
from tests.gui_driver import a_candidate, an_event, live_for, press, until, write_session

PICTURE = np.zeros((2, 2, 3), np.uint8)


@pytest.fixture
def session_with(tmp_path):
    """`session_with(reading(frame) -> changes of a reading, or None for no face)`: 12 s at 30 fps, opened."""
    opened = []

    def make(change, decided=(), rejected=()):
        path = tmp_path / f"{len(opened)}.medn"
        with SessionWriter(path, SessionInfo("camera 0", parameters={"score_threshold": 0.6})) as writer:
            for index in range(360):
                values = {
                    "face": 0, "points": np.zeros((478, 3), np.float32), "motion": np.full(6, 0.1, np.float32),
                    "threshold": np.full(6, 0.4, np.float32), "yaw_pitch_roll_deg": (0.0, 0.0, 0.0),
                    "eye_distance_px": 90.0, "calibrated": index >= 60,
                    "limit_pct": (1.2, 2.5) if index >= 112 else (math.nan, math.nan),
                }  # fmt: skip
                changes = change(index / 30)
                if changes == "dropped":
                    writer.on_drop(Dropped(index, index / 30, Cause.OVERRUN))
                    continue
                faces = () if changes is None else (FaceReading(**values | changes),)
                writer.on_analysis(Analysis(index, index / 30, faces), Frame(index, index / 30, PICTURE))
            writer.on_analysis(Analysis(-1, 0.0, (), tuple(decided), tuple(rejected)), None)
        opened.append(open_session(path))
        return opened[-1]

    yield make
    for session in opened:
        session.close()


def said(session, time_s):
    return " ".join(explain(session, time_s).sentences)


def test_it_names_the_limit_and_what_moved_most_and_that_nothing_became_a_candidate(session_with):
    moved = np.array([0.3, 0.1, 0.1, 0.1, 0.1, 0.1], np.float32)
    session = session_with(lambda t: {"motion": moved} if 7.0 < t < 7.2 else {})
    text = said(session, 7.1)
    assert "Upper face: half of all movements from 1.2 % of the eye distance on are found." in text
    assert "Lower face: half of all movements from 2.5 %" in text
    assert "Brows moved most: 0.20 % of the eye distance above the level around; 0.40 % is the threshold." in text
    assert "No movement within 1 s of it became a candidate." in text


@pytest.mark.parametrize(
    ("change", "time_s", "words"),
    [
        (lambda t: None if 5 < t < 7 else {}, 6.0, "No face was found at 6.00 s, so nothing could be judged."),
        (lambda t: "dropped" if 5 < t < 7 else {}, 6.0, "Frames around 6.00 s are missing (overrun)."),
        (lambda t: {}, 60.0, "The session holds no frame at 60.00 s."),
        (lambda t: {}, 1.0, "Upper face: not judged, because the face is still being learned"),
        (lambda t: {}, 11.8, "gone too soon after it"),
        (
            lambda t: {"yaw_pitch_roll_deg": (41.0, 0.0, 0.0), "limit_pct": (math.nan, math.nan)},
            6.0,
            "turned away by 41°",
        ),
        (
            lambda t: {"limit_pct": (1.2, math.nan)},
            6.0,
            "Lower face: not judged, because it moves so much that nothing",
        ),
    ],
)
def test_what_was_not_judged_is_not_called_nothing(session_with, change, time_s, words):
    assert words in said(session_with(change), time_s)


def test_the_nearest_candidates_are_named_with_score_threshold_and_reason(session_with):
    rejected = [a_candidate(5.0, 0.23), a_candidate(6.0, 0.4), a_candidate(9.0, 0.5)]
    session = session_with(lambda t: {}, [an_event(0, 5.6, 168)], rejected)
    found = explain(session, 5.4)
    assert [event.onset_s for event in found.near] == [5.0, 5.6, 6.0]
    text = " ".join(found.sentences)
    assert "A candidate at 5.10 s was rejected. Score 0.23; 0.60 was needed. It is like speech" in text
    assert "An event was reported at 5.70 s, score 0.50." in text
    session.promote(rejected[0])
    assert "at 5.10 s was rejected, made an event by the coder." in said(session, 5.4)


def test_a_candidate_is_named_beside_one_with_the_same_apex_that_became_an_event(session_with):
    longer = replace(a_candidate(5.0, 0.23), offset_s=5.6)
    session = session_with(lambda t: {}, [], [a_candidate(5.0, 0.4), longer])
    session.promote(longer)
    text = said(session, 5.1)
    assert "A candidate at 5.10 s was rejected. Score 0.40" in text
    assert "A candidate at 5.10 s was rejected, made an event by the coder. Score 0.23" in text


def test_the_score_that_was_needed_is_that_of_the_last_change_before():
    info = SessionInfo("camera 0", parameters={"score_threshold": 0.6})
    marks = [Annotation(1, 5.0, None, "score threshold 0.30"), Annotation(2, 6.0, None, "score threshold: mine")]
    assert [threshold_at(info, marks, at_s) for at_s in (4.0, 5.0, 9.0)] == [0.6, 0.3, 0.3]
    assert threshold_at(SessionInfo("camera 0"), (), 1.0) is None
    assert why_rejected(a_candidate(1.0, 0.2), None) == "Score 0.20. It is like speech: the jaw moves before or after."


def test_the_command_prints_sentences_or_json_and_refuses_what_is_no_time(tmp_path):
    path = write_session(tmp_path / "a.medn", 12.0, [3.0], candidates=[(5.0, 0.23)])
    done = CliRunner().invoke(cli, ["explain", str(path), "--at", "0:05.1"])
    assert done.exit_code == 0
    assert "Score 0.23; 0.60 was needed." in done.stdout
    done = CliRunner().invoke(cli, ["explain", str(path), "--at", "5.1", "--json"])
    [line] = done.stdout.splitlines()
    record = json.loads(line)
    assert (record["type"], record["time_s"]) == ("explanation", 5.1)
    assert [(near["reported"], near["score"]) for near in record["near"]] == [(False, 0.23)]
    for time in ("soon", "-1", "1:2:3:4", "nan"):
        done = CliRunner().invoke(cli, ["explain", str(path), f"--at={time}"])
        assert done.exit_code == 2
        assert "is no time" in done.stderr
    assert CliRunner().invoke(cli, ["explain", __file__, "--at", "1"]).exit_code == 2


@pytest.mark.parametrize("height_px", [900, 470])
def test_the_answer_can_be_read_to_its_end_also_with_the_action_units_of_several_faces(app, monkeypatch, height_px):
    monkeypatch.setattr(QScreen, "availableGeometry", lambda _: QRect(0, 0, 1440, height_px))
    long = "Action units on both sides, in % of the eye distance: " + ", ".join(f"AU{n} from 1.1" for n in range(14))
    explanation = Explanation(3.0, ("A short one.", long), (a_candidate(3.0, 0.2),) * 3)
    dialog = WhyDialog(explanation, Path("talk.medn"), print, lambda: [long] * 6, None)
    dialog.show()
    for _ in range(2):
        live_for(0.05)
        page = dialog.findChild(QScrollArea)
        assert dialog.height() <= height_px
        assert all(each.height() >= each.heightForWidth(each.width()) for each in dialog.sentences)
        assert (page.verticalScrollBar().maximum() > 0) == (len(dialog.sentences) > 2 and height_px == 470)
        last = dialog.sentences[-1]
        assert page.viewport().rect().contains(QRect(last.mapTo(page.viewport(), QPoint()), last.size()))
        assert page.accessibleName().count(long) == len(dialog.sentences) - 1
        dialog.by_unit.click()
    dialog.close()


def test_review_answers_to_a_key_a_right_click_and_a_click_on_the_strip(window, home, monkeypatch):
    path = write_session(home / "sessions" / "talk.medn", 12.0, [3.0], candidates=[(5.0, 0.23)])
    window.resize(1366, 768)
    window.open_session(path)
    review = window.review
    until(lambda: review.model.record.readings is not None and review.timeline._drawn)
    shown, copied, added = [], [], []

    def use(dialog):
        shown.append([label.text() for label in dialog.sentences])
        [copy] = [each for each in dialog.findChildren(QPushButton) if each.text() == "Copy as command"]
        copy.click()
        copied.append(QGuiApplication.clipboard().text())
        dialog.by_unit.click()
        added.append(dialog.sentences[-1].text())
        copy.click()
        for show in dialog.shown:
            show.click()

    monkeypatch.setattr(WhyDialog, "exec", use)
    review._seek(5.2)
    press(review, Qt.Key.Key_W)
    assert any("Score 0.23; 0.60 was needed." in text for text in shown[-1])
    assert re.search(r"medn explain \S*talk.medn --at 5.20$", copied[0])
    assert "Nothing is known of single action units" in added[0]  # this session holds no trace
    assert QGuiApplication.clipboard().text() == f"{copied[0]} --units"
    assert review.model.chosen.event.onset_s == 5.0
    review._seek(9.0)
    until(lambda: review.timeline._drawn and review.timeline._drawn[0] <= 9.0 <= sum(review.timeline._drawn))
    trace = review.timeline._trace
    scene = trace.getViewBox().mapViewToScene(QPointF(9.0, 3.0))
    QTest.mouseClick(trace.viewport(), Qt.MouseButton.RightButton, pos=trace.mapFromScene(scene))
    until(lambda: len(shown) == 2)
    assert any("became a candidate" in text for text in shown[-1])
    strip, overview = review.timeline._limit_strip, review.timeline._overview
    QTest.mouseClick(strip, Qt.MouseButton.LeftButton, pos=QPoint(strip.width() // 4, 4))
    QTest.mouseClick(overview, Qt.MouseButton.RightButton, pos=QPoint(overview.width() // 4, 9))
    assert len(shown) == 4
    assert review.viewer.position_s == pytest.approx(3.0, abs=0.1)
