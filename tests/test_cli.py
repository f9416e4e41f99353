"""What the command line promises: results on standard output, one clear sentence for bad input, nothing lost."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner

from gui.cli import app
from realtime.report import NoticeLines
from realtime.session import open_session
from realtime.sources import Notice, NoticeKind
from tests.fakecam import environment, needs_fakecam
from tests.recordings import grey, noise, write_video

EVENT_FIELDS = {
    "type", "source", "face", "onset_s", "apex_s", "offset_s", "onset_frame", "apex_frame", "offset_frame", "score",
    "emotion", "aus", "latency_ms",
}  # fmt: skip
SUMMARY_FIELDS = {
    "type", "source", "frames_offered", "frames_processed", "frames_dropped", "frames_with_face", "duration_s",
    "wall_s", "fps", "events", "stages_ms", "runtime", "weights",
}  # fmt: skip


def test_a_time_that_is_all_but_a_minute_is_shown_as_one(capsys):
    for time_s in (59.9994, 59.9996, 3599.9999):
        NoticeLines().on_notice(Notice(time_s, NoticeKind.LOST, "gone"))
    assert [line.split()[0] for line in capsys.readouterr().err.splitlines()] == ["00:59.999", "01:00.000", "60:00.000"]


def medn(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def lines(result) -> tuple[list[dict], dict]:
    """Events and summary of --json output."""
    records = [json.loads(line) for line in result.stdout.splitlines()]
    return [record for record in records if record["type"] == "event"], records[-1]


def timeless(events: list[dict]) -> list[dict]:
    return [{name: value for name, value in event.items() if name not in ("latency_ms", "source")} for event in events]


def test_replay_prints_the_contracts_json_and_writes_a_session(film, tmp_path):
    result = medn("replay", film, "--json", "--out", tmp_path)
    assert result.exit_code == 0
    events, summary = lines(result)
    [event] = events
    assert event.keys() >= EVENT_FIELDS
    assert summary.keys() >= SUMMARY_FIELDS
    assert event["apex_s"] == pytest.approx(3.15, abs=0.06)
    assert summary["frames_offered"] == summary["frames_processed"] + sum(summary["frames_dropped"].values()) == 135
    assert summary["frames_with_face"] == 135
    assert "face was found" not in result.stderr
    assert summary["stages_ms"]["landmarks"].keys() >= {"p50", "p90", "p99"}
    with open_session(tmp_path / "brows.medn") as session:
        [stored] = session.events()
        assert stored.event.apex_s == pytest.approx(event["apex_s"], abs=1e-4)
        assert session.info.video == str(film)
        assert sum(1 for _ in session.frames()) == 135


@pytest.mark.usefixtures("patient")
def test_live_at_its_own_pace_gives_the_events_of_the_replay(film, tmp_path):
    replayed, _ = lines(medn("replay", film, "--json", "--out", tmp_path))
    began_s = time.monotonic()
    played, summary = lines(medn("live", "--source", film, "--headless", "--json"))
    assert time.monotonic() - began_s > 4
    assert summary["frames_dropped"] == {}
    assert timeless(played) == timeless(replayed) != []


def test_without_json_people_get_tables_and_where_the_session_is(film, tmp_path):
    result = medn("replay", film, "--out", tmp_path)
    assert "brow" in result.stdout
    assert "landmarks" in result.stdout
    assert "135 of 135 frames analysed" in result.stderr
    assert "brows.medn" in result.stderr


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("missing.mp4", None),
        ("[take 1] [/b].mp4", None),
        ("text.mp4", b"these are words\n" * 50),
        ("empty.mp4", b""),
        ("picture.png", cv2.imencode(".png", grey(90))[1].tobytes()),
    ],
)
def test_unreadable_input_gives_one_sentence_that_names_it(name, content, tmp_path):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    for command in (["replay", path, "--out", tmp_path], ["live", "--headless", "--source", path]):
        result = medn(*command)
        assert result.exit_code == 2
        said = [line for line in result.stderr.splitlines() if line.startswith("medn: ")]
        assert len(said) == 1
        assert name in said[0]
        assert "Traceback" not in result.output
    assert list(tmp_path.glob("*.medn")) == []


def test_a_sessions_folder_that_cannot_be_made_is_refused_in_one_sentence(film, tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("a file, not a folder")
    for videos in ([film], [film, film.parent / film.name.upper()]):
        result = medn("replay", *videos, "--out", taken)
        assert result.exit_code == 2
        said = [line for line in result.stderr.splitlines() if line.startswith("medn: ")]
        assert f"medn: The folder {taken} for sessions cannot be created: File exists." in said
        assert "Traceback" not in result.output


@pytest.mark.parametrize("source", ["7", "http://127.0.0.1:9/stream", "no such camera"])
def test_a_source_that_cannot_be_reached_gives_one_sentence(source):
    result = medn("live", "--headless", "--source", source)
    assert result.exit_code == 2
    assert len([line for line in result.stderr.splitlines() if line.startswith("medn: ")]) == 1


def test_a_recording_without_a_face_gives_an_empty_result_and_a_notice(tmp_path):
    video = write_video(tmp_path / "wall.mp4", [grey(90)] * 20, range(0, 660, 33))
    for command in (["replay", video, "--out", tmp_path], ["live", "--source", video, "--headless"]):
        result = medn(*command, "--json")
        events, summary = lines(result)
        assert events == []
        assert (summary["frames_processed"], summary["frames_with_face"]) == (20, 0)
        assert result.stderr.count("No face was found in any of 20 frames of wall.mp4.") == 1
    with open_session(tmp_path / "wall.medn") as session:
        assert [notice.kind for notice in session.notices()] == [NoticeKind.NO_FACE]


def test_a_face_that_is_there_for_less_than_half_of_the_frames_is_counted(portrait, tmp_path):
    there, away = cv2.resize(portrait.image, (240, 240)), grey(90, (240, 240))
    video = write_video(tmp_path / "short.mp4", [there] * 12 + [away] * 28, range(0, 1600, 40))
    result = medn("replay", video, "--json", "--out", tmp_path)
    _, summary = lines(result)
    seen = summary["frames_with_face"]
    assert 12 <= seen <= 16
    assert f"A face was found in only {seen} of 40 frames of short.mp4" in result.stderr


def test_recordings_that_were_cut_short_are_named_of_one_and_of_many(tmp_path):
    for name in ("a", "b"):
        video = write_video(tmp_path / f"{name}.mp4", noise(90), [33 * i for i in range(90)], index_first=True)
        video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    a, b = tmp_path / "a.mp4", tmp_path / "b.mp4"
    for videos in ([a], [a, b]):
        result = medn("replay", *videos, "--workers", 2, "--out", tmp_path)
        assert result.exit_code == 0
        for video in videos:
            assert result.stderr.count(f"{video.name} ends after ") == 1
            assert result.stderr.count("it seems to be cut short.") == len(videos)


def test_of_many_recordings_the_good_ones_are_done_and_the_broken_one_is_named(film, tmp_path):
    folder = tmp_path / "videos"
    folder.mkdir()
    (folder / "a.mp4").write_bytes(film.read_bytes())
    (folder / "b.mp4").write_bytes(b"")
    result = medn("replay", folder, "--workers", "2", "--json", "--out", tmp_path)
    assert result.exit_code == 3
    assert "b.mp4" in result.stderr
    events, summary = lines(result)
    assert len(events) == 1
    assert summary["source"] == str(folder / "a.mp4")
    assert [path.name for path in tmp_path.glob("*.medn")] == ["a.medn"]


def test_a_folder_without_videos_is_named(tmp_path):
    result = medn("replay", tmp_path)
    assert result.exit_code == 2
    assert "holds no video" in result.stderr


def test_the_name_of_a_session_is_no_folder_for_sessions(film, tmp_path):
    result = medn("replay", film, "--out", tmp_path / "s.medn")
    assert result.exit_code == 2
    assert "give its folder" in result.stderr
    assert not (tmp_path / "s.medn").exists()


def start(*arguments: object, env=None) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "gui", *(str(argument) for argument in arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env or os.environ)


def wait_for(path: Path, frames: int) -> None:
    """Until the session file holds this many frames."""
    for _ in range(600):
        time.sleep(0.1)
        if path.exists():
            try:
                with open_session(path) as session:
                    if sum(1 for _ in session.frames()) >= frames:
                        return
            except Exception:  # noqa: BLE001 - still being made
                continue
    pytest.fail("no frames were written")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_a_request_to_end_save_what_was_done(number, film, tmp_path):
    session = tmp_path / "live.medn"
    with start("live", "--source", film, "--headless", "--json", "--out", session) as program:
        wait_for(session, 30)
        program.send_signal(number)
        stdout, _ = program.communicate(timeout=30)
    assert program.returncode == 130
    summary = json.loads(stdout.splitlines()[-1])
    assert summary["type"] == "summary"
    with open_session(session) as saved:
        assert saved.info.summary is not None
        assert sum(1 for _ in saved.frames()) == summary["frames_offered"]


@pytest.mark.parametrize("unread", ["stdout", "stderr"])
def test_a_run_whose_output_nobody_reads_any_more_is_saved_whole(unread, film, tmp_path):
    session = tmp_path / "live.medn"
    with start("live", "--source", film, "--headless", "--json", "--threshold", 0, "--out", session) as program:
        wait_for(session, 30)
        getattr(program, unread).close()
        if unread == "stderr":  # a program that takes both, as in `2>&1 | tee`, ends with the same Ctrl-C
            program.send_signal(signal.SIGINT)
        said = (program.stderr if unread == "stdout" else program.stdout).read()
    assert program.returncode == 130
    assert ("Nobody reads the output any more" in said) == (unread == "stdout")
    with open_session(session) as saved:
        assert saved.info.summary is not None
        assert sum(1 for _ in saved.frames()) == saved.info.summary["frames_offered"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_while_the_program_is_loaded_shows_no_traceback():
    program = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # ignored in a shell's background jobs
        "class CtrlC:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'medn.commands': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, CtrlC())\n"
        "from gui.__main__ import main\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


def test_a_killed_run_leaves_a_session_with_all_but_the_last_second(film, tmp_path):
    session = tmp_path / "live.medn"
    with start("live", "--source", film, "--headless", "--out", session) as program:
        wait_for(session, 60)
        program.kill()
        program.communicate()
    with open_session(session) as saved:
        assert sum(1 for _ in saved.frames()) >= 60
        assert saved.info.closed_utc is None


@needs_fakecam
def test_a_camera_that_is_unplugged_comes_back_in_the_same_session(tmp_path):
    session = tmp_path / "camera.medn"
    env = environment(tmp_path, unplug_after=30, replug_after=1000)
    command = ["live", "--headless", "--seconds", 6, "--json", "--out", session]
    with start(*command, env=env) as program:
        stdout, stderr = program.communicate(timeout=60)
    assert program.returncode == 0
    summary = json.loads(stdout.splitlines()[-1])
    assert summary["frames_offered"] == summary["frames_processed"] + sum(summary["frames_dropped"].values())
    assert summary["frames_processed"] > 60
    with open_session(session) as saved:
        kinds = [notice.kind.value for notice in saved.notices()]
    assert kinds[:2] == ["lost", "reconnected"]
    assert "camera" in stderr


def test_what_the_window_would_ignore_is_refused_by_name(tmp_path):
    refused = medn("live", "--source", "sample", "--threshold", "0.6", "--out", tmp_path / "a.medn", "--person", "P07")
    assert refused.exit_code == 2
    assert " ".join(refused.stderr.split()).startswith("medn: --out, --person, --threshold only with --headless")


def test_the_help_tells_that_the_app_opens_without_a_command():
    assert "Without a command, the desktop app opens." in " ".join(medn("--help").stdout.split())
