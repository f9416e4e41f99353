"""The window around the workspaces: first page, settings, theme, words, and how it is opened and closed."""

import gc
import os
import re
import signal
import subprocess
import sys
import threading
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import (
    QSplitter,
)  # fmt: skip
from typer.testing import CliRunner

from gui import settings as app_settings
from gui import theme
from gui.cli import app as cli
from gui.dialogs.first_run import PARAGRAPHS, FirstRun, accept_terms
from gui.dialogs.settings import SettingsDialog
from gui.format import class_text, letter, timing
from gui.live.run import State
from gui.settings import Settings
from gui.widgets.basic import IconButton
from medn.runtime import runtimes_here
from realtime.report import clock
from tests.gui_driver import an_event, live_for, press, until, write_session

ROOT = Path(__file__).parents[1]


def test_the_first_page_must_be_read_and_accepted_once(app, home, monkeypatch):
    page = FirstRun()
    assert not page._go.isEnabled()
    page._read.setChecked(True)
    assert page._go.isEnabled()
    text = " ".join(part for heading in PARAGRAPHS for part in heading)
    for sentence in ("no lie detector", "Nothing is sent", "prohibited", "not stored"):
        assert sentence in text
    monkeypatch.setattr(FirstRun, "exec", lambda _: FirstRun.DialogCode.Rejected)
    assert not accept_terms(Settings())
    monkeypatch.setattr(FirstRun, "exec", lambda _: FirstRun.DialogCode.Accepted)
    assert accept_terms(Settings())
    assert app_settings.load().accepted_terms == app_settings.TERMS


def test_settings_are_kept_and_a_broken_file_means_the_defaults(home):
    kept = Settings(light=True, width=640, score_threshold=0.8)
    app_settings.save(kept)
    assert asdict(app_settings.load()) == asdict(kept)
    app_settings.settings_file().write_text('{"light": "very", "sensitivity": 99, "unknown": 1}')
    assert app_settings.load() == Settings()
    app_settings.settings_file().write_text("{")
    assert app_settings.load() == Settings()


@pytest.mark.parametrize(("place", "threshold"), [(0, 0.9), (4, 0.6), (8, 0.3), (9, 0.6)])
def test_a_sensitivity_that_an_older_version_saved_becomes_a_score_threshold_near_it(home, place, threshold):
    app_settings.save(Settings())
    app_settings.settings_file().write_text(f'{{"sensitivity": {place}}}')
    assert app_settings.load().score_threshold == threshold


def test_the_settings_offer_the_runtimes_of_this_machine_and_keep_the_choice(app, home):
    settings = Settings()
    dialog = SettingsDialog(settings)
    offered = [dialog._runtime.itemData(i) for i in range(dialog._runtime.count())]
    assert offered == ["auto", *runtimes_here()]
    assert {"onnx", "pytorch"} <= set(offered)
    dialog._runtime.setCurrentIndex(offered.index("pytorch"))
    dialog._take()
    assert settings.runtime == "pytorch"


