"""Review, driven offscreen as a person would: seek, judge, note, magnify, filter, export."""

import gc
import re
import sqlite3
import sys
import weakref
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QDesktopServices, QGuiApplication
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QFileDialog, QLabel

import gui
from gui.review.export_dialog import ExportDialog
from gui.review.measurements import describe
from gui.review.model import ReviewModel
from gui.widgets.trace import Trace
from realtime.session import Status, open_session
from realtime.spotting.features import FEATURES
from realtime.spotting.peak_features import PEAK_FEATURES
from tests.gui_driver import ONSET_S, answer, live_for, press, until, write_session
from tests.recordings import grey, write_video

KEY = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier


def saved_status(path):
    with open_session(path) as stored:
        return [event.status for event in stored.events()]


def test_a_row_seeks_and_loops_its_event_and_keys_judge_and_go_on(window, session):
    window.open_session(session)
    review = window.review
    review.table.view.selectRow(1)
    assert review.viewer.position_s == pytest.approx(ONSET_S, abs=0.1)
    assert review.viewer.loop is not None
    until(lambda: review.viewer.image is not None)
    until(lambda: ONSET_S - 0.3 <= review.viewer._shown.frame.time_s <= ONSET_S + 0.6)
    review.table.view.selectRow(0)
    press(review, KEY.Key_C)
    press(review, KEY.Key_X)
    assert saved_status(session) == [Status.CONFIRMED, Status.REJECTED, Status.UNREVIEWED]
    assert review.model.chosen_id == review.model.record.events[2].id
    press(review, KEY.Key_Z, CTRL)
    assert saved_status(session)[1] is Status.UNREVIEWED
    press(review, KEY.Key_J)
    press(review, KEY.Key_J)
    assert review.model.chosen_id == review.model.record.events[0].id


def test_a_note_is_kept_and_taken_back(window, session):
    window.open_session(session)
    review = window.review
    press(review, KEY.Key_E)
    review.inspector._note.setPlainText("looks away")
    review.table.view.selectRow(1)
    with open_session(session) as stored:
        assert stored.events()[0].note == "looks away"
    review.model.undo.undo()
    with open_session(session) as stored:
        assert stored.events()[0].note == ""


def test_a_mark_is_kept_and_taken_back(window, session):
    window.open_session(session)
    press(window.review, KEY.Key_M)
    with open_session(session) as stored:
        assert len(stored.annotations()) == 1
    press(window.review, KEY.Key_Z, CTRL)
    with open_session(session) as stored:
        assert stored.annotations() == []


def test_an_event_is_magnified_and_compared_in_pictures(window, session):
    window.open_session(session)
    review = window.review
    review.table.view.selectRow(1)
    until(lambda: review.viewer.clip is not None)
    until(lambda: len(review.inspector._pictures._pictures) == 3)
    press(review, KEY.Key_G)
    until(lambda: review.viewer.doing == "×10, ¼ speed")
    side = review.viewer.image.shape[0]
    assert review.viewer.image.shape == (side, side, 3)


def test_units_too_improbable_to_be_named_are_shown_quietly(window, session):
    window.open_session(session)
    window.review.table.view.selectRow(1)
    shown = {sign: tone for sign, _, _, tone in window.review.inspector._aus._bars}
    assert shown == {"AU1": "text", "AU2": "text", "AU4": "quiet"}


def test_what_is_filtered_or_confirmed_is_exported_in_the_background(window, session, tmp_path):
    window.open_session(session)
    press(window.review, KEY.Key_C)
    window.review.table._emotion.setCurrentText("surprise")
    dialog = ExportDialog(window.review.model.record, window.review.model.shown_ids, window)
    dialog._folder.setText(str(tmp_path / "out"))
    counts = []
    for scope in (dialog._all, dialog._confirmed, dialog._filtered):
        scope.setChecked(True)
        dialog._go.click()
        until(lambda: "Written" in dialog._result.text())
        newest = max((tmp_path / "out").glob("*events*.csv"), key=lambda p: p.stat().st_mtime_ns)
        counts.append(len(newest.read_text().strip().splitlines()) - 1)
    assert counts == [3, 1, 1]
    assert "--to csv" in dialog.command
    dialog.close()


