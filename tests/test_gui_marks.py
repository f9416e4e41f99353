"""Marks in Review: ranges, labels with keys of their own, changed and removed in a list, and each taken back."""

import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication

from gui.review.marking import MarksDialog
from gui.settings import Settings, load, save
from realtime.export import export_sessions
from realtime.export.formats import FORMATS
from realtime.session import open_session
from tests.gui_driver import live_for, press, until, write_session

KEY, CTRL, SHIFT = Qt.Key, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LEFT = Qt.MouseButton.LeftButton


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


def drag(widget, from_, to, modifiers=Qt.KeyboardModifier.NoModifier, *, release=True):
    """Move the mouse from one place to another with the button down."""
    QTest.mousePress(widget, LEFT, modifiers, from_)
    for place in ((from_ + to) / 2, to):
        QTest.mouseMove(widget, place)
    if release:
        QTest.mouseRelease(widget, LEFT, modifiers, to)


def test_a_range_is_dragged_with_the_mouse_and_so_are_its_ends_and_all_of_it_is_undone(review):
    live_for(0.1)
    overview, trace = review.timeline._overview, review.timeline._trace
    review.viewer.playing = False
    at_x = overview.x_at
    drag(overview, QPoint(round(at_x(4.0)), 15), QPoint(round(at_x(2.0)), 15), SHIFT)
    QTest.keyClicks(review.marking.text, "talks")
    press(review.marking.text, KEY.Key_Return)
    [(begin_s, end_s, text)] = marks(review)
    pixel_s = 8.0 / overview.width()
    assert (begin_s, end_s) == (pytest.approx(2.0, abs=pixel_s), pytest.approx(4.0, abs=pixel_s))
    assert text == "talks"
    assert review.viewer.position_s == pytest.approx(begin_s, abs=0.001)  # the end that followed the mouse is seen
    drag(overview, QPoint(round(at_x(end_s)), 3), QPoint(round(at_x(6.0)), 3))
    [(same_s, later_s, text)] = marks(review)
    assert (same_s, text) == (begin_s, "talks")
    assert later_s == pytest.approx(6.0, abs=pixel_s)
    place = trace.x_at(begin_s)
    drag(trace.viewport(), QPoint(round(place), 4), QPoint(round(place) + 40, 4))
    assert marks(review)[0][0] == pytest.approx(trace.time_at(round(place) + 40), abs=0.01)
    for _ in range(2):
        press(review, KEY.Key_Z, CTRL)
    assert marks(review) == [(begin_s, end_s, "talks")]
    drag(trace.viewport(), QPoint(200, 30), QPoint(300, 30), SHIFT)
    press(review.marking.text, KEY.Key_Escape)
    assert len(marks(review)) == 2


def test_escape_ends_a_range_that_is_dragged_or_begun_and_a_click_makes_none(review):
    live_for(0.1)
    overview = review.timeline._overview
    drag(overview, QPoint(100, 15), QPoint(200, 15), SHIFT, release=False)
    press(review, KEY.Key_Escape)
    QTest.mouseRelease(overview, LEFT, SHIFT, QPoint(200, 15))
    QTest.mouseClick(overview, LEFT, SHIFT, QPoint(150, 15))
    at(review, 2.0)
    press(review, KEY.Key_R)
    press(review, KEY.Key_Escape)
    at(review, 3.0)
    press(review, KEY.Key_R)  # begins another one
    assert marks(review) == []
    at(review, 4.0)
    press(review, KEY.Key_1)
    assert marks(review) == [(3.0, 4.0, "smile")]


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


def test_after_tab_the_end_goes_to_the_mark_whose_beginning_was_written_also_where_that_moves_in_the_list(
    review, window
):
    for time_s, text in ((1.0, "first"), (2.0, "second"), (3.0, "third")):
        review.model.mark(time_s, text)
    dialog = MarksDialog(window.settings, review.model, window)
    dialog.show()
    dialog.activateWindow()
    until(dialog.isActiveWindow)
    dialog.marks.setFocus()
    dialog.marks.setCurrentCell(0, 0)
    press(dialog.marks, KEY.Key_F2)
    QTest.keyClicks(QApplication.focusWidget(), "4")
    press(QApplication.focusWidget(), KEY.Key_Tab)
    QTest.keyClicks(QApplication.focusWidget(), "5")
    press(QApplication.focusWidget(), KEY.Key_Return)
    dialog.accept()
    assert marks(review) == [(2.0, None, "second"), (3.0, None, "third"), (4.0, 5.0, "first")]


def test_escape_leaves_a_new_mark_without_the_text_that_was_begun_and_ends_no_range(review):
    press(review, KEY.Key_M)
    QTest.keyClicks(review.marking.text, "smi")
    press(review.marking.text, KEY.Key_Escape)
    assert not review.marking.text.isVisible()
    assert [text for _, _, text in marks(review)] == ["mark"]
    press(review, KEY.Key_R)
    press(review, KEY.Key_M)
    press(review.marking.text, KEY.Key_Escape)
    assert review.marking.begin_s is not None
