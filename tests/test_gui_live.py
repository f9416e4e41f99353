"""Live, driven offscreen as a person would: a run, its events, recording, and what goes wrong on the way."""

import itertools
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QMessageBox, QPushButton

from gui.dialogs.consent import ConsentDialog
from gui.live.run import State
from medn.runtime import RUNTIMES
from realtime.pipeline import PipelineParameters
from realtime.session import open_session
from tests.fakecam import environment, needs_fakecam
from tests.gui_driver import ONSET_S, a_candidate, live_for, press, until

KEY = Qt.Key


def test_live_shows_an_event_as_it_happens_and_plays_it_again_magnified(window, interview):
    live = window.live
    live.picker.choose(str(interview))
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
    assert large.shape == live.stage.player.clip.images[0].shape
    press(live, KEY.Key_Escape)
    assert live.stage.player is None
    until(lambda: live.run is None)
    assert "has ended: 1 event." in live.ended_text


def test_a_click_on_a_tick_says_why_it_is_no_event(window):
    live = window.live
    live.trace.resize(900, 200)
    live.trace.show_span(0, 20)
    live.trace.show_events([], [a_candidate(5.0, 0.23)])
    scene = live.trace.getViewBox().mapViewToScene(QPointF(5.1, -0.2))
    QTest.mouseClick(live.trace.viewport(), Qt.MouseButton.LeftButton, pos=live.trace.mapFromScene(scene))
    until(lambda: window.banner.text)
    assert window.banner.text == (
        "0:05.00: inner brow left 1.2 %; glabella 0.8 %. "
        "Score 0.23; 0.60 was needed. It is like speech: the jaw moves before or after."
    )


def test_the_strip_shows_what_was_measured_and_every_stage_on_a_click(window, interview):
    window.live.picker.choose(str(interview))
    window.live.start()
    until(lambda: "fps" in window.strip._line.text() and "screen" in window.strip._line.text())
    QTest.mouseClick(window.strip, Qt.MouseButton.LeftButton)
    details = window.strip._details
    assert details.isVisible()
    assert "frames offered" in details._drops.text()
    for words, copied in (("Copy", "frames offered"), ("Copy as command", "medn live --headless --source")):
        [button] = [b for b in details.findChildren(QPushButton) if b.text() == words]
        button.click()
        assert copied in QApplication.clipboard().text()
    details.hide()


def test_the_face_at_rest_is_learned_anew_with_a_key_and_a_ring_shows_it(window, interview):
    live = window.live
    live.picker.choose(str(interview))
    live.start()

    def learning():
        return "Measuring the face at rest" in live.stage._advice._text.text() and live.stage._uncalibrated_since_s

    until(learning)
    until(lambda: live.stage._snapshot and not live.stage._uncalibrated_since_s)
    press(live, KEY.Key_N)
    until(learning, 5)


def test_classes_from_weights_trained_on_synthetic_movements_only_are_marked_as_hints(window, interview):
    live = window.live
    assert not live._caution.isVisible()
    live.picker.choose(str(interview))
    live.start()
    until(lambda: live._caution.isVisible())
    assert "synthetic" in live._caution.text()


def test_nothing_moves_while_loading_where_reduced_motion_is_set(window):
    window.settings.reduced_motion = True
    window.live.stage.show_message("Loading the face models …", busy=True)
    live_for(0.1)
    before = window.live.stage.grab().toImage()
    live_for(0.5)
    assert window.live.stage.grab().toImage() == before


def test_a_recording_asks_for_consent_and_keeps_it_with_marks_but_no_picture(window, interview, home):
    live = window.live
    live.picker.choose(str(interview))
    live.start()
    until(lambda: live.run.state is State.RUNNING and live.run.mailbox.newest)
    live.recorder.mark_now()
    assert "press Record" in window.banner.text
    live.recorder.begin("Ada", with_video=False)
    until(lambda: live.recorder.seconds and live.recorder.seconds > 0.2)
    press(live, KEY.Key_M)
    QTest.keyClicks(live.recorder._text, "nods, R")
    press(live.recorder._text, KEY.Key_Return)
    [(marked_s, _, text)] = live.recorder.marks_of(live.run)
    assert text == "nods, R"
    assert marked_s <= live.run.mailbox.newest.frame.time_s
    press(live, KEY.Key_M)
    path = live.recorder.path
    live.stop()
    assert "Saved as" in window.banner.text
    with open_session(path) as stored:
        assert stored.info.consent == "Ada agreed to be recorded, without pictures."
        assert stored.info.closed_utc
        assert [mark.text for mark in stored.annotations()] == ["nods, R", "mark"]
        assert list(stored.frames())
    assert [p.name for p in (home / "sessions").iterdir()] == [path.name]


