"""A long recording in sections, side by side: what comes out is what one worker would have found."""

import itertools
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest

from medn.synthetic.puppet import HeadMotion
from realtime.batch import Job, Tick, analyse
from realtime.batch.sections import split, why_whole
from realtime.batch.split import analyse_split
from realtime.pipeline import PipelineParameters
from realtime.seams import Last, Section, Standing, hand_over
from realtime.session import open_session
from realtime.sources.video import VideoFile
from realtime.types import Frame
from tests.recordings import noise, write_video

SEAM_S = 7.0
PARAMETERS = PipelineParameters(seam_every_s=SEAM_S, seam_overlap_s=3.5)
LENGTH_S, LOOP_S, RAISED_S = 15.5, 4.0, 2.0
"""Brows are raised in every loop: at 2, 6, 10 and 14 s, of which 14 lies on a seam."""
GAP_S = (10.4, 11.1)
AWAY_S = (5.2, 8.5)
"""The second face is not there around a seam."""


@pytest.fixture(scope="module")
def recording(act, shapes, tmp_path_factory):
    """Two people at a varying rate; one raises the brows, the other goes and comes back; frames are missing."""
    unit = shapes.action_units(["AU1", "AU2"])
    unit = unit * 0.03 / np.linalg.norm(unit[:, :2], axis=1).max()
    turn = 2 * np.pi / LOOP_S
    loop = act(
        np.arange(0, LOOP_S, 0.04),
        lambda t: unit * (np.cos(np.pi * (t - RAISED_S) / 0.4) ** 2 if abs(t - RAISED_S) < 0.2 else 0.0),
        lambda t: HeadMotion(x=0.03 * np.sin(turn * t), y=0.02 * np.sin(2 * turn * t)),
        iod_px=60,
        size_px=(240, 240),
    )
    times_s = np.cumsum(np.random.default_rng(1).choice([0.04, 0.04, 0.04, 0.05], 440))
    times_s = times_s[(times_s < LENGTH_S) & ~((times_s > GAP_S[0]) & (times_s < GAP_S[1]))]
    pictures = []
    for time_s in times_s:
        at = round(time_s / 0.04)
        other = cv2.flip(loop[(2 * at // 3) % len(loop)].image, 1) // 2 + 60
        if AWAY_S[0] < time_s < AWAY_S[1]:
            other[:] = 90
        pictures.append(np.hstack([loop[at % len(loop)].image, other]))
    path = tmp_path_factory.mktemp("recording") / "two people.mp4"
    return write_video(path, pictures, [round(1000 * t) for t in times_s])


def analysed(recording: Path, folder: Path, workers: int, stop_s: float = np.inf, killed: str = ""):
    """The outcome, the notices about it, and its ticks; with several workers in sections; one may be killed."""
    notices, ticks, stop = [], [], threading.Event()
    dead: list[psutil.Process] = []

    def progress(tick: Tick) -> None:
        ticks.append(tick)
        if killed and not dead:
            children = psutil.Process().children(recursive=True)
            dead.extend(each for each in children if any(file.path.endswith(killed) for file in each.open_files()))
            for each in dead:
                each.kill()
        if tick.done_s >= stop_s:
            stop.set()

    job = Job(str(recording), folder, PARAMETERS, length_s=VideoFile(recording).duration_s)
    if workers == 1:
        return analyse(job, progress=progress, stop=stop), notices, ticks
    [outcome] = list(analyse_split([job], workers, progress, stop, notices.append))
    return outcome, notices, ticks


@pytest.fixture(scope="module")
def whole(recording, tmp_path_factory):
    return analysed(recording, tmp_path_factory.mktemp("whole"), 1)[0]


def content(path: Path) -> dict[str, list]:
    """All that a session holds, in the order in which it was written, without what took how long."""
    found = {}
    with closing(sqlite3.connect(path)) as database:
        for table in ("frames", "events", "candidates", "notices", "recording"):
            columns = [name for _, name, *_ in database.execute(f"PRAGMA table_info({table})") if name != "compute_ms"]
            found[table] = list(database.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY rowid"))
    return found


@pytest.fixture(scope="module")
def split_up(recording, tmp_path_factory):
    """Its second section is begun once more, as its first worker is killed."""
    return analysed(recording, tmp_path_factory.mktemp("split"), 2, killed="1.section")


def test_a_split_recording_has_the_session_of_the_whole_also_where_a_worker_died(recording, whole, split_up):
    outcome, notices, ticks = split_up
    [notice] = notices
    assert notice.endswith("it is analysed once more.")
    found, one = content(outcome.session), content(whole.session)
    for table, rows in one.items():
        assert found[table] == rows, table
    assert {row[3] for row in one["frames"]} == {0, 1}
    assert sum(abs(event.apex_s - 2 * SEAM_S) < 0.3 for event in whole.events) == 1
    same = ("frames_offered", "frames_processed", "frames_dropped", "frames_with_face", "duration_s", "limit",
            "events", "candidates", "strongest_candidate", "complete", "length_s")  # fmt: skip
    for name in same:
        assert getattr(outcome.summary, name) == getattr(whole.summary, name), name
    assert {tick.video for tick in ticks} == {str(recording)}
    assert ticks[-1].done_s == pytest.approx(outcome.summary.duration_s, abs=2)
    assert [path.name for path in outcome.session.parent.iterdir()] == [outcome.session.name]


def test_the_trace_goes_on_across_seams_as_in_the_whole(whole, split_up):
    outcome, *_ = split_up
    with open_session(whole.session) as one, open_session(outcome.session) as joined:
        pairs = list(zip(one.traces(), joined.traces(), strict=True))
    for (face, steps), (same, others) in pairs:
        assert (face, steps.first_s, len(steps)) == (same, others.first_s, len(others))
        assert np.abs(np.diff(steps.values, axis=0) - np.diff(others.values, axis=0)).max() < 0.05


def test_what_is_stopped_keeps_its_beginning(recording, whole, tmp_path):
    outcome, *_ = analysed(recording, tmp_path, 2, stop_s=3)
    assert not outcome.summary.complete
    assert [path.name for path in tmp_path.iterdir()] == [outcome.session.name]
    rows, one = content(outcome.session)["frames"], content(whole.session)["frames"]
    assert len(rows) > 30
    assert rows == one[: len(rows)]


def job(video: Path, length_s: float | None) -> Job:
    return Job(str(video), video.parent, PipelineParameters(), length_s=length_s)


@pytest.mark.parametrize(
    ("hours", "workers", "sections"),
    [
        ([1.0], 1, [1]),
        ([1.0], 2, [2]),
        ([1.0], 8, [6]),  # eight are no quicker than six: they would last as long as the longest of unequal ones
        ([0.1], 2, [1]),
        ([1.0, 1.0], 2, [1, 1]),
        ([1.0, 0.1, 0.1], 2, [2, 1, 1]),
        ([None], 2, [1]),
    ],
)
def test_recordings_are_split_where_workers_would_be_without_work(hours, workers, sections, tmp_path):
    jobs = []
    for number, length in enumerate(hours):
        path = tmp_path / f"{number}.mp4"
        path.touch()
        jobs.append(job(path, None if length is None else 3600 * length))
    planned = split(jobs, workers)
    assert [len(planned.get(each.video, [Section()])) for each in jobs] == sections
    for parts in planned.values():
        assert (parts[0].first, parts[-1].last) == (0, None)
        assert all(one.last == other.first for one, other in itertools.pairwise(parts))


def test_a_recording_of_unknown_length_is_not_split_and_that_is_said(tmp_path):
    path = tmp_path / "stream.mkv"
    path.touch()
    assert why_whole(job(path, None), 1, 2) == f"{path} does not say how long it is: it was analysed by one worker."
    assert why_whole(job(path, 0.8), 1, 2) == why_whole(job(path, None), 2, 2) == ""
    assert split([job(path, None)], 2) == {}


@pytest.mark.parametrize(
    ("ending", "options"),
    [("mp4", {}), ("mp4", {"open_groups": True}), ("mkv", {"keyframe_every": 400}), ("avi", {"codec": "mpeg4"})],
)
def test_a_video_begun_in_its_middle_has_the_pictures_and_times_of_the_whole(ending, options, tmp_path):
    times_ms = np.cumsum(np.random.default_rng(2).integers(30, 45, 300)) if ending != "avi" else np.arange(300) * 40
    path = write_video(tmp_path / f"film.{ending}", noise(300, (64, 64)), times_ms, **options)
    whole = [(item.time_s, item.image.tobytes()) for item in VideoFile(path) if isinstance(item, Frame)]
    for begin_s in (0.0, whole[120][0], whole[120][0] + 0.001, 9.5, 100.0):
        film = VideoFile(path)
        film.skip_to(begin_s)
        later = [(item.time_s, item.image.tobytes()) for item in film if isinstance(item, Frame)]
        assert later == [each for each in whole if each[0] >= begin_s]


def last(x: float) -> Last:
    return Last((5.9, x, 100.0), 5.9, np.full(450, x, np.float32))


def test_faces_keep_their_numbers_across_a_seam_and_new_ones_get_free_ones():
    before = Standing({0: last(10.0), 1: last(20.0), 2: last(30.0)}, 5.95, 140, used=4)
    after = Standing({0: last(30.0), 1: last(10.0), 2: last(70.0)}, 5.95, 40, used=3)
    handover = hand_over(before, after)
    assert [handover.number(own) for own in range(5)] == [2, 0, 4, 5, 6]
    assert handover.lifts.keys() == {0, 1}