def test_what_was_set_reaches_the_workspace_that_is_shown(window, session, home, monkeypatch):
    (home / "other").mkdir()
    other = write_session(home / "other" / "other.medn", 1.0, [])

    def choose(dialog):
        dialog._faces.setCurrentIndex(0)
        dialog._folder.setText(str(other.parent))
        dialog._take()

    monkeypatch.setattr(SettingsDialog, "exec", choose)
    window.show_workspace(2)
    assert [entry.title for entry in window.review.library.entries] == ["interview"]
    window.show_workspace(1)
    assert window.analyze.faces.choice.currentData() != 1
    press(window, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    assert window.analyze.faces.choice.currentData() == window.settings.most_faces == 1
    window.settings.sessions = str(session.parent)
    window.show_workspace(2)
    press(window, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    assert [entry.title for entry in window.review.library.entries] == ["other"]


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
    changes = []
    # Qt notifies every widget in turn; Python may collect at any of them
    monkeypatch.setattr(IconButton, "changeEvent", lambda *_: changes.append(1) or len(changes) > 1 or gc.collect())
    try:
        window._toggle_theme()
        assert changes
    finally:
        gc.enable()
        theme.apply(app, light=False)


@pytest.mark.parametrize(
    ("seconds", "text"), [(12.484, "0:12.48"), (3723.5, "1:02:03.50"), (-1.0, "−0:01.00"), (59.999, "1:00.00")]
)
def test_times_are_written_for_people(seconds, text):
    assert clock(seconds) == text


def test_no_thread_outlives_the_window(new_window, interview):
    window = new_window()
    window.show()
    window.live.picker.choose(str(interview))
    window.live.start()
    until(lambda: window.live.run.state is State.RUNNING)
    window.close()
    assert not [t.name for t in threading.enumerate() if t.name in ("live", "session", "film", "video")]


def test_without_a_display_the_command_names_the_commands_that_need_none(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    result = CliRunner().invoke(cli, [])
    assert result.exit_code == 2
    assert "no display" in result.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a display")
@pytest.mark.parametrize(
    "stale", [{"DISPLAY": ":7777"}, {"WAYLAND_DISPLAY": "wayland-9", "XDG_RUNTIME_DIR": "/nowhere"}]
)
def test_a_display_that_is_named_but_gone_is_refused_in_a_sentence(stale):
    unset = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "XDG_RUNTIME_DIR")
    environment = {name: value for name, value in os.environ.items() if name not in unset} | stale
    done = subprocess.run(
        [sys.executable, "-m", "gui"], capture_output=True, text=True, check=False, env=environment, cwd=ROOT
    )
    assert done.returncode == 2
    assert "cannot be reached" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    probe = subprocess.run([sys.executable, "-m", "gui.display"], check=False, env=environment, cwd=ROOT)
    assert probe.returncode == 2  # so that `make run` starts the demo


def test_a_command_for_a_session_that_is_none_is_refused_before_a_window_opens(tmp_path):
    result = CliRunner().invoke(cli, ["review", str(tmp_path / "nothing.medn")])
    assert result.exit_code == 2
    assert "cannot be read" in result.stderr


def test_a_participants_name_is_never_in_the_settings_file_and_leaves_an_older_one(home):
    file = app_settings.settings_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text('{"person": "Ada", "light": true}')
    loaded = app_settings.load()
    assert (loaded.person, loaded.light) == ("", True)
    loaded.person = "Grace"
    app_settings.save(loaded)
    assert "Ada" not in file.read_text()
    assert "Grace" not in file.read_text()


def test_a_border_between_panels_stays_where_it_was_moved(new_window, home):
    settings = Settings(accepted_terms=1, sessions=str(home / "sessions"))
    sizes = []
    for load in (lambda: settings, app_settings.load):
        window = new_window(load())
        window.resize(1300, 700)
        window.show()
        live_for(0.1)
        splitter = window.findChild(QSplitter, "live events")
        sizes.append(splitter.sizes())
        handle = splitter.handle(1)
        QTest.mousePress(handle, Qt.MouseButton.LeftButton)
        QTest.mouseMove(handle, QPoint(-90, 5))
        QTest.mouseRelease(handle, Qt.MouseButton.LeftButton, pos=QPoint(-90, 5))
        sizes.append(splitter.sizes())
        window.close()
    first, moved, again, _ = sizes
    assert moved[1] > first[1] + 50
    assert again == moved


def test_the_window_opens_within_its_screen_and_remembers_its_size(new_window, home):
    settings = Settings(accepted_terms=1, sessions=str(home / "sessions"))
    first = new_window(settings)
    screen = first.screen().availableGeometry()
    assert first.width() <= max(screen.width(), first.minimumWidth())
    assert first.height() <= max(screen.height(), first.minimumHeight())
    first.resize(first.minimumWidth(), first.minimumHeight() + 13)  # the height fits the test's screen
    first.show()
    first.close()
    again = new_window(app_settings.load())
    assert again.size() == first.size()
    assert again.height() == again.minimumHeight() + 13


def test_f11_switches_full_screen(window, app):
    press(window, Qt.Key.Key_F11)
    assert window.isFullScreen()
    press(window, Qt.Key.Key_F11)
    assert not window.isFullScreen()


def test_a_message_stays_with_its_workspace_until_its_cause_is_gone(window, app):
    banner = window.banner
    window.show_workspace(1)
    banner.report("notes.mp4 is no video.", window.analyze, warning=True)
    window.show_workspace(2)
    assert banner.text == ""
    window.show_workspace(1)
    assert banner.text == "notes.mp4 is no video."
    banner.clear(window.live)
    assert banner.text
    banner.clear(window.analyze)
    assert banner.text == ""
    banner.report("Copied.", window.analyze)
    window.show_workspace(2)
    window.show_workspace(1)
    assert banner.text == ""  # a message without a warning is not repeated


def test_the_recording_sign_is_plain_text_that_the_banner_does_not_cover(window, app, monkeypatch):
    monkeypatch.setattr(type(window.live.recorder), "seconds", property(lambda _: 761.0))
    window._refresh_bar()
    sign = window._recording
    assert sign.text() == "●  REC 00:12:41"
    window.banner.report("A warning. " * 20, window.live, warning=True)
    for width in (window.minimumWidth(), 1400):
        window.resize(width, 700)
        app.processEvents()
        assert sign.mapTo(window.centralWidget(), sign.rect().topLeft()).x() >= window.banner.geometry().right()


def test_rounded_times_add_up_and_an_improbable_class_is_uncertain():
    event = an_event(0, 1.0, 30)
    event = replace(
        event, apex_s=1.0945, offset_s=1.2926, emotion={"negative": 0.61, "positive": 0.3, "surprise": 0.09}
    )
    rise, fall, duration = (int(part) for part in re.findall(r"\d+", timing(event)))
    assert rise + fall == duration == 293
    assert letter(event) == "N?"
    assert class_text(event) == "uncertain: negative, 61%"
    assert class_text(replace(event, emotion={"negative": 0.8})) == "negative, 80%"


CLOSED_WHILE_BUSY = """
import os, signal
from PyQt6.QtCore import QTimer
from gui import settings
from gui.app import main, make_app
from gui.live.run import LiveRun

def never_done(run):
    from medn.weights import read_weights
    import onnxruntime

    while True:
        onnxruntime.InferenceSession(read_weights().onnx, providers=["CPUExecutionProvider"])

LiveRun._work = never_done
settings.save(settings.Settings(accepted_terms=settings.TERMS))
app = make_app()
QTimer.singleShot(2000, lambda: os.kill(os.getpid(), signal.SIGTERM))
raise SystemExit(main(source="sample"))
"""


def test_the_app_exits_cleanly_while_a_run_is_still_inside_a_model(tmp_path):
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    done = subprocess.run(
        [sys.executable, "-c", CLOSED_WHILE_BUSY],
        env=os.environ | home,
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "terminate called" not in done.stderr


WAITS_ON_THE_FIRST_PAGE = """
import os, signal, threading
from gui import app

from gui.dialogs import first_run

class Interrupted(first_run.FirstRun):
    def exec(self):
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        return super().exec()
first_run.FirstRun = Interrupted
raise SystemExit(app.main())
"""


def test_ctrl_c_ends_the_first_page(tmp_path):
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    command = [sys.executable, "-c", WAITS_ON_THE_FIRST_PAGE]
    done = subprocess.run(
        command, env=os.environ | home, cwd=ROOT, capture_output=True, text=True, timeout=40, check=False
    )
    assert (done.returncode, done.stdout) == (-signal.SIGINT, "")
    assert "Traceback" not in done.stderr