def test_event_pictures_that_were_allowed_show_the_moment_in_review_when_the_video_is_gone(window, interview, tmp_path):
    played = tmp_path / "played.mp4"
    played.write_bytes(interview.read_bytes())
    live = window.live
    live.picker.choose(str(played))
    live.start()
    until(lambda: live.run.state is State.RUNNING and live.run.mailbox.newest)
    live.recorder.begin("Ada", with_video=False, with_pictures=True)
    path = live.recorder.path
    until(lambda: live.run is None)
    played.unlink()
    window.open_session(path)
    review = window.review
    assert review.model.record.info.consent == "Ada agreed to be recorded with pictures of the events."
    until(lambda: review.inspector.pictured)
    assert [caption for caption, _ in review.inspector._pictures._pictures] == ["onset", "apex", "difference"]


def test_a_runtime_that_cannot_be_used_is_reported_and_another_one_runs(window, interview, monkeypatch):
    kind = replace(RUNTIMES["tensorrt"], why_not=lambda _: "no NVIDIA driver is installed")
    monkeypatch.setitem(RUNTIMES, "tensorrt", kind)
    window.settings.runtime = "tensorrt"
    window.live.picker.choose(str(interview))
    window.live.start()
    until(lambda: window.banner.text)
    assert window.banner.text.startswith("TensorRT on the GPU cannot run here: no NVIDIA driver is installed; ")
    assert window.banner.text.endswith(" runs instead.")
    until(lambda: window.strip._side.text())
    assert window.live.run.recognition[0] in window.banner.text


def test_a_crash_of_the_pipeline_leaves_a_whole_session_and_a_banner_that_restarts(
    window, interview, home, monkeypatch
):
    live = window.live
    live.picker.choose(str(interview))
    live.start()
    until(lambda: live.run.state is State.RUNNING and live.run.mailbox.newest)
    live.recorder.begin("Ada", with_video=False)
    until(lambda: live.recorder.seconds and live.recorder.seconds > 0.2)

    def crash(*_):
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(live.run._pipeline, "step", crash)
    until(lambda: live.run is None)
    assert "planted" in window.banner.text
    [path] = (home / "sessions").glob("*.medn")
    with open_session(path) as stored:
        assert stored.info.closed_utc
        assert list(stored.frames())
    window.banner._button.click()
    until(lambda: live.run is not None and live.run.state is State.RUNNING)


def test_closing_while_recording_asks_once_and_saves(window, interview, home, monkeypatch):
    live = window.live
    live.picker.choose(str(interview))
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
    assert not dialog.with_pictures


def test_a_source_that_cannot_be_opened_is_reported_in_one_sentence_and_can_be_tried_again(window):
    window.live.picker.choose("/nowhere/missing.mp4")
    window.live.start()
    until(lambda: window.live.run is None)
    assert window.banner.text == "/nowhere/missing.mp4 does not exist."


def test_every_place_of_the_sensitivity_slider_gives_the_run_a_score_threshold_below_the_one_before(window, interview):
    live = window.live
    live.picker.choose(str(interview))
    live.start()
    until(lambda: live.run.state is State.RUNNING and live.run.mailbox.newest)
    pipeline, slider = live.run._pipeline, live.sensitivity.slider
    default = PipelineParameters().score_threshold
    assert live.settings.score_threshold == pipeline.parameters.score_threshold == default
    applied = []
    for place in range(slider.minimum(), slider.maximum() + 1):
        slider.setValue(place)
        until(lambda: pipeline.parameters.score_threshold == live.settings.score_threshold, 5)
        applied.append(pipeline.parameters.score_threshold)
        said = live.sensitivity._description.text()
        assert said.startswith(f"from {applied[-1]:.1f}: ")
        assert said.endswith(" false alarms a minute")
    assert all(0 < threshold < 1 for threshold in applied)
    assert all(after < before for before, after in itertools.pairwise(applied))
    assert default in applied


