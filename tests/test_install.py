"""What a newcomer relies on: one command sets everything up, or says in one sentence what it lacks."""

import hashlib
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from medn import __version__

ROOT = Path(__file__).parents[1]


def make(*words: str, **environment: str) -> str:
    """What make would do, without doing it."""
    cleared = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run(
        ["make", "-C", str(ROOT), "--dry-run", "--always-make", *words],
        capture_output=True, text=True, check=True, env=cleared | environment,
    )  # fmt: skip
    return done.stdout


def setup(folder: Path, part: str, **programs: str) -> subprocess.CompletedProcess[str]:
    """The set-up script, run in an empty copy of the project by a user whose programs answer as given."""
    (folder / "bin").mkdir()
    (folder / ".ci").mkdir()
    script = folder / ".ci" / "setup"
    script.write_bytes((ROOT / ".ci" / "setup").read_bytes())
    for name, body in programs.items():
        program = folder / "bin" / name.replace("_", "-")
        program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(0o755)
    path = f"{folder / 'bin'}:/usr/bin:/bin"
    return subprocess.run(
        ["/bin/sh", script, part], capture_output=True, text=True, check=False, env={"PATH": path, "HOME": str(folder)}
    )


def every_python(body: str) -> dict[str, str]:
    return dict.fromkeys(("python3.11", "python3.12", "python3.13", "python3"), body)


BARE_SYSTEM = f"""case "$*" in *CDLL*) sed -n 's/^lib[^ ]* *//p' ;; *) exec {sys.executable} "$@" ;; esac"""
"""A Python on a system where no library is found."""


def test_run_starts_the_demo_where_there_is_no_display() -> None:
    assert "medn demo" in make("run")


@pytest.mark.skipif(not (ROOT / "gui" / "app.py").exists(), reason="the app is not there yet")
def test_run_starts_the_app_where_there_is_a_display() -> None:
    printed = make("run", DISPLAY=":0")
    assert ".ci/setup app" in printed
    # the demo only where the display does not answer
    assert "gui.display && exec .venv/bin/medn || exec .venv/bin/medn demo" in printed


def test_the_tests_include_formatting_lint_and_types() -> None:
    printed = make("test")
    order = [printed.index(step) for step in ("setup test", "ruff format --check", "ruff check", "mypy", "pytest")]
    assert order == sorted(order)
    assert "linux win32 darwin | xargs -P 2 -I {} .venv/bin/mypy --platform {}" in printed


def test_ci_runs_the_readmes_test_command() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text()
    assert "make test" in (ROOT / "README.md").read_text()


def test_without_a_fitting_python_one_sentence_is_printed(tmp_path: Path) -> None:
    done = setup(tmp_path, "base", **every_python("exit 1"))
    assert done.returncode == 1
    assert done.stderr.startswith("set-up stopped: no Python 3.11")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / ".venv").exists()


def test_without_the_right_to_install_one_sentence_names_the_system_packages(tmp_path: Path) -> None:
    done = setup(tmp_path, "app", **every_python(BARE_SYSTEM), id="echo 1000", sudo="exit 1", apt_get="exit 99")
    assert done.returncode == 1
    assert "sudo apt-get install" in done.stderr
    assert {"libgl1", "libegl1", "libxcb-cursor0"} <= set(done.stderr.split())
    assert len(done.stderr.splitlines()) == 1


def test_with_the_right_to_install_the_system_packages_are_installed(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    done = setup(tmp_path, "app", **every_python(BARE_SYSTEM), id="echo 0", apt_get=f"echo $* >>{asked}; exit 9")
    assert "libgl1" in asked.read_text()
    assert done.returncode == 1
    assert "apt-get could not install" in done.stderr


READY_PYTHON = f"""case "$*" in
*CDLL*) ;; # no system library is missing
*venv*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
*"pip install"*) echo "$*" >>pip && ! grep -q "NOT_TO_BE_HAD" pip ;;
*) exec {sys.executable} "$@" ;;
esac"""
"""A Python that makes an environment of itself, and notes what pip is told to install."""


@pytest.mark.parametrize(("part", "wanted"), [("base", "."), ("app", ".[app]")])
def test_what_is_installed_is_what_pip_understands(tmp_path: Path, part: str, wanted: str) -> None:
    done = setup(tmp_path, part, **every_python(READY_PYTHON), nvidia_smi="exit 9")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "pip").read_text().splitlines() == [
        f"-m pip install -qq --disable-pip-version-check --no-input --editable {wanted}"
    ]
    assert (tmp_path / ".venv" / f".ready-{part}").exists()


def test_an_nvidia_gpu_brings_its_packages_and_without_them_the_set_up_goes_on(tmp_path: Path) -> None:
    without = READY_PYTHON.replace("NOT_TO_BE_HAD", "tensorrt")
    done = setup(tmp_path, "base", **every_python(without), nvidia_smi="echo GPU 0")
    assert done.returncode == 0, done.stderr
    asked = (tmp_path / "pip").read_text().splitlines()[-1]
    assert asked.endswith("--extra-index-url https://pypi.nvidia.com --editable .[tensorrt]")
    assert "the GPU path could not be installed" in done.stdout
    assert (tmp_path / ".venv" / ".ready-base").exists()


def test_the_notice_names_every_carried_file_as_it_is() -> None:
    notice = (ROOT / "NOTICE").read_text()
    listed = dict(re.findall(r"^\* (\S+)$(?:\n  .*)*?\n  sha256 ([0-9a-f]{64})$", notice, re.MULTILINE))
    data = {".task", ".npz", ".jpg", ".png"}
    carried = {str(path.relative_to(ROOT)) for path in (ROOT / "medn").rglob("*") if path.suffix in data}
    assert set(listed) == carried
    for name, digest in listed.items():
        assert hashlib.sha256((ROOT / name).read_bytes()).hexdigest() == digest, name


def test_the_project_is_under_the_gpl_and_carries_its_text() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["license"] == "GPL-3.0-or-later"
    text = (ROOT / "LICENSE").read_text()
    assert "GNU GENERAL PUBLIC LICENSE" in text
    assert "Version 3, 29 June 2007" in text


def test_the_version_stands_in_two_places_that_agree() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == __version__


def test_the_workflow_has_pinned_actions_and_may_read_only() -> None:
    text = (ROOT / ".github" / "workflows" / "tests.yml").read_text()
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in workflow["jobs"].values())
    assert "secrets" not in text
    used = [step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]
    assert used
    assert [action for action in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action)] == []
    systems = workflow["jobs"]["elsewhere"]["strategy"]["matrix"]["system"]
    assert {name.split("-")[0] for name in systems} == {"macos", "windows"}
    ran = [step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"]]
    assert "bash .ci/run" in ran


def test_the_constraints_hold_a_version_of_every_package_that_the_app_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if not line.startswith("#"))
    pinned = {canonicalize_name(name): version for name, version in pinned.items()}
    for needed in map(Requirement, project["dependencies"] + project["optional-dependencies"]["app"]):
        assert pinned[canonicalize_name(needed.name)] in needed.specifier, needed


def test_the_promised_extras_can_be_asked_for() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert {"app", "cluster", "docs", "export", "lab", "tensorrt", "test"} <= set(extras)
