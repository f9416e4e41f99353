"""Lab Streaming Layer: with real outlets and inlets, stamps are capture times, and the lab's markers become marks."""

import ctypes
import json
import math
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from test_export import EVENT
from typer.testing import CliRunner

from gui.cli import app as command_line
from gui.command_line import live_command
from gui.dialogs.settings import SettingsDialog
from gui.live.run import State
from gui.settings import Settings
from realtime.drivers import Tally
from realtime.session import SessionInfo, SessionWriter, open_session
from realtime.types import REGION_GROUPS, Analysis, FaceReading, Frame
from tests import gui_driver
from tests.recordings import repeated

pylsl = pytest.importorskip("pylsl", exc_type=(ImportError, RuntimeError))

from realtime.lsl import EVENTS, MOTION, LslStreams, measured_offset  # noqa: E402

PICTURE = np.zeros((2, 2, 3), np.uint8)
PATIENCE_S = 60.0
ROOT = Path(__file__).parents[1]


def until(condition):
    end_s = time.monotonic() + PATIENCE_S
    while not (result := condition()):
        assert time.monotonic() < end_s, "what was waited for did not come"
        time.sleep(0.02)
    return result


@pytest.mark.parametrize("configured", [False, True])
def test_lsl_tells_nothing_on_standard_error_unless_it_is_configured_to(configured, tmp_path):
    program = "from realtime.lsl import _library; _library().local_clock(); _library().resolve_streams(0.1)"
    given = {name: value for name, value in os.environ.items() if name != "LSLAPICFG"}
    if configured:
        (tmp_path / "lab.cfg").write_text("[log]\nlevel = 2\n")
        given["LSLAPICFG"] = str(tmp_path / "lab.cfg")
    environment = given | {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=tmp_path, capture_output=True, check=True
    )
    assert bool(done.stderr) == configured


def inlet(name, source):
    def found():
        streams = pylsl.resolve_byprop("name", name, 1, timeout=1.0)
        return [stream for stream in streams if described(stream) == source]

    opened = pylsl.StreamInlet(until(found)[0], processing_flags=pylsl.proc_clocksync)
    opened.open_stream(timeout=PATIENCE_S)
    return opened


def described(stream):
    full = pylsl.StreamInlet(stream)
    try:
        return full.info(timeout=PATIENCE_S).desc().child_value("source")
    finally:
        full.close_stream()


def reading():
    motion = np.linspace(0, 1, 6, dtype=np.float32)
    return FaceReading(0, np.zeros((478, 3), np.float32), motion, motion, (0.0,) * 3, 60.0, True)


def test_events_and_motion_are_stamped_when_they_were_captured_and_markers_become_marks(tmp_path):
    tally, source = Tally(), f"camera of a test {time.monotonic()}"
    tally.zero_s = time.monotonic() - 100.0
    lab = [pylsl.StreamOutlet(pylsl.StreamInfo("lab", "Markers", 1, pylsl.IRREGULAR_RATE, "string", f"lab {source}"))]
    with SessionWriter(tmp_path / "s.medn", SessionInfo("camera 0")) as writer:
        streams = LslStreams(source, tally, writer.mark)
        events, motion = inlet(EVENTS, source), inlet(MOTION, source)
        frame = Frame(0, 50.0, PICTURE)
        streams.on_analysis(Analysis(0, 50.0, (reading(),), (EVENT,)), frame)
        [text], stamp_s = events.pull_sample(timeout=PATIENCE_S)
        apart_s = streams.offset.lsl_minus_monotonic_s
        assert json.loads(text)["apex_s"] == EVENT.apex_s
        assert stamp_s == pytest.approx(tally.zero_s + EVENT.apex_s + apart_s, abs=2e-3)
        values, stamp_s = motion.pull_sample(timeout=PATIENCE_S)
        assert values == pytest.approx(np.linspace(0, 1, 6), abs=1e-6)
        assert stamp_s == pytest.approx(tally.zero_s + 50.0 + apart_s, abs=2e-3)
        assert len(REGION_GROUPS) == motion.info().channel_count()

        def taken():  # a marker that is sent before the stream is connected is not received
            lab[0].push_sample(["question 7"], tally.zero_s + 42.0 + apart_s)
            streams.on_analysis(Analysis(1, 51.0), Frame(1, 51.0, PICTURE))
            return streams.markers

        until(taken)
        lab.clear()  # its program ends, the run goes on
        for index in range(30):
            streams.on_analysis(Analysis(index, 52.0), Frame(index, 52.0, PICTURE))
            time.sleep(0.02)
        streams.close()
    with open_session(tmp_path / "s.medn") as session:
        marks = session.annotations()
    assert {mark.text for mark in marks} == {"question 7"}
    assert marks[0].time_s == pytest.approx(42.0, abs=5e-3)