UNPLUGGED = """
import json, os, sys
os.environ["QT_QPA_PLATFORM"] = "offscreen"
sys.path[:0] = ["tests"]
from gui.app import make_app
from gui.review.export_dialog import ExportDialog
from gui.settings import Settings
from gui.window import MainWindow
from gui.cli import app as cli
from tests.gui_driver import until
app = make_app()
window = MainWindow(Settings(accepted_terms=1, sessions=sys.argv[1]))
window.show()
live = window.live
live.picker.choose("0")
live.start()
until(lambda: live.run and live.run.mailbox.newest or window.banner.text)
assert not window.banner.text
live.recorder.begin("Ada", with_video=True)
until(lambda: "was lost" in live.stage._advice._text.text(), 20)
lost = live.stage._advice._text.text()
frames = live.run.tally.summary("").frames_processed
until(lambda: live.run.tally.summary("").frames_processed > frames + 20, 20)
until(lambda: "was lost" not in live.stage._advice._text.text(), 5)
path = live.recorder.path
window.leave()
print(json.dumps({"lost": lost, "path": str(path)}))
"""


@needs_fakecam
def test_a_camera_unplugged_while_live_is_reported_and_the_recording_goes_on(tmp_path):
    (tmp_path / "sessions").mkdir()
    camera = environment(tmp_path, unplug_after=40, replug_after=1500)
    command = [sys.executable, "-c", UNPLUGGED, str(tmp_path / "sessions")]
    done = subprocess.run(
        command, env=camera, capture_output=True, text=True, timeout=90, cwd=Path(__file__).parents[1]
    )
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout.splitlines()[-1])
    assert "trying to get it back" in record["lost"]
    with open_session(Path(record["path"])) as stored:
        assert [notice.kind.value for notice in stored.notices()][:2] == ["lost", "reconnected"]
        assert stored.info.closed_utc
        assert Path(stored.info.video).stat().st_size > 1000


def test_a_run_takes_the_sensitivity_that_was_set_in_analyze_when_live_is_shown_again(window, interview):
    live = window.live
    live.picker.choose(str(interview))
    live.start()
    until(lambda: live.run.state is State.RUNNING and live.run.mailbox.newest)
    pipeline = live.run._pipeline
    window.show_workspace(1)
    window.analyze.sensitivity.slider.setValue(1)
    window.show_workspace(0)
    assert live.sensitivity.slider.value() == 1
    until(lambda: pipeline.parameters.score_threshold == window.settings.score_threshold == 0.8, 5)


def test_a_recording_that_ends_with_its_run_is_said_to_be_saved_and_opens_in_review(window, interview):
    live = window.live
    live.picker.choose(str(interview))
    live.start()
    until(lambda: live.run.state is State.RUNNING and live.run.mailbox.newest)
    live.recorder.begin("Ada", with_video=False)
    path = live.recorder.path
    until(lambda: live.run is None)
    assert window.banner.text == f"Saved as {path.name}."
    window.banner._button.click()
    assert window.review.model.record.path == path
    assert window.review.model.record.info.partial == ""


def test_consent_that_comes_after_the_end_of_the_run_records_nothing_and_says_so(window, interview, home, monkeypatch):
    live = window.live
    live.picker.choose(str(interview))
    live.start()
    until(lambda: live.run.state is State.RUNNING and live.run.mailbox.newest)

    def agree_late(dialog):
        until(lambda: live.run is None)
        dialog._person.setText("Ada")
        return ConsentDialog.DialogCode.Accepted

    monkeypatch.setattr(ConsentDialog, "exec", agree_late)
    press(live, KEY.Key_R)
    assert window.banner.text == "Nothing is recorded, because the run has ended."
    assert list((home / "sessions").iterdir()) == []
