"""Looking closely in Review: zoom and pan, onset beside apex, the sheet of keys; and long lists stay whole."""

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QLabel

from gui.keys import KeysDialog
from gui.widgets.zoom_view import MOST, ZoomView
from realtime.session import Status, open_session
from tests.gui_driver import press, until, write_session

KEY = Qt.Key
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def view(app):
    """A view of a picture whose pixels are their own column, twice as wide as the widget is high."""
    result = ZoomView()
    result.resize(400, 300)
    columns = np.broadcast_to(np.linspace(0, 255, 400).astype(np.uint8)[None, :, None], (200, 400, 3))
    result.show_image(np.ascontiguousarray(columns))
    return result


def column_at(view, x):
    """The column of the picture that is drawn at a place of the widget."""
    level = view.grab().toImage().pixelColor(round(x * view.devicePixelRatioF()), 150).red()
    return level / 255 * 400


def test_the_place_under_the_mouse_stays_and_a_drag_moves_the_picture(view):
    before = column_at(view, 100)
    view.zoom_by(5, QPointF(100, 150))
    assert view.zoom == pytest.approx(1.25**5)
    assert column_at(view, 100) == pytest.approx(before, abs=3)
    middle = column_at(view, 200)
    QTest.mousePress(view, LEFT, pos=QPoint(200, 150))
    QTest.mouseMove(view, QPoint(150, 150))
    QTest.mouseRelease(view, LEFT, pos=QPoint(150, 150))
    assert column_at(view, 200) - middle == pytest.approx(50 / view.zoom, abs=3)


def test_the_picture_never_leaves_the_view_and_a_double_click_shows_all_of_it(view):
    view.zoom_by(100, QPointF(0, 0))
    assert view.zoom == MOST
    QTest.mousePress(view, LEFT, pos=QPoint(5, 150))
    for _ in range(3):
        QTest.mouseMove(view, QPoint(395, 150))
        QTest.mouseMove(view, QPoint(5, 150))
    assert view.target().left() <= 0
    assert view.target().right() >= 400
    QTest.mouseRelease(view, LEFT, pos=QPoint(5, 150))
    QTest.mouseDClick(view, LEFT, pos=QPoint(200, 150))
    assert view.zoom == 1.0
    assert column_at(view, 200) == pytest.approx(200, abs=3)


