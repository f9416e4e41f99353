"""The report of `medn doctor` on this machine."""

import dataclasses
import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numba
import pytest
from rich.console import Console

from medn.face.landmarker import MODEL_FILE
from realtime.doctor import Report, examine, render
from realtime.doctor.display import examine_display, remote_kind
from realtime.doctor.report import notes, problems
from realtime.motion import kernel


@pytest.fixture
def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)


@pytest.fixture
def report(tmp_path: Path, no_display: None) -> Iterator[Report]:
    return examine(tmp_path / "sessions")


def rendered(report: Report, width: int = 400) -> str:
    text = io.StringIO()
    Console(file=text, width=width).print(render(report))
    return text.getvalue()


def test_the_report_is_json_with_its_record_type(report: Report) -> None:
    record = json.loads(json.dumps(report.as_json()))
    assert record["type"] == "doctor"
    assert record["packages"]["mediapipe"]
    assert record["processor"]["usable_cores"] >= 1
    assert record["runtime"]["why"]


def test_the_terminal_shows_everything_that_was_found_at_any_width(report: Report) -> None:
    text = rendered(report)
    for found in (
        report.medn,
        report.processor.model,
        report.face_model.path,
        report.sessions.path,
        report.runtime.why,
    ):
        assert found in text
    for sentence in report.problems + report.notes:
        assert sentence in text
    assert max(map(len, rendered(report, 60).splitlines())) <= 60


def test_the_installed_program_has_no_problem(report: Report) -> None:
    assert report.face_model.intact
    assert report.problems == ()
    assert "MEDN is ready" in rendered(report)


def test_another_release_of_mediapipe_than_the_pinned_one_is_a_problem(report: Report) -> None:
    installed = report.packages["mediapipe"]
    assert problems(report.packages, report.face_model, report.sessions) == []
    other = {**report.packages, "mediapipe": "0.10.35"}
    [sentence] = problems(other, report.face_model, report.sessions)
    assert f"pip install mediapipe=={installed}" in sentence


def test_a_damaged_face_model_is_named(tmp_path: Path) -> None:
    damaged = tmp_path / "face_landmarker.task"
    damaged.write_bytes(MODEL_FILE.read_bytes()[:-1])
    for model in (damaged, tmp_path / "absent.task"):
        found = examine(tmp_path, model)
        assert not found.face_model.intact
        assert any(str(model) in sentence for sentence in found.problems)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "sessions"
    found = examine(folder)
    assert not found.sessions.writable
    assert any(str(folder) in sentence for sentence in found.problems)


def test_the_examination_creates_no_folder(tmp_path: Path, report: Report) -> None:
    assert report.sessions.writable
    assert list(tmp_path.iterdir()) == []


def test_a_machine_without_a_sound_server_says_why_no_microphone_can_be_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path / 'none'}")
    found = examine(tmp_path)
    assert found.microphones.names == ()
    [sentence] = [note for note in found.notes if note.startswith("Videos are recorded without sound")]
    assert "sound server" in sentence or "Linux" in sentence
    assert "Microphones" in rendered(found)


def test_without_a_display_a_note_refers_to_the_command_line(report: Report) -> None:
    assert report.display.session == "none"
    assert any("No window can open" in sentence for sentence in report.notes)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a display")
