"""The queue: recordings that wait, run, are done or failed, and the workers that analyse them."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from medn.errors import UserError
from realtime.batch import Job, Outcome, Tick
from realtime.batch.work_list import finished_outcome
from realtime.batch.workers import Worker, WorkerDiedError, analyse_job
from realtime.pipeline import PipelineParameters

LONGEST_TICK_S = 0.05
"""After this time a tick leaves what was analysed before to the next one, so that the window stays alive."""


class Stage(Enum):
    """The states of a recording in the queue."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass
class Entry:
    """One recording."""

    path: Path
    stage: Stage = Stage.WAITING
    done_s: float = 0.0
    length_s: float | None = None
    began_s: float = 0.0
    wall_s: float = 0.0
    outcome: Outcome | None = None
    problem: str = ""
    """One sentence, if it failed."""
    size_bytes: int = 0
    parameters: PipelineParameters | None = None
    """Its own; None: those of the queue when it begins."""
    worker: Worker[Job, Outcome] | None = field(default=None, repr=False)

    @property
    def share(self) -> float:
        """The share that is done, 0–1."""
        if self.stage in (Stage.DONE, Stage.FAILED):
            return 1.0
        return min(self.done_s / self.length_s, 1.0) if self.length_s else 0.0

    @property
    def speed(self) -> float:
        """Times real time."""
        return self.done_s / self.wall_s if self.wall_s > 0 else 0.0