def test_onset_and_apex_stand_side_by_side_and_the_mouse_moves_the_line(window, session):
    window.open_session(session)
    review = window.review
    viewer = review.viewer
    review.table.view.selectRow(1)
    until(lambda: viewer.clip is not None)
    press(review, KEY.Key_B)
    until(lambda: viewer.doing == "onset | apex" and viewer._halves is not None)
    clip = viewer.clip
    onset, apex = (clip.images[clip.index_at(at_s)] for at_s in (clip.event.onset_s, clip.event.apex_s))
    side = onset.shape[1]
    assert (viewer.image[:, : side // 2] == onset[:, : side // 2]).all()
    assert (viewer.image[:, side // 2 + 1 :] == apex[:, side // 2 + 1 :]).all()
    target = viewer.target()
    QTest.mousePress(viewer, LEFT, pos=QPoint(round(target.left() + 0.9 * target.width()), 50))
    until(lambda: viewer._halves[1] > 0.85)
    assert (viewer.image[:, : round(0.8 * side)] == onset[:, : round(0.8 * side)]).all()
    press(review, KEY.Key_B)
    until(lambda: viewer.image is not None and viewer.image.shape[1] != side)


def test_a_question_mark_opens_the_sheet_of_keys_with_every_key_once(window, session, monkeypatch):
    shown = []
    monkeypatch.setattr(KeysDialog, "exec", lambda dialog: shown.append(dialog))
    window.open_session(session)
    QTest.keyClick(window.review, "?")
    texts = [text.text() for text in shown[0].findChildren(QLabel)]
    assert {"Shift+M", "Ctrl+Shift+F", "B", "Ctrl+I"} <= set(texts)
    keys = [command.key for command in window.review.commands]
    assert len(keys) == len(set(keys))


def test_a_judgement_of_one_of_many_events_is_shown_and_stored(window, home):
    path = write_session(home / "sessions" / "many.medn", 60.0, [0.5 + 0.1 * place for place in range(500)])
    window.open_session(path)
    review = window.review
    review.table.view.selectRow(250)
    chosen = review.model.chosen_id
    press(review, KEY.Key_C)
    assert review.model.record.event(chosen).status is Status.CONFIRMED
    assert review.model.shown[250].status is Status.CONFIRMED
    with open_session(path) as stored:
        assert stored.events() == review.model.record.events
    review.table.view.sortByColumn(6, Qt.SortOrder.AscendingOrder)
    assert review.model.shown[0].id == chosen


def test_what_a_filter_hides_after_a_judgement_leaves_the_table_and_comes_back_with_undo(window, home):
    path = write_session(home / "sessions" / "many.medn", 30.0, [0.5 + 0.1 * place for place in range(200)])
    window.open_session(path)
    review, table = window.review, window.review.table
    table._status.setCurrentText("unreviewed")
    table.view.selectRow(120)
    chosen, following = review.model.shown_ids[120:122]
    press(review, KEY.Key_X)
    assert chosen not in review.model.shown_ids
    assert review.model.chosen_id == following
    assert table.view.model().rowCount() == 199
    press(review, KEY.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert review.model.shown_ids[120] == chosen == review.model.chosen_id
    assert table.view.currentIndex().row() == 120


def test_a_note_and_the_words_of_a_movement_are_found_at_once_and_a_note_taken_back_leaves_its_field(window, home):
    path = write_session(home / "sessions" / "many.medn", 30.0, [0.5 + 0.1 * place for place in range(200)])
    window.open_session(path)
    review = window.review
    table, model = review.table, review.model
    table._text.setText("au4")
    assert model.shown_ids == []  # too improbable to be named
    table._text.setText("glabella")
    assert len(model.shown_ids) == 200
    table._text.setText("looks AWAY")
    assert model.shown_ids == []
    model.write_note(model.record.events[7].id, "Looks away")
    assert model.shown_ids == [model.record.events[7].id]
    model.choose(model.record.events[7].id)
    model.undo.undo()
    assert model.shown_ids == []
    assert review.inspector._note.toPlainText() == ""


def test_the_overview_paints_a_judged_event_anew_as_it_would_paint_the_whole(window, home):
    path = write_session(home / "sessions" / "many.medn", 30.0, [0.5 + 0.1 * place for place in range(200)])
    window.open_session(path)
    review = window.review
    until(lambda: review.model.record.readings is not None)
    overview = review.timeline._overview
    before = overview.grab().toImage()
    review.model.choose(review.model.record.events[60].id)
    press(review, KEY.Key_X)
    in_part = overview.grab().toImage()
    overview._whole = None
    assert in_part != before
    assert in_part == overview.grab().toImage()


def test_the_movement_is_magnified_by_the_next_factor_and_more_by_a_larger_one(window, session):
    window.open_session(session)
    review = window.review
    review.table.view.selectRow(1)
    until(lambda: review.viewer.clip is not None)
    press(review, KEY.Key_G)
    changed = {}
    for factor in (10, 20, 2, 5):
        until(lambda factor=factor: review.viewer.doing == f"×{factor}, ¼ speed")
        clip, large = review.viewer.clip, review.viewer._player._large
        apex = clip.index_at(clip.event.apex_s)
        changed[factor] = np.abs(large[apex].astype(int) - clip.images[apex].astype(int)).mean()
        press(review, KEY.Key_G, Qt.KeyboardModifier.ShiftModifier)
    assert changed[2] < changed[5] < changed[10] < changed[20]
    assert review.viewer.factor == 10
