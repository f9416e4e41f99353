"""Workers: how `medn replay` scales over processes of this machine and over Ray nodes, and at what cost."""

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import av
import psutil

from benchmarks.harness import Effort, ImpossibleError, Measure, Progress, Result, in_turn
from benchmarks.harness.measure import ratios
from benchmarks.harness.watched import Watched
from medn.extras import way_to
from realtime.batch.cluster import silent_ray

ONE_CORE, ONE, TWO = "1 worker, all held to one core", "1 worker", "2 workers"
NODE, NODES = "Ray, 1 node of 1 core", "Ray, 2 nodes of 1 core each"
PROJECTED_HOURS = 10_000


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int
    clips: int
    seconds: float
    """Of each clip."""
    warm_up: int = 0
    """Rounds that do not count; a run over two clips comes before all in any case."""


SIZES = {Effort.QUICK: Size(1, 4, 3), Effort.NORMAL: Size(2, 40, 6), Effort.THOROUGH: Size(5, 40, 30, 1)}


@dataclass(frozen=True, slots=True)
class Timing:
    """One run of the command, from its start to its end."""

    wall_s: float
    core_s: float
    """CPU time of all its processes."""
    memory_mb: float
    """The most that its processes held together; pages that they share count in each."""
    process_mb: float
    """The most that one of them held: a worker, where there are several."""
    found: tuple[str, ...]
    """Its events, as JSON objects without their latencies, in the order of time."""
    session_mb: float
    """Of all sessions together."""


def measure(size: Size, progress: Progress, video: Path) -> Result:
    """Analyse copies of the beginning of a video by each way that this machine offers, in turn."""
    with tempfile.TemporaryDirectory() as folder:
        clips = Path(folder) / "clips"
        clips.mkdir()
        length_s = cut(video, clips / "000.mp4", size.seconds)
        for number in range(1, size.clips):
            (clips / f"{number:03d}.mp4").write_bytes((clips / "000.mp4").read_bytes())
        clip_mb = (clips / "000.mp4").stat().st_size / 1e6
        contestants = {ONE: lambda: replay(clips, 1), TWO: lambda: replay(clips, 2)}
        if hasattr(psutil.Process, "cpu_affinity"):
            contestants = {ONE_CORE: lambda: replay(clips, 1, one_core=True)} | contestants
        if find_spec("ray"):
            contestants |= {NODE: lambda: on_ray(clips, 1), NODES: lambda: on_ray(clips, 2)}
        progress("two clips to warm up")
        replay(clips / "000.mp4", 1, str(clips / "001.mp4"))
        timings = in_turn(contestants, size.rounds, progress, size.warm_up)
    whole_s = size.clips * length_s
    rates = {name: [whole_s / run.wall_s for run in runs] for name, runs in timings.items()}
    return Result(
        benchmark="workers",
        question="How does the analysis of many recordings scale over workers and nodes, and what does an hour cost?",
        conditions={
            "clips": f"{size.clips}, the first {length_s:.1f} s of {video.name}",
            "events": ", ".join(f"{len(runs[0].found)} ({name})" for name, runs in timings.items()),
            "rounds": f"{size.rounds}, in turn; starts of processes and loading of models count",
            "Ray": "the nodes are processes on this machine, begun before the command"
            if NODE in timings
            else f"not installed: {way_to('cluster')}",
        },
        measures=tuple(
            figure for name, runs in timings.items() for figure in _figures(name, runs, rates, whole_s / 3600)
        ),
        notes=_projection(timings[TWO], rates[TWO], whole_s / 3600, clip_mb * 3600 / length_s),
    )