def test_after_an_export_its_own_folder_is_opened_and_its_files_are_copied_wherever_the_next_goes(
    window, session, tmp_path, monkeypatch
):
    window.open_session(session)
    dialog = ExportDialog(window.review.model.record, [], window)
    dialog._folder.setText(str(tmp_path / "out"))
    dialog._go.click()
    until(lambda: "Written" in dialog._result.text())
    dialog._folder.setText(str(tmp_path / "next"))
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    dialog._show.click()
    assert opened == [str(tmp_path / "out")]
    dialog._copy.click()
    copied = QGuiApplication.clipboard().text().splitlines()
    assert sorted(copied) == sorted(map(str, (tmp_path / "out").iterdir()))
    dialog.close()


def test_the_table_is_filtered_by_class_status_and_words_and_sorted(window, session):
    window.open_session(session)
    table = window.review.table
    table._emotion.setCurrentText("surprise")
    assert len(window.review.model.shown_ids) == 1
    table._emotion.setCurrentIndex(0)
    table._text.setText("AU2")
    assert len(window.review.model.shown_ids) == 2
    table._text.clear()
    table._score.setCurrentText("Score ≥ 0.5")
    assert len(window.review.model.shown_ids) == 3
    table._score.setCurrentText("Score ≥ 0.7")
    assert window.review.model.shown_ids == []
    table._score.setCurrentIndex(0)
    table.view.sortByColumn(5, Qt.SortOrder.DescendingOrder)
    scores = [window.review.model.record.event(number).event.score for number in window.review.model.shown_ids]
    assert scores == sorted(scores, reverse=True)


def test_a_session_without_its_video_still_shows_trace_and_events_and_a_notice(window, home):
    path = write_session(home / "sessions" / "bare.medn", 4.0, [1.0, 2.0])
    window.open_session(path)
    review = window.review
    until(lambda: review.model.record.readings is not None)
    live_for(0.1)
    assert "No video" in review.viewer._message.text()
    assert len(review.model.shown_ids) == 2
    assert len(review.model.trace.times_s) == 120
    press(review, KEY.Key_C)
    assert saved_status(path)[0] is Status.CONFIRMED


def test_a_session_of_a_newer_version_is_refused_in_one_sentence_and_the_open_one_stays(window, session, home):
    window.open_session(session)
    newer = write_session(home / "sessions" / "newer.medn", 1.0, [])
    with sqlite3.connect(newer) as database:
        database.execute("PRAGMA user_version = 999")
    window.open_session(newer)
    assert "newer MEDN" in window.banner.text
    assert window.review.model.record.path == session
    window.review.refresh()
    problems = [entry.problem for entry in window.review.library.entries if entry.path.name == "newer.medn"]
    assert "newer MEDN" in problems[0]


def test_keys_play_step_loop_and_change_the_speed(window, session):
    window.open_session(session)
    review, viewer = window.review, window.review.viewer
    until(lambda: review.model.record.readings is not None and viewer.video.times_s is not None)
    press(review, KEY.Key_L)
    assert viewer.loop is None
    press(review, KEY.Key_L)
    assert viewer.loop is not None
    speed = viewer.speed
    press(review, KEY.Key_S)
    assert viewer.speed == 2 * speed
    playing = viewer.playing
    press(review, KEY.Key_Space)
    assert viewer.playing is not playing
    press(review, KEY.Key_Right)
    at_s = viewer.position_s
    press(review, KEY.Key_Right)
    assert viewer.position_s == pytest.approx(at_s + 1 / 30, abs=0.01)
    press(review, KEY.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert viewer.position_s == pytest.approx(at_s + 1 / 30 + 1, abs=0.01)
    press(review, KEY.Key_Left)
    assert viewer.position_s == pytest.approx(at_s + 1, abs=0.01)
    press(review, KEY.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert viewer.position_s == pytest.approx(at_s, abs=0.01)
    press(review, KEY.Key_J)
    second = review.model.chosen_id
    press(review, KEY.Key_K)
    assert review.model.chosen_id != second


def test_keys_lead_to_filter_export_and_another_session_in_the_smallest_window_too(window, session, home, monkeypatch):
    other = write_session(home / "sessions" / "other.medn", 1.0, [])
    window.resize(window.minimumSize())
    window.open_session(session)
    opened = []
    monkeypatch.setattr(ExportDialog, "exec", lambda dialog: opened.append(dialog))
    press(window.review, KEY.Key_E, CTRL)
    assert opened
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(other), ""))
    press(window.review, KEY.Key_O, CTRL)
    assert window.review.model.record.path == other
    press(window.review, KEY.Key_F, CTRL)
    assert window.review.table._text.hasFocus()


