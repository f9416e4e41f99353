"""Benchmarks: figures with their spread, reports that can be read and compared later. Nothing here asserts a time."""

import json
import math
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from benchmarks import one_long, replay, workers
from benchmarks.harness import Measure, Plot, Result, in_turn
from benchmarks.harness.compare import Change, changes, differences
from benchmarks.harness.machine import Machine, describe_machine
from benchmarks.harness.measure import ratios
from benchmarks.harness.report import FORMAT, ReportError, Run, read, result_record, write
from gui.cli import app
from realtime.sources.video import VideoFile
from realtime.types import Frame
from tests.recordings import write_video

MACHINE = Machine(
    "2026-01-02T03:04:05+00:00", "abc", "Linux", "3.11", "a processor", 2, 8.0, "none", {"numpy": "2"}, {}, "0"
)


@pytest.fixture(scope="module")
def short_video(portrait, tmp_path_factory):
    """Half a second of the portrait in a 360p frame."""
    small = cv2.resize(portrait.image, None, fx=360 / len(portrait.image), fy=360 / len(portrait.image))
    scene = np.full((360, 640, 3), 128, np.uint8)
    scene[:, 100 : 100 + small.shape[1]] = small
    return write_video(tmp_path_factory.mktemp("bench") / "short.mp4", [scene] * 15, [33 * i for i in range(15)])


def result(values, better="lower", conditions=None, **more):
    return Result("a", "How long?", conditions or {"rounds": "3"}, (Measure("s", "p50", "ms", values, better),), **more)


def run(values, **more):
    return Run(MACHINE, (result(values, **more),))


def test_contestants_are_measured_in_turn_after_a_warm_up():
    order = []
    found = in_turn({name: lambda name=name: order.append(name) or len(order) for name in "abc"}, 2, lambda _: None)
    assert "".join(order) == "abc" + "cba" + "abc"
    assert found == {"a": [6, 7], "b": [5, 8], "c": [4, 9]}


@given(st.lists(st.floats(0.1, 1e4), min_size=2, max_size=9), st.floats(0.01, 100))
def test_a_disturbance_that_slows_a_whole_round_leaves_its_ratio_alone(speeds, factor):
    slowed = ratios("a", "× b", [speed * factor for speed in speeds], speeds)
    assert np.allclose(slowed.values, factor)
    assert not slowed.noisy


def test_a_figure_whose_rounds_differ_is_marked_as_noisy():
    assert Measure("a", "p50", "ms", (1.0, 1.5, 0.7)).noisy
    assert not Measure("a", "p50", "ms", (1.0, 1.01, 0.99)).noisy
    assert math.isnan(Measure("a", "p50", "ms", (1.0,)).variation)


@given(st.lists(st.floats(0.1, 1e3), min_size=1, max_size=7), st.sampled_from(["lower", "higher", "neither"]))
def test_a_run_compared_with_itself_has_not_changed(values, better):
    measure = Measure("s", "p50", "ms", tuple(values), better)
    assert Change("a", measure, measure).verdict == "equal"


@pytest.mark.parametrize(
    ("before", "after", "better", "verdict"),
    [
        ((10.0, 10.1, 10.2), (8.0, 8.1, 8.2), "lower", "better"),
        ((10.0, 10.1, 10.2), (8.0, 8.1, 8.2), "higher", "worse"),
        ((10.0, 10.1, 10.2), (8.0, 8.1, 8.2), "neither", "different"),
        ((10.0, 10.1, 10.2), (10.3, 10.3, 10.4), "lower", "equal"),  # apart, but by 2 %
        ((10.0, 14.0, 12.0), (8.0, 9.0, 9.9), "lower", "equal"),  # apart, but within what the rounds vary
        ((10.0, 10.1, 12.0), (8.0, 8.1, 11.0), "lower", "equal"),  # overlapping
        ((10.0,), (9.0,), "lower", "equal"),  # single rounds: a tenth is nothing
        ((10.0,), (5.0,), "lower", "better"),
        ((0.0,), (0.0,), "lower", "equal"),
        ((0.0, 0.0), (3.0, 3.1), "lower", "worse"),
    ],
)
def test_only_what_exceeds_the_noise_of_both_runs_counts_as_changed(before, after, better, verdict):
    (change,) = changes(run(before, better=better), run(after, better=better))
    assert change.verdict == verdict


def test_comparing_runs_under_other_conditions_or_noise_warns():
    noisy = run((1.0,), disturbances=("Other programs took 2 cores.",), conditions={"rounds": "9"})
    shown = " ".join(differences(run((1.0,)), noisy))
    assert "noisy after" in shown
    assert "other conditions" in shown


