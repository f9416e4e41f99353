"""What a program relies on: `realtime.analyze`, `realtime.stream`, `medn.load`, and that the examples run."""

import csv
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import medn
import realtime
from medn.contract import AU_NAMES, EMOTIONS
from medn.errors import UserError
from realtime.sink import Sink
from realtime.sources import SourceError

ROOT = Path(__file__).parents[1]
APEX_S = 3.15  # of the raised brows in `film`


def timeless(events):
    return [replace(event, compute_ms=0.0) for event in events]


def run(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "examples" / program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=300)


@pytest.fixture(scope="module")
def result(film):
    return realtime.analyze(film)


def test_a_recording_is_analyzed_without_a_session_file(result, film):
    [event] = result.events
    assert event.apex_s == pytest.approx(APEX_S, abs=0.06)
    assert all(not candidate.accepted and candidate.reason for candidate in result.rejected)
    assert result.summary.frames_offered == result.summary.frames_processed == 135
    assert result.notices == ()
    assert not list(film.parent.glob("*.medn"))


def test_progress_and_sinks_see_every_frame(film):
    seen, times_s = [], []

    class Frames(Sink):
        def on_analysis(self, analysis, frame):
            seen.append(analysis.frame_index if frame is not None else None)

    realtime.analyze(film, sinks=[Frames()], progress=lambda done_s, length_s: times_s.append((done_s, length_s)))
    assert seen == [*range(135), None]
    assert [done_s for done_s, _ in times_s] == sorted(done_s for done_s, _ in times_s)
    assert times_s[0][1] == pytest.approx(4.5, abs=0.1)


def test_the_events_as_a_table_have_the_names_of_the_json(result):
    pytest.importorskip("pandas")
    table = result.to_frame()
    assert len(table) == len(result.events)
    assert {"onset_s", "apex_s", "score", "emotion_surprise", "aus_AU1"} <= set(table.columns)


def test_a_stream_of_a_recording_gives_the_events_of_its_analysis(result, film):
    steps = list(realtime.stream(film))
    assert [step.frame.index for step in steps[:-1]] == list(range(135))
    assert steps[-1].frame is None
    assert timeless(event for step in steps for event in step.events) == timeless(result.events)


def test_leaving_the_loop_ends_the_run(film):
    import threading

    for step in realtime.stream(film):
        if step.frame.index == 20:
            break
    del step
    assert "stream" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize("call", [realtime.analyze, lambda source: next(realtime.stream(source))])
def test_a_source_that_cannot_be_read_is_one_exception_of_the_family(call, tmp_path):
    with pytest.raises(SourceError, match="does not exist") as raised:
        call(str(tmp_path / "missing.mp4"))
    assert isinstance(raised.value, UserError)


def test_a_loaded_network_recognizes_a_movement_and_refuses_what_is_none():
    network = medn.load()
    faces = np.random.default_rng(0).integers(0, 255, (10, 128, 128), np.uint8)
    times_s = np.arange(10) / 30
    movement = network(faces, times_s, 0.0, 0.2)
    assert movement.emotions.keys() == set(EMOTIONS)
    assert sum(movement.emotions.values()) == pytest.approx(1, abs=1e-5)
    assert movement.action_units.keys() == set(AU_NAMES)
    assert 0 <= movement.is_micro <= 1
    for wrong in (
        (faces[:, :64], times_s),
        (faces.astype(float), times_s),
        (faces, times_s[::-1]),
        (faces, times_s[:3]),
    ):
        with pytest.raises(ValueError, match=r"faces|times_s"):
            network(*wrong, 0.0, 0.2)
    with pytest.raises(ValueError, match="does not fit"):
        network(faces, times_s, 0.2, 0.2)


def test_the_packages_are_imported_cheaply():
    program = (
        "import sys, medn, realtime; print(sorted({'torch', 'cv2', 'mediapipe', 'onnxruntime'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "[]\n"
    with pytest.raises(AttributeError):
        _ = realtime.nothing
    with pytest.raises(AttributeError):
        _ = medn.nothing


def test_example_video_to_table(film, result, tmp_path):
    run("video_to_table.py", film, tmp_path / "events.csv")
    [row] = csv.DictReader((tmp_path / "events.csv").read_text().splitlines())
    assert float(row["apex_s"]) == pytest.approx(result.events[0].apex_s, abs=1e-3)
    assert row["emotion"] in EMOTIONS


def test_example_live_events(film):
    assert "face 0  score" in run("live_events.py", film).stdout
    assert run("live_events.py", film, 1.0).stdout == ""


def test_example_recognize_window(film):
    assert "micro-expression: 0." in run("recognize_window.py", film, 2.95, APEX_S).stdout


def test_example_own_sink(film, result):
    done = run("own_sink.py", film)
    [line] = done.stdout.splitlines()
    assert json.loads(line)["apex_s"] == pytest.approx(result.events[0].apex_s, abs=1e-3)
    assert "a face in 135 of 135 frames" in done.stderr
