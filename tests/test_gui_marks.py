"""Marks in Review: ranges, labels with keys of their own, changed and removed in a list, and each taken back."""

import pytest
from gui_driver import press, write_session
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest

from gui.review.marking import MarksDialog
from gui.settings import Settings, load, save
from realtime.export import export_sessions
from realtime.export.formats import FORMATS
from realtime.session import open_session

KEY, CTRL = Qt.Key, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def review(window, home):
    window.open_session(write_session(home / "sessions" / "talk.medn", 8.0, [1.0, 4.0]))
    window.settings.mark_labels = ["smile", "nod"]
    return window.review


def at(review, time_s):
    review.viewer.playing, review.viewer.loop = False, None
    review.viewer.seek(time_s)


def marks(review):
    with open_session(review.model.record.path) as session:
        return [
            (round(mark.time_s, 3), mark.end_s and round(mark.end_s, 3), mark.text) for mark in session.annotations()
        ]


def test_a_range_is_begun_and_ended_named_taken_back_and_exported(review, tmp_path):
    at(review, 2.0)
    press(review, KEY.Key_R)
    assert marks(review) == []
    press(review, KEY.Key_R)  # where it began
    assert marks(review) == []
    at(review, 3.5)
    press(review, KEY.Key_R)
    QTest.keyClicks(review.marking.text, "talks 1")
    press(review.marking.text, KEY.Key_Return)
    assert marks(review) == [(2.0, 3.5, "talks 1")]
    [_] = export_sessions([review.model.record.path], {"csv": FORMATS["csv"]}, tmp_path)
    assert "2.0,3.5,talks 1" in (tmp_path / "talk-marks.csv").read_text()
    press(review, KEY.Key_Z, CTRL)
    assert marks(review) == []
    press(review, KEY.Key_Z, CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert marks(review) == [(2.0, 3.5, "talks 1")]


def test_a_labels_key_marks_while_it_plays_and_ends_a_range(review, window):
    at(review, 1.0)
    review.viewer.play(on=True)
    press(review, KEY.Key_2)
    assert review.viewer.playing
    at(review, 5.0)
    press(review, KEY.Key_R)
    at(review, 4.0)  # backwards, too
    press(review, KEY.Key_1)
    [nod, smile] = marks(review)
    assert nod[1:] == (None, "nod")
    assert smile == (4.0, 5.0, "smile")
    press(review, KEY.Key_3)
    assert "no label" in window.banner.text
    assert len(marks(review)) == 2


def test_marks_are_changed_and_removed_in_a_list_and_all_of_it_is_undone(review, window):
    for time_s in (1.0, 2.0):
        at(review, time_s)
        press(review, KEY.Key_1)
    dialog = MarksDialog(window.settings, review.model, window)
    for line, place, text in ((0, 1, "1.5"), (0, 2, "grin"), (1, 0, "soon"), (1, 1, "0.5")):
        dialog.marks.item(line, place).setText(text)
    assert marks(review) == [(1.0, 1.5, "grin"), (2.0, None, "smile")]
    assert "seconds" in dialog._problem.text()
    dialog.marks.selectRow(0)
    dialog._remove()
    dialog.labels[2].setText(" shake ")
    dialog.accept()
    assert window.settings.mark_labels[:3] == ["smile", "nod", "shake"]
    assert marks(review) == [(2.0, None, "smile")]
    for _ in range(5):
        review.model.undo.undo()
    assert marks(review) == []
    for _ in range(5):
        review.model.undo.redo()
    assert marks(review) == [(2.0, None, "smile")]


def test_labels_are_remembered_and_what_is_no_list_of_texts_is_not(home):
    save(Settings(mark_labels=["smile", ""]))
    assert load().mark_labels == ["smile", ""]
    save(Settings(mark_labels=["smile", 3]))
    assert load().mark_labels == []