def test_a_display_that_does_not_answer_is_distinguished_from_one_that_does(
    tmp_path: Path, no_display: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("PyQt6.QtGui")
    monkeypatch.setenv("DISPLAY", ":4999")
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    assert examine(tmp_path).display.qt_platform == ""
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert examine(tmp_path).display.qt_platform == "offscreen"


@pytest.mark.skipif(not os.environ.get("DISPLAY"), reason="no X display (make test gives one)")
def test_a_window_can_open_on_an_x_display(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("PyQt6.QtGui")
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    display = examine(tmp_path).display
    assert display.qt_platform == "xcb", display.why


def test_the_kernels_that_ran_are_found_in_the_cache(tmp_path: Path) -> None:
    cached = Path(kernel.cell_sums.stats.cache_path)
    found = examine(tmp_path).kernel_cache
    assert cached.is_relative_to(found.folder)
    assert found.writable
    assert found.kernels >= len(list(cached.glob("*.nbi")))


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"instruction_sets": ()}, "no AVX and no AVX2"),
        ({"instruction_sets": ("AVX",)}, "The processor has no AVX2"),
        ({"usable_cores": 1}, "Only one core can be used"),
        ({"memory_gib": 3.8}, "3.8 GiB of memory"),
    ],
)
def test_what_is_old_or_small_about_the_machine_is_named(
    report: Report, changed: dict[str, object], named: str
) -> None:
    usual = {"instruction_sets": ("AVX", "AVX2"), "usable_cores": 2, "memory_gib": 8.0}

    def named_for(values: dict[str, object]) -> list[str]:
        processor = dataclasses.replace(report.processor, **values)
        rest = report.display, report.cameras, report.microphones, report.kernel_cache, report.cache, report.sessions
        return [sentence for sentence in notes(report.packages, processor, *rest) if named in sentence]

    assert len(named_for(usual | changed)) == 1
    assert named_for(usual) == []
    assert named_for(usual | {"instruction_sets": None}) == []


@pytest.mark.parametrize(
    ("environment", "kind"),
    [
        ({}, ""),
        ({"DISPLAY": ":0"}, ""),
        ({"DISPLAY": "/private/tmp/launch/org.xquartz:0"}, ""),
        ({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0", "SSH_CONNECTION": "a"}, ""),
        ({"DISPLAY": "localhost:10.0", "SSH_CONNECTION": "10.0.0.2 50000 10.0.0.1 22"}, "SSH"),
        ({"DISPLAY": "desk:0"}, "X11 over the network"),
        ({"DISPLAY": ":1", "VNCDESKTOP": "desk:1 (ada)"}, "VNC"),
        ({"DISPLAY": ":10", "XRDP_SESSION": "1"}, "RDP"),
        ({"SESSIONNAME": "RDP-Tcp#0"}, "RDP"),
        ({"SESSIONNAME": "Console"}, ""),
    ],
)
def test_a_remote_display_is_told_from_one_of_this_machine(environment: dict[str, str], kind: str) -> None:
    assert remote_kind(environment) == kind


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a display")
def test_a_remote_display_and_what_qt_lacks_there_are_in_the_report(
    tmp_path: Path, no_display: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'Traceback:' >&2\necho 'ImportError: libEGL.so.1' >&2\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setenv("DISPLAY", "localhost:10.0")
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.2 50000 10.0.0.1 22")
    display = examine_display(has_qt=True)
    assert (display.session, display.remote, display.why) == ("x11", "SSH", "ImportError: libEGL.so.1")
    found = examine(tmp_path)
    assert "x11, remote (SSH): ImportError: libEGL.so.1" in rendered(found)
    assert any("The display is remote (SSH)" in sentence for sentence in found.notes)


def test_caches_that_cannot_be_written_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = tmp_path / "taken"
    taken.touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(taken))
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(taken / "kernels"))
    found = examine(tmp_path)
    assert (found.cache.path, found.cache.writable) == (str(taken / "medn"), False)
    assert any(f"The demo's sample cannot be written to {taken / 'medn'}" in sentence for sentence in found.notes)
    # as Numba does: the kernels go beside the source, where that can be written
    assert found.kernel_cache.folder != str(taken / "kernels")
    monkeypatch.setattr("importlib.resources.files", lambda _: taken)
    found = examine(tmp_path)
    assert (found.kernel_cache.folder, found.kernel_cache.writable) == (str(taken / "kernels"), False)
    assert any(f"cannot be cached in {taken / 'kernels'}" in sentence for sentence in found.notes)
