"""The source that is looked at: what is chosen when the app starts, and what it remembers."""

import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtGui import QWheelEvent
from PyQt6.QtWidgets import QFileDialog

from gui import settings as app_settings
from gui.live import source_picker
from gui.live.run import SAMPLE
from gui.live.source_picker import SourcePicker
from realtime.sources.camera import Camera
from tests.gui_driver import press, until

BUILT_IN, BEFORE = Camera(0, "Built-in"), Camera(1, "Lab camera")


def chosen_at_start(remembered):
    picker = SourcePicker(remembered)
    until(lambda: not picker.looking)
    return picker.source


@pytest.fixture
def cameras(app, monkeypatch):
    here = []
    monkeypatch.setattr(source_picker, "list_cameras", lambda: list(here))
    return here


def test_the_camera_of_the_last_time_is_chosen_again_though_its_number_changed(cameras):
    cameras += [BUILT_IN, BEFORE]
    picker = SourcePicker()
    until(lambda: not picker.looking)
    picker.choose("1")
    remembered = picker.to_remember
    cameras[:] = [BUILT_IN, Camera(1, "Another"), Camera(2, "Lab camera")]
    assert chosen_at_start(remembered) == "2"


def test_where_the_last_source_is_gone_the_first_camera_or_the_sample_is_chosen(cameras, tmp_path):
    assert chosen_at_start("Lab camera") == SAMPLE
    cameras.append(BUILT_IN)
    assert chosen_at_start("Lab camera") == "0"
    assert chosen_at_start(str(tmp_path / "deleted.mp4")) == "0"
    assert chosen_at_start("") == "0"


def test_a_recording_is_chosen_again_but_neither_the_sample_nor_a_password_is_kept(cameras, interview):
    cameras.append(BUILT_IN)
    assert chosen_at_start(str(interview)) == str(interview)
    picker = SourcePicker()
    until(lambda: not picker.looking)
    picker.choose("rtsp://camera.local/stream")
    assert picker.to_remember == "rtsp://camera.local/stream"
    for kept_nowhere in (
        "rtsp://ada:secret@camera.local/stream",
        "http://camera.local/video?user=ada&pwd=secret",
        SAMPLE,
    ):
        picker.choose(kept_nowhere)
        assert picker.to_remember == ""


def test_a_camera_plugged_in_later_is_found_when_looked_for_again(cameras):
    picker = SourcePicker()
    until(lambda: not picker.looking)
    assert not picker.has_camera
    cameras.append(BUILT_IN)
    picker._picked(picker.findText("Look for cameras again"))
    until(lambda: not picker.looking)
    assert picker.findText("Built-in") >= 0


def test_without_a_camera_a_notice_is_shown_and_the_sample_is_offered(cameras, window):
    window.live.picker.look_for_cameras()
    until(lambda: not window.live.picker.looking)
    empty = window.live.stage._empty
    assert "No camera was found" in empty._text.text()
    assert empty._sample.isVisible()


def test_source_sensitivity_and_overlays_are_as_they_were_left_at_the_next_start(new_window, interview):
    window = new_window()
    window.show()
    live = window.live
    live.start_source(str(interview))
    live.sensitivity.slider.setValue(6)
    for layer in live.layers[:2]:
        layer.click()
    window.close()
    again = new_window(app_settings.load()).live
    until(lambda: not again.picker.looking)
    assert again.picker.source == str(interview)
    assert again.sensitivity.slider.value() == 6
    assert [layer.isChecked() for layer in again.layers] == [False, False, True]


def test_the_wheel_and_the_arrows_start_no_camera_and_the_arrows_open_the_list(cameras, app, monkeypatch):
    cameras += [BUILT_IN, BEFORE]
    picker = SourcePicker()
    until(lambda: not picker.looking)
    started = []
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: started.append("a dialog") or ("", ""))
    picker.chosen.connect(started.append)
    picker.show()
    middle, turned = QPointF(picker.rect().center()), QPoint(0, -120)
    none, plain = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    app.sendEvent(picker, QWheelEvent(middle, middle, turned, turned, none, plain, Qt.ScrollPhase.NoScrollPhase, False))
    press(picker, Qt.Key.Key_O)
    press(picker, Qt.Key.Key_Down)
    assert (started, picker.source) == ([], "0")
    until(picker.view().isVisible)
    press(picker.view(), Qt.Key.Key_Down)
    press(picker.view(), Qt.Key.Key_Return)
    assert (started, picker.source) == (["1"], "1")