def test_a_video_that_was_moved_is_located_and_the_chosen_event_plays_on(
    window, session, interview, tmp_path, monkeypatch
):
    moved = tmp_path / "moved.mp4"
    moved.write_bytes(interview.read_bytes())
    with sqlite3.connect(session) as database:
        database.execute("UPDATE session SET video = '/gone/interview.mp4'")
    window.open_session(session)
    review = window.review
    review.table.view.selectRow(1)
    assert "no longer at /gone/interview.mp4" in review.viewer._message.text()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (__file__, ""))
    review.viewer._locate.click()
    assert "cannot be read as a video" in window.banner._text.text()
    assert review.model.record.info.video == "/gone/interview.mp4"  # what is no video does not take its place
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(moved), ""))
    review.viewer._locate.click()
    until(lambda: review.viewer.image is not None)
    assert not review.viewer._locate.isVisible()
    assert review.model.chosen_id == review.model.chosen_id
    until(lambda: ONSET_S - 0.3 <= review.viewer._shown.frame.time_s <= ONSET_S + 0.6)
    window.open_session(session)
    assert review.model.record.info.video == str(moved)  # remembered, so that exports find it too
    assert not review.viewer._locate.isVisible()


def test_a_video_located_for_a_session_that_another_program_holds_is_shown_until_it_is_closed(
    window, session, interview, monkeypatch
):
    with sqlite3.connect(session) as database:
        database.execute("UPDATE session SET video = '/gone/interview.mp4'")
    window.open_session(session)
    review = window.review
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(interview), ""))
    database.execute("BEGIN IMMEDIATE")
    review.viewer._locate.click()
    database.close()
    until(lambda: review.viewer.image is not None)
    assert "database is locked" in window.banner._text.text()
    assert "until the session is closed" in window.banner._text.text()


def test_another_video_is_linked_only_after_a_question_and_another_one_can_be_chosen_later(
    window, session, interview, tmp_path, monkeypatch
):
    other = write_video(tmp_path / "other.mp4", [grey(90)] * 30, [40 * index for index in range(30)])
    window.open_session(session)
    review = window.review
    until(lambda: "30 fps" in review.arrangement.pace.text())
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(other), ""))
    asked = answer(monkeypatch, "", "Use it all the same")
    press(review, KEY.Key_V)
    assert "it ends at 1.2 s, the session at 5.2 s" in asked[0]
    assert "look different" in asked[0]
    assert review.model.record.info.video == str(interview)  # Enter keeps what was linked
    press(review, KEY.Key_V)
    assert review.model.record.info.video == str(other)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(interview), ""))
    press(review, KEY.Key_V)
    assert len(asked) == 2  # the session's own is no question
    assert review.model.record.info.video == str(interview)


def test_for_an_early_session_it_is_said_what_of_a_video_could_not_be_compared(window, session, interview, monkeypatch):
    with sqlite3.connect(session) as database:
        database.execute("DROP TABLE fingerprints")
    window.open_session(session)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(interview), ""))
    press(window.review, KEY.Key_V)
    assert "does not hold picture size and pictures of its video" in window.banner._text.text()
    assert window.review.model.record.info.video == str(interview)


def test_the_export_dialog_shows_who_uses_a_format_and_what_it_writes(window, session):
    window.open_session(session)
    dialog = ExportDialog(window.review.model.record, window.review.model.shown_ids, window)
    dialog.show()
    for words in dialog.findChildren(QLabel):
        assert words.height() >= words.heightForWidth(words.width()), f"cut off: {words.text()}"
    for box in dialog._formats.values():
        assert box.accessibleDescription().startswith("For ")
        assert "interview" in box.toolTip()
    dialog._filtered.setChecked(True)
    dialog._copy_command()
    assert "has no filter" in dialog._result.text()
    dialog.close()


