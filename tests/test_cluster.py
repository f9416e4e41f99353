"""Recordings on a Ray cluster of two nodes: the local run's results, whatever node is lost."""

import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from gui.cli import app
from medn.errors import UserError
from realtime.batch import Job, Outcome, Tick
from realtime.batch.cluster import silent_ray
from realtime.batch.place import Place, analyse_into, usable
from realtime.batch.progress import Progress
from realtime.batch.report import result_of
from realtime.drivers import Tally
from realtime.pipeline import PipelineParameters
from realtime.session import open_session
from tests.recordings import StopsAt, repeated

NEVER = threading.Event()
REPEATS = 3


def medn(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def records(stdout: str, kind: str) -> list[dict]:
    return [record for line in stdout.splitlines() if (record := json.loads(line))["type"] == kind]


def events(stdout: str) -> list[dict]:
    """The events without what differs between runs and copies."""
    found = [event | {"latency_ms": None, "source": Path(event["source"]).name} for event in records(stdout, "event")]
    return sorted(found, key=lambda event: (event["source"], event["apex_s"]))


def results(report: Path) -> dict[str, str]:
    with report.open(encoding="utf-8", newline="") as file:
        return {Path(row["recording"]).name: row["result"] for row in csv.DictReader(file)}


def whole(folder: Path) -> dict[str, bool]:
    """Everything in a folder, and whether it is a whole session."""
    found = {}
    for path in folder.iterdir():
        with open_session(path) as session:
            found[path.name] = not session.info.partial
    return found


def wait_until(true, seconds: float = 240) -> None:
    until_s = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until_s, "it did not happen"
        time.sleep(0.05)


# where sessions go


@pytest.fixture(params=["a folder", "a URL"])
def place(request, tmp_path):
    pytest.importorskip("fsspec")
    folder = tmp_path / "kept"
    return Place(str(folder) if request.param == "a folder" else f"file://{folder}")


def test_a_session_is_kept_whole_and_not_made_again(film, tmp_path, place):
    kept, job = tmp_path / "kept", Job(str(film), tmp_path / "unused", PipelineParameters())
    stopped = analyse_into(place, job, lambda _: None, StopsAt(60))
    assert result_of(stopped) == "stopped"
    assert whole(kept) == {"brows.medn": False}
    done = analyse_into(place, job, lambda _: None, NEVER)
    assert result_of(done) == "done"
    assert whole(kept) == {"brows.medn": True}
    assert (kept / "brows.medn").stat().st_mode & 0o777 == 0o600
    assert done.url or str(done.session) == f"{place.address}/brows.medn"
    skipped = analyse_into(place, job, lambda _: None, NEVER)
    assert result_of(skipped) == "skipped"
    assert skipped.events == done.events != ()
    other = analyse_into(place, replace(job, parameters=PipelineParameters(most_faces=1)), lambda _: None, StopsAt(5))
    assert result_of(other) == "stopped"
    assert whole(kept) == {"brows.medn": True, "brows-2.medn": False}
    assert not (tmp_path / "unused").exists()


def test_what_a_node_finds_finished_counts_as_skipped_and_not_as_analysed():
    jobs = [Job(video, Path(), PipelineParameters(), length_s=8.0) for video in "ab"]
    progress = Progress(jobs)
    progress.tick(Tick("b", 2.0, 8.0))
    progress.end(Outcome("a", replace(Tally().summary("a"), duration_s=8.0), skipped=True))
    counts = progress.record("b")["all"]
    assert (counts["recordings"], counts["done"], counts["skipped"], counts["failed"]) == (2, 0, 1, 0)
    assert (counts["done_s"], counts["length_s"]) == (2.0, 8.0)


def test_a_place_that_cannot_be_written_costs_the_recording_a_sentence(film, tmp_path):
    pytest.importorskip("fsspec")
    (tmp_path / "file").write_bytes(b"")
    job = Job(str(film), tmp_path, PipelineParameters())
    outcome = analyse_into(Place(str(tmp_path / "file")), job, lambda _: None, StopsAt(5))
    assert f"The session of {film} could not be kept in {tmp_path / 'file'}" in outcome.error


def test_what_is_no_place_for_sessions_is_named():
    pytest.importorskip("fsspec")
    for address, why in (("memory://x", "memory of one process"), ("nosuch://x", "nosuch")):
        with pytest.raises(UserError, match=why):
            usable(address)


def test_the_options_of_a_cluster_are_refused_where_they_mean_nothing(film, monkeypatch):
    assert "needs --ray" in medn("replay", film, "--out", "s3://bucket/sessions").stderr
    assert "what the cluster offers decides" in medn("replay", film, "--ray", "auto", "--workers", "2").stderr
    monkeypatch.setattr("medn.terminal.find_spec", lambda name: None)
    refused = medn("replay", film, "--ray", "auto")
    assert refused.exit_code == 2
    assert "pip install 'medn[cluster]'" in refused.stderr


# two nodes


@pytest.fixture(scope="module")
def cluster():
    """Two nodes with a core each; the head is the one that the command runs on."""
    pytest.importorskip("ray")
    offers = {"num_cpus": 1, "memory": 2**30, "object_store_memory": 100 * 2**20}
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True) as folder:  # short: sockets
        with silent_ray():
            from ray.cluster_utils import Cluster

            here = {"include_dashboard": False, "temp_dir": folder}
            two = Cluster(initialize_head=True, head_node_args=offers | here)
        two.second = two.add_node(**offers)
        yield two
        two.shutdown()


