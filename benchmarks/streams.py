"""Streams: how many 30 fps cameras one machine can analyse at once, one process each, and the cost of each."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np

from benchmarks.harness import Effort, Measure, Plot, Progress, Result
from benchmarks.live import MAX_DROPPED, PICTURES, Drive, drive
from benchmarks.scenes import decoded, endless
from realtime.drivers.summary import RESULT_LATENCY

RATE_HZ = 30
WARM_UP_S = 1.0
READY_TIMEOUT_S = 300.0
"""For all processes to be ready."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    seconds: float
    max_streams: int


SIZES = {Effort.QUICK: Size(3, 2), Effort.NORMAL: Size(10, 64), Effort.THOROUGH: Size(60, 256)}


def measure(size: Size, progress: Progress, video: Path) -> Result:
    """Search for the largest number of streams that are all held."""

    def streams(count: int) -> list[Drive]:
        progress(f"{count} streams at {RATE_HZ} fps for {size.seconds:g} s")
        return run_streams(count, video, size.seconds)

    tried: dict[int, list[Drive]] = {}

    def held(count: int) -> bool:
        tried[count] = streams(count)
        return max(drive.dropped for drive in tried[count]) < MAX_DROPPED

    most = max_held(held, size.max_streams)
    tried = dict(sorted(tried.items()))
    return Result(
        benchmark="streams",
        question=f"How many streams at {RATE_HZ} fps does this machine hold, and what does each further one cost?",
        conditions={
            "frames": f"{PICTURES} decoded pictures of {video.name} over and over, one face",
            "rounds": f"one of {size.seconds:g} s; one process a stream; the spread is that between streams",
            "held": f"under {MAX_DROPPED:.0%} of the frames of each stream dropped",
        },
        measures=(*_measures(tried), Measure("streams held", "count", "", (float(most),), "higher")),
        plots=(_plot(tried),),
    )


def max_held(held: Callable[[int], bool], most: int) -> int:
    """The largest number of streams that is held, up to `most`: doubling, then bisection."""
    low, high = 0, 1
    while high <= most and held(high):
        low, high = high, 2 * high
    high = min(high, most + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if held(middle) else (low, middle)
    return low


def run_streams(count: int, video: Path, seconds: float) -> list[Drive]:
    """Run `count` streams at once, started together."""
    context = get_context("spawn")
    barrier = context.Barrier(count)
    with ProcessPoolExecutor(count, mp_context=context, initializer=_prepare, initargs=(barrier, video)) as pool:
        return list(pool.map(_stream, [seconds] * count))


_ready: Barrier
_video: Path


def _prepare(barrier: Barrier, video: Path) -> None:
    global _ready, _video  # set once in each worker process
    _ready, _video = barrier, video


def _stream(seconds: float) -> Drive:
    """The stream of this process; starts when all processes are ready."""
    picture = endless(decoded(_video, PICTURES))
    drive(picture, RATE_HZ, WARM_UP_S)
    _ready.wait(READY_TIMEOUT_S)
    time.sleep(0.1)
    return drive(picture, RATE_HZ, seconds)


def _measures(tried: Mapping[int, Sequence[Drive]]) -> Iterator[Measure]:
    for count, drives in tried.items():
        subject = f"{count} stream{'s' * (count > 1)}"
        latency = [drive.summary.stages_ms[RESULT_LATENCY] for drive in drives]
        yield Measure(subject, "latency p50", "ms", tuple(ms["p50"] for ms in latency))
        yield Measure(subject, "latency p99", "ms", tuple(ms["p99"] for ms in latency))
        yield Measure(subject, "dropped", "%", tuple(100 * drive.dropped for drive in drives))
        yield Measure(subject, "CPU a stream", "cores", tuple(drive.cpu_cores for drive in drives))
        yield Measure(subject, "memory a stream", "MiB", tuple(drive.memory_mib for drive in drives))


def _plot(tried: Mapping[int, Sequence[Drive]]) -> Plot:
    return Plot(
        title=f"CPU of streams at {RATE_HZ} fps",
        x_label="streams",
        y_label="cores busy",
        kind="line",
        x=tuple(map(float, tried)),
        series={
            "all streams": tuple(float(np.sum([drive.cpu_cores for drive in drives])) for drives in tried.values())
        },
    )
