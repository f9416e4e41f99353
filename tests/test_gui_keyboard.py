"""The app without a mouse: Enter, the order of Tab, and folders chosen by keys."""

import pytest
from PyQt6.QtCore import QRect, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QDialog, QFileDialog, QLineEdit, QPushButton, QScrollArea

from gui.dialogs.consent import ConsentDialog
from gui.dialogs.first_run import FirstRun
from gui.dialogs.settings import SettingsDialog
from gui.keys import Command, KeysDialog
from gui.live.cards import EventCard
from gui.review.again import AgainDialog
from gui.review.export_dialog import ExportDialog
from gui.review.marking import MarksDialog
from gui.settings import Settings
from realtime.session import Status, open_session
from tests.gui_driver import an_event, press, until

KEY = Qt.Key


def shown(dialog):
    dialog.show()
    dialog.activateWindow()
    until(dialog.isActiveWindow)
    return dialog


def named(owner, text):
    return next(each for each in owner.findChildren(QPushButton) if each.text() == text)


def test_enter_presses_the_default_button_of_every_dialog_and_cancel_where_that_has_the_focus(window, session):
    window.open_session(session)
    record = window.review.model.record
    consent = ConsentDialog("")
    consent._agreed.setChecked(True)
    first = FirstRun()
    first._read.setChecked(True)
    dialogs = {
        "Record": (consent, consent._person),
        "Continue": (first, first._read),
        "Done": (SettingsDialog(Settings(), window), None),
        "Analyse again": (AgainDialog(Settings(), record.info, window), None),
        "Close": (KeysDialog({"Everywhere": window._commands}, window), None),
    }
    for text, (dialog, focus) in dialogs.items():
        shown(dialog)
        assert named(dialog, text).isDefault()
        target = focus or next(iter(dialog.findChildren(QLineEdit)), dialog)
        target.setFocus()
        if text == "Record":
            press(target, KEY.Key_Return)
            assert dialog.isVisible(), "the button is off without a name"
            QTest.keyClicks(target, "Ada")
        press(target, KEY.Key_Return)
        assert (dialog.isVisible(), dialog.result()) == (False, QDialog.DialogCode.Accepted)
    again = shown(ConsentDialog("Ada"))
    again._agreed.setChecked(True)
    named(again, "Cancel").setFocus()
    press(named(again, "Cancel"), KEY.Key_Return)
    assert (again.isVisible(), again.result()) == (False, QDialog.DialogCode.Rejected)


def test_enter_in_the_export_dialog_exports(window, session, tmp_path):
    window.open_session(session)
    dialog = shown(ExportDialog(window.review.model.record, [], window))
    dialog._folder.setText(str(tmp_path / "out"))
    dialog._folder.setFocus()
    press(dialog._folder, KEY.Key_Return)
    until(lambda: "Written" in dialog._result.text())
    dialog.close()


def test_enter_starts_where_nothing_has_the_focus_and_presses_the_button_that_has_it(window, session, monkeypatch):
    window.live.picker.choose("/nowhere/missing.mp4")
    press(window._stack, KEY.Key_Return)
    until(lambda: window.banner.text == "/nowhere/missing.mp4 does not exist.")
    asked = []
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: asked.append("files") or ([], ""))
    window.show_workspace(1)
    window._stack.setFocus()
    press(window._stack, KEY.Key_Return)
    assert asked == ["files"]
    window.open_session(session)
    window.review.inspector._confirm.setFocus()
    press(window.review.inspector._confirm, KEY.Key_Return)
    with open_session(session) as stored:
        assert stored.events()[0].status is Status.CONFIRMED
    window.review.library._search.setFocus()
    press(window.review.library._search, KEY.Key_Return)
    assert window.review.model.record.path == session


