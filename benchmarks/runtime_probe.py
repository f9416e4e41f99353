"""One runtime in a process of its own; imports no more than the product does to recognise, for its start is timed."""

import multiprocessing
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection

import numpy as np
from numpy.typing import NDArray

from medn.runtime import Recognition, Runtime, Weights, WindowBatch, load_runtime

BATCH = 4
"""Windows in the batch that is timed beside single ones: as many faces as the product follows."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What one process found."""

    device: str
    start_s: float
    """From the process's start to the first answer: interpreter, imports, loading, warming up."""
    window_ms: NDArray[np.float64]
    """(N,) each window by itself."""
    batch_ms: NDArray[np.float64]
    """(N / 4,) four windows at once."""
    answers: Recognition


def probe(runtime: str, weights: Weights, windows: WindowBatch) -> Probe:
    """Load a runtime in a fresh process and let it read the windows; raises RuntimeError where that process failed."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, runtime, weights), daemon=True)
    began = time.perf_counter()
    process.start()
    theirs.close()
    try:
        device: str = ours.recv()
        start_s = time.perf_counter() - began
        ours.send(windows)
        window_ms, batch_ms, answers = ours.recv()
    except EOFError:
        raise RuntimeError(f"The process that measured {runtime} ended early; its words are above.") from None
    process.join()
    return Probe(device, start_s, window_ms, batch_ms, answers)


def _serve(connection: Connection, name: str, weights: Weights) -> None:
    runtime = load_runtime(name, weights)
    runtime.warm_up()
    connection.send(runtime.device)
    windows: WindowBatch = connection.recv()
    single = [_timed(runtime, windows.part(k, k + 1)) for k in range(len(windows))]
    runtime.warm_up(BATCH)
    batches = [_timed(runtime, windows.part(k, k + BATCH)) for k in range(0, len(windows) - BATCH + 1, BATCH)]
    connection.send((np.array(single), np.array(batches), runtime(windows)))


def _timed(runtime: Runtime, windows: WindowBatch) -> float:
    began = time.perf_counter()
    runtime(windows)
    return (time.perf_counter() - began) * 1e3
