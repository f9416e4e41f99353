"""A worker: a process that analyses one recording after the other and tells how far it is.

A process, so that the window never waits for it and a fault in it costs one recording only.
"""

import contextlib
import time
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event as Sign

from realtime.batch import Job, Outcome, Tick, analyse

PAUSE_S = 0.05


class Worker:
    """One process, seen from the window. `poll` never waits."""

    def __init__(self) -> None:
        context = get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._stop, self._paused = context.Event(), context.Event()
        self._process = context.Process(target=_work, args=(theirs, self._stop, self._paused), daemon=True)
        self._process.start()
        theirs.close()
        self.busy = False

    def begin(self, job: Job) -> None:
        """Hand over a recording."""
        self._stop.clear()
        self.busy = True
        self._ours.send(job)

    def pause(self, *, on: bool) -> None:
        """Hold on where it is, or go on."""
        (self._paused.set if on else self._paused.clear)()

    def stop(self) -> None:
        """End the recording under way; what was done is kept."""
        self._stop.set()

    def poll(self) -> list[Tick | Outcome]:
        """What it told since. A worker that died tells it with a `WorkerDiedError`."""
        told: list[Tick | Outcome] = []
        try:
            while self._ours.poll():
                told.append(self._ours.recv())
        except (EOFError, OSError):
            self.busy = False
            self._process.join(1.0)
            raise WorkerDiedError(self._process.exitcode) from None
        if any(isinstance(word, Outcome) for word in told):
            self.busy = False
        return told

    def end(self) -> None:
        """End the process, after it has saved what it was at."""
        self._stop.set()
        try:
            self._ours.send(None)
        except OSError:
            return
        self._process.join(10.0)
        if self._process.is_alive():
            self._process.terminate()


@dataclass
class WorkerDiedError(Exception):
    """The process is gone."""

    code: int | None


def _work(told: Connection, stop: Sign, paused: Sign) -> None:
    def progress(tick: Tick) -> None:
        told.send(tick)
        while paused.is_set() and not stop.is_set():
            time.sleep(PAUSE_S)

    # the window may be gone: then there is nobody to tell, and what was saved is whole
    with contextlib.suppress(EOFError, BrokenPipeError, KeyboardInterrupt):
        while (job := told.recv()) is not None:
            told.send(analyse(job, progress=progress, stop=stop))
