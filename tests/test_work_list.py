"""Many recordings: nothing is done twice, nothing is lost, and what kills a worker costs one recording only."""

import csv
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from gui.cli import app
from realtime.batch import Job, Outcome, Tick, analyse, analyse_all, find_videos, in_workers
from realtime.batch.progress import Progress
from realtime.batch.work_list import make_work_list, session_places
from realtime.drivers import Tally
from realtime.pipeline import PipelineParameters
from realtime.session import SessionError, Status, open_session
from realtime.sources import SourceError
from tests.recordings import StopsAt, grey, repeated, write_video


def medn(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def start(*arguments: object) -> subprocess.Popen[str]:
    """A real run, in a process group of its own as a terminal makes it."""
    command = [sys.executable, "-m", "gui", *(str(argument) for argument in arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def records(stdout: str, kind: str) -> list[dict]:
    return [record for line in stdout.splitlines() if (record := json.loads(line))["type"] == kind]


def events(stdout: str) -> list[dict]:
    """The events without what differs between runs."""
    found = [{**event, "latency_ms": None, "source": Path(event["source"]).name} for event in records(stdout, "event")]
    return sorted(found, key=lambda event: (event["source"], event["apex_s"]))


def rows(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return {Path(row["recording"]).name: row for row in csv.DictReader(file)}


def copies(film: Path, folder: Path, names: str) -> Path:
    folder.mkdir(parents=True)
    for name in names.split():
        (folder / f"{name}.mp4").write_bytes(film.read_bytes())
    return folder


def sessions(folder: Path) -> dict[str, bool]:
    """Sessions by name, and whether each is whole."""
    found = {}
    for path in folder.rglob("*.medn"):
        try:
            with open_session(path) as session:
                found[str(path.relative_to(folder))] = not session.info.partial
        except SessionError:  # being made
            found[str(path.relative_to(folder))] = False
    return found


def wait_until(true, seconds: float = 120) -> None:
    until_s = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until_s, "it did not happen"
        time.sleep(0.05)


def frames(path: Path) -> int:
    try:
        with open_session(path) as session:
            return sum(1 for _ in session.frames())
    except SessionError:  # not there yet
        return 0


# what is finished, and what is not


def test_a_finished_recording_is_skipped_with_the_same_results_and_redone_when_asked(film, tmp_path):
    out = tmp_path / "out"
    first = medn("replay", film, "--json", "--out", out)
    second = medn("replay", film, "--json", "--out", out)
    assert second.exit_code == 0
    assert "was analysed before and is skipped" in second.stderr
    assert events(second.stdout) == events(first.stdout) != []
    [summary] = records(second.stdout, "summary")
    assert summary.pop("skipped")
    assert summary["frames_processed"] == 135
    again = medn("replay", film, "--json", "--again", "--out", out)
    assert "is skipped" not in again.stderr
    [summary] = records(again.stdout, "summary")
    assert "skipped" not in summary
    assert sessions(out) == {"brows.medn": True}


def test_other_parameters_or_weights_or_a_changed_file_are_another_analysis(film, tmp_path, monkeypatch):
    [video] = copies(film, tmp_path / "videos", "a").iterdir()
    out, usual = tmp_path / "out", PipelineParameters()
    assert medn("replay", video, "--json", "--out", out).exit_code == 0
    assert make_work_list([str(video)], out, usual).finished == {str(video): out / "a.medn"}
    assert make_work_list([str(video)], out, replace(usual, most_faces=1)).finished == {}
    with monkeypatch.context() as other:
        other.setattr("realtime.batch.work_list._weights_sha256", lambda: "0" * 64)
        assert make_work_list([str(video)], out, usual).finished == {}
    before = video.stat()
    content = bytearray(video.read_bytes())
    content[-1] ^= 1  # the size and the time stay
    video.write_bytes(content)
    os.utime(video, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert make_work_list([str(video)], out, usual).finished == {}


def test_a_moved_recording_is_recognised_and_a_copy_is_a_recording_of_its_own(film, tmp_path):
    out, usual = tmp_path / "out", PipelineParameters()
    [video] = copies(film, tmp_path / "videos", "a").iterdir()
    medn("replay", video, "--out", out)
    copy = tmp_path / "copies" / "a.mp4"
    copy.parent.mkdir()
    copy.write_bytes(video.read_bytes())
    os.utime(copy, ns=(0, video.stat().st_mtime_ns))
    assert make_work_list([str(copy)], out, usual).finished == {}
    video.unlink()
    assert make_work_list([str(copy)], out, usual).finished == {str(copy): out / "a.medn"}


def test_a_session_that_a_person_worked_on_is_never_replaced(film, tmp_path):
    medn("replay", film, "--out", tmp_path)
    with open_session(tmp_path / "brows.medn") as session:
        [stored] = session.events()
        session.review(stored.id, status=Status.CONFIRMED)
    medn("replay", film, "--again", "--out", tmp_path)
    assert sessions(tmp_path) == {"brows.medn": True, "brows-2.medn": True}
    with open_session(tmp_path / "brows.medn") as session:
        assert [stored.status for stored in session.events()] == [Status.CONFIRMED]


def test_an_early_session_that_holds_nothing_of_its_file_is_read_and_left_alone(film, tmp_path):
    medn("replay", film, "--out", tmp_path)
    with closing(sqlite3.connect(tmp_path / "brows.medn")) as database:
        database.execute("DROP TABLE recording")
    with open_session(tmp_path / "brows.medn") as session:
        assert session.info.file is None
        assert len(session.events()) == 1
        assert session.damage == ""
    assert make_work_list([str(film)], tmp_path, PipelineParameters()).finished == {}


def test_of_half_done_sessions_the_longest_is_kept_and_a_finished_one_is_never_lost(film, tmp_path):
    job = Job(str(film), tmp_path, PipelineParameters())
    for looks in (100, 20):
        outcome = analyse(job, stop=StopsAt(looks))
        assert outcome.session == tmp_path / "brows.medn"
        assert frames(outcome.session) == 100
        assert sessions(tmp_path) == {"brows.medn": False}
    assert analyse(job).session == tmp_path / "brows.medn"
    assert sessions(tmp_path) == {"brows.medn": True}
    analyse(replace(job, again=True), stop=StopsAt(130))
    assert sessions(tmp_path)["brows.medn"]


# names and lists


def test_recordings_of_the_same_name_get_sessions_of_their_own_in_mirrored_folders(tmp_path):
    for place in ("a/x.mp4", "b/x.mp4", "b/x.mkv"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        write_video(tmp_path / place, [grey(90)] * 12, range(0, 480, 40))
    out = tmp_path / "out"
    result = medn("replay", tmp_path / "a", tmp_path / "b", "--workers", 2, "--out", out)
    assert result.exit_code == 0
    assert sessions(out) == {"a/x.medn": True, "b/x.mp4.medn": True, "b/x.mkv.medn": True}
    result = medn("replay", tmp_path / "a", tmp_path / "b", "--workers", 2, "--out", out)
    assert result.stderr.count("is skipped") == len(sessions(out)) == 3


folders = st.sampled_from(["", "a", "b", "a/b", "A"])
names = st.sampled_from(["x.mp4", "X.mp4", "x.mkv", "x.y.mp4", "y.mp4"])


@given(st.lists(st.tuples(folders, names), min_size=1, unique=True))
@settings(deadline=None)
def test_no_two_recordings_share_a_session(tmp_path_factory, found):
    root = Path("/recordings")
    videos = [str(root / folder / name) for folder, name in found]
    places = session_places(videos, Path("/sessions"))
    assert list(places) == videos
    assert len({(folder, name) for folder, name in places.values()}) == len(videos)
    for video, (folder, name) in places.items():
        assert name in (Path(video).stem, Path(video).name)
        assert Path(video).parent.parts[len(Path(video).parent.parts) - len(folder.parts) + 2 :] == folder.parts[2:]


def test_a_list_names_recordings_folders_and_patterns_relative_to_itself(tmp_path):
    (tmp_path / "day 1").mkdir()
    for name in ("a.mp4", "b.mp4", "day 1/c.mp4", "day 1/d.mkv"):
        (tmp_path / name).write_bytes(b"video")
    listed = tmp_path / "list.txt"
    listed.write_bytes("\ufeff# the first week\r\nb.mp4\r\n\r\nday 1/*.mkv\r\n./a.mp4\r\nmissing.mp4\nb.mp4\n".encode())
    assert [Path(video).name for video in find_videos([str(listed)])] == ["b.mp4", "d.mkv", "a.mp4", "missing.mp4"]
    listed.write_text("# nothing\n")
    with pytest.raises(SourceError, match=r"list.txt lists no recording"):
        find_videos([str(listed)])
    listed.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SourceError, match=r"list.txt cannot be read as a list"):
        find_videos([str(listed)])


def test_the_longest_recordings_come_first_and_unreadable_ones_last(tmp_path):
    for name, count in (("short", 5), ("long", 40), ("middle", 20)):
        write_video(tmp_path / f"{name}.mp4", [grey(90)] * count, range(0, 40 * count, 40))
    (tmp_path / "broken.mp4").write_bytes(b"")
    listed = make_work_list(find_videos([str(tmp_path)]), tmp_path / "out", PipelineParameters())
    assert [Path(job.video).stem for job in listed.jobs] == ["long", "middle", "short", "broken"]


# workers that die


def work_that_dies(job: Job, progress, stop) -> str:
    """A job whose name says how often it kills its process; `folder` remembers the attempts."""
    name, deaths = job.video.split(":")
    with (job.folder / name).open("a") as log:
        log.write("attempt\n")
    progress(Tick(job.video, 0.0, None))
    if len((job.folder / name).read_text().splitlines()) <= int(deaths):
        os.kill(os.getpid(), signal.SIGKILL)
    return name


@given(st.lists(st.sampled_from([0, 0, 0, 1, 2]), min_size=1, max_size=4), st.integers(1, 3))
@settings(max_examples=5, deadline=None)
def test_every_job_has_one_result_whatever_workers_die(tmp_path_factory, deaths, workers):
    folder = tmp_path_factory.mktemp("attempts")
    jobs = [Job(f"{number}:{count}", folder, PipelineParameters()) for number, count in enumerate(deaths)]
    notices: list[str] = []
    results = list(
        in_workers(
            work_that_dies, jobs, workers, lambda _: None, threading.Event(), notices.append,
            lost=lambda job, death: f"lost {job.video.split(':')[0]}",
        )
    )  # fmt: skip
    expected = [f"lost {number}" if count == 2 else str(number) for number, count in enumerate(deaths)]
    assert sorted(results) == sorted(expected)
    assert len(notices) == sum(count > 0 for count in deaths)
    for number, count in enumerate(deaths):
        assert len((folder / str(number)).read_text().splitlines()) == min(count, 1) + 1


REPEATS = 3


@pytest.fixture(scope="module")
def long_film(film, tmp_path_factory):
    """13.5 s with an event in each 4.5 s: its worker is still at work when it is found."""
    return repeated(film, tmp_path_factory.mktemp("long") / "long.mp4", REPEATS)


def killed(program: subprocess.Popen[str], video: str, session: Path) -> None:
    """Kill the worker that writes a session, once it has begun."""
    wait_until(lambda: frames(session) > 0)
    writers = [
        child
        for child in psutil.Process(program.pid).children(recursive=True)
        if any(file.path == str(session) for file in child.open_files())
    ]
    assert len(writers) == 1, video
    writers[0].kill()


@pytest.fixture
def long_and_short(long_film, film, tmp_path):
    """A folder with the long one, `a`, and with `b`, which another worker analyses meanwhile."""
    videos = copies(long_film, tmp_path / "videos", "a")
    shutil.copy(film, videos / "b.mp4")
    return videos


def test_a_killed_worker_costs_nothing_but_a_second_attempt(long_and_short, tmp_path):
    videos, out, report = long_and_short, tmp_path / "out", tmp_path / "report.csv"
    with start("replay", videos, "--workers", 2, "--json", "--out", out, "--report", report) as program:
        killed(program, "a", out / "a.medn")
        stdout, stderr = program.communicate(timeout=180)
    assert program.returncode == 0
    assert f"{videos / 'a.mp4'}: the process that analysed it was ended by SIGKILL" in stderr
    assert sessions(out) == {"a.medn": True, "b.medn": True}
    assert [event["source"] for event in events(stdout)] == [*["a.mp4"] * REPEATS, "b.mp4"]
    assert {name: row["result"] for name, row in rows(report).items()} == {"a.mp4": "done", "b.mp4": "done"}


def test_a_recording_that_kills_its_worker_twice_is_named_and_the_others_are_done(long_and_short, tmp_path):
    videos, out, report = long_and_short, tmp_path / "out", tmp_path / "report.csv"
    (videos / "empty.mp4").write_bytes(b"")
    with start("replay", videos, "--workers", 2, "--out", out, "--report", report) as program:
        killed(program, "a", out / "a.medn")
        killed(program, "a", out / "a-2.medn")
        _, stderr = program.communicate(timeout=180)
    assert program.returncode == 3
    assert "2 of 3 recordings could not be analysed:" in stderr
    found = rows(report)
    assert [found[name]["result"] for name in ("a.mp4", "b.mp4", "empty.mp4")] == ["failed", "done", "failed"]
    assert "was ended by SIGKILL" in found["a.mp4"]["message"]
    assert "empty" in found["empty.mp4"]["message"]
    again = medn("replay", videos / "a.mp4", videos / "b.mp4", "--json", "--out", out)
    assert again.exit_code == 0
    assert len(events(again.stdout)) == REPEATS + 1
    assert sessions(out) == {"a.medn": True, "b.medn": True}


# interrupted, and resumed


@pytest.fixture(scope="module")
def alone(film, tmp_path_factory):
    """The event that the film has where nothing happens to its analysis."""
    [event] = events(medn("replay", film, "--json", "--out", tmp_path_factory.mktemp("alone")).stdout)
    return event


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_ends_half_way_is_resumed_without_losing_or_redoing_anything(film, alone, tmp_path, ending):
    videos, out, report = copies(film, tmp_path / "videos", "a b c"), tmp_path / "out", tmp_path / "report.csv"
    with start("replay", videos, "--workers", 2, "--json", "--out", out, "--report", report) as program:
        wait_until(lambda: True in sessions(out).values() and any(not whole for whole in sessions(out).values()))
        if ending is signal.SIGINT:
            os.killpg(program.pid, ending)  # as a terminal does it: to the workers, too
        else:
            program.kill()
        _, stderr = program.communicate(timeout=60)
    assert program.returncode == (130 if ending is signal.SIGINT else -ending)
    assert "Traceback" not in stderr
    wait_until(lambda: not workers_of(out))
    done = {name: (out / name).stat() for name, whole in sessions(out).items() if whole}
    assert 1 <= len(done) < 3
    if ending is signal.SIGINT:
        results = [row["result"] for row in rows(report).values()]
        assert len(results) == 3
        assert results.count("done") == len(done)
        assert "the same command does the rest" in stderr

    resumed = medn("replay", videos, "--workers", 2, "--json", "--out", out)
    assert resumed.exit_code == 0
    assert sessions(out) == dict.fromkeys(("a.medn", "b.medn", "c.medn"), True)
    assert resumed.stderr.count("is skipped") == len(done)
    for name, before in done.items():
        after = (out / name).stat()
        assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert events(resumed.stdout) == [{**alone, "source": f"{name}.mp4"} for name in "abc"]


def workers_of(out: Path) -> list[psutil.Process]:
    """Processes that have a session open."""
    found = []
    for process in psutil.process_iter():
        try:
            if any(file.path.startswith(str(out)) for file in process.open_files()):
                found.append(process)
        except psutil.Error:
            continue
    return found


# progress


@given(
    st.lists(st.floats(1, 1000), min_size=1, max_size=5),
    st.floats(0.1, 10),
    st.floats(0.05, 0.95),
)
@settings(deadline=None)
def test_rate_and_time_left_are_those_of_a_steady_run(lengths_s, rate, share):
    now_s = [0.0]
    jobs = [Job(str(n), Path(), PipelineParameters(), length_s=length_s) for n, length_s in enumerate(lengths_s)]
    progress = Progress(jobs, skipped=2, clock=lambda: now_s[0])
    summary = Tally().summary("")
    for job in jobs[:-1]:
        progress.tick(Tick(job.video, 0.0, job.length_s))
        now_s[0] += job.length_s / rate
        progress.end(Outcome(job.video, replace(summary, duration_s=job.length_s)))
    last = jobs[-1]
    progress.tick(Tick(last.video, 0.0, last.length_s))
    now_s[0] += share * last.length_s / rate
    progress.tick(Tick(last.video, share * last.length_s, last.length_s))
    left_s = (1 - share) * last.length_s / rate
    for pace in (progress.of(last.video), progress.all):
        assert pace.rate == pytest.approx(rate)
        assert pace.left_s == pytest.approx(left_s)
    counts = progress.record(last.video)["all"]
    assert (counts["recordings"], counts["done"], counts["skipped"]) == (len(jobs) + 2, len(jobs) - 1, 2)


def test_json_progress_comes_on_standard_error_for_each_recording_and_for_all(film, tmp_path):
    videos = copies(film, tmp_path / "videos", "a b")
    result = medn("replay", videos, "--json", "--out", tmp_path / "out")
    lines = [json.loads(line) for line in result.stderr.splitlines() if line.startswith("{")]
    assert {Path(line["source"]).name for line in lines} == {"a.mp4", "b.mp4"}
    for line in lines:
        assert line.keys() == {"type", "source", "done_s", "length_s", "rate", "left_s", "all"}
        assert line["type"] == "progress"
        assert line["length_s"] == pytest.approx(4.5, abs=0.1)
        assert line["all"]["recordings"] == 2
        assert line["all"]["length_s"] == pytest.approx(9.0, abs=0.2)
    assert {record["type"] for record in map(json.loads, result.stdout.splitlines())} == {"event", "summary"}


def test_a_stopped_list_says_nothing_of_what_it_did_not_begin(film, tmp_path):
    stop = threading.Event()
    stop.set()
    jobs = [Job(str(film), tmp_path, PipelineParameters())] * 3
    assert list(analyse_all(jobs, 2, lambda _: None, stop)) == []
