"""The layers: each imports only downwards, and no file imports in a circle."""

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = {  # package: packages that it may import
    "medn": {"medn"},
    "realtime": {"medn", "realtime"},
    "gui": {"medn", "realtime", "gui"},
    "benchmarks": {"medn", "realtime", "gui", "benchmarks"},
}
ROOMS = (
    "errors", "faults", "prerequisites", "extras", "terminal", "revision", "compiled", "contract", "media_file",
    "time_line", "face", "model", "weights", "runtime", "recognize", "data", "synthetic", "evaluation", "training",
    "commands",
)  # fmt: skip
"""The folders and files of `medn`: each imports only itself and those before it."""
LAZILY = {("gui.cli", "benchmarks.__main__")}
"""`medn bench` is part of the command line and loads the benchmarks when it is called."""


def test_each_layer_imports_only_downwards():
    wrong = [
        f"{name} imports {target}"
        for name, targets in imports(ROOT).items()
        for target in targets
        if target.split(".")[0] not in LAYERS[name.split(".")[0]] and (name, target) not in LAZILY
    ]
    assert wrong == []


def test_each_room_of_medn_imports_only_those_before_it():
    wrong = [
        f"{name} imports {target}"
        for name, targets in imports(ROOT).items()
        for target in targets
        if name.startswith("medn.") and target.startswith("medn.") and _room(target) > _room(name)
    ]
    assert wrong == []


def test_no_file_imports_in_a_circle():
    assert circles(imports(ROOT)) == []


def test_one_wrong_import_is_found(tmp_path):
    (tmp_path / "medn").mkdir()
    (tmp_path / "realtime").mkdir()
    (tmp_path / "medn" / "first.py").write_text("def later():\n    from realtime.second import thing\n")
    (tmp_path / "realtime" / "second.py").write_text("from typing import Any\nfrom medn import first\n")
    graph = imports(tmp_path)
    assert graph == {"medn.first": {"realtime.second"}, "realtime.second": {"medn.first"}}
    assert circles(graph) == [["medn.first", "realtime.second"]]


@pytest.mark.parametrize("missing", ["PyQt6", "benchmarks", "torch", "cv2"])
def test_the_help_starts_without(missing):
    program = (
        f"import sys; sys.modules[{missing!r}] = None; sys.argv = ['medn', '--help']; from gui.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "replay" in done.stdout


def test_an_analysis_on_onnx_runtime_does_not_load_pytorch():
    program = (
        "import sys; sys.modules['torch'] = None  # its import fails\n"
        "from realtime.pipeline import Pipeline, PipelineParameters\n"
        "Pipeline(PipelineParameters(runtime='onnx', fallback=False)).close()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr


NOT_AT_START = (
    "cffi", "jax", "matplotlib", "numba.np.linalg", "onnx", "openpyxl", "pandas", "praatio", "pyarrow", "pylsl",
    "pympi", "ray", "scipy.linalg", "scipy.ndimage", "scipy.optimize", "scipy.sparse", "scipy.spatial", "sklearn",
    "sounddevice", "torch", "gui.analyze.workspace", "gui.review.workspace", "medn.synthetic.puppet", "realtime.export",
)  # fmt: skip
"""Each takes a twentieth of a second or more to load, and none is needed up to the first live frame.

SciPy also comes with Numba's linear algebra (numba.np.linalg): a kernel that calls np.where, np.searchsorted or np.dot
loads it.
"""

START = """
import os, sys, threading
from gui.app import make_app
from gui.settings import Settings
from gui.window import MainWindow

app = make_app()
window = MainWindow(Settings(source=sys.argv[1]))
window.show()
window.live.start_source(sys.argv[1])
from PyQt6.QtCore import QTimer

def look():
    run = window.live.run
    if run.ended or run.mailbox.newest is not None:
        print(run.problem or "shown", *(name for name in sys.argv[2:] if sys.modules.get(name)))
        sys.stdout.flush()
        os._exit(0)

timer = QTimer()
timer.timeout.connect(look)
timer.start(20)
app.exec()
"""


def test_the_app_loads_nothing_up_to_its_first_live_frame_that_it_does_not_need(film):
    compiling = "from realtime.pipeline import warm_up; warm_up()"  # loads much, at a machine's first start alone
    subprocess.run([sys.executable, "-c", compiling], check=True, cwd=ROOT)
    done = subprocess.run(
        [sys.executable, "-c", START, film, *NOT_AT_START], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.stdout.split() == ["shown"], done.stderr


def _room(module: str) -> int:
    return ROOMS.index(module.split(".")[1])


def imports(root: Path) -> dict[str, set[str]]:
    """Module → modules of this project that it imports, anywhere in it (in functions and for types alone, too)."""
    files = {_name(path.relative_to(root)): path for layer in LAYERS for path in sorted((root / layer).rglob("*.py"))}
    return {name: set(_targets(path, files)) - {name} for name, path in files.items()}


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Groups of modules that reach each other, by Tarjan's algorithm."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for target in sorted(graph.get(name, ())):
            if target not in index:
                visit(target)
                low[name] = min(low[name], low[target])
            elif target in stack:
                low[name] = min(low[name], index[target])
        if low[name] == index[name]:
            at = stack.index(name)
            group = sorted(stack[at:])
            del stack[at:]
            if len(group) > 1:
                found.append(group)

    for name in graph:
        if name not in index:
            visit(name)
    return found


def _name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _targets(path: Path, files: Mapping[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield from (name for name in (inner if inner in files else node.module,) if name in files)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in files)
