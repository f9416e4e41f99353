"""The window, driven offscreen as a person would: Live, Analyze, Review, and what goes wrong on the way."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import json
import sqlite3
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from fakecam import environment, needs_fakecam
from gui_driver import live_for, press, until, write_session
from PyQt6.QtCore import QEvent, QMimeData, QPointF, Qt, QUrl
from PyQt6.QtGui import QDropEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QMessageBox
from recordings import write_video
from typer.testing import CliRunner

from gui import settings as app_settings
from gui import theme, words
from gui.analyze.queue import Stage
from gui.app import make_app
from gui.consent import ConsentDialog
from gui.first_run import FirstRun, accept_terms
from gui.live.run import State
from gui.review.export_dialog import ExportDialog
from gui.settings import Settings
from gui.window import MainWindow
from medn.cli import app as cli
from realtime.session import Status, open_session

KEY, CTRL = Qt.Key, Qt.KeyboardModifier.ControlModifier
ONSET_S = 3.0


@pytest.fixture(scope="module")
def app():
    result = make_app()
    theme.apply(result, light=False)
    return result


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Settings and sessions of their own for each test."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path


@pytest.fixture
def window(app, home):
    result = MainWindow(Settings(accepted_terms=1, sessions=str(home / "sessions"), workers=1))
    (home / "sessions").mkdir()
    result.show()
    result.activateWindow()
    until(result.isActiveWindow)
    yield result
    result.close()
    result.deleteLater()
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture(scope="module")
def film(act, shapes, tmp_path_factory):
    """5.2 s in which the brows are raised by 2.5 % of the eye distance for 0.4 s from 3 s on."""
    unit = shapes.action_units(["AU1", "AU2"])
    unit = unit * 0.025 / np.linalg.norm(unit[:, :2], axis=1).max()

    def course(t):
        ease = np.clip(min((t - ONSET_S) / 0.15, (ONSET_S + 0.4 - t) / 0.25), 0, 1)
        return float(ease**2 * (3 - 2 * ease))

    frames = act(np.arange(0, 5.2, 1 / 30), lambda t: unit * course(t))
    path = tmp_path_factory.mktemp("film") / "brows raised.mp4"
    return write_video(path, [f.image for f in frames], [round(1000 * f.time_s) for f in frames])


@pytest.fixture
def session(home, film):
    """Three events in a session whose film is at hand."""
    (home / "sessions").mkdir(exist_ok=True)
    return write_session(home / "sessions" / "interview.medn", 5.2, [1.0, ONSET_S, 4.0], film)


def saved_status(path):
    with open_session(path) as stored:
        return [event.status for event in stored.events()]


def test_live_shows_an_event_as_it_happens_and_plays_it_again_magnified(window, film):
    live = window.live
    live.picker.choose(str(film))
    live.start()
    until(lambda: live.run is not None and live.run.state is State.RUNNING)
    until(lambda: live.cards.events)
    [event] = live.cards.events
    assert event.onset_s == pytest.approx(ONSET_S, abs=0.1)
    live.cards.picked.emit(event)
    assert live.stage.player is not None
    press(live, KEY.Key_G)
    until(lambda: not live.stage.player.magnifying)
    large, _ = live.stage.player.now()
    assert large.shape == live.stage.player.moment.images[0].shape
    press(live, KEY.Key_Escape)
    assert live.stage.player is None
    until(lambda: live.run is None)
    assert "1 events" in live.ended_words


def test_the_strip_tells_what_was_measured_and_every_stage_on_a_click(window, film):
    window.live.picker.choose(str(film))
    window.live.start()
    until(lambda: "fps" in window.strip._line.text() and "screen" in window.strip._line.text())
    QTest.mouseClick(window.strip, Qt.MouseButton.LeftButton)
    details = window.strip._details
    assert details.isVisible()
    assert "frames offered" in details._drops.text()
    details.hide()


def test_a_recording_asks_for_consent_and_keeps_it_with_marks_but_no_picture(window, film, home):
    live = window.live
    live.picker.choose(str(film))
    live.start()
    until(lambda: live.run.state is State.RUNNING and live.run.mailbox.newest)
    live.mark()
    assert "press Record" in window.banner.text
    live.recorder.begin("Ada", with_video=False)
    until(lambda: live.recorder.seconds and live.recorder.seconds > 0.2)
    press(live, KEY.Key_M)
    path = live.recorder.path
    live.stop()
    assert "Saved as" in window.banner.text
    with open_session(path) as stored:
        assert stored.info.consent == "Ada agreed to be recorded, without pictures."
        assert stored.info.closed_utc
        assert [mark.text for mark in stored.annotations()] == ["mark"]
        assert list(stored.frames())
    assert [p.name for p in (home / "sessions").iterdir()] == [path.name]


def test_closing_while_recording_asks_once_and_saves(window, film, home, monkeypatch):
    live = window.live
    live.picker.choose(str(film))
    live.start()
    until(lambda: live.run.state is State.RUNNING and live.run.mailbox.newest)
    live.recorder.begin("Ada", with_video=False)
    asked = []
    answers = iter([QMessageBox.StandardButton.Cancel, QMessageBox.StandardButton.Save])
    monkeypatch.setattr(QMessageBox, "question", lambda *words: asked.append(words[2]) or next(answers))
    assert not window.close()
    assert live.recorder.path is not None
    assert window.close()
    assert len(asked) == 2
    [path] = (home / "sessions").glob("*.medn")
    with open_session(path) as stored:
        assert stored.info.closed_utc


def test_recording_needs_a_name_and_consent(app):
    dialog = ConsentDialog("")
    assert not dialog._ok.isEnabled()
    dialog._person.setText("Ada")
    assert not dialog._ok.isEnabled()
    dialog._agreed.setChecked(True)
    assert dialog._ok.isEnabled()
    assert not dialog.with_video


def test_a_source_that_cannot_be_opened_is_told_in_one_sentence_and_can_be_tried_again(window):
    window.live.picker.choose("/nowhere/missing.mp4")
    window.live.start()
    until(lambda: window.live.run is None)
    assert window.banner.text == "/nowhere/missing.mp4 does not exist."


def test_dropped_files_are_analysed_and_an_unreadable_one_fails_alone(window, film, tmp_path):
    notes = tmp_path / "notes.mp4"
    notes.write_text("these are notes, not a video\n")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(p)) for p in (notes, film)])
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
    window.analyze.table.doubleClicked.emit(window.analyze.table.rows.index(1, 0))
    assert window.review.record.path == good.outcome.session
    queue.clear_finished()
    assert not queue.entries


def test_an_analysis_can_be_paused_and_stopped_and_keeps_what_was_done(window, film):
    window.analyze.add([str(film)])
    queue = window.analyze.queue
    [entry] = queue.entries
    until(lambda: entry.done_s > 0, 60)
    queue.pause()
    live_for(0.5)
    before_s = entry.done_s
    live_for(0.7)
    assert entry.done_s == before_s
    queue.stop(entry)
    queue.start()
    until(lambda: entry.worker is None, 60)
    assert entry.stage is Stage.STOPPED
    with open_session(entry.outcome.session) as stored:
        assert stored.info.closed_utc
    queue.retry()
    until(lambda: entry.stage is Stage.DONE, 60)


def test_closing_the_window_mid_analysis_leaves_a_whole_session(app, home, film):
    (home / "sessions").mkdir()
    window = MainWindow(Settings(accepted_terms=1, sessions=str(home / "sessions"), workers=1))
    window.show()
    window.analyze.add([str(film)])
    until(lambda: window.analyze.queue.entries[0].done_s > 0, 60)
    window.close()
    [path] = (home / "sessions").glob("*.medn")
    with open_session(path) as stored:
        assert stored.info.closed_utc
        assert list(stored.frames())


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


def test_sensitivity_acts_on_the_run_at_once(window, film):
    live = window.live
    live.picker.choose(str(film))
    live.start()
    until(lambda: live.run.state is State.RUNNING and live.run.mailbox.newest)
    before = live.run._pipeline.parameters.spotter.least_score
    live._set_sensitivity(8)
    until(lambda: live.run is None or live.run._pipeline.parameters.spotter.least_score < before, 5)


def test_the_first_page_must_be_read_and_accepted_once(app, home, monkeypatch):
    page = FirstRun()
    assert not page._go.isEnabled()
    page._read.setChecked(True)
    assert page._go.isEnabled()
    text = " ".join(part for heading in __import__("gui.first_run").first_run.PARAGRAPHS for part in heading)
    for told in ("no lie detector", "Nothing is sent", "prohibited", "not stored"):
        assert told in text
    monkeypatch.setattr(FirstRun, "exec", lambda _: FirstRun.DialogCode.Rejected)
    assert not accept_terms(Settings())
    monkeypatch.setattr(FirstRun, "exec", lambda _: FirstRun.DialogCode.Accepted)
    assert accept_terms(Settings())
    assert app_settings.load().accepted_terms == app_settings.TERMS


def test_settings_are_kept_and_a_broken_file_means_the_defaults(home):
    kept = Settings(light=True, width=640, sensitivity=2)
    app_settings.save(kept)
    assert asdict(app_settings.load()) == asdict(kept)
    app_settings.settings_file().write_text('{"light": "very", "sensitivity": 99, "unknown": 1}')
    assert app_settings.load() == Settings()
    app_settings.settings_file().write_text("{")
    assert app_settings.load() == Settings()


def test_the_theme_changes_every_widget_without_a_restart(window, app):
    before = window.grab().toImage().pixelColor(5, 300).lightness()
    window._toggle_theme()
    app.processEvents()
    assert window.grab().toImage().pixelColor(5, 300).lightness() > before + 100
    window._toggle_theme()


@pytest.mark.parametrize(
    ("seconds", "said"), [(12.484, "0:12.48"), (3723.5, "1:02:03.50"), (-1.0, "−0:01.00"), (59.999, "1:00.00")]
)
def test_times_are_said_as_people_read_them(seconds, said):
    assert words.clock(seconds) == said


UNPLUGGED = """
import json, os, sys
os.environ["QT_QPA_PLATFORM"] = "offscreen"
sys.path[:0] = ["tests"]
from gui.app import make_app
from gui.review.export_dialog import ExportDialog
from gui.settings import Settings
from gui.window import MainWindow
from medn.cli import app as cli
from gui_driver import until
app = make_app()
window = MainWindow(Settings(accepted_terms=1, sessions=sys.argv[1]))
window.show()
live = window.live
live.picker.choose("0")
live.start()
until(lambda: live.run and live.run.mailbox.newest or window.banner.text)
assert not window.banner.text
live.recorder.begin("Ada", with_video=True)
until(lambda: "was lost" in live.stage._advice._words.text(), 20)
lost = live.stage._advice._words.text()
frames = live.run.tally.summary("").frames_processed
until(lambda: live.run.tally.summary("").frames_processed > frames + 20, 20)
until(lambda: "was lost" not in live.stage._advice._words.text(), 5)
path = live.recorder.path
window.leave()
print(json.dumps({"lost": lost, "path": str(path)}))
"""


@needs_fakecam
def test_a_camera_unplugged_while_live_is_told_and_the_recording_goes_on(tmp_path):
    (tmp_path / "sessions").mkdir()
    camera = environment(tmp_path, unplug_after=40, replug_after=1500)
    command = [sys.executable, "-c", UNPLUGGED, str(tmp_path / "sessions")]
    done = subprocess.run(
        command, env=camera, capture_output=True, text=True, timeout=90, cwd=Path(__file__).parents[1]
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert "trying to get it back" in told["lost"]
    with open_session(Path(told["path"])) as stored:
        assert [notice.kind.value for notice in stored.notices()][:2] == ["lost", "reconnected"]
        assert stored.info.closed_utc
        assert Path(stored.info.video).stat().st_size > 1000


def test_no_thread_outlives_the_window(app, home, film):
    window = MainWindow(Settings(accepted_terms=1, sessions=str(home / "sessions")))
    window.show()
    window.live.picker.choose(str(film))
    window.live.start()
    until(lambda: window.live.run.state is State.RUNNING)
    window.close()
    assert not [t.name for t in threading.enumerate() if t.name in ("live", "session", "film")]


def test_without_a_display_the_command_says_so_and_what_needs_none(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    result = CliRunner().invoke(cli, [])
    assert result.exit_code == 2
    assert "no display" in result.stderr


def test_a_command_for_a_session_that_is_none_is_refused_before_a_window_opens(tmp_path):
    result = CliRunner().invoke(cli, ["review", str(tmp_path / "nothing.medn")])
    assert result.exit_code == 2
    assert "cannot be read" in result.stderr
