"""Rejected candidates and second analyses, driven offscreen as a person would: click, key, menu."""

import csv
from dataclasses import replace

import pytest
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QDialog
from typer.testing import CliRunner

from gui.analyze.queue import Stage
from gui.cli import app as cli
from gui.review.again import AgainDialog
from gui.review.events_table import SECOND
from gui.settings import Settings
from realtime.export import export_sessions, formats_named
from realtime.pipeline import PipelineParameters
from realtime.report import found_line
from realtime.session import Status, open_session
from realtime.session.rows import place_of
from tests.gui_driver import ONSET_S, press, until, write_session

KEY = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def review(window, home):
    """A session of one event and three candidates, open in Review."""
    candidates = [(2.0, 0.45), (5.0, 0.23), (8.0, 0.05)]
    path = write_session(home / "sessions" / "talk.medn", 12.0, [3.0], candidates=candidates)
    window.resize(1366, 768)
    window.open_session(path)
    review = window.review
    until(lambda: review.model.record.readings is not None and review.timeline._drawn)
    review.viewer.loop = None
    review.viewer.play(on=False)
    return review


def click_tick(review, apex_s):
    trace = review.timeline._trace
    review.viewer.seek(apex_s)
    until(lambda: review.timeline._drawn and review.timeline._drawn[0] <= apex_s)
    trace.show_span(*trace.getViewBox().viewRange()[0])
    scene = trace.getViewBox().mapViewToScene(QPointF(apex_s, -0.2))
    QTest.mouseClick(trace.viewport(), Qt.MouseButton.LeftButton, pos=trace.mapFromScene(scene))


def test_a_click_on_a_tick_shows_what_moved_its_score_against_the_threshold_and_why_it_was_rejected(review):
    click_tick(review, 5.1)
    until(lambda: review.model.chosen is not None and review.model.chosen.id < 0)
    inspector = review.inspector
    assert inspector._title.text() == "0:05.00"
    why = inspector._why.text()
    assert "Score 0.23; 0.60 was needed. It is like speech: the jaw moves before or after." in why
    assert "inner brow left 1.2 %" in why
    assert inspector._why_heading.text() == "WHY THE PROGRAM DID NOT REPORT IT"
    assert not inspector._note.isVisible()


def test_a_click_beside_the_ticks_still_moves_to_that_time(review):
    trace = review.timeline._trace
    scene = trace.getViewBox().mapViewToScene(QPointF(4.0, -0.2))
    QTest.mouseClick(trace.viewport(), Qt.MouseButton.LeftButton, pos=trace.mapFromScene(scene))
    until(lambda: review.viewer.position_s == pytest.approx(4.0, abs=0.05))
    assert review.model.chosen.id > 0


def test_weaker_ones_are_shown_down_to_any_score(review):
    table = review.table
    seen = []
    for _ in range(6):
        press(review, KEY.Key_D)
        seen.append((table._score.currentText(), len(review.model.shown)))
    assert seen == [
        ("+ candidates ≥ 0.5", 1),
        ("+ candidates ≥ 0.4", 2),
        ("+ candidates ≥ 0.3", 2),
        ("+ candidates ≥ 0.2", 3),
        ("+ candidates ≥ 0.1", 3),
        ("+ all candidates", 4),
    ]
    assert table._count.text() == "1 + 3"
    statuses = [table._rows.index(row, 6).data() for row in range(4)]
    assert sorted(statuses) == ["", *["not reported"] * 3]


