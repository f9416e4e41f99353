"""Commands and Python in the documents: what can be run here is run, the rest is parsed as the program does."""

import importlib.util
import re
import shlex
import tomllib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from gui.cli import app
from tests.recordings import noise, write_video
from tests.test_databases import CASME2_HEADER, frames, sheet

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PROGRAM = typer.main.get_command(app)

NOT_RUN = {
    "live": "a camera",
    "demo": "a minute; tests/test_demo.py runs it",
    "doctor": "tests/test_doctor.py runs it",
    "compile": "an NVIDIA GPU; tests/test_runtime_tensorrt.py runs what needs none",
    "train-spotter": "minutes of footage; tests/test_training_spotter.py runs it on traces",
    "train": "a database",
    "synth": "a database, or hours",
    "evaluate": "a database; tests/test_evaluate_spotting.py runs it",
}
"""What commands of the documents need that a test has not; they are parsed only."""


class Command(NamedTuple):
    """A command as it stands in a document."""

    document: str
    text: str
    whole: bool
    """A line of its own, without placeholders: it can be typed as it is."""


def blocks(text: str) -> list[str]:
    """Lines of fenced and of indented code."""
    lines, fenced = [], False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            lines.append(line.strip())
    return lines


def prose(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def commands(program: str) -> list[Command]:
    """Every command of that program in the documents, in lines of code and in sentences."""
    found = []
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        name = document.name
        for line in blocks(text):
            if line.startswith(f"{program} "):
                plain = re.sub(r"\s+#.*", "", line)
                found.append(Command(name, plain, not re.search(r"[…|\[]|\b[A-Z]{3,}\b", plain)))
        spans = re.findall(rf"`({program} [^`]+)`", prose(text))
        found += [Command(name, " ".join(span.replace(r"\|", "|").split()), False) for span in spans]
    return found


MEDN = commands("medn")


def problem(command: Command) -> str:
    """What of a command the program does not know; empty if it knows all."""
    words = re.sub(r"[\[\]…]", " ", command.text).split()[1:]
    places = [PROGRAM]
    if words and words[0] == "bench":
        from benchmarks.__main__ import bench

        places, words = [typer.main.get_command(bench)], words[1:]
    while words and hasattr(places[0], "commands") and not words[0].startswith("-"):
        if words[0] == "COMMAND":
            return ""
        known = places[0].commands
        if unknown := [name for name in words[0].split("|") if name not in known]:
            return f"no command {unknown}"
        places, words = [known[name] for name in words[0].split("|")], words[1:]
    options = {option for place in places for parameter in place.params for option in parameter.opts} | {"--help"}
    given = [word.rstrip(",") for word in words if word.startswith("--")]
    return f"no option {unknown}" if (unknown := [word for word in given if word not in options]) else ""


def test_every_command_in_the_documents_is_known_to_the_program():
    assert len(MEDN) > 60
    assert [(command, said) for command in MEDN if (said := problem(command))] == []


@pytest.mark.parametrize("text", ["medn replya a.mp4", "medn replay a.mp4 --wrokers 2", "medn evaluate flow|spoting"])
def test_a_command_that_the_program_does_not_know_is_found(text):
    assert problem(Command("a.md", text, False))


@pytest.mark.parametrize("command", [command for command in MEDN if command.whole], ids=lambda command: command.text)
def test_commands_that_can_be_typed_are_parsed(command):
    name, *words = shlex.split(command.text)
    place = PROGRAM
    while hasattr(place, "commands") and words:
        name = words.pop(0)
        place = place.commands[name]
    place.make_context(name, words)


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A folder with what the documents' commands and programs name. Nobody is in the recordings, and each folder holds
    one, which needs no worker process: that is quick."""
    folder = tmp_path_factory.mktemp("desk")
    lengths = {"interview.mp4": 40, "interviews/a.mp4": 6, "recordings/a.mp4": 6}
    for name, length in lengths.items():
        (folder / name).parent.mkdir(exist_ok=True)
        write_video(folder / name, list(noise(length)), range(0, 100 * length, 100))
    (folder / "interview.vtt").write_text("WEBVTT\n\n00:00.500 --> 00:02.000\n<v Ada>How was it?\n")
    (folder / "coder.csv").write_text("start,end,text\n0.1,0.3,AU4\n")
    frames(folder / "CASME2/CASME2_RAW_selected/sub01/EP02_01f", [f"img{i}.jpg" for i in range(40, 100)])
    row = [1, "EP02_01f", None, 46, 59, 86, None, "12", "happiness"]
    sheet(folder / "CASME2/CASME2-coding-20140508.xlsx", [CASME2_HEADER, row])
    return folder


def test_the_documents_commands_do_what_they_say(desk, home, monkeypatch):
    """In the order of the documents' names, README first: what one makes the next uses."""
    monkeypatch.chdir(desk)
    ran, left = [], []
    for command in MEDN:
        words = shlex.split(command.text)[1:]
        if not command.whole or command.text in ran:
            continue
        # own.npz is of a command that is not run; tests/test_cluster.py runs what needs a cluster
        if words[0] in NOT_RUN or {"own.npz", "--ray"} & set(words):
            left.append(command.text)
            continue
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, (command, done.output, done.exception)
        ran.append(command.text)
    assert {text.split()[1] for text in ran} >= {"replay", "export", "explain", "import", "study"}
    assert {text.split()[1] for text in left} <= {*NOT_RUN, "replay"}
    made = {str(path.relative_to(desk)) for path in desk.rglob("*") if path.is_file()}
    named = {"interview.medn", "interview-events.csv", "interview.eaf", "sessions/interview.medn", "report.csv"}
    assert named <= made


PYTHON = [
    (document.name, code)
    for document in DOCUMENTS
    for code in re.findall(r"^```python\n(.*?)^```", document.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
]


def test_the_documents_programs_run(desk, monkeypatch, portrait_crop, capsys):
    """Each document's blocks one after another, as a reader would; the camera is the recording."""
    from realtime import api

    real = api.open_source
    monkeypatch.setattr(
        api, "open_source", lambda name, **given: real("interview.mp4" if name == "0" else name, **given)
    )
    monkeypatch.chdir(desk)
    face = portrait_crop[0]
    window = {"faces": np.stack([face] * 9), "times_s": np.arange(9) / 30, "onset_s": 0.0, "apex_s": 0.2}
    named = {document: dict(window) for document, _ in PYTHON}
    for document, code in PYTHON:
        exec(compile(code, document, "exec"), named[document])
    assert len(PYTHON) >= 5
    assert len(capsys.readouterr().out.splitlines()) >= 3


def test_what_pip_is_told_to_install_exists():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    text = "".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    named = re.findall(r"(?:medn|\.|\.whl)\[([a-z,]+)\]", text)
    assert len(named) > 4
    assert {extra for group in named for extra in group.split(",")} <= set(extras)


def test_programs_that_the_documents_start_exist():
    modules = {command.text.split()[2] for command in commands("python") if command.text.split()[1] == "-m"}
    assert modules >= {"benchmarks", "benchmarks.face_motion"}
    assert [module for module in modules if importlib.util.find_spec(module) is None] == []
    for command in commands("python"):
        if match := re.search(r'-c "(.*)"', command.text):
            compile(match[1], command.document, "exec")


def test_the_benchmarks_commands_are_known():
    text = (ROOT / "docs" / "benchmarks" / "README.md").read_text(encoding="utf-8")
    spans = re.findall(r"`(medn [^`]+)`", text)
    assert [span for span in spans if problem(Command("benchmarks/README.md", span, False))] == []