def test_a_click_on_confirm_passes_at_most_four_files_of_review_and_enters_none_of_them_twice(window, session):
    window.open_session(session)
    room, chains = str(Path(gui.__file__).parent / "review"), set()
    reads = {value.fget.__code__ for value in vars(ReviewModel).values() if isinstance(value, property)}

    def record_chain(frame, event, _):
        if event != "call" or not frame.f_code.co_filename.startswith(room):
            return
        files = []
        while frame is not None:
            if frame.f_code in reads:  # a widget that follows a signal reads the model; what counts is who changes it
                return
            name = frame.f_code.co_filename
            if name.startswith(room) and files[-1:] != [name]:
                files.append(name)
            frame = frame.f_back
        chains.add(tuple(Path(name).name for name in reversed(files)))

    sys.setprofile(record_chain)
    try:
        window.review.inspector._confirm.click()
    finally:
        sys.setprofile(None)
    assert saved_status(session)[0] is Status.CONFIRMED
    assert ("model.py", "changes.py", "record.py") in chains
    for files in chains:
        assert len(files) <= 4, files
        assert len(set(files)) == len(files), files


def test_what_cannot_be_saved_is_reported_once_and_nothing_pretends_to_be_saved(window, session):
    window.open_session(session)
    review = window.review
    with sqlite3.connect(session) as other:
        other.execute("BEGIN IMMEDIATE")
        review.marking.mark()
        assert window.banner.text.startswith("Not saved: ")
        window.banner.hide()
        press(review, KEY.Key_C)
        review.marking.mark()
        assert window.banner.text == ""
    other.close()
    assert not review.inspector._confirm.isEnabled()
    assert saved_status(session) == [Status.UNREVIEWED] * 3
    assert review.model.record.marks == []
    assert not review.model.undo.canUndo()
    window.open_session(session)
    review.marking.mark()
    assert window.banner.text.startswith("Marked at")


def test_typing_after_a_mark_is_its_text_and_triggers_no_command(window, session):
    window.open_session(session)
    review = window.review
    press(review, KEY.Key_M)
    field = review.marking.text
    assert field.hasFocus()
    chosen, playing = review.model.chosen_id, review.viewer.playing
    QTest.keyClicks(field, "xcj smile lks ")
    press(field, KEY.Key_Return)
    assert not field.isVisible()
    with open_session(session) as stored:
        assert [mark.text for mark in stored.annotations()] == ["xcj smile lks"]
    assert (review.model.chosen_id, review.viewer.playing) == (chosen, playing)
    assert saved_status(session) == [Status.UNREVIEWED] * 3
    press(review, KEY.Key_Z, CTRL)
    with open_session(session) as stored:
        assert stored.annotations() == []


def test_every_stored_measurement_has_a_readable_name_and_a_unit():
    names = [*FEATURES, *(f"peak_{name}" for name in PEAK_FEATURES), "micro"]
    texts = [describe(name, 0.5) for name in names]
    assert len({text for text, _ in texts}) == len(names)
    for text, value in texts:
        assert not re.search(r"_|iod|pct|statistic", text + value), text
        own_range = re.search(r"\(−1 .*1.*\)", text)
        unit = re.search(r" (%|ms|×|of \d+|standard deviations)|°$|^(yes|no)$|face$", value)
        assert own_range or unit, (text, value)
    assert describe("mouth_pct_before", 1.5) == ("mouth, before", "1.5 % of the eye distance")
    assert describe("duration_s", 0.213) == ("duration", "213 ms")


def test_a_gap_between_frames_breaks_the_curve(app):
    trace = Trace(smooth=True)
    times_s = np.array([0.0, 0.1, 0.2, 2.0, 2.1, 2.2])
    trace.show_trace(times_s, np.full((6, 6), 0.5, np.float32), np.ones((6, 6), np.float32))
    x, y = trace._curve.getData()
    shown = x[: len(x) // 6][np.isfinite(y[: len(x) // 6])]
    np.testing.assert_allclose(shown, times_s)
    gap = np.flatnonzero(~np.isfinite(y[: len(x) // 6]))
    assert 3 in gap  # between 0.2 s and 2 s


def test_a_closed_dialog_and_the_session_it_showed_are_let_go(window, session, monkeypatch):
    window.open_session(session)
    review, shown = window.review, []
    monkeypatch.setattr(ExportDialog, "exec", lambda dialog: shown.append(weakref.ref(dialog._record)))
    for _ in range(3):
        press(review, KEY.Key_E, CTRL)
    assert len(shown) == 3
    review.model.close()
    assert review.findChildren(ExportDialog) == []
    until(lambda: (gc.collect(), not any(record() for record in shown))[1], 5)