def test_a_candidate_made_an_event_is_stored_exported_and_can_be_taken_back(review, tmp_path):
    path = review.model.record.path
    click_tick(review, 5.1)
    until(lambda: review.model.chosen is not None and review.model.chosen.id < 0)
    assert review.inspector._confirm.text() == "✓  Make it an event"
    QTest.mouseClick(review.inspector._confirm, Qt.MouseButton.LeftButton)
    assert review.model.chosen.promoted
    with open_session(path) as stored:
        added = stored.events()[-1]
        assert (added.status, added.promoted, added.event.score) == (Status.CONFIRMED, True, 0.23)
        assert len(stored.candidates()) == 3  # what the program decided stays on record
    assert len(review.model.record.candidates) == 2
    assert "2 events" in review.arrangement.summary.text()
    [outcome] = export_sessions([path], formats_named("csv"), tmp_path)
    rows = list(csv.DictReader(outcome.files[0].open()))
    assert [(row["onset_s"], row["status"], row["decided_by"]) for row in rows] == [
        ("3.0", "unreviewed", "program"),
        ("5.0", "confirmed", "coder"),
    ]
    [outcome] = export_sessions([path], formats_named("webvtt"), tmp_path)
    assert outcome.files[0].read_text().count("added by the coder") == 1
    press(review, KEY.Key_E)
    review.inspector._note.setPlainText("a real one")
    review.table.view.setFocus()
    press(review, KEY.Key_Z, CTRL)
    press(review, KEY.Key_Z, CTRL)
    with open_session(path) as stored:
        assert [each.event.onset_s for each in stored.events()] == [3.0]
    assert review.model.chosen.event.onset_s == 5.0
    assert review.model.chosen.id < 0
    press(review, KEY.Key_Z, CTRL | Qt.KeyboardModifier.ShiftModifier)
    with open_session(path) as stored:
        assert [each.event.onset_s for each in stored.events()] == [3.0, 5.0]


def test_only_what_a_person_added_can_be_taken_out_of_a_session(review):
    with open_session(review.model.record.path) as stored, pytest.raises(KeyError):
        stored.demote(stored.events()[0].id)


def test_going_through_candidates_by_keys_confirms_one_and_passes_over_the_others(review):
    for _ in range(6):
        press(review, KEY.Key_D)
    review.model.choose(review.model.shown[0].id)
    assert review.model.chosen.event.onset_s == 2.0
    press(review, KEY.Key_X)
    assert review.model.chosen.event.onset_s == 3.0
    press(review, KEY.Key_K)
    press(review, KEY.Key_C)
    assert review.model.chosen.promoted
    assert [stored.event.onset_s for stored in review.model.record.events] == [3.0, 5.0]
    press(review, KEY.Key_K)
    assert review.model.chosen.event.onset_s == 8.0


def test_an_analysis_says_how_many_candidates_there_were_and_how_strong_and_heeds_its_sensitivity_and_faces(
    window, interview
):
    analyze = window.analyze
    window.show_workspace(1)
    analyze.sensitivity.slider.setValue(0)
    analyze.faces.choice.setCurrentText("2")
    analyze.add([str(interview)])
    until(lambda: not analyze.queue.running, 90)
    [entry] = analyze.queue.entries
    assert entry.stage is Stage.DONE
    summary = entry.outcome.summary
    assert analyze.table.rows.index(0, 3).data() == f"{found_line(summary)}."
    strong = replace(summary, events=0, candidates=487, strongest_candidate=0.23)
    assert found_line(strong) == "0 events, 487 candidates, strongest 0.23"
    tip = analyze.table.rows.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert "Upper face judged" in tip
    with open_session(entry.outcome.session) as stored:
        assert stored.info.score_threshold == 0.9
        assert stored.info.parameters["most_faces"] == 2
        assert len(stored.candidates()) == summary.candidates
    analyze._copy.click()
    command = QGuiApplication.clipboard().text()
    assert "--threshold 0.9 --faces 2" in command
    assert f"--out {window.settings.sessions}" in command


def test_a_recording_is_analysed_again_from_review_with_other_settings(window, home, interview, monkeypatch):
    path = write_session(home / "sessions" / "first.medn", 5.2, [ONSET_S], interview)
    window.open_session(path)

    def answer(dialog):
        assert dialog.chosen.most_faces == 1  # as the session was made
        dialog.sensitivity.slider.setValue(8)
        dialog.faces.choice.setCurrentText("3")
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(AgainDialog, "exec", answer)
    press(window.review, KEY.Key_R, CTRL)
    [entry] = window.analyze.queue.entries
    until(lambda: not window.analyze.queue.running, 90)
    assert entry.outcome.session != path
    with open_session(entry.outcome.session) as stored:
        assert (stored.info.score_threshold, stored.info.parameters["most_faces"]) == (0.1, 3)
    assert path.exists()
    assert window.settings.score_threshold == 0.6  # the app's own setting stays


