"""What the window shows can be read and reached: in small windows, with long names, by screen readers."""

import pytest
from PyQt6.QtCore import QPoint, QRect, Qt
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QScrollBar,
)  # fmt: skip

from gui import theme
from gui.dialogs import settings as settings_dialog
from gui.dialogs.consent import ConsentDialog
from gui.dialogs.first_run import FirstRun
from gui.dialogs.settings import SettingsDialog
from gui.keys import KeysDialog
from gui.review.export_dialog import ExportDialog
from gui.review.marking import MarksDialog
from gui.review.record import Record
from gui.settings import Settings
from gui.widgets.basic import Choice
from tests.gui_driver import live_for, until, write_session


def test_every_control_has_a_name_for_a_screen_reader(window, session):
    window.banner.report("Something was done.", window, action=("Undo", lambda: None))
    export = ExportDialog(Record(session, ""), [], window)
    tops = (window, SettingsDialog(Settings(), window), ConsentDialog("", window), FirstRun(), export)
    kinds = (QAbstractButton, QComboBox, QLineEdit, QPlainTextEdit, QAbstractSlider, QAbstractItemView)
    mute = []
    for control in (widget for kind in kinds for top in tops for widget in top.findChildren(kind)):
        # the parts that Qt makes itself are spoken with what they belong to
        part = isinstance(control, QScrollBar) or control.objectName().startswith("qt_")
        part = part or isinstance(control.parent().parent(), QComboBox)
        text = control.accessibleName() or getattr(control, "text", str)() or control.toolTip()
        if not part and not text and control.focusPolicy() is not Qt.FocusPolicy.NoFocus:
            mute.append(f"{type(control).__name__} in {type(control.parent()).__name__}")
    assert mute == []


def test_the_window_is_smaller_than_a_small_screen_and_its_contents_fit_at_the_smallest_size(window, session):
    assert window.minimumWidth() <= 960 - 40  # 1920×1080 at 200 %, beside the screen's own panels
    assert window.minimumHeight() <= 540 - 60
    window.open_session(session)
    window.live.recorder._text.hide()
    window.resize(window.minimumSize())
    live_for(0.1)
    for place in range(3):
        window.show_workspace(place)
        live_for(0.1)
        needed = window.centralWidget().minimumSizeHint()
        assert needed.width() <= window.width(), place
        assert needed.height() <= window.height(), place


def test_every_dialog_fits_on_a_small_screen_with_its_buttons(window, session):
    window.open_session(session)
    review = window.review
    dialogs = (
        FirstRun(), ConsentDialog("", window), SettingsDialog(Settings(), window), review.sessions_table(),
        ExportDialog(review.model.record, [], window), MarksDialog(window.settings, review.model, window),
        KeysDialog({"Everywhere": window._commands, "Review": review.commands}, window),
    )  # fmt: skip
    for dialog in dialogs:
        dialog.resize(880, 500)  # what 1920×1080 at 200 % leaves
        dialog.show()
        live_for(0.02)
        assert dialog.width() <= 880, dialog.windowTitle()
        assert dialog.height() <= 500, dialog.windowTitle()
        inside = [each for each in dialog.findChildren(QPushButton) if each.isVisible() and each.isDefault()]
        assert all(dialog.rect().contains(each.geometry()) for each in inside), dialog.windowTitle()
        dialog.close()


def test_confirm_and_reject_are_whole_in_the_smallest_window(window, home):
    window.open_session(write_session(home / "sessions" / "two.medn", 8.0, [1.0, 2.0, 3.0], faces=2))
    window.resize(window.minimumSize())
    inspector = window.review.inspector
    until(lambda: "face 0" in inspector._times.text())
    live_for(0.1)
    assert inspector.verticalScrollBar().isVisible()
    for verdict in (inspector._confirm, inspector._reject):
        right = verdict.mapTo(inspector.viewport(), verdict.rect().topRight()).x()
        assert right < inspector.viewport().width(), verdict.text()


def test_the_record_button_is_whole_in_the_smallest_window_also_before_a_run(window):
    window.resize(window.minimumSize())
    live_for(0.1)
    record = window.live.recorder.buttons[-1]
    assert record.width() >= record.sizeHint().width()


