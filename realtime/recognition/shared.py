"""One recognizer for several worker processes: their windows go through a network on the GPU together.

A process holds the runtime (`serve`). Workers are told of it (`recognise_by`), and what they call then looks like a
runtime of their own; where that process ends, each goes on with one on its CPU, as it does when a GPU fails.
"""

import contextlib
import os
import queue
import sys
import threading
import time
from dataclasses import dataclass
from functools import partial
from multiprocessing import AuthenticationError, current_process
from multiprocessing.connection import Client, Connection, Listener
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from medn.faults import log_fault
from medn.runtime import Runtime, RuntimeUnavailableError
from medn.runtime.base import INPUTS, MAX_WINDOWS, OUTPUTS, Buffers, Notice, Prepared
from medn.runtime.choose import cpu_reserve, preparation
from medn.weights import Checkpoint, read_weights

LONGEST_WAIT_S = 0.02
"""How long a window waits for others, unless 16 are there or every worker waits."""

if sys.platform == "win32":
    from multiprocessing.connection import PipeConnection

    _Connected: TypeAlias = Connection | PipeConnection
else:
    _Connected: TypeAlias = Connection
_Arrays: TypeAlias = tuple[NDArray[np.float32], ...]
_Request: TypeAlias = tuple[_Connected, _Arrays]


class SharedRecognizerError(Exception):
    """The process that recognises for all workers has ended."""


def gather(
    waiting: "queue.Queue[_Request]", first: _Request, workers: int, longest_s: float = LONGEST_WAIT_S
) -> tuple[list[_Request], _Request | None]:
    """Requests that go through the network together, at most 16 windows, and one that came but did not fit any more.

    It ends once 16 windows are there, once `workers` wait, since none of them has more than one request, or when
    `longest_s` have passed.
    """
    batch, windows, until_s = [first], len(first[1][0]), time.monotonic() + longest_s
    while windows < MAX_WINDOWS and len(batch) < workers:
        try:
            request = waiting.get(timeout=max(0.0, until_s - time.monotonic()))
        except queue.Empty:
            break
        if windows + len(request[1][0]) > MAX_WINDOWS:
            return batch, request
        batch.append(request)
        windows += len(request[1][0])
    return batch, None


def serve(runtime: str, starter: Connection) -> None:
    """Hold a runtime for workers until the process that started this one closes `starter` or ends.

    `starter` gets a `Shared`, or a RuntimeUnavailableError where the runtime cannot run; nothing else is sent.
    """
    # loaded here, because it brings simulated faces and SciPy, which workers hardly ever need
    from medn.synthetic.reference_windows import reference_windows

    buffers = Buffers.allocate()
    try:
        prepared = preparation(runtime, read_weights(), reference_windows)(buffers)
        prepared.forward(1)
    except Exception as error:  # noqa: BLE001  whatever it is, the workers go without
        starter.send(RuntimeUnavailableError(str(error)))
        return
    family = "AF_PIPE" if sys.platform == "win32" else "AF_UNIX"
    with Listener(family=family, backlog=64, authkey=current_process().authkey) as listener:
        starter.send(Shared(str(listener.address), runtime, prepared.device))
        threading.Thread(target=_end_with, args=(starter,), daemon=True).start()
        waiting: queue.Queue[_Request] = queue.Queue()
        workers: set[_Connected] = set()
        threading.Thread(target=_accept, args=(listener, waiting, workers), daemon=True).start()
        held = None
        while True:
            batch, held = gather(waiting, held or waiting.get(), len(workers))
            try:
                _answer(batch, buffers, prepared)
            except prepared.failures:
                log_fault("The recognizer that several workers share failed")
                return


def _answer(batch: list[_Request], buffers: Buffers, prepared: Prepared) -> None:
    windows = sum(len(arrays[0]) for _, arrays in batch)
    for place, name in enumerate(INPUTS):
        np.concatenate([arrays[place] for _, arrays in batch], out=getattr(buffers, name)[:windows])
    prepared.forward(windows)
    begin = 0
    for worker, arrays in batch:
        end = begin + len(arrays[0])
        with contextlib.suppress(OSError):  # this worker has ended meanwhile
            worker.send(tuple(getattr(buffers, name)[begin:end] for name in OUTPUTS))
        begin = end


def _accept(listener: Listener, waiting: "queue.Queue[_Request]", workers: set[_Connected]) -> None:
    while True:
        try:
            worker = listener.accept()
        except (OSError, EOFError, AuthenticationError):  # it went away before it was let in
            continue
        workers.add(worker)
        threading.Thread(target=_receive, args=(worker, waiting, workers), daemon=True).start()


def _receive(worker: _Connected, waiting: "queue.Queue[_Request]", workers: set[_Connected]) -> None:
    try:
        while True:
            waiting.put((worker, worker.recv()))
    except (EOFError, OSError):
        workers.discard(worker)


def _end_with(starter: Connection) -> None:
    try:
        starter.recv()
    except (EOFError, OSError):
        os._exit(0)  # the other threads wait for workers that have ended too


@dataclass(frozen=True, slots=True)
class Shared:
    """The process that recognises for all workers."""

    address: str
    runtime: str
    device: str


_shared: Shared | None = None  # of this process


def recognise_by(shared: Shared | None) -> None:
    """Have what this process recognises from now on go through a shared runtime; None: no more."""
    global _shared  # a pipeline's parameters are part of its results, and this changes none
    _shared = shared


def shared_runtime(weights: Checkpoint, notice: Notice) -> Runtime | None:
    """The runtime that this process shares with others; None if there is none, with a notice if it has ended."""
    if _shared is None:
        return None
    try:
        worker = Client(_shared.address, authkey=current_process().authkey)
    except (OSError, EOFError):
        notice("The process that recognises for all workers has ended; this worker recognises by itself.")
        return None
    why = f"{_shared.runtime} runs in one process for all workers"
    return Runtime(_shared.runtime, partial(_prepare, worker, _shared.device), cpu_reserve(weights), notice, why)


def _prepare(connection: _Connected, device: str, buffers: Buffers) -> Prepared:
    def forward(count: int) -> None:
        try:
            connection.send(tuple(getattr(buffers, name)[:count] for name in INPUTS))
            answers = connection.recv()
        except (EOFError, OSError):
            raise SharedRecognizerError("the process that recognises for all workers has ended") from None
        for name, answer in zip(OUTPUTS, answers, strict=True):
            getattr(buffers, name)[:count] = answer

    return Prepared(forward, device, (SharedRecognizerError,))