@pytest.fixture(scope="module")
def videos(film, tmp_path_factory):
    """Three recordings of 13 s with an event in each 4.5 s, and one that is none."""
    folder = tmp_path_factory.mktemp("videos")
    first = repeated(film, folder / "a.mp4", REPEATS)
    for name in "bc":
        (folder / f"{name}.mp4").write_bytes(first.read_bytes())
    (folder / "empty.mp4").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def alone(videos, tmp_path_factory) -> list[dict]:
    """The events of one of them by itself."""
    outcome = medn("replay", videos / "a.mp4", "--json", "--out", tmp_path_factory.mktemp("alone"))
    return [event | {"source": ""} for event in events(outcome.stdout)]


def start(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "gui", *(str(argument) for argument in arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def at_work(raylet: int) -> list[psutil.Process]:
    """Processes of a node that write a session now."""
    found = []
    for process in psutil.Process(raylet).children(recursive=True):
        try:
            if any(file.path.endswith(".medn") for file in process.open_files()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def raylet_of(node) -> int:
    return node.all_processes["raylet"][0].process.pid


def test_an_interrupted_run_is_resumed_from_an_object_store(cluster, videos, alone, tmp_path):
    command = ("replay", videos, "--ray", cluster.address, "--json", "--out", f"file://{tmp_path}/kept")
    with start(*command, "--report", tmp_path / "report.csv") as program:
        wait_until(lambda: at_work(raylet_of(cluster.head_node)) and at_work(raylet_of(cluster.second)))
        os.killpg(program.pid, signal.SIGINT)
        _, stderr = program.communicate(timeout=120)
    assert program.returncode == 130
    assert "the same command does the rest" in stderr
    assert "Traceback" not in stderr
    assert sorted(results(tmp_path / "report.csv").values()) == ["not begun", "not begun", "stopped", "stopped"]
    assert list(whole(tmp_path / "kept").values()) == [False, False]

    with start(*command, "--report", tmp_path / "report.csv") as program:
        stdout, stderr = program.communicate(timeout=240)
    assert program.returncode == 3
    assert "1 of 4 recordings could not be analysed:" in stderr
    done = dict.fromkeys(("a.mp4", "b.mp4", "c.mp4"), "done")
    assert results(tmp_path / "report.csv") == done | {"empty.mp4": "failed"}
    assert whole(tmp_path / "kept") == dict.fromkeys(("a.medn", "b.medn", "c.medn"), True)
    assert [event | {"source": ""} for event in events(stdout)] == 3 * alone != []
    assert {record["source"] for record in records(stdout, "summary")} == {str(videos / name) for name in done}


def test_nodes_with_another_version_end_the_run_in_a_sentence(cluster, videos, tmp_path, monkeypatch):
    monkeypatch.setattr("realtime.batch.cluster.__version__", "99.0")
    refused = medn("replay", videos, "--ray", cluster.address, "--out", tmp_path)
    assert refused.exit_code == 2
    assert "has MEDN 0.1.0; here it is MEDN 99.0: install the same on every node." in refused.stderr


def test_a_node_that_is_killed_costs_what_it_was_at_which_is_redone(cluster, videos, alone, tmp_path):
    command = ("replay", *(videos / f"{name}.mp4" for name in "abc"), "--ray", cluster.address, "--json")
    command = (*command, "--out", tmp_path / "out", "--report", tmp_path / "report.csv")
    with start(*command) as program:
        wait_until(lambda: at_work(raylet_of(cluster.second)))
        os.kill(raylet_of(cluster.second), signal.SIGKILL)
        stdout, stderr = program.communicate(timeout=240)
    assert program.returncode == 0, stderr
    assert stderr.count("the node that analysed it was lost; it is analysed once more.") == 1
    assert results(tmp_path / "report.csv") == dict.fromkeys(("a.mp4", "b.mp4", "c.mp4"), "done")
    assert whole(tmp_path / "out") == dict.fromkeys(("a.medn", "b.medn", "c.medn"), True)
    assert [event | {"source": ""} for event in events(stdout)] == 3 * alone != []
    again = medn(*command)
    assert again.exit_code == 0
    assert again.stderr.count("is skipped") == 3


def test_an_address_without_a_cluster_is_named_in_a_sentence(film, tmp_path):
    pytest.importorskip("ray")
    refused = medn("replay", film, "--ray", "127.0.0.1:1", "--out", tmp_path)
    assert refused.exit_code == 2
    assert "No Ray cluster can be used at 127.0.0.1:1" in refused.stderr
