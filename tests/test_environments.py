"""Odd environments: no home, no place for caches or temporary files, a terminal without Unicode. One sentence, or it
works; never a traceback."""

import json
import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gui import cli as command_line
from gui.cli import app as cli
from gui.dialogs import first_run
from gui.settings import Settings
from medn import prerequisites
from tests.recordings import noise, write_video


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("café – ümläut") / "clip é.mp4", list(noise(12)), range(0, 480, 40))


def medn(*arguments, **environment):
    return medn_into(subprocess.PIPE, *arguments, **environment)


def medn_into(stdout, *arguments, **environment):
    """Run a command in an environment that holds nothing but what is given."""
    plain = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[1]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "gui", *map(str, arguments)]
    return subprocess.run(
        command, env=plain | environment, stdout=stdout, stderr=subprocess.PIPE, timeout=240, check=False
    )


def test_a_recording_is_analysed_without_a_home_without_caches_and_in_a_terminal_without_unicode(clip, tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("a file")
    nowhere = {"HOME": str(taken / "home"), "XDG_CACHE_HOME": str(taken), "NUMBA_CACHE_DIR": str(taken)}
    ascii_only = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "TMPDIR": str(tmp_path / "missing")}
    done = medn("replay", clip, "--out", tmp_path / "out", "--json", **nowhere, **ascii_only)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    summary = json.loads(done.stdout.decode("ascii").splitlines()[-1])
    assert (summary["source"], summary["frames_processed"]) == (str(clip), 12)
    assert len(list((tmp_path / "out").glob("*.medn"))) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_an_output_that_nobody_can_take_is_named_in_one_sentence(tmp_path):
    with Path("/dev/full").open("w") as full:
        done = medn_into(full, "--help", HOME=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.decode() == "medn: The output could not be written: there is no space left on the disk.\n"


@pytest.mark.parametrize("command", ["replay", "demo"])
def test_where_nothing_can_be_stored_it_is_said_in_one_sentence(clip, tmp_path, command):
    taken = tmp_path / "taken"
    taken.write_text("a file")
    given = [clip] if command == "replay" else []
    done = medn(command, *given, HOME=str(taken / "home"))
    assert done.returncode == 2
    sentences = [line for line in done.stderr.decode().splitlines() if line.startswith("medn: ")]
    assert len(sentences) == 1
    assert str(taken) in sentences[0]
    assert b"Traceback" not in done.stderr


def test_a_name_that_is_no_text_is_named_by_every_command_that_takes_a_session(tmp_path):
    name = os.fsencode(tmp_path) + b"/caf\xe9.medn"
    done = medn("export", os.fsdecode(name), "--to", "csv")
    assert done.returncode == 2
    assert b"has a name that is no UTF-8 text: rename it." in done.stderr
    assert b"fault" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["replay", "x" * 300 + ".mp4"], "x.mp4 cannot be read: File name too long."),
        (["replay", ""], "'' is no name of a file, a camera or a stream."),
        (["live", "--headless", "--source", " "], "' ' is no name of a file, a camera or a stream."),
        (["live", "--headless", "--source", "/dev/zero"], "/dev/zero is not a file but a pipe, a device or a folder"),
    ],
)
def test_a_name_that_no_file_can_have_is_refused_in_one_sentence(arguments, sentence):
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 2
    assert sentence in done.stderr


def test_settings_that_cannot_be_written_do_not_keep_the_app_from_opening(app, tmp_path, monkeypatch):
    taken = tmp_path / "taken"
    taken.write_text("a file")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(taken))
    monkeypatch.setattr(first_run.FirstRun, "exec", lambda _: first_run.QDialog.DialogCode.Accepted)
    assert first_run.accept_terms(Settings())


def flags(path, *names):
    path.write_text(f"model name\t: Old\nflags\t\t: fpu sse sse2 {' '.join(names)}\n\nmodel name\t: Old\n")
    return path


@pytest.mark.skipif(sys.platform != "linux", reason="read on Linux only")
def test_a_processor_too_old_for_the_libraries_is_named_before_one_is_loaded(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(prerequisites.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(prerequisites, "CPU_LIST", flags(tmp_path / "new", *prerequisites.NEEDED))
    assert prerequisites.unmet() == ""
    monkeypatch.setattr(prerequisites, "CPU_LIST", flags(tmp_path / "old", "ssse3", "cx16"))
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == 2
    said = " ".join(capsys.readouterr().err.split())
    assert said.startswith("medn: This processor has no SSE4.1, SSE4.2, POPCNT, which NumPy and Qt need")


def test_a_user_without_a_home_directory_is_told_so(monkeypatch, capsys):
    def unknown(_number):
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == 2
    assert "This user has no home directory: set HOME" in capsys.readouterr().err


def test_a_system_library_that_qt_lacks_is_named_with_the_way_to_get_it(monkeypatch):
    class Broken:
        def find_spec(self, name, _path=None, _target=None):
            if name == "gui.app":
                lacking = "libEGL.so.1: cannot open shared object file"
                raise ImportError(lacking, name="QtGui", path="/site-packages/PyQt6/QtGui.abi3.so")

    monkeypatch.setattr(command_line, "display_problem", lambda: "")
    monkeypatch.delitem(sys.modules, "gui.app", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    done = CliRunner().invoke(cli, [])
    assert done.exit_code == 2
    assert "Qt cannot be loaded: libEGL.so.1: cannot open shared object file." in done.stderr
    assert "libegl1" in done.stderr