def _figures(
    name: str, runs: Sequence[Timing], rates: Mapping[str, Sequence[float]], hours: float
) -> Iterator[Measure]:
    yield Measure(name, "rate", "× real time", tuple(rates[name]), "higher")
    for other in (NODE,) if name == NODES else (ONE_CORE, ONE):
        if other in rates and other != name:
            yield ratios(name, f"× {other}", rates[name], rates[other])
    yield Measure(name, "an hour of video", "core-hours", tuple(run.core_s / 3600 / hours for run in runs))
    yield Measure(name, "memory at most", "MB", tuple(run.memory_mb for run in runs))
    yield Measure(name, "memory of a worker", "MB", tuple(run.process_mb for run in runs))


def _projection(runs: Sequence[Timing], rates: Sequence[float], hours: float, video_mb: float) -> tuple[str, ...]:
    """What the run with two workers means for many hours, and what that assumes; `video_mb`: of an hour of video."""
    core_hours = median(run.core_s for run in runs) / 3600 / hours
    machine_hours = PROJECTED_HOURS / median(rates)
    session_mb = median(run.session_mb for run in runs) / hours
    days = machine_hours / 24
    read_tb, written_tb = PROJECTED_HOURS * video_mb / 1e6, PROJECTED_HOURS * session_mb / 1e6
    return (
        f"Projection, computed and not measured: {PROJECTED_HOURS:,} hours of video take {machine_hours:,.0f} hours of "
        f"a machine like this with 2 workers ({days:,.0f} days), {days / 50:,.1f} days of 50 such machines, and "
        f"{PROJECTED_HOURS * core_hours:,.0f} core-hours; what a core-hour costs is the provider's.",
        f"They read {read_tb:,.2g} TB of video as coded here, and {written_tb:,.2g} TB of sessions are written.",
        "It assumes recordings like these clips (their size, their rate, one face); machines that do not wait for each "
        "other, since they share nothing but files, although no more than two nodes were measured, both on one "
        "machine; a storage that gives every machine its videos as fast as it analyses them; nothing done twice. Each "
        "clip pays for a pipeline of its own here, which is a smaller part of a longer recording.",
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


def replay(videos: Path, workers: int, *more: str, one_core: bool = False, nodes: Sequence[int] = ()) -> Timing:
    """Run the command on a recording or a folder of them; `nodes`: processes below which it works, too.

    Raises `ImpossibleError` if it fails.
    """
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "gui", "replay", str(videos), *more, "--out", out, "--json"]
        command += ["--workers", str(workers)]
        began_s = time.monotonic()
        with held_to_one_core() if one_core else contextlib.nullcontext():
            program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        with Watched((program.pid, *nodes)) as watched:
            stdout, _ = program.communicate()
        wall_s = time.monotonic() - began_s
        session_mb = sum(path.stat().st_size for path in Path(out).rglob("*.medn")) / 1e6
    if program.returncode:
        raise ImpossibleError(f"medn replay ended with exit code {program.returncode} on the clips.")
    records = [json.loads(line) for line in stdout.splitlines()]
    events = sorted((record for record in records if record["type"] == "event"), key=lambda event: event["onset_s"])
    found = tuple(json.dumps(event | {"latency_ms": None}) for event in events)
    most_mb, process_mb = watched.memory_most / 1e6, watched.process_most / 1e6
    return Timing(wall_s, watched.core_s, most_mb, process_mb, found, session_mb)


def on_ray(clips: Path, count: int) -> Timing:
    """Run the command on a Ray cluster of so many nodes of one core each, all on this machine and begun before it."""
    offers = {"num_cpus": 1, "memory": 2**30, "object_store_memory": 100 * 2**20, "include_dashboard": False}
    with silent_ray():
        from ray.cluster_utils import Cluster

        cluster = Cluster(initialize_head=True, head_node_args=offers)
    try:
        for _ in range(1, count):
            cluster.add_node(**offers)
        raylets = [node.all_processes["raylet"][0].process.pid for node in cluster.list_all_nodes()]
        return replay(clips, 1, "--ray", cluster.address, nodes=raylets)
    finally:
        cluster.shutdown()


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
