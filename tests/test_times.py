"""Whatever a camera or a coder does to the times of frames: the analysis goes on, and what was lost is reported."""

import json
import math
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from realtime.drivers import run_replay
from realtime.export import export_sessions, formats_named
from realtime.pipeline import Pipeline
from realtime.session import SessionInfo, open_session
from realtime.session.recorder import Recorder
from realtime.sink import Sink
from realtime.sources import Generated, VideoFile
from realtime.spotting.columns import WIDTH
from realtime.spotting.spotter import Spotter
from realtime.types import Frame
from realtime.viewing.advice import Advisor
from realtime.viewing.event_clips import EventClips
from realtime.viewing.history import History
from tests.recordings import write_video

STEPS_S = st.one_of(
    st.floats(0.004, 0.25),  # 250 to 4 fps
    st.sampled_from([1 / 30] * 6 + [0.0, -0.05, 1e-6, 0.4, 5.0, 3600.0]),
)
STAMPS_S = st.sampled_from([math.nan, math.inf, -math.inf, -1e5, 0.5, 1e12, 5000.0])


@pytest.fixture(scope="module")
def raised_brows(act, shapes):
    """4 s in which the brows are raised three times; the first 2 s teach the face at rest."""
    unit = shapes.action_units(["AU1", "AU2"])
    unit = unit * 0.03 / np.linalg.norm(unit[:, :2], axis=1).max()
    return [
        frame.image
        for frame in act(np.arange(0, 4, 1 / 30), lambda t: unit * max(0.0, 1 - abs((t - 2.6) % 0.5 - 0.25) / 0.15))
    ]


@pytest.fixture(scope="module")
def pipeline():
    with Pipeline() as made:
        yield made


class _Notices(Sink):
    def __init__(self):
        self.texts = []

    def on_notice(self, notice):
        self.texts.append(notice.text)


@settings(max_examples=6, deadline=None, derandomize=True, phases=[Phase.generate])
@given(steps_s=st.lists(STEPS_S, min_size=1, max_size=60), stamps_s=st.lists(STAMPS_S, max_size=5))
def test_no_times_end_an_analysis_make_numpy_complain_or_damage_what_is_kept_of_it(
    raised_brows, pipeline, steps_s, stamps_s
):
    times_s = [*np.cumsum([0.0, *[1 / 30] * 59, *steps_s]), *stamps_s][: len(raised_brows)]
    history, recorder = History(20.0), Recorder()
    pipeline.reset()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        path = Path(folder) / "s.medn"
        recorder.start(path, SessionInfo(source="generated"))
        sinks = [history, EventClips(), Advisor(), recorder]
        summary = run_replay(Generated(raised_brows.__getitem__, times_s), pipeline, sinks)
        recorder.stop(summary)
        for face in history.faces:
            history.trace(face)[0].brief()
        with open_session(path) as session:
            frames = {row.frame for row in session.frames()}
            assert (recorder.problem, session.damage) == ("", "")
        warnings.simplefilter("default")  # from here on these are other libraries'
        outcomes = export_sessions([path], formats_named("csv,elan,boris,textgrid,webvtt,openface"))
        assert {outcome.error for outcome in outcomes} == {""}
    assert summary.frames_offered == len(times_s) == len(frames)
    assert summary.frames_processed + sum(summary.frames_dropped.values()) == len(times_s)


@settings(max_examples=150, deadline=None)
@given(
    steps_s=st.lists(STEPS_S.filter(lambda step_s: step_s > 0), max_size=80),
    seed=st.integers(0, 2**32 - 1),
    jumps=st.floats(0, 5),
)
def test_every_candidate_lies_in_order_whatever_the_gaps_around_it(steps_s, seed, jumps):
    rng = np.random.default_rng(seed)
    times_s = np.cumsum([0.0, *rng.choice([1 / 30, 1 / 15, 0.1], 60), *steps_s])
    spotter = Spotter(0)
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for i, time_s in enumerate(times_s):
            row = rng.normal(0, 0.02, WIDTH) + (i > 60) * jumps * rng.integers(0, 2, WIDTH)
            found += spotter(float(time_s), i, row.astype(np.float32))
        found += spotter.flush()
    for candidate in found:
        assert candidate.onset_s < candidate.apex_s < candidate.offset_s
        assert all(map(math.isfinite, candidate.features.values()))


def test_a_frame_that_comes_from_the_past_is_left_out(pipeline):
    pipeline.reset()
    picture = np.zeros((64, 64, 3), np.uint8)
    for time_s in (0.0, 1.0, 0.5, 1.0, math.nan):
        assert pipeline.step(Frame(0, time_s, picture)).events == ()
    assert pipeline.flush().time_s == 1.0


def test_a_fault_in_one_candidate_costs_that_candidate_and_is_reported(raised_brows, pipeline, monkeypatch):
    pipeline.reset()
    times_s = [i / 30 for i in range(len(raised_brows))]
    whole = run_replay(Generated(raised_brows.__getitem__, times_s), pipeline)
    calls = []
    measure = sys.modules["realtime.spotting.spotter"].measure

    def fails_once(*arguments):
        calls.append(arguments)
        if len(calls) == 1:
            raise ValueError("planted")
        return measure(*arguments)

    monkeypatch.setattr("realtime.spotting.spotter.measure", fails_once)
    pipeline.reset()
    notices = _Notices()
    summary = run_replay(Generated(raised_brows.__getitem__, times_s), pipeline, [notices])
    assert whole.candidates_failed == 0
    assert summary.candidates_failed == 1 < len(calls)
    assert summary.frames_processed == len(raised_brows)
    assert [text for text in notices.texts if "planted" in text]


def test_a_film_with_missing_frames_is_analysed_by_the_command_without_a_word_on_standard_error(raised_brows, tmp_path):
    kept = np.flatnonzero(np.random.default_rng(3).random(len(raised_brows)) > 0.35)
    times_ms = [round(1000 * i / 30) for i in kept]
    film = write_video(tmp_path / "gaps.mkv", [raised_brows[i] for i in kept], times_ms)
    assert sum(1 for _ in VideoFile(film)) == len(kept)
    command = [sys.executable, "-W", "error::RuntimeWarning", "-m", "gui", "replay", str(film), "--out", str(tmp_path)]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0
    assert json.loads(done.stdout.splitlines()[-1])["frames_processed"] == len(kept)
    assert "Warning" not in done.stderr
    assert "Traceback" not in done.stderr
