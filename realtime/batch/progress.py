"""How far a work list has come: rate and time left, of each recording and of all."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from realtime.batch.analyse import Job, Outcome, Tick


@dataclass(frozen=True, slots=True)
class Pace:
    """How far a recording, or all of them, have come."""

    done_s: float
    """Of the recordings' time."""
    length_s: float | None
    """None where a recording does not say."""
    rate: float
    """Times real time, since the first frame."""

    @property
    def left_s(self) -> float | None:
        """Time until the end at this rate; None while that cannot be estimated."""
        if self.length_s is None or not self.rate:
            return None
        return max(self.length_s - self.done_s, 0.0) / self.rate

    def record(self) -> dict[str, float | None]:
        """For the command line's JSON."""
        length_s, left_s = (None if value is None else round(value, 1) for value in (self.length_s, self.left_s))
        return {"done_s": round(self.done_s, 1), "length_s": length_s, "rate": round(self.rate, 2), "left_s": left_s}


class Progress:
    """Gets the ticks and outcomes of a work list; `skipped` of its recordings were known to be finished before."""

    def __init__(self, jobs: Sequence[Job], skipped: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self.recordings, self.skipped = len(jobs) + skipped, skipped
        self.done = self.failed = 0
        self._clock = clock
        self._began_s: float | None = None  # the first tick: loading the models is no part of the rate
        self._lengths_s = {job.video: job.length_s for job in jobs}
        self._running: dict[str, tuple[float, Tick]] = {}  # since when, and the newest tick
        self._ended_s = 0.0

    def tick(self, tick: Tick) -> None:
        """A recording has come on, or begun anew."""
        if self._began_s is None:
            self._began_s = self._clock()
        began_s, before = self._running.get(tick.video, (self._clock(), tick))
        if tick.done_s < before.done_s:  # its first worker died
            began_s = self._clock()
        self._running[tick.video] = began_s, tick
        if tick.length_s is not None:
            self._lengths_s[tick.video] = tick.length_s

    def end(self, outcome: Outcome) -> None:
        """A recording has ended."""
        self._running.pop(outcome.video, None)
        self.skipped += outcome.skipped
        self.failed += bool(outcome.error)
        self.done += not (outcome.error or outcome.skipped)
        done_s = outcome.summary.duration_s if outcome.summary and not outcome.skipped else 0.0
        self._lengths_s[outcome.video] = done_s
        self._ended_s += done_s

    def of(self, video: str) -> Pace:
        """One recording that is being analysed."""
        began_s, tick = self._running[video]
        elapsed_s = self._clock() - began_s
        return Pace(tick.done_s, tick.length_s, tick.done_s / elapsed_s if elapsed_s > 0 else 0.0)

    @property
    def all(self) -> Pace:
        """All recordings that were to be analysed; those that failed count as nothing."""
        done_s = self._ended_s + sum(tick.done_s for _, tick in self._running.values())
        lengths_s = [length_s for length_s in self._lengths_s.values() if length_s is not None]
        whole_s = sum(lengths_s) if len(lengths_s) == len(self._lengths_s) else None
        elapsed_s = 0.0 if self._began_s is None else self._clock() - self._began_s
        return Pace(done_s, whole_s, done_s / elapsed_s if elapsed_s > 0 else 0.0)

    def record(self, video: str) -> dict[str, Any]:
        """The progress of a recording, and of all, as the command line's JSON object."""
        counts = {"recordings": self.recordings, "done": self.done, "skipped": self.skipped, "failed": self.failed}
        return {"type": "progress", "source": video, **self.of(video).record(), "all": counts | self.all.record()}
