"""Worker processes that analyse one recording after the other: one that dies costs its recording only."""

import contextlib
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event as Flag
from typing import Generic, Protocol, TypeAlias, TypeVar

from medn.errors import UserError
from realtime.batch.analyse import Job, Outcome, Tick, analyse
from realtime.drivers import StopSign

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")


class OfVideo(Protocol):
    """A job that is about a recording."""

    @property
    def video(self) -> str:
        """The recording."""


_OfVideo = TypeVar("_OfVideo", bound=OfVideo)
Work: TypeAlias = Callable[[_Job, Callable[[Tick], None], StopSign], _Result]
"""A function of a module, called in the worker process with a job, a function for its ticks, and a stop sign."""

PAUSE_S = 0.05
POLL_S = 0.1
END_S = 10.0
"""How long a worker may take to save its part of a recording."""
ATTEMPTS = 2
"""How often a recording is begun whose worker dies: the death may be another's fault, as where memory runs out."""


@dataclass
class WorkerDiedError(UserError):
    """The process of a worker has ended by itself, or was killed."""

    code: int | None

    def __str__(self) -> str:
        if self.code is not None and self.code < 0:
            name = signal.Signals(-self.code).name
            memory = ", perhaps because memory ran out" if name == "SIGKILL" else ""
            return f"the process that analysed it was ended by {name}{memory}"
        return f"the process that analysed it ended unexpectedly, with code {self.code}"


def analyse_job(job: Job, progress: Callable[[Tick], None], stop: StopSign) -> Outcome:
    """Analyse a recording in a worker process."""
    return analyse(job, progress=progress, stop=stop)


def in_workers(
    work: "Work[_OfVideo, _Result]",
    jobs: Sequence[_OfVideo],
    workers: int,
    progress: Callable[[Tick], None],
    stop: StopSign,
    notice: Callable[[str], None] = lambda _: None,
    lost: Callable[[_OfVideo, WorkerDiedError], _Result] | None = None,
) -> Iterator[_Result]:
    """Yield what a function of a module makes of each job as they are done, from `workers` processes.

    Once `stop` is set, those under way end with what they have and the rest do not begin.
    A job whose worker dies is begun once more, after all others; `notice` gets a sentence. Where it dies again, the
    result is that of `lost`; without it, `WorkerDiedError` is raised. A `UserError` that a job raises ends all.
    """
    waiting = deque((job, 1) for job in jobs)
    idle: list[Worker[_OfVideo, _Result]] = []
    running: dict[Worker[_OfVideo, _Result], tuple[_OfVideo, int]] = {}
    try:
        while waiting or running:
            if stop.is_set():
                waiting.clear()
                for worker in running:
                    worker.stop()
            while waiting and len(running) < workers:
                worker = idle.pop() if idle else Worker(work)
                if worker.begin(waiting[0][0]):
                    running[worker] = waiting.popleft()
            connection.wait([worker.connection for worker in running], POLL_S)
            for worker, (job, attempt) in list(running.items()):
                try:
                    messages = worker.poll()
                except WorkerDiedError as death:
                    del running[worker]
                    if stop.is_set():
                        continue
                    if attempt < ATTEMPTS:
                        notice(f"{job.video}: {death}; it is analysed once more.")
                        waiting.append((job, attempt + 1))
                    elif lost is None:
                        raise
                    else:
                        yield lost(job, death)
                    continue
                for message in messages:
                    if isinstance(message, Tick):
                        progress(message)
                    elif isinstance(message, UserError):
                        raise message
                    else:
                        del running[worker]
                        idle.append(worker)
                        yield message
    finally:
        for worker in running:  # left because of an error or a second Ctrl-C
            worker.kill()
        for worker in idle:
            worker.end()


class Worker(Generic[_Job, _Result]):
    """One process, seen from outside. `poll` never waits."""

    def __init__(self, work: "Work[_Job, _Result]") -> None:
        context = get_context("spawn")
        self.connection, theirs = context.Pipe()
        """Ready for reading when `poll` will have something."""
        self._stop, self._paused = context.Event(), context.Event()
        self._process = context.Process(target=_serve, args=(work, theirs, self._stop, self._paused), daemon=True)
        with ctrl_c_withheld():
            self._process.start()
        theirs.close()
        self.busy = False

    def begin(self, job: _Job) -> bool:
        """Send it a job; False if the process is no more."""
        self._stop.clear()
        try:
            self.connection.send(job)
        except OSError:
            return False
        self.busy = True
        return True

    def pause(self, *, on: bool) -> None:
        """Pause, or continue."""
        (self._paused.set if on else self._paused.clear)()

    def stop(self) -> None:
        """Stop the current recording; the part that was analysed is kept."""
        self._stop.set()

    def poll(self) -> "list[Tick | _Result | UserError]":
        """Return its messages since the last call; the last of a job is its result, or the error that it raised.

        Raises `WorkerDiedError` if the process has ended.
        """
        messages: list[Tick | _Result | UserError] = []
        try:
            while self.connection.poll():
                messages.append(self.connection.recv())
        except (EOFError, OSError):
            if not messages:
                self.busy = False
                self._process.join(1.0)
                raise WorkerDiedError(self._process.exitcode) from None
        if any(not isinstance(message, Tick) for message in messages):
            self.busy = False
        return messages

    def end(self) -> None:
        """End the process, after it has saved its part of the current recording."""
        self._stop.set()
        with contextlib.suppress(OSError):
            self.connection.send(None)
            self._process.join(END_S)
        self.kill()

    def kill(self) -> None:
        """End the process at once."""
        self._process.terminate()


@contextlib.contextmanager
def ctrl_c_withheld() -> Iterator[None]:
    """Processes started meanwhile never see Ctrl-C, which a terminal sends to them, too: only their parent ends them.

    Signals to this process are delivered afterwards.
    """
    if sys.platform == "win32":
        yield
    else:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(work: "Work[_Job, _Result]", parent: Connection, stop: Flag, paused: Flag) -> None:
    def progress(tick: Tick) -> None:
        try:
            parent.send(tick)
        except (BrokenPipeError, ConnectionResetError):
            sys.exit()  # the parent has ended; the session is left as one that was cut off
        while paused.is_set() and not stop.is_set():
            time.sleep(PAUSE_S)

    # the parent may have ended: then nobody receives, and the saved session is complete
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
        while (job := parent.recv()) is not None:
            try:
                parent.send(work(job, progress, stop))
            except UserError as error:
                parent.send(UserError(str(error)))
