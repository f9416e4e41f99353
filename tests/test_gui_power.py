"""The power test in Analyze, driven offscreen as a person would: progress, result, cancel, nothing left behind."""

import numpy as np
import pytest
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QPushButton

import gui.analyze.power_dialog
from gui.analyze.power_dialog import PowerDialog
from realtime.pipeline import PipelineParameters
from tests.gui_driver import until
from tests.recordings import write_video


@pytest.fixture(scope="module")
def own(act, tmp_path_factory):
    """12 s of a face at rest."""
    still, times_s = np.zeros((478, 2)), np.arange(0, 12, 1 / 25)
    frames = act(times_s, lambda t: still, iod_px=80, size_px=(320, 320))
    path = tmp_path_factory.mktemp("own") / "own.mp4"
    return write_video(path, [f.image for f in frames], [round(1000 * t) for t in times_s])


@pytest.fixture(autouse=True)
def nothing_left(tmp_path, monkeypatch):
    """The worker's own folder for temporary files, which is empty of renderings at the end."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    yield
    assert list(temporary.glob("medn-power-*")) == []


def test_the_chosen_recording_is_tested_with_progress_and_ends_in_two_sentences_and_a_picture(window, own, monkeypatch):
    monkeypatch.setattr(gui.analyze.power_dialog, "ROUNDS", 1)
    window.show_workspace(1)
    analyze = window.analyze
    analyze.queue.pause()
    analyze.add([str(own)])
    dialogs = []
    monkeypatch.setattr(PowerDialog, "exec", lambda dialog: dialogs.append(dialog))
    analyze._power.click()
    assert "Choose one recording" in window.banner.text
    analyze.table.selectRow(0)
    analyze._power.click()
    [dialog] = dialogs
    dialog.show()
    until(lambda: dialog._progress.value() > 0, 90)
    assert "own.mp4" in dialog._doing.text()
    until(lambda: dialog.outcome is not None, 180)
    assert len(dialog.outcome.sentences) == 2
    assert "implanted into 0.2 of 0.2 min of own.mp4" in dialog._text.text()
    assert not dialog._picture.pixmap().isNull()
    assert dialog._close.text() == "Close"
    dialog._copy.click()
    assert "false alarms" in QGuiApplication.clipboard().text()
    [command] = [each for each in dialog.findChildren(QPushButton) if each.text() == "Copy as command"]
    command.click()
    assert QGuiApplication.clipboard().text() == f"medn power {own}"
    dialog._close.click()
    assert not dialog.isVisible()
    assert list(own.parent.iterdir()) == [own]


def test_a_test_that_is_cancelled_ends_and_leaves_nothing(window, own):
    dialog = PowerDialog(own, PipelineParameters(), "", window)
    dialog.show()
    until(lambda: dialog._progress.value() > 0, 90)
    dialog._close.click()
    assert dialog.isVisible()  # until what was rendered is removed
    until(lambda: not dialog.isVisible(), 60)
    assert not dialog._worker._process.is_alive()


def test_a_recording_that_cannot_be_tested_says_why(window, tmp_path):
    (tmp_path / "text.mp4").write_text("no video")
    dialog = PowerDialog(tmp_path / "text.mp4", PipelineParameters(), "", window)
    dialog.show()
    until(lambda: dialog.outcome is not None, 60)
    assert "text.mp4" in dialog._text.text()
    assert not dialog._picture.isVisible()
    dialog.close()
