"""Recognizer: MEDN on every available runtime, by the scenarios of MLPerf Inference (Reddi et al., ISCA 2020).

SingleStream: one window after another, 90th percentile. MultiStream: queries of eight windows, 99th percentile.
Offline: windows a second where all are there at once. Each runtime has a process of its own in each round; its cold
start, from the process's start to its first result, is measured separately. Runs are shorter than MLPerf requires, so
these are its scenarios, not its results.

The cold start is timed in a process that imports this module, so the module imports at its top no more than the product
does to recognize.
"""

import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from time import perf_counter

import numpy as np

from benchmarks.harness import Effort, Measure, Plot, Progress, Result, in_turn
from medn.runtime import RUNTIMES, Recognition, Runtime, WindowBatch, explain_choice, load_runtime
from medn.weights import Checkpoint

BATCHES = (1, 2, 4, 8, 16)
EXACT = "pytorch"
"""The runtime that the others are compared with: fp32 on the CPU."""
WINDOWS = 48
MIN_QUERIES = 10


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int
    seconds: float
    """Of each scenario in each round."""


SIZES = {Effort.QUICK: Size(1, 0.5), Effort.NORMAL: Size(3, 1.5), Effort.THOROUGH: Size(5, 10)}


@dataclass(frozen=True, slots=True)
class Probe:
    """What the process of one runtime measured."""

    device: str
    cold_start_s: float
    """From the process's start to its first result: interpreter, imports, loading, one window."""
    query_ms: Mapping[int, Sequence[float]]
    """Batch size → time of each query."""
    results: Recognition


def measure(size: Size, progress: Progress, weights: Checkpoint) -> Result:
    """Measure every runtime that can run these weights; name the others with the reason."""
    from medn.synthetic.reference_windows import reference_windows

    progress("rendering the windows")
    windows = reference_windows(WINDOWS)
    choices = explain_choice(weights, RUNTIMES)
    contestants: dict[str, Callable[[], Probe]] = {
        choice.runtime: partial(probe, choice.runtime, weights, windows, BATCHES, size.seconds)
        for choice in choices
        if choice.available
    }
    probes = in_turn(contestants, size.rounds, progress, warm_up=0)
    return Result(
        benchmark="recognizer",
        question="How long does MEDN take on each runtime, in the terms of MLPerf?",
        conditions={
            "weights": weights.name,
            "windows": f"{WINDOWS}, the built-in portrait making synthetic movements",
            "devices": ", ".join(f"{name}: {rounds[0].device}" for name, rounds in probes.items()),
            "rounds": f"{size.rounds}, in turn, each in a process of its own, {size.seconds:g} s a scenario",
        },
        measures=tuple(_measures(probes)),
        notes=(
            "SingleStream: one window a query; MultiStream: eight; Offline: sixteen at a time. "
            f"Difference: the largest of any probability from {EXACT}'s.",
            *(f"{choice.runtime}: not measured ({choice.reason})." for choice in choices if not choice.available),
        ),
        plots=(_plot(probes),),
    )


def probe(name: str, weights: Checkpoint, windows: WindowBatch, batches: Sequence[int], seconds: float) -> Probe:
    """Run a runtime on the windows in a new process, in queries of each size in `batches` for `seconds` each.

    Raises RuntimeError if that process fails.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, name, weights), daemon=True)
    began_s = perf_counter()
    process.start()
    there.close()
    try:
        device: str = here.recv()
        cold_start_s = perf_counter() - began_s
        here.send((windows, batches, seconds))
        query_ms, results = here.recv()
    except (EOFError, BrokenPipeError):
        raise RuntimeError(f"The process that measured {name} ended early; its messages are above.") from None
    process.join()
    return Probe(device, cold_start_s, query_ms, results)


def _serve(connection: Connection, name: str, weights: Checkpoint) -> None:
    runtime = load_runtime(name, weights)
    blank = WindowBatch.empty(1)
    for array in (blank.faces, blank.flow, blank.context):
        array.fill(0)
    runtime(blank)
    connection.send(runtime.device)
    windows, batches, seconds = connection.recv()
    query_ms = {batch: _queries_ms(runtime, windows, batch, seconds) for batch in batches}
    connection.send((query_ms, runtime(windows)))


def _queries_ms(runtime: Runtime, windows: WindowBatch, batch: int, seconds: float) -> list[float]:
    """Times of consecutive queries of `batch` windows, after a warm-up."""
    starts = np.arange(0, len(windows) - batch + 1, batch)
    runtime.warm_up(batch)
    times_ms: list[float] = []
    ends_s = perf_counter() + seconds
    while perf_counter() < ends_s or len(times_ms) < MIN_QUERIES:
        start = int(starts[len(times_ms) % len(starts)])
        began_s = perf_counter()
        runtime(windows.part(start, start + batch))
        times_ms.append(1000 * (perf_counter() - began_s))
    return times_ms


def _measures(probes: Mapping[str, Sequence[Probe]]) -> Iterator[Measure]:
    from medn.runtime.engine import parity

    for name, rounds in probes.items():
        single, multi, offline = ([one.query_ms[batch] for one in rounds] for batch in (1, 8, 16))
        yield Measure(name, "SingleStream p50", "ms", tuple(float(np.median(times)) for times in single))
        yield Measure(name, "SingleStream p90", "ms", tuple(float(np.percentile(times, 90)) for times in single))
        yield Measure(name, "MultiStream p99", "ms", tuple(float(np.percentile(times, 99)) for times in multi))
        per_s = tuple(16_000 / float(np.mean(times)) for times in offline)
        yield Measure(name, "Offline", "windows/s", per_s, "higher")
        yield Measure(name, "cold start", "s", tuple(one.cold_start_s for one in rounds))
        apart = tuple(parity(one.results, probes[EXACT][0].results).difference for one in rounds)
        yield Measure(name, "difference", "", apart)
    for name, rounds in probes.items():
        for batch in BATCHES:
            times = tuple(float(np.median(one.query_ms[batch])) / batch for one in rounds)
            yield Measure(f"{name}, p50", f"batch {batch}", "ms/window", times)


def _plot(probes: Mapping[str, Sequence[Probe]]) -> Plot:
    def per_window_ms(rounds: Sequence[Probe], batch: int) -> float:
        return float(np.median([np.median(one.query_ms[batch]) for one in rounds])) / batch

    return Plot(
        title="MEDN by batch",
        x_label="windows in a query",
        y_label="ms a window, p50",
        kind="line",
        x=tuple(map(float, BATCHES)),
        series={name: tuple(per_window_ms(rounds, batch) for batch in BATCHES) for name, rounds in probes.items()},
    )
