"""The window around the workspaces: first page, settings, theme, words, and how it is opened and closed."""

import gc
import sys
import threading
from dataclasses import asdict

import pytest
from gui_driver import until
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QScrollBar,
)  # fmt: skip
from typer.testing import CliRunner

from gui import settings as app_settings
from gui import theme, words
from gui.consent import ConsentDialog
from gui.first_run import FirstRun, accept_terms
from gui.live.run import State
from gui.review.export_dialog import ExportDialog
from gui.review.record import Record
from gui.settings import Settings
from gui.settings_dialog import SettingsDialog
from gui.widgets import IconButton
from gui.window import MainWindow
from medn.cli import app as cli
from medn.runtime import runtimes_here


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


def test_the_settings_offer_the_runtimes_of_this_machine_and_keep_the_choice(app, home):
    settings = Settings()
    dialog = SettingsDialog(settings)
    offered = [dialog._runtime.itemData(i) for i in range(dialog._runtime.count())]
    assert offered == ["auto", *runtimes_here()]
    assert {"onnx", "pytorch"} <= set(offered)
    dialog._runtime.setCurrentIndex(offered.index("pytorch"))
    dialog._take()
    assert settings.runtime == "pytorch"


def test_every_control_has_a_name_that_a_screen_reader_can_say(window, session):
    window.banner.say("Something was done.", action=("Undo", lambda: None))
    export = ExportDialog(Record(session), [], window)
    tops = (window, SettingsDialog(Settings(), window), ConsentDialog("", window), FirstRun(), export)
    kinds = (QAbstractButton, QComboBox, QLineEdit, QPlainTextEdit, QAbstractSlider, QAbstractItemView)
    mute = []
    for control in (widget for kind in kinds for top in tops for widget in top.findChildren(kind)):
        # the parts that Qt makes itself are spoken with what they belong to
        part = isinstance(control, QScrollBar) or control.objectName().startswith("qt_")
        part = part or isinstance(control.parent().parent(), QComboBox)
        said = control.accessibleName() or getattr(control, "text", str)() or control.toolTip()
        if not part and not said and control.focusPolicy() is not Qt.FocusPolicy.NoFocus:
            mute.append(f"{type(control).__name__} in {type(control.parent()).__name__}")
    assert mute == []


def test_the_theme_changes_every_widget_without_a_restart(window, app):
    before = window.grab().toImage().pixelColor(5, 300).lightness()
    window._toggle_theme()
    app.processEvents()
    assert window.grab().toImage().pixelColor(5, 300).lightness() > before + 100
    window._toggle_theme()


def test_the_theme_is_changed_safely_while_closed_pages_wait_to_be_collected(window, app, monkeypatch):
    gc.collect()
    gc.disable()
    for _ in range(20):
        page = FirstRun()
        page.show()
        page.close()
        del page
    told = []
    # Qt tells every widget in turn; Python may collect at any of them
    monkeypatch.setattr(IconButton, "changeEvent", lambda *_: told.append(1) or len(told) > 1 or gc.collect())
    try:
        window._toggle_theme()
        assert told
    finally:
        gc.enable()
        theme.apply(app, light=False)


@pytest.mark.parametrize(
    ("seconds", "said"), [(12.484, "0:12.48"), (3723.5, "1:02:03.50"), (-1.0, "−0:01.00"), (59.999, "1:00.00")]
)
def test_times_are_said_as_people_read_them(seconds, said):
    assert words.clock(seconds) == said


def test_no_thread_outlives_the_window(app, home, interview):
    window = MainWindow(Settings(accepted_terms=1, sessions=str(home / "sessions")))
    window.show()
    window.live.picker.choose(str(interview))
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
