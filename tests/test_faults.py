"""Faults that nothing caught: a sentence where the user looks, the traceback in a small log, and the run goes on."""

import logging
import os
import subprocess
import sys
import threading

import pytest

from medn import faults
from medn.faults import LOG_BYTES, log_fault, log_file, report_faults
from realtime.batch import Job, analyse
from realtime.pipeline import PipelineParameters
from tests.gui_driver import until


@pytest.fixture
def log(home, monkeypatch):
    """A log of its own, and Python's own hooks again afterwards."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    package = logging.getLogger("medn")
    before = package.handlers[:], package.level, package.propagate
    package.handlers.clear()
    yield log_file()
    package.handlers[:], package.propagate = before[0], before[2]
    package.setLevel(before[1])


def _fail():
    raise ZeroDivisionError("planted")


def _fail_in_a_thread():
    thread = threading.Thread(target=_fail, name="video")
    thread.start()
    thread.join()


def test_a_fault_in_a_thread_becomes_a_banner_of_the_window_and_an_entry_of_the_log(window, log):
    from gui.app import _Faults

    shown = _Faults(window)
    report_faults(shown.happened.emit)
    assert not log.exists()
    _fail_in_a_thread()
    until(lambda: window.banner.text)
    assert "in the background (video): ZeroDivisionError: planted" in window.banner.text
    assert str(log) in window.banner.text
    entry = log.read_text()
    assert "_fail_in_a_thread" not in entry  # the thread's own stack, which is shorter
    assert 'raise ZeroDivisionError("planted")' in entry
    assert log.parent.stat().st_mode & 0o777 == 0o700


def test_a_fault_in_a_slot_becomes_a_banner_and_the_window_goes_on(window, log):
    from PyQt6.QtCore import QTimer

    from gui.app import _Faults

    report_faults(_Faults(window).happened.emit)
    QTimer.singleShot(0, _fail)
    until(lambda: "ZeroDivisionError: planted" in window.banner.text)
    window.show_workspace(1)
    assert "planted" in log.read_text()


def test_a_fault_of_a_command_is_one_sentence_and_an_entry_of_the_log(tmp_path):
    program = """
import sys, threading, realtime.doctor, gui.cli
def fail(*_):
    raise ZeroDivisionError("planted")
def fail_in_a_thread(*_):
    thread = threading.Thread(target=fail, name="film")
    thread.start()
    thread.join()
    fail()
realtime.doctor.examine = fail_in_a_thread
sys.argv = ["medn", "doctor"]
gui.cli.main()
"""
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=240, env=environment, check=False
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "in the background (film): ZeroDivisionError: planted" in done.stderr
    assert "medn: A fault: ZeroDivisionError: planted. Details are in" in done.stderr
    assert (tmp_path / "medn" / "log" / "medn.log").read_text().count("ZeroDivisionError: planted") == 2


def test_a_fault_in_one_recording_costs_that_recording_and_is_logged(log, interview, tmp_path, monkeypatch):
    monkeypatch.setattr("realtime.pipeline.Pipeline.step", lambda *_: _fail())
    outcome = analyse(Job(str(interview), tmp_path, PipelineParameters()))
    assert outcome.error.endswith("stopped because of a fault (ZeroDivisionError: planted).")
    assert "in _fail" in log.read_text()


def test_the_log_stays_small_and_a_place_that_cannot_be_written_costs_only_the_log(log, capfd):
    for _ in range(1500):
        try:
            _fail()
        except ZeroDivisionError:
            log_fault("A planted fault, " + 100 * "x")
    files = sorted(log.parent.iterdir())
    assert [file.name for file in files] == ["medn.log", "medn.log.1"]
    assert all(file.stat().st_size <= LOG_BYTES for file in files)
    for handler in logging.getLogger("medn").handlers:
        handler.close()
    logging.getLogger("medn").handlers.clear()
    for file in files:
        file.unlink()
    log.parent.rmdir()
    log.parent.write_text("no folder")
    said = []
    report_faults(said.append)
    _fail_in_a_thread()
    assert "planted" in said[0]
    assert capfd.readouterr().err == ""


def test_a_fault_that_repeats_does_not_push_others_out_of_the_log(log):
    said = []
    report_faults(said.append)
    for _ in range(faults.MOST_LOGGED + 20):
        _fail_in_a_thread()
    assert len(said) == faults.MOST_LOGGED + 20
    assert log.read_text().count("A fault in the thread") == faults.MOST_LOGGED