class Queue:
    """Call `tick` often: it gives work to the workers and receives their messages. `changed` is called on a change."""

    def __init__(self, workers: int, changed: Callable[[], None]) -> None:
        self.entries: list[Entry] = []
        self.max_workers = workers
        self.running = False
        self.paused = False
        self._changed = changed
        self._workers: list[Worker[Job, Outcome]] = []
        self._notices: dict[str, bool] = {}  # sentence → whether it was returned

    def add(self, paths: Iterable[Path], parameters: PipelineParameters | None = None) -> int:
        """Append recordings, with parameters of their own or those of the queue, unless they wait or run already.

        Returns how many were appended.
        """
        queued = {entry.path for entry in self.entries if entry.stage in (Stage.WAITING, Stage.RUNNING)}
        new = [path for path in dict.fromkeys(path.resolve() for path in paths) if path not in queued]
        for path in new:
            size_bytes = path.stat().st_size if path.is_file() else 0
            self.entries.append(Entry(path, size_bytes=size_bytes, parameters=parameters))
        self._changed()
        return len(new)

    def start(self) -> None:
        """Start, or continue after a pause."""
        self.running = True
        self._pause(on=False)

    def pause(self) -> None:
        """Pause all workers."""
        self._pause(on=True)

    def stop(self, entries: Iterable[Entry]) -> None:
        """Stop recordings; the parts that were analysed are kept as sessions."""
        for entry in entries:
            if entry.worker is not None:
                entry.worker.stop()
            if entry.worker is not None or entry.stage is Stage.WAITING:
                entry.stage = Stage.STOPPED
        self._changed()

    def retry(self) -> None:
        """Queue the recordings that failed or were stopped again."""
        for entry in self.entries:
            if entry.stage in (Stage.FAILED, Stage.STOPPED) and entry.worker is None:
                entry.stage, entry.problem, entry.done_s, entry.wall_s = Stage.WAITING, "", 0.0, 0.0
        self.start()
        self._changed()

    def clear_finished(self) -> None:
        """Remove recordings that are done, stopped or failed from the list; their sessions stay."""
        self.entries = [e for e in self.entries if e.stage in (Stage.WAITING, Stage.RUNNING) or e.worker]
        self._changed()

    def tick(self, folder: Callable[[], Path], parameters: PipelineParameters) -> None:
        """Give work to free workers and receive their messages."""
        for entry in self.entries:
            if entry.worker is not None:
                self._receive(entry, entry.worker)
        if self.running and not self.paused:
            self._hand_out(folder, parameters)
            if all(e.stage not in (Stage.WAITING, Stage.RUNNING) for e in self.entries):
                self.running = False
                self._changed()

    def take_notices(self) -> list[str]:
        """Return the notices for the user that were not returned before; each sentence once for the whole queue."""
        new = [sentence for sentence, returned in self._notices.items() if not returned]
        self._notices |= dict.fromkeys(new, True)
        return new

    def end(self) -> None:
        """End every worker; those that are analysing save their part."""
        self.running = False
        for worker in self._workers:
            worker.stop()
        for worker in self._workers:
            worker.end()
        for entry in self.entries:
            if entry.worker is not None:
                entry.stage, entry.worker = Stage.STOPPED, None
        self._workers = []

    @property
    def seconds_left(self) -> float | None:
        """Time in s until all is done, estimated from the speed so far; None while it cannot be estimated."""
        pending = [e for e in self.entries if e.length_s and e.stage in (Stage.WAITING, Stage.RUNNING)]
        speeds = [e.speed for e in self.entries if e.speed > 0 and e.stage is Stage.RUNNING]
        if not pending or not speeds or any(e.length_s is None for e in self.entries if e.stage is Stage.WAITING):
            return None
        left_s = sum((e.length_s or 0.0) - e.done_s for e in pending)
        return left_s / sum(speeds)

    def _pause(self, *, on: bool) -> None:
        self.paused = on
        for worker in self._workers:
            worker.pause(on=on)
        for entry in self.entries:
            if entry.stage is Stage.RUNNING:
                # the pause does not count against the speed
                entry.began_s = time.monotonic() - entry.wall_s
        self._changed()

    def _hand_out(self, folder: Callable[[], Path], parameters: PipelineParameters) -> None:
        until_s = time.monotonic() + LONGEST_TICK_S
        for entry in self.entries:
            if entry.stage is not Stage.WAITING:
                continue
            worker = next((w for w in self._workers if not w.busy), None)
            if worker is None and len(self._workers) >= self.max_workers:
                return
            job = Job(str(entry.path), folder(), entry.parameters or parameters)
            if done := finished_outcome(job):
                entry.outcome, entry.stage = done, Stage.DONE
                entry.done_s = entry.length_s = done.summary.duration_s if done.summary else 0.0
                self._notices.setdefault(f"{entry.path.name} was analysed before: its session is there.", False)
                self._changed()
                if time.monotonic() > until_s:
                    return
                continue
            if worker is None:
                worker = Worker(analyse_job)
                self._workers.append(worker)
            if not worker.begin(job):  # it was killed while it was idle
                self._workers.remove(worker)
                return
            entry.stage, entry.worker, entry.began_s = Stage.RUNNING, worker, time.monotonic()
            self._changed()

    def _receive(self, entry: Entry, worker: Worker[Job, Outcome]) -> None:
        try:
            messages = worker.poll()
        except WorkerDiedError as error:
            self._workers.remove(worker)
            entry.worker, entry.stage = None, Stage.FAILED
            entry.problem = f"{entry.path.name} could not be analysed: {error}."
            self._changed()
            return
        for message in messages:
            if isinstance(message, Tick):
                if entry.done_s == 0:
                    entry.began_s = time.monotonic()  # the first one came after loading the models
                entry.done_s, entry.length_s = message.done_s, message.length_s
                continue
            outcome = Outcome(str(entry.path), error=str(message)) if isinstance(message, UserError) else message
            entry.outcome, entry.worker = outcome, None
            entry.problem = outcome.error
            self._notices = dict.fromkeys(outcome.notices, False) | self._notices
            stopped = entry.stage is Stage.STOPPED
            entry.stage = Stage.FAILED if outcome.error else Stage.STOPPED if stopped else Stage.DONE
            if outcome.summary:
                entry.done_s = outcome.summary.duration_s
        if entry.stage is Stage.RUNNING and not self.paused and entry.done_s:
            entry.wall_s = time.monotonic() - entry.began_s
        if messages:
            self._changed()
