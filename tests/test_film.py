"""The film of a recording is the record: every captured frame is in it, whatever the analysis manages."""

import resource
import signal
import sys
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from realtime.drivers import Tally, run_live
from realtime.faces.detector import Detections
from realtime.session import SessionInfo, open_session
from realtime.session.recorder import Recorder
from realtime.sink import Sink
from realtime.sources import Cause, Generated, NoticeKind, VideoFile
from realtime.types import Analysis, Frame
from tests.recordings import grey, noise

INFO = SessionInfo(source="camera 0", consent="Ada agreed to be recorded with video.")


class Slow:
    """An analysis that takes much longer than a frame lasts."""

    def __init__(self, step_s):
        self._step_s = step_s

    def detect(self, frame):
        del frame
        return Detections(None, 0.0)

    def step(self, frame, detections=None):
        del detections
        time.sleep(self._step_s)
        return Analysis(frame.index, frame.time_s)

    def flush(self):
        return Analysis(-1, 0.0)


class CallsAt(Sink):
    """Calls a function before the analysis of a frame is recorded."""

    def __init__(self, calls):
        self._calls = dict(calls)

    def on_analysis(self, analysis, frame):
        del analysis
        for index in [index for index in self._calls if frame is not None and frame.index >= index]:
            self._calls.pop(index)()


def _start(recorder, folder):
    recorder.start(folder / "s.medn", replace(INFO, video=str(folder / "s.mp4")), film=True)


def _levels(count):
    """Pictures that say which one they are, and when each is due: unevenly, at about 60 a second."""
    times_s = np.cumsum(np.random.default_rng(0).choice([0.012, 0.016, 0.02, 0.06], count)).tolist()
    return Generated(lambda index: grey(40 + index, (96, 128)), times_s), np.array(times_s) - times_s[0]


def test_a_film_holds_every_captured_frame_at_its_time_however_slow_the_analysis(tmp_path):
    source, times_s = _levels(150)
    recorder = Recorder()
    _start(recorder, tmp_path)
    tally = Tally()
    summary = run_live(source, Slow(0.15), [recorder], tally=tally)
    recorder.stop(summary)
    assert not recorder.problem
    assert summary.frames_dropped["overrun"] > 50
    film = list(VideoFile(tmp_path / "s.mp4"))
    with open_session(tmp_path / "s.medn") as session:
        rows = list(session.frames())
        assert session.info.summary["frames_not_filmed"] == 0
    assert len(film) == 150
    assert [frame.time_s for frame in film] == pytest.approx(times_s, abs=2e-5)
    levels = [frame.image.mean() for frame in film]
    assert levels == sorted(levels)
    assert levels == pytest.approx(np.arange(40, 190), abs=6)
    assert [row.frame for row in rows] == list(range(150))
    assert [row.time_s for row in rows] == pytest.approx(times_s)
    assert sum(row.dropped is Cause.OVERRUN for row in rows) == summary.frames_dropped["overrun"]


def test_film_and_session_of_a_recording_that_joins_and_leaves_a_slow_run_hold_the_same_frames(tmp_path):
    source, times_s = _levels(150)
    recorder = Recorder()
    calls = CallsAt({5: lambda: _start(recorder, tmp_path), 60: recorder.stop})
    run_live(source, Slow(0.05), [calls, recorder])
    film = list(VideoFile(tmp_path / "s.mp4"))
    with open_session(tmp_path / "s.medn") as session:
        rows = list(session.frames())
    assert [row.frame for row in rows] == list(range(len(film)))
    assert [frame.time_s for frame in film] == pytest.approx([row.time_s for row in rows], abs=2e-5)
    steps_s = np.diff([row.time_s for row in rows])
    assert any(np.allclose(np.diff(times_s)[first : first + len(steps_s)], steps_s) for first in range(150 - len(film)))
    assert rows[-1].dropped is Cause.STOPPED


def test_film_session_and_summary_of_a_run_of_so_many_seconds_hold_the_same_frames(tmp_path):
    source, times_s = _levels(150)
    recorder = Recorder()
    _start(recorder, tmp_path)
    summary = run_live(source, Slow(0.05), [recorder], seconds=1.0)
    recorder.stop(summary)
    with open_session(tmp_path / "s.medn") as session:
        rows, stored = list(session.frames()), session.info.summary
    asked = int((times_s < 1.0).sum())
    assert len(list(VideoFile(tmp_path / "s.mp4"))) == len(rows) == summary.frames_offered == asked
    assert stored["frames_dropped"] == summary.frames_dropped


def test_frames_that_the_encoder_does_not_manage_are_counted_and_stored(tmp_path, monkeypatch):
    monkeypatch.setattr("realtime.session.film.WAITING_BYTES", 5 * 640 * 480 * 3)
    recorder = Recorder()
    _start(recorder, tmp_path)
    for index, picture in enumerate(noise(40, (480, 640))):
        frame = Frame(index, index / 1000, picture)
        recorder.on_capture(frame)
        recorder.on_analysis(Analysis(index, frame.time_s), frame)
    lost = recorder.frames_not_filmed
    recorder.stop(Tally().summary("camera 0"))
    times_s = {frame.time_s for frame in VideoFile(tmp_path / "s.mp4")}
    with open_session(tmp_path / "s.medn") as session:
        summary, notices, rows = session.info.summary, session.notices(), list(session.frames())
    assert len(times_s) + lost == 40 == len(rows)
    assert summary["frames_not_filmed"] == lost > 0
    assert recorder.not_filmed == f"The film lacks {lost} frames, because encoding was too slow."
    assert [(notice.kind, notice.text) for notice in notices] == [(NoticeKind.DEGRADED, recorder.not_filmed)]
    assert all(min(abs(time_s - row.time_s) for row in rows) < 2e-5 for time_s in times_s)


def test_frames_that_are_closer_than_the_film_s_clock_can_count_are_all_in_it(tmp_path):
    recorder = Recorder()
    _start(recorder, tmp_path)
    for index in range(20):
        recorder.on_capture(Frame(index, index * 1e-6, grey(index, (96, 128))))
    recorder.stop()
    assert not recorder.problem
    assert len(list(VideoFile(tmp_path / "s.mp4"))) == 20


def test_pictures_that_the_encoder_refuses_end_the_recording_in_one_sentence(tmp_path):
    recorder = Recorder()
    _start(recorder, tmp_path)
    threads = []
    before, threading.excepthook = threading.excepthook, threads.append
    try:
        for index in range(3):
            recorder.on_capture(Frame(index, index / 30, np.zeros((64, 16_400, 3), np.uint8)))  # too wide for H.264
        recorder.stop()
    finally:
        threading.excepthook = before
    assert "s.mp4 cannot be written any more" in recorder.problem
    assert not threads


@pytest.mark.skipif(sys.platform == "win32", reason="a limit on the size of files stands for a full disk")
def test_a_film_that_cannot_be_written_any_more_ends_the_recording_in_one_sentence(tmp_path):
    limits, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.getsignal(signal.SIGXFSZ)
    recorder = Recorder()
    _start(recorder, tmp_path)
    threads = []
    before, threading.excepthook = threading.excepthook, threads.append
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        for index, picture in enumerate(noise(60, (480, 640))):
            frame = Frame(index, index / 30, picture)
            recorder.on_capture(frame)
            recorder.on_analysis(Analysis(index, frame.time_s), frame)
            time.sleep(0.02)
        recorder.stop()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
        threading.excepthook = before
    assert "s.mp4 cannot be written any more" in recorder.problem
    assert not threads
    with open_session(tmp_path / "s.medn") as session:
        assert len(list(session.frames())) > 1
