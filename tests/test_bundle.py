"""The bundle: what a desktop is told about it, and that it names what the app needs. Building it takes minutes."""

import configparser
import os
import platform
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest
from packaging.requirements import Requirement

from medn.extras import way_to
from realtime.session import SessionInfo, SessionWriter

ROOT = Path(__file__).parents[1]
BUNDLE = ROOT / "bundle"


def test_the_scripts_are_shell() -> None:
    for script in (ROOT / ".ci" / "bundle", BUNDLE / "install", BUNDLE / "medn-open"):
        subprocess.run(["/bin/sh", "-n", script], check=True)
        assert os.access(script, os.X_OK)


def test_make_bundle_makes_it() -> None:
    done = subprocess.run(["make", "-C", ROOT, "--dry-run", "bundle"], capture_output=True, text=True, check=True)
    assert ".ci/bundle" in done.stdout


def test_a_session_is_known_by_its_beginning_and_its_name(tmp_path: Path) -> None:
    SessionWriter(tmp_path / "a.medn", SessionInfo(source="camera 0")).close()
    [kind] = ElementTree.parse(BUNDLE / "medn-mime.xml").getroot()
    names = {element.tag.rpartition("}")[2]: element for element in kind.iter()}
    offset, value = int(names["match"].get("offset")), names["match"].get("value").encode()
    assert (tmp_path / "a.medn").read_bytes()[offset:][: len(value)] == value
    assert names["glob"].get("pattern") == "*.medn"
    entry = configparser.ConfigParser(interpolation=None)
    entry.read(BUNDLE / "medn.desktop")
    assert entry["Desktop Entry"]["MimeType"].rstrip(";") == kind.get("type")
    assert ElementTree.parse(BUNDLE / "medn.svg").getroot().get("viewBox")


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    """A bundle whose program tells what it is asked, in a folder with a space."""
    folder = tmp_path / "the bundle"
    folder.mkdir()
    for name in ("install", "medn-open", "medn.desktop", "medn.svg", "medn-mime.xml"):
        (folder / name).write_bytes((BUNDLE / name).read_bytes())
        (folder / name).chmod(0o755)
    (folder / "medn").write_text('#!/bin/sh\nprintf "[%s]" "$@"\n')
    (folder / "medn").chmod(0o755)
    return folder


def test_the_desktop_opens_a_session_in_the_app_and_the_entries_can_be_removed(unpacked: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    run = {"env": {"HOME": str(home), "PATH": "/usr/bin:/bin"}, "capture_output": True, "text": True, "check": True}
    subprocess.run([unpacked / "install"], **run)
    started = re.search(
        r'^Exec="(.*)" %f$', (home / ".local/share/applications/medn.desktop").read_text(), re.MULTILINE
    )
    assert subprocess.run([started[1], "a b.medn"], **run).stdout == "[review][a b.medn]"
    assert subprocess.run([home / ".local/bin/medn-open", "a.medn"], **run).stdout == "[review][a.medn]"
    subprocess.run([unpacked / "install", "remove"], **run)
    left = [str(path) for path in home.rglob("*medn*") if not path.is_dir()]
    assert [path for path in left if "/mime/application/" not in path] == []


def test_versions_that_sessions_tell_are_in_it() -> None:
    from realtime.session.paths import PACKAGES

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    reported = set(
        re.findall(r'"([\w-]+)"', re.search(r"REPORTED = \[(.*?)\]", (BUNDLE / "medn.spec").read_text(), re.DOTALL)[1])
    )
    assert reported >= set(PACKAGES)
    needed = {Requirement(line).name for line in project["dependencies"] + project["optional-dependencies"]["app"]}
    assert reported <= needed


def test_the_licence_of_everything_inside_is_there_and_what_is_of_unknown_origin_is_refused(tmp_path: Path) -> None:
    import PyQt6.QtCore
    import rich.table

    inside = [PyQt6.QtCore.__file__, rich.table.__file__, configparser.__file__, str(BUNDLE / "start.py")]
    sources, folder = tmp_path / "sources.txt", tmp_path / "licenses"
    run = [sys.executable, BUNDLE / "licenses.py", sources, folder]
    sources.write_text("\n".join(inside))
    subprocess.run(run, check=True, capture_output=True)
    lines = [line for line in (folder / "README.md").read_text().splitlines() if line.startswith("| ")]
    table = {
        name: (version, licence) for name, version, licence in (line.strip("| ").split(" | ")[:3] for line in lines)
    }
    assert table["PyQt6"] == (PyQt6.QtCore.PYQT_VERSION_STR, "GPL-3.0-only")
    assert table["Python"] == (platform.python_version(), "PSF-2.0")
    assert table["rich"][1] == "MIT"
    assert {"PyQt6", "Python", "pyinstaller", "rich"} >= {path.name for path in folder.iterdir() if path.is_dir()}
    assert "GNU GENERAL PUBLIC LICENSE" in (folder / "PyQt6" / "LICENSE").read_text()

    stranger = tmp_path / "libstranger.so"
    stranger.touch()
    sources.write_text("\n".join([*inside, str(stranger)]))
    done = subprocess.run(run, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert str(stranger) in done.stderr


def test_in_it_no_extra_is_advised_that_it_cannot_have(monkeypatch: pytest.MonkeyPatch) -> None:
    assert way_to("lab") == "pip install 'medn[lab]'"
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert way_to("lab") == "this bundle has no extra 'lab', the full installation has it"


def test_its_program_runs_what_the_doctor_asks_of_a_process_of_its_own() -> None:
    done = subprocess.run(
        [sys.executable, BUNDLE / "start.py", "-c", "print(6 * 7)"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "42\n"
