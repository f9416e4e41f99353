"""The queue: recordings that wait, run, are done or failed, and the workers that do them."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from gui.analyze.worker import Worker, WorkerDiedError
from realtime.batch import Job, Outcome, Tick
from realtime.pipeline import PipelineParameters


class Stage(Enum):
    """Where a recording is in the queue."""

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
    """One sentence if it failed."""
    size_bytes: int = 0
    worker: Worker | None = field(default=None, repr=False)

    @property
    def share(self) -> float:
        """How much of it is done, 0–1."""
        if self.stage in (Stage.DONE, Stage.FAILED):
            return 1.0
        return min(self.done_s / self.length_s, 1.0) if self.length_s else 0.0

    @property
    def speed(self) -> float:
        """Times real time."""
        return self.done_s / self.wall_s if self.wall_s > 0 else 0.0


class Queue:
    """Call `tick` often; it hands out work and takes in what was told. `changed` is called when something did."""

    def __init__(self, workers: int, changed: Callable[[], None]) -> None:
        self.entries: list[Entry] = []
        self.most = workers
        self.running = False
        self.paused = False
        self._changed = changed
        self._workers: list[Worker] = []
        self._notices: dict[str, bool] = {}  # sentence → whether it was told

    def add(self, path: Path) -> Entry | None:
        """Put a recording at the end; None if it waits or runs already."""
        path = path.resolve()
        if any(e.path == path and e.stage in (Stage.WAITING, Stage.RUNNING) for e in self.entries):
            return None
        entry = Entry(path, size_bytes=path.stat().st_size if path.is_file() else 0)
        self.entries.append(entry)
        self._changed()
        return entry

    def start(self) -> None:
        """Work on it, or go on after a pause."""
        self.running = True
        self._pause(on=False)

    def pause(self) -> None:
        """Hold on where it is."""
        self._pause(on=True)

    def stop(self, entry: Entry) -> None:
        """End one; what was done of it is kept as a session."""
        if entry.stage is Stage.WAITING:
            entry.stage = Stage.STOPPED
        elif entry.worker is not None:
            entry.worker.stop()
            entry.stage = Stage.STOPPED
        self._changed()

    def retry(self) -> None:
        """Let those that failed or were stopped wait again."""
        for entry in self.entries:
            if entry.stage in (Stage.FAILED, Stage.STOPPED) and entry.worker is None:
                entry.stage, entry.problem, entry.done_s, entry.wall_s = Stage.WAITING, "", 0.0, 0.0
        self.start()
        self._changed()

    def clear_finished(self) -> None:
        """Take those that are done from the list; their sessions stay."""
        self.entries = [e for e in self.entries if e.stage in (Stage.WAITING, Stage.RUNNING) or e.worker]
        self._changed()

    def tick(self, folder: Callable[[], Path], parameters: PipelineParameters) -> None:
        """Hand out work, take in what was told."""
        for entry in self.entries:
            if entry.worker is not None:
                self._listen(entry, entry.worker)
        if self.running and not self.paused:
            self._hand_out(folder, parameters)
            if all(e.stage not in (Stage.WAITING, Stage.RUNNING) for e in self.entries):
                self.running = False
                self._changed()

    def take_notices(self) -> list[str]:
        """What the user should be told and was not yet; each sentence once for the whole queue."""
        new = [sentence for sentence, told in self._notices.items() if not told]
        self._notices |= dict.fromkeys(new, True)
        return new

    def end(self) -> None:
        """End every worker; those at work save what they have."""
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
        """Until all is done, judged by what was done; None while nothing can be said."""
        known = [e for e in self.entries if e.length_s and e.stage in (Stage.WAITING, Stage.RUNNING)]
        speeds = [e.speed for e in self.entries if e.speed > 0 and e.stage is Stage.RUNNING]
        if not known or not speeds or any(e.length_s is None for e in self.entries if e.stage is Stage.WAITING):
            return None
        left_s = sum((e.length_s or 0.0) - e.done_s for e in known)
        return left_s / sum(speeds)

    def _pause(self, *, on: bool) -> None:
        self.paused = on
        for worker in self._workers:
            worker.pause(on=on)
        for entry in self.entries:
            if entry.stage is Stage.RUNNING:
                # time that was paused does not count against the speed
                entry.began_s = time.monotonic() - entry.wall_s
        self._changed()

    def _hand_out(self, folder: Callable[[], Path], parameters: PipelineParameters) -> None:
        for entry in self.entries:
            if entry.stage is not Stage.WAITING:
                continue
            worker = next((w for w in self._workers if not w.busy), None)
            if worker is None and len(self._workers) < self.most:
                worker = Worker()
                self._workers.append(worker)
            if worker is None:
                return
            worker.begin(Job(str(entry.path), folder(), parameters))
            entry.stage, entry.worker, entry.began_s = Stage.RUNNING, worker, time.monotonic()
            self._changed()

    def _listen(self, entry: Entry, worker: Worker) -> None:
        try:
            told = worker.poll()
        except WorkerDiedError as death:
            self._workers.remove(worker)
            entry.worker, entry.stage = None, Stage.FAILED
            entry.problem = f"The process that analysed it ended unexpectedly (code {death.code})."
            self._changed()
            return
        for word in told:
            if isinstance(word, Tick):
                if entry.done_s == 0:
                    entry.began_s = time.monotonic()  # the first one came after loading the models
                entry.done_s, entry.length_s = word.done_s, word.length_s
            else:
                entry.outcome, entry.worker = word, None
                entry.problem = word.error
                self._notices = dict.fromkeys(word.notices, False) | self._notices
                stopped = entry.stage is Stage.STOPPED
                entry.stage = Stage.FAILED if word.error else Stage.STOPPED if stopped else Stage.DONE
                if word.summary:
                    entry.done_s = word.summary.duration_s
        if entry.stage is Stage.RUNNING and not self.paused and entry.done_s:
            entry.wall_s = time.monotonic() - entry.began_s
        if told:
            self._changed()
