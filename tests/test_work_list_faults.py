"""Many recordings: what a disk, a folder or a name does to a run is said, and costs no more than it must."""

import os
import signal
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from gui.cli import app
from realtime.batch import Job, Outcome, Tick, analyse, find_videos
from realtime.batch.report import Report
from realtime.console import ctrl_c_stops
from realtime.pipeline import PipelineParameters
from realtime.session import SessionError, SessionInfo, SessionWriter, open_session

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")


def medn(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def with_closed_folder(film, tmp_path, monkeypatch):
    """A folder with a recording, in which another folder, and one of the system's, are closed to the user."""
    videos = tmp_path / "videos"
    closed = [videos / "closed", videos / "lost+found"]
    for folder in (videos, *closed):
        folder.mkdir()
    (videos / "a.mp4").write_bytes(film.read_bytes())
    scandir = os.scandir

    def refusing(path="."):  # modes do not bind an administrator, who may run the tests
        if Path(path) in closed:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    return videos


def test_a_folder_that_cannot_be_looked_into_is_named_and_never_passed_over(with_closed_folder, tmp_path):
    videos = with_closed_folder
    assert find_videos([str(videos)]) == [str(videos / "a.mp4"), str(videos / "closed")]
    done = medn("replay", videos / "closed", "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert f"medn: {videos / 'closed'} cannot be read: Permission denied." in done.stderr


def test_a_session_that_was_deleted_while_it_was_written_is_not_reported_as_there(film, tmp_path):
    path = tmp_path / "out" / "a.medn"

    def delete(_):
        path.unlink(missing_ok=True)

    outcome = analyse(Job(str(film), path.parent, PipelineParameters(), name="a"), progress=delete)
    assert (outcome.session, outcome.summary) == (None, None)
    assert outcome.error == f"{path} was moved or deleted while it was being written: nothing of it is there."


@pytest.mark.parametrize("length", [245, 251])
def test_a_recording_with_too_long_a_name_for_a_session_says_so_and_leaves_nothing(film, tmp_path, length):
    video = tmp_path / f"{'n' * length}.mp4"
    video.symlink_to(film)
    done = medn("replay", video, "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert "is too long a name for a session: give its recording a shorter one." in done.stderr
    assert not list(tmp_path.glob("out/*"))


def test_a_session_that_cannot_be_begun_leaves_no_empty_file(tmp_path):
    path = tmp_path / f"{'n' * 245}.medn"  # there is no room for the name of what SQLite keeps beside it
    with pytest.raises(SessionError, match="cannot be written"):
        SessionWriter(path, SessionInfo("a camera"))
    assert not path.exists()


@needs_full
def test_a_report_that_cannot_be_begun_is_refused_before_any_work(film, tmp_path):
    done = medn("replay", film, "--out", tmp_path / "out", "--report", FULL)
    assert (done.exit_code, done.stderr) == (2, "medn: /dev/full cannot be written: No space left on device.\n")
    assert not (tmp_path / "out").exists()


@needs_full
def test_a_report_on_a_full_disk_ends_no_run_and_has_all_rows_once_there_is_space(tmp_path):
    path = tmp_path / "report.csv"
    many = [f"participant-{number}.mp4" for number in range(300)]
    with Report(path, [*many, "b.mp4", "c.mp4"]) as report:
        descriptor = report._file.fileno()
        with path.open("a") as disk, FULL.open("w") as full:
            os.dup2(full.fileno(), descriptor)
            for video in many:
                report.add(Outcome(video, error="its session cannot be written"))
            assert report.fault == f"{path} lacks rows: it could not be written (No space left on device)."
            os.dup2(disk.fileno(), descriptor)
        report.add(Outcome("b.mp4", error="b"))
        assert report.fault == ""
    assert [line.partition(",")[0] for line in path.read_text().splitlines()[1:]] == [*many, "b.mp4", "c.mp4"]


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM])
def ending(request):
    """A signal that ends a program, which would be a fault where nobody takes it."""

    def fault(*_):
        raise RuntimeError("nobody took it")

    before = signal.signal(request.param, fault)
    yield request.param
    assert signal.signal(request.param, before) is fault, "it is not as it was before"


def test_a_run_that_the_system_ends_is_saved_as_one_that_ctrl_c_ends(film, tmp_path, ending):
    ended: list[Tick] = []

    def end(tick):
        if tick.done_s > 1 and not ended:
            ended.append(tick)
            os.kill(os.getpid(), ending)

    with pytest.raises(typer.Exit) as left, ctrl_c_stops() as stop:
        outcome = analyse(Job(str(film), tmp_path, PipelineParameters(), name="a"), progress=end, stop=stop)
    assert left.value.exit_code == 130
    assert (outcome.error, outcome.summary.complete) == ("", False)
    with open_session(tmp_path / "a.medn") as session:
        assert session.info.partial.startswith("stopped after")
