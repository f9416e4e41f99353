"""What the README promises of data: nothing leaves the machine, and no file is left outside the product's own folders.

Each program runs under strace with an empty home folder; the libraries that it loads are the real ones.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.recordings import repeated

SECONDS = 10
OWN_FOLDERS = (".cache/medn", ".config/medn", ".local/share/medn")
ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")

DEMO = """
import medn.synthetic.film
from gui.cli import main

medn.synthetic.film.SAMPLE_S = 6.0  # of 36 s, which take a minute here
main()
"""

WORKER = """
import sys, time
from pathlib import Path
from realtime.batch import Job, Outcome
from realtime.batch.workers import Worker, analyse_job
from realtime.pipeline import PipelineParameters

if __name__ == "__main__":
    worker, until_s = Worker(analyse_job), time.monotonic() + float(sys.argv[3])
    worker.begin(Job(sys.argv[1], Path(sys.argv[2]), PipelineParameters()))
    outcomes = []
    while time.monotonic() < until_s or not outcomes:
        outcomes += [message for message in worker.poll() if isinstance(message, Outcome)]
        time.sleep(0.05)
    worker.end()
    sys.exit(outcomes[0].error or 0)
"""

WINDOW = """
import os, signal, sys
from PyQt6.QtCore import QTimer
from gui import settings
from gui.app import main, make_app

settings.save(settings.Settings(accepted_terms=settings.TERMS))
app = make_app()
QTimer.singleShot(int(1000 * float(sys.argv[2])), lambda: os.kill(os.getpid(), signal.SIGTERM))
sys.exit(main(source=sys.argv[1]))
"""

MICROPHONE = """
from realtime.sources import SourceError
from realtime.sources.microphone import open_microphone

try:
    open_microphone().close()
except SourceError as error:  # the machine may have none
    print(error)
"""

ORDERS_OF_IMPORT = """
import importlib, sys, time
for name in sys.argv[1:]:
    importlib.import_module(name)
import onnxruntime
from medn.weights import read_weights
session = onnxruntime.InferenceSession(read_weights().onnx, providers=["CPUExecutionProvider"])
time.sleep(5)
"""


IMPORTED_FIRST = ("medn", "realtime.pipeline", "gui.app", "benchmarks.replay", "medn.runtime.onnx")
"""The library reads its switch when it is loaded: whichever part of the product comes first has to set it."""


@pytest.fixture(scope="module")
def traced(film, tmp_path_factory):
    """All programs at once, each `SECONDS` long or until its work is done: name → (network calls, files left)."""
    base = tmp_path_factory.mktemp("traced")
    long = repeated(film, base / "long.mp4", 3)
    (base / "demo.py").write_text(DEMO)
    (base / "worker.py").write_text(WORKER)
    (base / "window.py").write_text(WINDOW)
    (base / "microphone.py").write_text(MICROPHONE)
    (base / "orders.py").write_text(ORDERS_OF_IMPORT)
    command, live_s = ("-m", "gui"), ("--seconds", str(SECONDS))
    programs = {
        "demo": (str(base / "demo.py"), "demo"),
        "replay": (*command, "replay", str(long), "--out", "OUT"),
        "replay with two workers": (*command, "replay", str(long), str(film), "--workers", "2", "--out", "OUT"),
        "replay with PyTorch": (*command, "replay", str(film), "--runtime", "pytorch", "--out", "OUT"),
        "live": (*command, "live", "--source", str(long), "--headless", *live_s, "--out", "OUT/l.medn"),
        "doctor": (*command, "doctor"),
        "microphone": (str(base / "microphone.py"),),
        "worker of the app": (str(base / "worker.py"), str(film), "OUT", str(SECONDS)),
        "window": (str(base / "window.py"), str(film), str(SECONDS)),
        **{f"{part} first": (str(base / "orders.py"), part) for part in IMPORTED_FIRST},
    }  # fmt: skip
    running = {name: _start(base / name.replace(" ", "_"), arguments) for name, arguments in programs.items()}
    return {name: _finish(base / name.replace(" ", "_"), process) for name, process in running.items()}


PROGRAMS = (
    "demo", "replay", "replay with two workers", "replay with PyTorch", "live", "doctor", "worker of the app", "window",
    "microphone", *(f"{part} first" for part in IMPORTED_FIRST),
)  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_no_program_opens_a_network_socket(traced, name):
    sockets, _ = traced[name]
    assert sockets == []


@pytest.mark.parametrize("name", PROGRAMS)
def test_no_program_leaves_a_file_outside_the_products_own_folders(traced, name):
    _, files = traced[name]
    assert files == []


def test_looking_for_faces_opens_no_sound_system():
    program = "import sys, medn.face.landmarker; print(sorted(name for name in sys.modules if 'sounddevice' in name))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "[]\n"


def test_who_imports_the_library_before_medn_is_warned():
    # a stand-in: the real library would begin to send
    program = (
        "import sys, types; sys.modules['onnxruntime'] = library = types.ModuleType('onnxruntime'); "
        "library.disable_telemetry_events = lambda: print('switched off'); import medn"
    )
    cleared = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=cleared, cwd=ROOT
    )
    assert done.stdout == "switched off\n"
    assert "import medn first" in done.stderr


def _start(folder: Path, arguments: tuple[str, ...]) -> subprocess.Popen[bytes]:
    home, out, temporary = folder / "home", folder / "out", folder / "tmp"
    for made in (home, out, temporary):
        made.mkdir(parents=True)
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH", "LANG")}
    environment = kept | {"HOME": str(home), "TMPDIR": str(temporary), "QT_QPA_PLATFORM": "offscreen"}
    filled = [
        argument.replace("OUT", str(out), 1) if argument.startswith("OUT") else argument for argument in arguments
    ]
    traced = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=socket,openat,creat", "-o", str(folder / "trace")]
    with (folder / "output").open("wb") as output:
        return subprocess.Popen(
            [*traced, sys.executable, *filled], cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )


def _finish(folder: Path, process: subprocess.Popen[bytes]) -> tuple[list[str], list[str]]:
    """Sockets other than AF_UNIX that were opened, and files left outside of the product's folders."""
    code = process.wait(timeout=300)
    assert code == 0, (folder / "output").read_text(errors="replace")
    calls = (folder / "trace").read_text().splitlines()
    sockets = [call for call in calls if "socket(" in call and "AF_UNIX" not in call]
    left = {path for place in ("home", "tmp") for path in (folder / place).rglob("*") if not path.is_dir()}
    made = re.findall(r'(?:openat|creat)\([^"]*"(/[^"]+)".*(?:O_CREAT|creat\()', "\n".join(calls))
    left |= {Path(path) for path in made if Path(path).is_file()}  # what is removed again is no trace of anything
    own = [folder / "out", folder / "trace", ROOT, *(folder / "home" / name for name in OWN_FOLDERS)]
    return sockets, sorted(str(path) for path in left if not any(path.is_relative_to(place) for place in own))