@pytest.mark.parametrize("by_key", [True, False])
def test_a_folder_of_recordings_is_chosen_without_a_mouse(window, interview, monkeypatch, by_key):
    window.show_workspace(1)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(interview.parent))
    if by_key:
        press(window.analyze, KEY.Key_O, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    else:
        chosen = named(window.analyze, "Choose a folder …")
        window._stack.setFocus()
        for _ in range(30):
            if QApplication.focusWidget() is chosen:
                break
            press(QApplication.focusWidget(), KEY.Key_Tab)
        press(QApplication.focusWidget(), KEY.Key_Return)
    assert interview in [entry.path for entry in window.analyze.queue.entries]


def test_tab_goes_through_the_cards_as_they_are_seen_the_newest_first(window):
    cards = window.live.cards
    cards.clear("")
    for place in range(4):
        cards.add(an_event(place, 1.0 + place, 30), ())
    QApplication.processEvents()
    first = next(card for card in cards.findChildren(EventCard) if card.shown is cards.events[0])
    first.setFocus()
    passed = []
    for _ in range(4):
        passed.append(QApplication.focusWidget().shown.onset_s)
        press(QApplication.focusWidget(), KEY.Key_Tab)
    assert passed == [4.0, 3.0, 2.0, 1.0]
    ys = [card.y() for card in sorted(cards.findChildren(EventCard), key=lambda card: -card.shown.onset_s)]
    assert ys == sorted(ys)


def test_in_every_workspace_a_key_stands_for_one_command(window, session, monkeypatch):
    window.open_session(session)
    for place, name in enumerate(("live", "analyze", "review")):
        window.show_workspace(place)
        commands = [each for each in window.findChildren(Command) if each.parent().isVisible()]
        keys = [key.toString() for command in commands for key in command.shortcuts()]
        assert sorted(set(keys)) == sorted(keys), name
    learned = []
    monkeypatch.setattr(window.review.second_pass, "start", lambda: learned.append("second pass"))
    press(window.review, KEY.Key_R, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert learned == ["second pass"]
    press(window.review, KEY.Key_2, Qt.KeyboardModifier.ControlModifier)
    assert window.analyze.isVisible()


def test_escape_ends_an_export_as_the_close_button_does(window, session, tmp_path):
    window.open_session(session)
    ways = (lambda dialog: press(dialog, KEY.Key_Escape), lambda dialog: named(dialog, "Close").click())
    for close in ways:
        dialog = shown(ExportDialog(window.review.model.record, [], window))
        dialog._folder.setText(str(tmp_path / "out"))
        dialog._formats["video"].setChecked(True)
        dialog._go.click()
        thread = dialog._work.thread
        close(dialog)
        assert not dialog.isVisible()
        assert not thread.is_alive()


def test_tab_goes_on_from_every_table(window, session):
    window.open_session(session)
    review, sessions = window.review, window.review.sessions_table()
    for top, table in ((window, review.table.view), (sessions, sessions.table)):
        shown(top)
        table.setFocus()
        table.selectRow(0)
        press(table, KEY.Key_Tab)
        assert QApplication.focusWidget() not in (None, table)
    marks = MarksDialog(window.settings, review.model, window)
    for table in (window.analyze.table, review.coders.panel.differences, marks.marks):
        assert not table.tabKeyNavigation(), table.accessibleName()


def test_the_first_page_and_the_list_of_keys_are_read_with_keys_alone(window):
    first, keys = FirstRun(), KeysDialog({"Everywhere": window._commands, "Review": window.review.commands}, window)
    for dialog, said in ((first, "Everything. Nothing is sent anywhere."), (keys, "Shift+G: magnify by")):
        dialog.resize(600, 320)
        shown(dialog)
        page = QApplication.focusWidget()
        assert said in page.accessibleName()
        before = page.grab().toImage()
        press(page, KEY.Key_PageDown)
        assert page.verticalScrollBar().value() > 0
        assert page.horizontalScrollBar().maximum() == 0
        assert page.grab().toImage() != before
        dialog.close()


def test_what_has_the_focus_looks_different(window, session):
    window.open_session(session)
    first, export = FirstRun(), ExportDialog(window.review.model.record, [], window)
    window.show_workspace(1)
    for top, control in (
        (window, named(window.analyze, "Choose files …")),
        (first, first.findChild(QScrollArea)),
        (export, named(export, "Export")),
    ):
        shown(top)
        control.clearFocus()
        without = control.grab().toImage()
        control.setFocus(Qt.FocusReason.TabFocusReason)
        QApplication.processEvents()
        focused = control.grab().toImage()
        places = [(x, y) for x in range(focused.width()) for y in range(3)]
        changed = [abs(focused.pixelColor(*at).lightness() - without.pixelColor(*at).lightness()) for at in places]
        assert sum(each > 40 for each in changed) > 0.8 * focused.width(), control
        top.setFocus()
    for chosen in (export._formats["csv"], export._all):
        shown(export)
        chosen.setChecked(True)
        chosen.clearFocus()
        box = QRect(0, 0, 18, chosen.height())
        without = chosen.grab(box).toImage()
        chosen.setFocus(Qt.FocusReason.TabFocusReason)
        QApplication.processEvents()
        assert chosen.grab(box).toImage() != without, chosen.text()
    first.close()
    export.close()
