"""Analyze, driven offscreen as a person would: a queue of recordings, bad ones among them."""

import shutil
import sqlite3
from pathlib import Path

from PyQt6.QtCore import QMimeData, QPointF, Qt, QUrl
from PyQt6.QtGui import QDropEvent, QTextDocument
from PyQt6.QtWidgets import QFileDialog

from gui.analyze import queue as analysis_queue
from gui.analyze.queue import Entry, Queue, Stage
from realtime.session import Status, open_session
from tests.gui_driver import live_for, press, until


def test_dropped_files_are_analysed_and_an_unreadable_one_fails_alone(window, interview, tmp_path):
    notes = tmp_path / "notes.mp4"
    notes.write_text("these are notes, not a video\n")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(p)) for p in (notes, interview)])
    window.show_workspace(1)
    none = Qt.KeyboardModifier.NoModifier
    drop = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, none)
    window.analyze.dropEvent(drop)
    queue = window.analyze.queue
    until(lambda: not queue.running, 90)
    bad, good = queue.entries
    assert (bad.stage, good.stage) == (Stage.FAILED, Stage.DONE)
    assert "it holds text" in bad.problem
    assert len(good.outcome.events) == 1
    window.analyze.table.selectRow(1)
    press(window.analyze.table, Qt.Key.Key_Return)
    assert window.review.model.record.path == good.outcome.session
    queue.clear_finished()
    assert not queue.entries


def test_a_tooltip_shows_a_files_name_letter_by_letter_also_where_it_looks_like_a_tag(window, tmp_path):
    notes = tmp_path / "<b>anna<b>.mp4"
    notes.write_text("these are notes, not a video\n")
    window.analyze.add([str(notes)])
    until(lambda: not window.analyze.queue.running, 30)
    tip = window.analyze.table.rows.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    shown = QTextDocument()
    shown.setHtml(tip)
    assert "<b>anna<b>.mp4" in shown.toPlainText()


def test_an_analysis_can_be_paused_and_stopped_and_keeps_what_was_done(window, interview):
    window.analyze.add([str(interview)])
    queue = window.analyze.queue
    [entry] = queue.entries
    until(lambda: entry.done_s > 0, 60)
    queue.pause()
    until(lambda: _stands_still(entry), 60)
    queue.stop([entry])
    queue.start()
    until(lambda: entry.worker is None, 60)
    assert entry.stage is Stage.STOPPED
    with open_session(entry.outcome.session) as stored:
        assert stored.info.closed_utc
    queue.retry()
    until(lambda: entry.stage is Stage.DONE, 60)


def test_a_recording_that_was_analysed_before_opens_its_session_at_once(window, interview):
    window.analyze.add([str(interview)])
    queue = window.analyze.queue
    until(lambda: not queue.running, 90)
    queue.end()  # what comes now comes without a worker
    queue.clear_finished()
    window.analyze.add([str(interview)])
    [entry] = queue.entries
    until(lambda: not queue.running, 10)
    assert entry.stage is Stage.DONE
    assert len(entry.outcome.events) == 1
    assert len(list((window.settings.folder).glob("*.medn"))) == 1
    until(lambda: "was analysed before" in window.banner.text)


def test_between_recordings_that_were_analysed_before_the_window_stays_alive(window, interview, tmp_path, monkeypatch):
    window.analyze.add([str(interview)])
    queue = window.analyze.queue
    until(lambda: not queue.running, 90)
    queue.end()
    queue.clear_finished()
    [session] = window.settings.folder.glob("*.medn")
    for number in range(4):
        film = shutil.copy2(interview, tmp_path / f"{number}.mp4")
        with sqlite3.connect(shutil.copy(session, session.with_name(f"{number}.medn"))) as database:
            database.execute("UPDATE session SET video = ?", (str(film),))
        database.close()
    monkeypatch.setattr(analysis_queue, "LONGEST_TICK_S", 0.0)
    window.analyze.add([str(tmp_path / f"{number}.mp4") for number in range(4)])
    done = []
    for _ in range(4):
        window.analyze._tick()
        done.append(sum(entry.stage is Stage.DONE for entry in queue.entries))
    assert done == [1, 2, 3, 4]
    assert not queue.running


def test_review_shows_the_whole_session_once_a_stopped_analysis_was_made_again(window, interview):
    window.analyze.add([str(interview)])
    queue = window.analyze.queue
    [entry] = queue.entries
    until(lambda: entry.done_s > 0, 60)
    queue.stop([entry])
    until(lambda: entry.worker is None, 60)
    path = entry.outcome.session
    window.open_session(path)
    model = window.review.model
    assert model.record.info.partial
    window.show_workspace(1)
    queue.retry()
    until(lambda: entry.stage is Stage.DONE, 90)
    assert entry.outcome.session == path
    window.show_workspace(2)
    assert model.record.info.partial == ""
    [event] = model.record.events
    model.choose(event.id)
    model.review(Status.CONFIRMED)
    with open_session(path) as stored:
        assert [judged.status for judged in stored.events()] == [Status.CONFIRMED]


def test_closing_the_window_mid_analysis_leaves_a_whole_session(new_window, home, interview):
    (home / "sessions").mkdir()
    window = new_window()
    window.show()
    window.analyze.add([str(interview)])
    until(lambda: window.analyze.queue.entries[0].done_s > 0, 60)
    window.close()
    [path] = (home / "sessions").glob("*.medn")
    with open_session(path) as stored:
        assert stored.info.closed_utc
        assert list(stored.frames())


def test_a_runtime_that_cannot_be_used_is_reported_once_and_the_recording_is_analysed_on_another(window, interview):
    window.settings.runtime = "none such"
    window.analyze.add([str(interview)])
    queue = window.analyze.queue
    until(lambda: not queue.running, 90)
    [entry] = queue.entries
    assert entry.stage is Stage.DONE
    until(lambda: "runs instead" in window.banner.text)
    window.banner.hide()
    live_for(0.3)
    assert window.banner.text == ""


def test_a_key_asks_for_recordings(window, interview, monkeypatch):
    window.show_workspace(1)
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(interview)], ""))
    press(window.analyze, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
    assert [entry.path for entry in window.analyze.queue.entries] == [interview]


def _stands_still(entry):
    before_s = entry.done_s
    live_for(0.7)
    return entry.done_s == before_s


def test_the_time_left_is_what_is_left_of_all_at_the_speed_of_those_that_run():
    queue = Queue(2, lambda: None)
    assert queue.seconds_left is None
    running = Entry(Path("a.mp4"), Stage.RUNNING, done_s=40.0, length_s=100.0, wall_s=10.0)
    queue.entries = [running, Entry(Path("b.mp4"), Stage.WAITING, length_s=60.0), Entry(Path("c.mp4"), Stage.DONE)]
    assert queue.seconds_left == 30.0
    queue.entries[1].length_s = None
    assert queue.seconds_left is None
