"""Runs that do not end well (killed, stopped, failed, a full disk): what was saved is kept, and said to be a part."""

import csv
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from realtime.batch.earlier import settle
from realtime.drivers import run_replay
from realtime.export import export_sessions, formats_named
from realtime.session import SessionError, SessionWriter, delete_session, open_session
from realtime.sources import Cause, Dropped, Generated
from realtime.types import Analysis
from tests.readings import INFO, PICTURE, Still, an_event
from tests.recordings import StopsAt

WRITE_FOREVER = """
import sys, time
from pathlib import Path
from realtime.session import SessionError, SessionWriter
from realtime.types import Analysis, Frame
from tests.readings import INFO, PICTURE, an_event, reading
writer = SessionWriter(Path(sys.argv[1]), INFO)
began_s = time.monotonic()
for i in range(10**9):
    writer.on_analysis(Analysis(i, 0.0, (reading(0),)), Frame(i, time.monotonic() - began_s, PICTURE))
    if i == 20:
        writer.on_analysis(Analysis(-1, 0.0, events=(an_event(),)), None)
    print(time.monotonic() - began_s, flush=True)
    time.sleep(0.005)
"""


def test_a_killed_process_leaves_everything_but_the_last_second(tmp_path):
    path = tmp_path / "killed.medn"
    command = [sys.executable, "-c", WRITE_FOREVER, path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]) as process:
        printed_s = 0.0
        while printed_s < 2.2:
            printed_s = float(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        printed_s = float((process.stdout.read().splitlines() or [printed_s])[-1])
    with open_session(path) as session:
        frames = list(session.frames())
        assert printed_s - 1 < frames[-1].time_s <= printed_s
        assert [f.frame for f in frames] == list(range(len(frames)))
        assert len(session.events()) == 1
        assert session.info.closed_utc is None
    assert [p.name for p in tmp_path.iterdir()] == ["killed.medn"], "the reader removes the log"


KILL_WHILE_CREATING = """
import os, random, signal, sys, time
from pathlib import Path
from realtime.session import SessionError, SessionWriter
from realtime.types import Analysis, Frame
from tests.readings import INFO, PICTURE, an_event, reading
for number in range(25):
    child = os.fork()
    if child == 0:
        SessionWriter(Path(sys.argv[1]) / f"{number}.medn", INFO)
        os._exit(0)
    time.sleep(random.Random(number).uniform(0, 0.02))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""


def test_a_process_that_is_killed_while_it_creates_a_session_leaves_a_whole_one_or_none(tmp_path):
    command = [sys.executable, "-c", KILL_WHILE_CREATING, tmp_path]
    subprocess.run(command, cwd=Path(__file__).parents[1], timeout=120, check=True)
    for path in tmp_path.glob("*.medn"):
        with open_session(path) as session:
            assert (session.info.source, session.damage) == (INFO.source, "")


def test_an_empty_session_is_named_as_what_it_is_and_can_be_deleted(tmp_path):
    path = tmp_path / "killed.medn"
    path.touch()
    with pytest.raises(SessionError, match=r"killed\.medn is empty: its recording ended before anything was saved"):
        open_session(path)
    delete_session(path)
    assert not path.exists()
    notes = tmp_path / "notes.txt"
    notes.touch()
    with pytest.raises(SessionError):
        delete_session(notes)


WRITE_TOO_MUCH = """
import resource, sys, time
from pathlib import Path
from realtime.session import SessionError, SessionWriter
from realtime.types import Analysis, Frame
from tests.readings import INFO, PICTURE, an_event, reading
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
try:
    with SessionWriter(Path(sys.argv[1]), INFO) as writer:
        for i in range(20_000):
            writer.on_analysis(Analysis(i, 0.0, (reading(0),)), Frame(i, i / 30, PICTURE))
            if i % 1000 == 0:
                time.sleep(0.6)
except SessionError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of a file by rlimit")
def test_a_full_disk_is_reported_in_one_sentence_and_saved_rows_are_kept(tmp_path):
    path = tmp_path / "full.medn"
    command = [sys.executable, "-c", WRITE_TOO_MUCH, path]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=Path(__file__).parents[1], timeout=60, check=True
    )
    assert done.stderr == ""
    assert "full.medn cannot be written any more" in done.stdout
    assert done.stdout.count("\n") == 1
    with open_session(path) as session:
        assert len(list(session.frames())) > 0


@pytest.mark.parametrize(
    ("stop", "seconds", "partial"),
    [(StopsAt(10), None, "stopped after 0.3 s"), (None, 0.5, "stopped after 0.5 s"), (None, None, "")],
)
def test_an_analysis_that_was_stopped_leaves_a_session_that_says_so(tmp_path, stop, seconds, partial):
    source = Generated(lambda _: PICTURE, [i / 30 for i in range(50)])
    with SessionWriter(tmp_path / "a.medn", INFO) as writer:
        summary = run_replay(source, Still(), [writer], seconds=seconds, stop=stop)
        writer.close(replace(summary, length_s=1.6))
    with open_session(tmp_path / "a.medn") as session:
        assert session.info.partial == (partial and f"{partial} of 1.6 s")
    [outcome] = export_sessions([tmp_path / "a.medn"], formats_named("csv"))
    frames = list(csv.DictReader(outcome.files[1].open()))
    assert {row["partial"] for row in frames} == {partial and f"{partial} of 1.6 s"}


def test_an_analysis_that_failed_leaves_a_session_that_says_it_was_cut_off(tmp_path):
    def run():
        with SessionWriter(tmp_path / "a.medn", INFO) as writer:
            writer.on_drop(Dropped(1, 0.033, Cause.OVERRUN))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run()
    with open_session(tmp_path / "a.medn") as session:
        assert len(list(session.frames())) == 1
        assert "cut off" in session.info.partial


def test_a_partial_session_is_replaced_by_a_later_attempt_unless_a_person_worked_on_it(tmp_path):
    for name, failed in (("whole", False), ("partial", True), ("marked", True)):
        writer = SessionWriter(tmp_path / f"{name}.medn", INFO)
        writer.on_analysis(Analysis(-1, 0.0, events=(an_event(),)), None)
        writer.close(failed=failed)
    with open_session(tmp_path / "marked.medn") as session:
        session.annotate(1.0, "here")
    with SessionWriter(tmp_path / "partial-2.medn", INFO) as writer:
        writer.add_event(an_event())
    earlier = [tmp_path / "marked.medn", tmp_path / "partial.medn"]
    assert settle(tmp_path / "partial-2.medn", earlier, complete=True) == tmp_path / "partial.medn"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["marked.medn", "partial.medn", "whole.medn"]
    with open_session(tmp_path / "partial.medn") as session:
        assert session.info.partial == ""