def test_a_report_is_read_back_as_it_was_written(tmp_path):
    plot = Plot("t", "x", "y", "line", (1.0, 2.0), {"a": (3.0, 4.0)})
    bars = Plot("t", "x", "y", "stacked bars", ("one", "two"), {"a": (3.0, 4.0), "b": (1.0, 1.0)})
    written = run((1.0, 2.0), plots=(plot, bars), notes=("A note.",), disturbances=("It was loud.",))
    path = write(written, tmp_path / "reports")
    assert path.name == "2026-01-02-abc.md"
    again = read(path)
    assert again.machine == written.machine
    assert again.results[0].measures == written.results[0].measures
    assert len(list(path.parent.glob("*.png"))) == 2
    text = path.read_text()
    assert all(part in text for part in ("It was loud.", "A note.", "a processor", "p50, ms", "-a-1.png"))


def test_the_machine_is_described_without_paths():
    text = json.dumps(asdict(describe_machine()))
    assert str(Path.cwd()) not in text
    assert sys.prefix not in text
    assert str(Path.home()) not in text


def test_a_missing_number_is_null_in_json_and_a_gap_in_a_plot(tmp_path):
    plot = Plot("t", "x", "y", "line", (1.0, 2.0), {"a": (3.0, math.nan)})
    again = read(write(run((1.0,), plots=(plot,)), tmp_path))
    assert again.results[0].plots[0].series["a"][1] is None
    write(again, tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        None,
        "not json",
        "[1]",
        '{"format": "another"}',
        json.dumps({"format": FORMAT}),
        json.dumps({"format": FORMAT, "machine": {"host": "x"}, "results": []}),
    ],
)
def test_what_is_no_report_is_refused_in_one_sentence(tmp_path, content):
    path = tmp_path / "report.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ReportError, match="report"):
        read(path)
    shown = CliRunner().invoke(app, ["bench", "compare", str(path), str(path)])
    assert shown.exit_code == 2
    assert "Traceback" not in shown.output


def test_replay_measures_all_ways_over_the_same_frames(short_video):
    found = replay.measure(replay.Size(rounds=2, seconds=1), lambda _: None, short_video)
    frames = {part.split(" ")[0] for part in found.conditions["frames"].split(", ") if part[0].isdigit()}
    assert frames == {"15"}
    assert {measure.subject for measure in found.measures} == {
        replay.PIPELINE, replay.SESSION, replay.BARE, replay.DECODING,
    }  # fmt: skip
    itself = [m for m in found.measures if (m.subject, m.unit) in {(replay.BARE, "× bare loop")}]
    assert set(itself[0].values) == {1.0}
    json.dumps(result_record(found), allow_nan=False)


def test_bench_replay_prints_json_lines_and_writes_a_report(short_video, tmp_path):
    shown = CliRunner().invoke(
        app,
        ["bench", "replay", "--effort", "quick", "--video", str(short_video), "--json", "--out", str(tmp_path)],
    )
    assert shown.exit_code == 0, shown.output
    lines = [json.loads(line) for line in shown.stdout.splitlines()]
    assert [line["type"] for line in lines] == ["benchmark", "benchmark_run"]
    (report,) = tmp_path.glob("*.md")
    compared = CliRunner().invoke(app, ["bench", "compare", str(report), str(report), "--json"])
    assert {json.loads(line)["verdict"] for line in compared.stdout.splitlines()} == {"equal"}


def test_a_video_that_is_not_there_is_one_sentence(tmp_path):
    shown = CliRunner().invoke(app, ["bench", "replay", "--video", str(tmp_path / "none.mp4")])
    assert shown.exit_code == 2
    assert "does not exist" in shown.output


@pytest.mark.parametrize("words", [["--help"], ["recognizer", "--help"]])
def test_the_benchmarks_run_as_a_module_and_behind_medn_alike(words):
    done = subprocess.run([sys.executable, "-m", "benchmarks", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert CliRunner().invoke(app, ["bench", *words]).exit_code == 0
    assert "--help" in done.stdout


@pytest.mark.slow
def test_a_video_is_repeated_to_a_long_recording_without_coding_it_anew(short_video, tmp_path):
    long = tmp_path / f"long{short_video.suffix}"
    length_s = one_long.repeated(short_video, long, 20)
    times_s = [item.time_s for item in VideoFile(long) if isinstance(item, Frame)]
    assert length_s >= 20
    assert times_s[-1] == pytest.approx(length_s, abs=0.1)
    assert max(np.diff(times_s)) < 0.1


@pytest.mark.slow
def test_the_benchmark_of_workers_analyses_every_clip_in_each_contest(short_video, monkeypatch):
    monkeypatch.setattr(workers, "find_spec", lambda name: None)  # Ray takes as long as all else
    found = workers.measure(workers.Size(rounds=1, clips=2, seconds=0.3), lambda _: None, short_video)
    assert found.conditions["clips"].startswith("2, the first 0.")
    assert {measure.subject for measure in found.measures} == {workers.ONE_CORE, workers.ONE, workers.TWO}
    assert all(value > 0 for measure in found.measures for value in measure.values)
    assert "10,000 hours of video take" in found.notes[0]
    assert "It assumes" in found.notes[-1]
