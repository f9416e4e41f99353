"""Live: latency and drops at a camera's fixed rates.

Pictures decoded beforehand arrive at even intervals through the product's own live driver. Latency counts from the time
at which each frame was due, so that waiting on a busy machine is included ("coordinated omission", Gil Tene). What a
real camera adds (exposure, transfer, decoding) is not included.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import psutil

from benchmarks.harness import Effort, Measure, Plot, Progress, Result, in_turn
from benchmarks.harness.measure import quantiles
from benchmarks.scenes import Picture, decoded, endless
from realtime.drivers import Summary, run_live
from realtime.drivers.live import Paced
from realtime.drivers.summary import RESULT_LATENCY
from realtime.pipeline import Pipeline, PipelineParameters
from realtime.sources import Generated

PICTURES = 48
MAX_DROPPED = 0.01
"""A rate is held if the share of its frames that are dropped is smaller than this."""
STEP_HZ = 10
"""Step of the search for the highest rate."""
MAX_RATE_HZ = 640


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int
    seconds: float
    """Of each rate in each round."""
    trial_s: float
    """Of each trial in the search for the highest rate."""
    hold_s: float
    """For how long the highest rate must be held."""
    rates_hz: tuple[int, ...] = (30, 60, 120, 200)


SIZES = {Effort.QUICK: Size(1, 3, 2, 5), Effort.NORMAL: Size(3, 6, 4, 60), Effort.THOROUGH: Size(3, 60, 10, 60)}


@dataclass(frozen=True, slots=True)
class Drive:
    """One fixed-rate drive."""

    summary: Summary
    cpu_cores: float
    """Mean CPU use of this process, in cores."""
    memory_mib: float
    """Resident memory of the process at the end."""

    @property
    def dropped(self) -> float:
        """Share of the frames offered, 0–1."""
        return 1 - self.summary.frames_processed / self.summary.frames_offered


def measure(size: Size, progress: Progress, video: Path) -> Result:
    """Drive the pipeline at each rate, then search for the highest. Raises `SourceError` for an unreadable video."""
    picture = endless(decoded(video, PICTURES))
    height, width = picture(0).shape[:2]
    rates: dict[str, Callable[[], Drive]] = {
        f"{hz} fps": partial(drive, picture, hz, size.seconds) for hz in size.rates_hz
    }
    drives = in_turn(rates, size.rounds, progress, warm_up=0)
    highest = highest_rate_hz(lambda hz, seconds: drive(picture, hz, seconds).dropped, size, progress)
    return Result(
        benchmark="live",
        question="At fixed rates, how old is a frame when its result is there, and what is dropped?",
        conditions={
            "frames": f"{PICTURES} decoded pictures of {video.name} over and over, {width}×{height}, one face",
            "rounds": f"{size.rounds} of {size.seconds:g} s each, in turn",
            "highest rate": f"looked for in steps of {STEP_HZ} fps, then held for {size.hold_s:g} s",
        },
        measures=(
            *_measures(drives),
            Measure("highest rate held", "rate", "fps", (float(highest),), "higher"),
        ),
        notes=(
            "Latency counts from when a frame was due to the end of its analysis.",
            f"A rate is held if under {MAX_DROPPED:.0%} of its frames are dropped; landmarks are looked for every "
            f"{1000 * PipelineParameters().landmark_interval_s:g} ms at most, whatever the rate.",
            *_causes(drives),
        ),
        plots=(_plot(drives),),
    )


def drive(picture: Callable[[int], Picture], rate_hz: float, seconds: float) -> Drive:
    """Pictures at a fixed rate through a new pipeline."""
    times_s = (np.arange(round(rate_hz * seconds)) / rate_hz).tolist()
    process = psutil.Process()
    with Pipeline() as pipeline:
        before, began_s = process.cpu_times(), time.monotonic()
        summary = run_live(Paced(Generated(picture, times_s, f"{rate_hz:g} fps")), pipeline)
        after, wall_s = process.cpu_times(), time.monotonic() - began_s
        memory_mib = process.memory_info().rss / 2**20
    busy_s = after.user + after.system - before.user - before.system
    return Drive(summary, busy_s / wall_s, memory_mib)


def highest_rate_hz(dropped: Callable[[int, float], float], size: Size, progress: Progress) -> int:
    """The highest multiple of 10 fps that is held for `size.hold_s`; 0 if none is.

    `dropped(rate_hz, seconds)` returns the share of frames dropped. Short trials first: doubling, then bisection;
    then one long trial, and after a failure the rate that this trial seems to have reached.
    """

    def lost(rate_hz: int, seconds: float) -> float:
        progress(f"searching for the highest rate: {rate_hz} fps for {seconds:g} s")
        return dropped(rate_hz, seconds)

    low, high = 0, 4 * STEP_HZ
    while high <= MAX_RATE_HZ and lost(high, size.trial_s) < MAX_DROPPED:
        low, high = high, 2 * high
    while high - low > STEP_HZ and low < MAX_RATE_HZ:
        middle = (low + high) // 2 // STEP_HZ * STEP_HZ
        low, high = (middle, high) if lost(middle, size.trial_s) < MAX_DROPPED else (low, middle)
    while low > 0 and (share := lost(low, size.hold_s)) >= MAX_DROPPED:
        low = int(low * min(0.9, 1 - share)) // STEP_HZ * STEP_HZ
    return low


def _measures(drives: Mapping[str, Sequence[Drive]]) -> Iterator[Measure]:
    for rate, rounds in drives.items():
        yield from quantiles(f"{rate}", [drive.summary.stages_ms[RESULT_LATENCY] for drive in rounds])
        yield Measure(rate, "dropped", "%", tuple(100 * drive.dropped for drive in rounds))
        yield Measure(rate, "CPU", "cores", tuple(drive.cpu_cores for drive in rounds))
        yield Measure(rate, "memory", "MiB", tuple(drive.memory_mib for drive in rounds))


def _causes(drives: Mapping[str, Sequence[Drive]]) -> Iterator[str]:
    for rate, rounds in drives.items():
        causes = sorted({cause for drive in rounds for cause in drive.summary.frames_dropped})
        if causes:
            counts = (sum(drive.summary.frames_dropped.get(cause, 0) for drive in rounds) for cause in causes)
            offered = sum(drive.summary.frames_offered for drive in rounds)
            counted = ", ".join(f"{cause} {count}" for cause, count in zip(causes, counts, strict=True))
            yield f"Dropped at {rate}, of {offered} offered in all rounds: {counted}."


def _plot(drives: Mapping[str, Sequence[Drive]]) -> Plot:
    latencies = [[drive.summary.stages_ms[RESULT_LATENCY] for drive in rounds] for rounds in drives.values()]
    return Plot(
        title="Latency from when a frame was due to its result",
        x_label="",
        y_label="ms (median of the rounds)",
        kind="bars",
        x=tuple(drives),
        series={
            name: tuple(float(np.median([round_ms[name] for round_ms in rounds])) for rounds in latencies)
            for name in ("p50", "p90", "p99")
        },
    )
