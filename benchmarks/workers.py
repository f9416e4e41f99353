"""Workers: how much faster many recordings are analysed by two worker processes, as `medn replay --workers` does it."""

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import psutil

from benchmarks.harness import Effort, ImpossibleError, Measure, Progress, Result, in_turn
from benchmarks.harness.measure import ratios

ONE_CORE, ONE, TWO = "1 worker, all held to one core", "1 worker", "2 workers"
SAMPLE_EVERY_S = 0.2
"""How often memory is looked at."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int
    clips: int
    seconds: float
    """Of each clip."""


SIZES = {Effort.QUICK: Size(1, 4, 3), Effort.NORMAL: Size(3, 40, 6), Effort.THOROUGH: Size(5, 40, 30)}


@dataclass(frozen=True, slots=True)
class Timing:
    """One run of the command, from its start to its end."""

    wall_s: float
    memory_mb: float
    """The most that its processes held together; pages that they share count in each."""
    found: tuple[str, ...]
    """Its events, as JSON objects without their latencies, in the order of time."""


def measure(size: Size, progress: Progress, video: Path) -> Result:
    """Analyse copies of the beginning of a video with one worker on one core, with one worker, and with two."""
    with tempfile.TemporaryDirectory() as folder:
        clips = Path(folder) / "clips"
        clips.mkdir()
        length_s = cut(video, clips / "000.mp4", size.seconds)
        for number in range(1, size.clips):
            (clips / f"{number:03d}.mp4").write_bytes((clips / "000.mp4").read_bytes())
        contestants = {ONE: lambda: replay(clips, 1), TWO: lambda: replay(clips, 2)}
        if hasattr(psutil.Process, "cpu_affinity"):
            contestants = {ONE_CORE: lambda: replay(clips, 1, one_core=True), **contestants}
        timings = in_turn(contestants, size.rounds, progress)
    rate = {name: [size.clips * length_s / run.wall_s for run in runs] for name, runs in timings.items()}
    return Result(
        benchmark="workers",
        question="How much faster are many recordings analysed by two workers?",
        conditions={
            "clips": f"{size.clips}, the first {length_s:.1f} s of {video.name}",
            "events": ", ".join(f"{len(runs[0].found)} ({name})" for name, runs in timings.items()),
            "rounds": f"{size.rounds}, in turn, after one warm-up; starts of processes and loading of models count",
        },
        measures=tuple(
            figure
            for name, runs in timings.items()
            for figure in (
                Measure(name, "rate", "× real time", tuple(rate[name]), "higher"),
                *(ratios(name, f"× {other}", rate[name], rate[other]) for other in (ONE_CORE, ONE) if other in rate),
                Measure(name, "memory at most", "MB", tuple(run.memory_mb for run in runs)),
            )
        ),
    )


def cut(video: Path, clip: Path, seconds: float) -> float:
    """Copy the beginning of a video without coding it anew; return its length in s."""
    with av.open(str(video)) as source, av.open(str(clip), "w") as target:
        stream = source.streams.video[0]
        copied = target.add_stream_from_template(stream)
        end_s = 0.0
        for packet in source.demux(stream):
            if packet.dts is None or float(packet.dts * stream.time_base) >= seconds:  # what refers to it comes later
                continue
            end_s = max(end_s, float(((packet.pts or 0) + (packet.duration or 0)) * stream.time_base))
            packet.stream = copied
            target.mux(packet)
    return end_s


def replay(clips: Path, workers: int, *, one_core: bool = False) -> Timing:
    """Run the command on a folder of clips. Raises `ImpossibleError` if it fails."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "gui", "replay", str(clips), "--out", out, "--json", "--workers", str(workers)]
        began_s = time.monotonic()
        with held_to_one_core() if one_core else contextlib.nullcontext():
            program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        memory = 0
        while True:
            memory = max(memory, memory_of(program.pid))
            with contextlib.suppress(subprocess.TimeoutExpired):
                stdout, _ = program.communicate(timeout=SAMPLE_EVERY_S)
                break
        wall_s = time.monotonic() - began_s
    if program.returncode:
        raise ImpossibleError(f"medn replay ended with exit code {program.returncode} on the clips.")
    records = [json.loads(line) for line in stdout.splitlines()]
    events = sorted((record for record in records if record["type"] == "event"), key=lambda event: event["onset_s"])
    return Timing(wall_s, memory / 1e6, tuple(json.dumps(event | {"latency_ms": None}) for event in events))


@contextlib.contextmanager
def held_to_one_core() -> Iterator[None]:
    """Processes that are started meanwhile, and theirs, run on one core; not on macOS."""
    this = psutil.Process()
    cores = this.cpu_affinity()
    this.cpu_affinity([min(cores)])
    try:
        yield
    finally:
        this.cpu_affinity(cores)


def memory_of(process: int) -> int:
    """Bytes that a process and those below it hold now."""
    held = 0
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(process)
        for each in (parent, *parent.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                held += each.memory_info().rss
    return held