def test_a_recording_that_is_being_analysed_already_is_not_analysed_again_and_says_so(window, interview):
    window.analyze.queue.add([interview])
    window.analyze.analyse_again(str(interview), replace(window.settings, score_threshold=0.1))
    assert len(window.analyze.queue.entries) == 1
    assert f"{interview.name} is in the queue already" in window.banner.text


def test_a_session_without_video_cannot_be_analysed_again_and_says_so(window, home):
    window.open_session(write_session(home / "sessions" / "bare.medn", 2.0, [1.0]))
    press(window.review, KEY.Key_R, CTRL)
    assert "Without its video" in window.banner.text


def test_app_and_command_line_follow_as_many_faces_and_report_from_the_same_score(tmp_path, interview):
    assert Settings().most_faces == PipelineParameters().most_faces
    assert Settings().score_threshold == PipelineParameters().score_threshold
    done = CliRunner().invoke(cli, ["replay", str(interview), "--out", str(tmp_path), "--threshold", "0.95"])
    assert done.exit_code == 0
    [path] = tmp_path.glob("*.medn")
    with open_session(path) as stored:
        assert stored.info.score_threshold == 0.95
        assert stored.info.parameters["most_faces"] == Settings().most_faces
    assert "candidate" in done.stderr


def test_second_scores_are_a_column_that_sorts_events_and_candidates_where_there_are_any(window, home):
    path = write_session(home / "sessions" / "talk.medn", 6.0, [3.0, 4.0], candidates=[(2.0, 0.45), (5.0, 0.23)])
    window.open_session(path)
    table = window.review.table
    until(lambda: len(window.review.model.shown) == 2)
    assert table.view.isColumnHidden(SECOND)
    with open_session(path) as session:
        events = [stored.event for stored in session.events()]
        places = [place_of(event) for event in (*events, *session.candidates())]
        session.replace_second_scores(dict(zip(places, (0.2, 0.6, 0.9, 0.4), strict=True)))
    window.review.model.close()
    window.open_session(path)
    until(lambda: len(window.review.model.shown) == 2)
    assert not table.view.isColumnHidden(SECOND)
    table._score.setCurrentText("+ all candidates")
    until(lambda: len(window.review.model.shown) == 4)
    table.view.sortByColumn(SECOND, Qt.SortOrder.DescendingOrder)
    assert [stored.second_score for stored in window.review.model.shown] == [0.9, 0.6, 0.4, 0.2]
    assert [stored.event.score for stored in window.review.model.shown] == [0.45, 0.54, 0.23, 0.5]
    column = [table._rows.data(table._rows.index(place, SECOND)) for place in range(4)]
    assert column == ["0.90", "0.60", "0.40", "0.20"]


def test_a_stretch_at_rest_is_part_of_a_second_analysis_only_where_one_is_named(window, home):
    path = write_session(home / "sessions" / "talk.medn", 3.0, [1.0])
    with open_session(path) as session:
        dialog = AgainDialog(Settings(), session.info, window)
    dialog._take()
    assert dialog.chosen.rest_s is None
    for field, at_s in zip(dialog.rest, (2.0, 6.5), strict=True):
        field.setValue(at_s)
    dialog._take()
    assert window.analyze._parameters(dialog.chosen).rest_s == (2.0, 6.5)
    assert Settings().rest_s is None


def test_after_an_addition_was_taken_back_the_next_one_shows_its_own_movement(window, home, interview):
    candidates = [(1.0, 0.45), (ONSET_S, 0.44)]
    window.open_session(write_session(home / "sessions" / "talk.medn", 5.2, [0.5], interview, candidates=candidates))
    review, model = window.review, window.review.model
    until(lambda: review.viewer.video is not None and review.viewer.video.times_s is not None)

    def add(onset_s):
        [number] = [stored.id for stored in model.record.candidates if stored.event.onset_s == onset_s]
        model.choose(number)
        press(review, KEY.Key_C)
        assert model.chosen.promoted
        return model.chosen_id

    first = add(1.0)
    until(lambda: review.viewer.clip is not None)
    assert review.viewer.clip.event.onset_s == 1.0
    press(review, KEY.Key_Z, CTRL)
    assert add(ONSET_S) == first  # the number is given again
    until(lambda: review.viewer.clip is not None)
    assert review.viewer.clip.event.onset_s == ONSET_S
