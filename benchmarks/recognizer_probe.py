"""One runtime in a process of its own; imports no more than the product does to recognise, for its start is timed."""

import multiprocessing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from time import perf_counter

import numpy as np

from medn.runtime import Recognition, Runtime, Weights, WindowBatch, load_runtime

LEAST_QUERIES = 10


@dataclass(frozen=True, slots=True)
class Probe:
    """What one process found."""

    device: str
    cold_start_s: float
    """From the process's start to its first answer: interpreter, imports, loading, one window."""
    query_ms: Mapping[int, Sequence[float]]
    """Times of queries of so many windows."""
    answers: Recognition


def probe(name: str, weights: Weights, windows: WindowBatch, batches: Sequence[int], seconds: float) -> Probe:
    """Let a runtime read the windows in a fresh process, in queries of each size in `batches` for `seconds` each.

    Raises RuntimeError where that process failed.
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
        query_ms, answers = here.recv()
    except (EOFError, BrokenPipeError):
        raise RuntimeError(f"The process that measured {name} ended early; its words are above.") from None
    process.join()
    return Probe(device, cold_start_s, query_ms, answers)


def _serve(connection: Connection, name: str, weights: Weights) -> None:
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
    """Times of queries of `batch` windows, one after the other, once warmed up."""
    starts = np.arange(0, len(windows) - batch + 1, batch)
    runtime.warm_up(batch)
    times_ms: list[float] = []
    ends_s = perf_counter() + seconds
    while perf_counter() < ends_s or len(times_ms) < LEAST_QUERIES:
        start = int(starts[len(times_ms) % len(starts)])
        began_s = perf_counter()
        runtime(windows.part(start, start + batch))
        times_ms.append(1000 * (perf_counter() - began_s))
    return times_ms
