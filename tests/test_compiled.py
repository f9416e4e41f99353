"""The cache of compiled kernels: whatever happened to it, an analysis runs and gives the same events."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FIRST_CALLS = "from realtime.pipeline import warm_up; warm_up()"
WITHOUT_A_FOLDER = "from numba.core.caching import CacheImpl; CacheImpl._locator_classes = []; "

KERNEL = """
from medn.compiled import compiled

@compiled()
def weighted(values):
    total = 0.0
    for place in range(len(values)):
        total += (place + FACTOR) * values[place]
    return total
"""

RUN = """
import importlib.util, json, sys
import numpy as np

def run(module):
    spec = importlib.util.spec_from_file_location("kernel_of_test", module)
    loaded = importlib.util.module_from_spec(spec)
    sys.modules["kernel_of_test"] = loaded
    spec.loader.exec_module(loaded)
    return loaded.weighted(np.arange(4.0)), sum(loaded.weighted.stats.cache_hits.values())
"""

DAMAGES = (
    RUN
    + """
from pathlib import Path
module, cache = sys.argv[1], Path(sys.argv[2])
rng, results, hits = np.random.default_rng(0), [], []

def flipped(content):
    content[rng.integers(0, len(content), 3)] ^= np.uint8(1 << rng.integers(0, 8))
    return content

damages = [
    lambda content: content[:0],
    lambda content: content[:100],
    lambda content: content[:-1],
    lambda content: np.append(content, content),
    lambda content: np.zeros_like(content),
    *[flipped] * 15,
]
run(module)
for kind in ("*.nbi", "*.nbc"):
    for damage in damages:
        for file in cache.rglob(kind):
            file.write_bytes(damage(np.frombuffer(file.read_bytes(), np.uint8).copy()).tobytes())
        results.append(run(module))
        hits.append(run(module)[1])
print(json.dumps([results, hits]))
"""
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kernels")
    assert warmed_up(folder) == ""
    return folder


def warmed_up(cache: Path) -> str:
    done = run_program(FIRST_CALLS, cache=cache)
    assert (done.returncode, done.stdout) == (0, "")
    return done.stderr


def run_program(program: str, *arguments: object, cache: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        env=os.environ | {"NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_a_damaged_cache_is_made_again_and_reported_once(cache):
    indexes = sorted(cache.rglob("*.nbi"))
    assert len(indexes) > 5
    for index in indexes[::2]:
        os.truncate(index, 0)
    for index in indexes[1::2]:
        for data in index.parent.glob(f"{index.stem}.*.nbc"):
            os.truncate(data, 100)
    assert warmed_up(cache) == "The cache of compiled kernels is damaged; it is made again.\n"
    assert warmed_up(cache) == ""


def kernel_file(folder: Path, factor: int = 1) -> Path:
    path = folder / "kernel_of_test.py"
    path.write_text(KERNEL.replace("FACTOR", str(factor)))
    return path


def test_without_a_folder_for_the_cache_kernels_are_compiled_at_each_start(tmp_path):
    done = run_program(
        WITHOUT_A_FOLDER + RUN + "print(*run(sys.argv[1]))", kernel_file(tmp_path), cache=tmp_path / "cache"
    )
    assert (done.stdout, done.stderr) == ("20.0 0\n", "")
    assert not list(tmp_path.rglob("*.nb?"))


def test_no_damage_to_the_cache_ends_a_run_or_changes_a_result_and_it_is_made_again(tmp_path):
    cache = tmp_path / "cache"
    done = run_program(DAMAGES, kernel_file(tmp_path), cache, cache=cache)
    assert done.returncode == 0, done.stderr
    results, hits = json.loads(done.stdout)
    assert results == [[20.0, 0]] * len(results)
    assert hits == [1] * len(results)


def test_an_index_whose_kernel_was_not_written_before_the_process_died_leads_to_no_older_kernel(tmp_path):
    cache = tmp_path / "cache"
    program = RUN + "print(run(sys.argv[1])[0])"
    assert run_program(program, kernel_file(tmp_path), cache=cache).stdout == "20.0\n"
    (data,) = cache.rglob("*.nbc")
    older = data.read_bytes()
    assert run_program(program, kernel_file(tmp_path, factor=10), cache=cache).stdout == "74.0\n"
    data.write_bytes(older)
    assert run_program(program, kernel_file(tmp_path, factor=10), cache=cache).stdout == "74.0\n"


def test_kernels_run_where_the_disk_is_full(tmp_path):
    full_disk = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    full_disk += "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); print(run(sys.argv[1])[0])"
    done = run_program(RUN + full_disk, kernel_file(tmp_path), cache=tmp_path / "cache")
    assert done.stdout == "20.0\n", done.stderr