def test_a_marker_that_is_no_utf8_becomes_a_mark_and_the_run_goes_on():
    tally, marks = Tally(), []
    tally.zero_s = time.monotonic()
    lab = pylsl.StreamOutlet(pylsl.StreamInfo("lab", "Markers", 1, pylsl.IRREGULAR_RATE, "string", f"{time.time()}"))
    streams = LslStreams("a", tally, lambda time_s, text: marks.append((time_s, text)))
    latin_1 = (ctypes.c_char_p * 1)("müde".encode("latin-1"))

    def taken():
        pylsl.lib.lib.lsl_push_sample_strtp(lab.obj, latin_1, ctypes.c_double(0.0), 1)
        streams.on_analysis(Analysis(1, 51.0), Frame(1, 51.0, PICTURE))
        return marks

    until(taken)
    streams.close()
    assert marks[0][0] == 51.0
    assert marks[0][1].startswith("m�de (no UTF-8 text")


def test_the_clock_offset_is_measured_to_less_than_a_millisecond():
    offset = measured_offset(pylsl)
    assert math.isfinite(offset.lsl_minus_monotonic_s)
    assert 0 <= offset.uncertain_s < 1e-3


def test_the_command_publishes_a_film_that_is_played_and_says_so(film, tmp_path):
    session = tmp_path / "s.medn"
    command = ["live", "--source", str(film), "--headless", "--lsl", "--seconds", "1", "--out", str(session)]
    done = CliRunner().invoke(command_line, command)
    assert done.exit_code == 0, done.output
    assert "every machine on the local network" in done.stderr
    assert re.search(r"LSL's clock is [+-]\d+\.\d{3} ms from that of the frames", done.stderr)
    with open_session(session) as opened:
        assert opened.info.partial == ""


def test_without_headless_it_is_refused_in_one_sentence():
    refused = CliRunner().invoke(command_line, ["live", "--lsl"])
    assert refused.exit_code == 2
    assert "--headless" in refused.stderr


def test_the_app_publishes_where_it_is_switched_on_and_the_labs_markers_become_marks(window, interview, tmp_path):
    live = window.live
    assert not live.settings.lsl
    dialog = SettingsDialog(live.settings, window)
    dialog._lsl.setChecked(True)
    dialog._take()
    assert live.settings.lsl
    assert "--lsl" in live_command("auto", live.settings, 0.6)
    assert "--lsl" not in live_command("auto", Settings(), 0.6)
    source = f"lab of the app {time.monotonic()}"
    lab = pylsl.StreamOutlet(pylsl.StreamInfo("lab", "Markers", 1, pylsl.IRREGULAR_RATE, "string", source))
    live.picker.choose(str(repeated(interview, tmp_path / "long.mp4", 6)))  # ends when a marker has come
    live.start()
    gui_driver.until(lambda: live.run.state is State.RUNNING and live.run.mailbox.newest)
    live.recorder.begin("Ada", with_video=False)
    path = live.recorder.path
    sent_s = []

    def marked():
        sent_s.append(pylsl.local_clock() - live.run.tally.zero_s)
        lab.push_sample([source], pylsl.local_clock())
        with open_session(path) as session:
            return session.annotations() or live.run.ended

    gui_driver.until(marked)
    live.stop()
    with open_session(path) as session:
        marks = session.annotations()
    assert {mark.text for mark in marks} == {source}
    assert all(0 <= mark.time_s <= max(sent_s) + 1e-2 for mark in marks)
