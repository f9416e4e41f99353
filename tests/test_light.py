"""Without the lab extra (PyTorch, onnx, scikit-learn, matplotlib) the product runs, and what needs more names it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

HIDE = """
import importlib.machinery, importlib.metadata

LAB = {"torch", "onnx", "onnxscript", "sklearn", "scikit-learn", "matplotlib"}
find_spec, version = importlib.machinery.PathFinder.find_spec, importlib.metadata.version

def hidden_spec(name, path=None, target=None):
    return None if name in LAB else find_spec(name, path, target)

def hidden_version(name):
    if name in LAB:
        raise importlib.metadata.PackageNotFoundError(name)
    return version(name)

importlib.machinery.PathFinder.find_spec, importlib.metadata.version = staticmethod(hidden_spec), hidden_version
"""
"""Every Python process loads this first, so that the packages of the extra are not there."""

ANALYSIS = """
import json, sys
from pathlib import Path
import realtime
from realtime.session import open_session
from typer.testing import CliRunner
from gui.cli import app

video, folder = Path(sys.argv[1]), Path(sys.argv[2])
run = CliRunner()
for words in (["replay", str(video), "--out", str(folder), "--json"],
              ["export", str(folder / f"{video.stem}.medn"), "--to", "csv,elan,webvtt", "--out", str(folder)],
              ["doctor", "--json"]):
    done = run.invoke(app, words)
    assert done.exit_code == 0, done.output
print(json.dumps({
    "doctor": json.loads(done.stdout),
    "events": len(open_session(folder / f"{video.stem}.medn").events()),
    "loaded": sorted(name for name in ("torch", "onnx", "sklearn", "matplotlib") if name in sys.modules),
}))
"""

WINDOW = """
import sys
from pathlib import Path
from gui.app import make_app
from gui.settings import Settings
from gui.window import MainWindow

application = make_app()
window = MainWindow(Settings())
window.open_session(Path(sys.argv[1]))
window.show()
application.processEvents()
assert window.review.model.record.events is not None
assert not {"torch", "matplotlib"} & set(sys.modules)
window.close()
"""

REFUSED = {
    "train OUT --flow IN": "Training needs the package torch: pip install 'medn[lab]'.",
    "compile": "Compiling needs the package torch: pip install 'medn[lab]'.",
    "evaluate flow IN": "The evaluation needs the package torch: pip install 'medn[lab]'.",
    "evaluate loso IN": "The evaluation needs the package torch: pip install 'medn[lab]'.",
    "train-spotter OUT IN": "Training the spotter needs the package sklearn: pip install 'medn[lab]'.",
    "power IN --pictures .": "A picture needs the package matplotlib: pip install 'medn[lab]'.",
}


@pytest.fixture
def light(tmp_path):
    """Run a program in an environment in which the packages of the lab extra are not installed."""
    (tmp_path / "sitecustomize.py").write_text(HIDE)
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}

    def run(program, *words):
        done = subprocess.run(
            [sys.executable, "-c", program, *map(str, words)],
            env=environment, capture_output=True, text=True, timeout=300, check=False, cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_a_recording_is_analysed_exported_and_reviewed(light, interview, tmp_path):
    record = json.loads(light(ANALYSIS, interview, tmp_path).splitlines()[-1])
    assert record["events"] >= 1
    assert record["loaded"] == []
    assert record["doctor"]["runtime"]["name"] == "onnx"
    assert record["doctor"]["problems"] == []
    assert any("pip install 'medn[lab]'" in note for note in record["doctor"]["notes"])
    light(WINDOW, tmp_path / f"{interview.stem}.medn")


def test_what_needs_more_names_the_package_and_the_extra_before_any_work(light):
    program = f"""
import json
from typer.testing import CliRunner
from gui.cli import app
run = CliRunner()
done = {{words: run.invoke(app, words.split()) for words in {[*REFUSED]}}}
print(json.dumps({{words: [each.exit_code, each.output] for words, each in done.items()}}))
"""
    for words, (code, output) in json.loads(light(program)).items():
        assert (code, output.strip()) == (2, f"medn: {REFUSED[words]}"), words