def test_settings_need_no_scrolling_to_the_side_whatever_a_microphone_is_called(app, monkeypatch):
    monkeypatch.setattr(settings_dialog, "_microphones", lambda chosen: [(f"{20 * 'Analog Stereo '} {chosen}", "a")])
    dialog = SettingsDialog(Settings(microphone="a"))
    dialog.show()
    live_for(0.05)
    [choices] = dialog.findChildren(QScrollArea)
    assert choices.horizontalScrollBar().maximum() == 0
    dialog.close()


def test_a_coders_name_is_shown_and_spoken_as_it_was_written(window, session):
    window.open_session(session)
    button = window.review.coders._name
    assert button.accessibleName() == "Coder: without a name"
    window.settings.coder = "Ada & <b>Bo</b>"
    window.review.coders._show_name()
    assert button.accessibleName() == "Coder: Ada & <b>Bo</b>"
    assert button.text().replace("&&", "+") == "Ada + <b>Bo…"
    assert "&lt;b&gt;" in button.toolTip()


@pytest.mark.parametrize("tokens", [theme.DARK, theme.LIGHT])
def test_texts_stand_out_from_what_is_behind_them(tokens):
    pairs = [(text, behind) for text in ("text", "quiet") for behind in ("ground", "surface", "raised", "line")]
    pairs += [(found, "surface") for found in ("negative", "positive", "surprise", "warning", "recording")]
    for text, behind in (*pairs, ("on_accent", "accent")):
        assert contrast(getattr(tokens, text), getattr(tokens, behind)) >= 4.5, (text, behind)


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as WCAG 2 defines it, from 1 to 21; 4.5 is what it asks of texts."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    lower, higher = sorted(map(luminance, (one, other)))
    return (higher + 0.05) / (lower + 0.05)


def test_a_choice_that_is_too_narrow_ends_in_dots(app):
    pictures = []
    for narrow in (Choice(), QComboBox()):
        narrow.addItem("Built-in sample (synthetic)")
        narrow.resize(150, 32)
        pictures.append(narrow.grab(QRect(0, 0, 120, 32)).toImage())  # without the arrow
    assert pictures[0] != pictures[1], "it is cut as Qt cuts it, as if nothing were missing"


def test_in_a_low_window_events_are_seen_beside_a_large_video_and_no_command_is_lost(window, home):
    window.open_session(write_session(home / "sessions" / "talk.medn", 8.0, [1.0, 2.0, 3.0, 4.0, 5.0]))
    review, view = window.review, window.review.table.view
    for size, rows, video_px, beside in (
        ((960, 540), 3, 200, True),
        ((1366, 768), 6, 350, True),
        ((1440, 1000), 3, 300, False),
    ):
        window.resize(*size)
        live_for(0.1)
        assert view.viewport().height() >= rows * view.rowHeight(0)
        assert review.viewer.height() >= video_px
        assert (view.mapTo(review, QPoint()).x() > review.viewer.width()) is beside
        assert review.second_pass._button.isVisible() is (size != (960, 540))
    keys = {action.key for action in review.arrangement._menu.actions()}
    assert keys >= {"W", "Ctrl+I", "Ctrl+U", "Ctrl+D", "Ctrl+Shift+R", "Ctrl+R", "Ctrl+Shift+O"}


def test_long_names_and_limits_give_way_before_a_button_of_review_is_cut_off(window, home):
    name = "participant 07, second interview, after lunch"
    window.settings.coder = "Adelheid Mustermann"
    path = write_session(home / "sessions" / f"{name}.medn", 8.0, [1.0, 2.0, 3.0], faces=2)
    window.open_session(path)
    window.resize(1024, 700)
    review, head = window.review, window.review.arrangement
    until(lambda: review.model.record.readings is not None and head.limits.text())
    live_for(0.1)
    seen = [each for each in review.findChildren(QAbstractButton) if each.isVisible()]
    assert {review.inspector._confirm, review.inspector._reject} <= set(seen)
    for each in seen:
        assert each.mapTo(review, each.rect().topRight()).x() < review.width(), each.toolTip() or each.text()
    for shown, text in ((head.title, name), (head.limits, head.limits.text())):
        assert shown.width() < shown.sizeHint().width()
        assert text in shown.toolTip()
    window.resize(1920, 1000)
    live_for(0.1)
    for shown in (head.title, head.limits):
        assert shown.width() >= shown.fontMetrics().horizontalAdvance(shown.text())
