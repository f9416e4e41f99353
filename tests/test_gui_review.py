"""Review, driven offscreen as a person would: seek, judge, note, magnify, filter, export, delete."""

import sqlite3

import pytest
from gui_driver import ONSET_S, live_for, press, until, write_session
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QDesktopServices, QGuiApplication
from PyQt6.QtWidgets import QFileDialog, QLabel

from gui.review.export_dialog import ExportDialog
from realtime.session import Status, open_session

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
    assert review.table.chosen == review.record.events[2].id
    press(review, KEY.Key_Z, CTRL)
    assert saved_status(session)[1] is Status.UNREVIEWED
    press(review, KEY.Key_J)
    press(review, KEY.Key_J)
    assert review.table.chosen == review.record.events[0].id


def test_a_note_is_kept_and_taken_back(window, session):
    window.open_session(session)
    review = window.review
    press(review, KEY.Key_E)
    review.inspector._note.setPlainText("looks away")
    review.table.view.selectRow(1)
    with open_session(session) as stored:
        assert stored.events()[0].note == "looks away"
    review.undo.undo()
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
    until(lambda: review.viewer.moment is not None)
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
    window.review.table._kind.setCurrentText("surprise")
    dialog = ExportDialog(window.review.record, window.review.table.shown_ids, window)
    dialog._folder.setText(str(tmp_path / "out"))
    counts = []
    for scope in (dialog._all, dialog._confirmed, dialog._filtered):
        scope.setChecked(True)
        dialog._go.click()
        until(lambda: "Written" in dialog._told.text())
        newest = max((tmp_path / "out").glob("*events*.csv"), key=lambda p: p.stat().st_mtime_ns)
        counts.append(len(newest.read_text().strip().splitlines()) - 1)
    assert counts == [3, 1, 1]
    assert "--to csv" in dialog.command
    dialog.close()


def test_after_an_export_its_own_folder_is_opened_and_its_files_are_copied_wherever_the_next_goes(
    window, session, tmp_path, monkeypatch
):
    window.open_session(session)
    dialog = ExportDialog(window.review.record, [], window)
    dialog._folder.setText(str(tmp_path / "out"))
    dialog._go.click()
    until(lambda: "Written" in dialog._told.text())
    dialog._folder.setText(str(tmp_path / "next"))
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    dialog._show.click()
    assert opened == [str(tmp_path / "out")]
    dialog._copy.click()
    assert QGuiApplication.clipboard().text().splitlines() == sorted(map(str, (tmp_path / "out").iterdir()))
    dialog.close()


def test_the_table_is_filtered_by_class_status_and_words_and_sorted(window, session):
    window.open_session(session)
    table = window.review.table
    table._kind.setCurrentText("surprise")
    assert len(table.shown_ids) == 1
    table._kind.setCurrentIndex(0)
    table._words.setText("AU2")
    assert len(table.shown_ids) == 2
    table._words.clear()
    table._score.setCurrentText("Score ≥ 0.5")
    assert len(table.shown_ids) == 3
    table._score.setCurrentText("Score ≥ 0.7")
    assert table.shown_ids == []
    table._score.setCurrentIndex(0)
    table.view.sortByColumn(5, Qt.SortOrder.DescendingOrder)
    scores = [window.review.record.event(number).event.score for number in table.shown_ids]
    assert scores == sorted(scores, reverse=True)


def test_a_session_without_its_video_still_shows_trace_and_events_and_says_so(window, home):
    path = write_session(home / "sessions" / "bare.medn", 4.0, [1.0, 2.0])
    window.open_session(path)
    review = window.review
    until(lambda: review.record.readings is not None)
    live_for(0.1)
    assert "No video" in review.viewer._words.text()
    assert len(review.table.shown_ids) == 2
    assert len(review.viewer.trace.times_s) == 120
    press(review, KEY.Key_C)
    assert saved_status(path)[0] is Status.CONFIRMED


def test_a_session_of_a_newer_version_is_refused_in_one_sentence_and_the_open_one_stays(window, session, home):
    window.open_session(session)
    newer = write_session(home / "sessions" / "newer.medn", 1.0, [])
    with sqlite3.connect(newer) as database:
        database.execute("PRAGMA user_version = 999")
    window.open_session(newer)
    assert "newer MEDN" in window.banner.text
    assert window.review.record.path == session
    window.review.refresh()
    problems = [entry.problem for entry in window.review.library.entries if entry.path.name == "newer.medn"]
    assert "newer MEDN" in problems[0]


def test_sessions_are_found_by_a_search_and_deleted_for_good(window, session, home):
    write_session(home / "sessions" / "other.medn", 1.0, [])
    window.show_workspace(2)
    library = window.review.library
    library._search.setText("interv")
    assert [entry.path.name for entry in library.entries] == ["interview.medn"]
    library._search.clear()
    window.open_session(session)
    window.review.delete(session)
    assert not session.exists()
    assert window.review.record is None
    assert [entry.path.name for entry in library.entries] == ["other.medn"]


def test_keys_play_step_loop_and_change_the_speed(window, session):
    window.open_session(session)
    review, viewer = window.review, window.review.viewer
    until(lambda: review.record.readings is not None and viewer.film.times_s is not None)
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
    second = review.table.chosen
    press(review, KEY.Key_K)
    assert review.table.chosen != second


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
    assert window.review.record.path == other
    press(window.review, KEY.Key_F, CTRL)
    assert window.review.table._words.hasFocus()


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
    assert "no longer at /gone/interview.mp4" in review.viewer._words.text()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (__file__, ""))
    review.viewer._locate.click()
    assert "cannot be read as a video" in window.banner._words.text()
    assert review.record.info.video == "/gone/interview.mp4"  # what is no video does not take its place
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(moved), ""))
    review.viewer._locate.click()
    until(lambda: review.viewer.image is not None)
    assert not review.viewer._locate.isVisible()
    assert review.viewer.chosen.id == review.table.chosen
    until(lambda: ONSET_S - 0.3 <= review.viewer._shown.frame.time_s <= ONSET_S + 0.6)
    window.open_session(session)
    assert review.record.info.video == str(moved)  # remembered, so that exports find it too
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
    assert "database is locked" in window.banner._words.text()
    assert "until the session is closed" in window.banner._words.text()


def test_without_a_session_review_says_how_to_get_one_and_after_a_deletion_too(window, session):
    window.show_workspace(2)
    review = window.review
    assert "Open a session" in review.viewer._words.text()
    assert not review._tools.isEnabled()
    assert not review.viewer._locate.isVisible()
    window.open_session(session)
    assert review._tools.isEnabled()
    review.delete(session)
    assert "Open a session" in review.viewer._words.text()
    assert review.table.shown_ids == []
    assert review._title.text() == ""


def test_the_export_dialog_tells_who_uses_a_format_and_what_it_makes(window, session):
    window.open_session(session)
    dialog = ExportDialog(window.review.record, window.review.table.shown_ids, window)
    dialog.show()
    for words in dialog.findChildren(QLabel):
        assert words.height() >= words.heightForWidth(words.width()), f"cut off: {words.text()}"
    for box in dialog._formats.values():
        assert box.accessibleDescription().startswith("For ")
        assert "interview" in box.toolTip()
    dialog._filtered.setChecked(True)
    dialog._copy_command()
    assert "knows no filter" in dialog._told.text()
    dialog.close()
