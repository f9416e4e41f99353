"""The progress of a work list for whoever waits: bars in a terminal, or JSON lines on standard error."""

import math
import sys
import time
from pathlib import Path
from typing import Protocol, Self

from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as Bars

from medn.terminal import stderr
from realtime.batch.analyse import Outcome, Tick
from realtime.batch.progress import Pace, Progress
from realtime.report import print_line

LINE_EVERY_S = 1.0
"""How often a recording's JSON line comes at most."""


class Display(Protocol):
    """Shows the progress of recordings."""

    def tick(self, tick: Tick) -> None:
        """A recording has come on."""

    def end(self, outcome: Outcome) -> None:
        """A recording has ended."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class ProgressLines:
    """A JSON object a line on standard error."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._written_s: dict[str, float] = {}

    def tick(self, tick: Tick) -> None:
        """Write a line, unless the recording had one just now."""
        self._progress.tick(tick)
        now_s = time.monotonic()
        if now_s - self._written_s.get(tick.video, -math.inf) >= LINE_EVERY_S:
            self._written_s[tick.video] = now_s
            print_line(self._progress.record(tick.video), sys.stderr)

    def end(self, outcome: Outcome) -> None:
        """Count it."""
        self._written_s.pop(outcome.video, None)
        self._progress.end(outcome)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class ProgressBars:
    """A bar for each recording under way, and one for all where there are several."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars = Bars(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[pace]}", markup=False),
            console=stderr,
            transient=True,
        )
        self._all = self._bars.add_task("", total=None, pace="") if progress.recordings > 1 else None
        self._tasks: dict[str, TaskID] = {}
        self._show_all()

    def tick(self, tick: Tick) -> None:
        """Move the recording's bar, and that of all."""
        self._progress.tick(tick)
        if tick.video not in self._tasks:
            self._tasks[tick.video] = self._bars.add_task(Path(tick.video).name, total=tick.length_s, pace="")
        self._show(self._tasks[tick.video], self._progress.of(tick.video))
        self._show_all()

    def end(self, outcome: Outcome) -> None:
        """Take a recording's bar away."""
        self._progress.end(outcome)
        if outcome.video in self._tasks:
            self._bars.remove_task(self._tasks.pop(outcome.video))
        self._show_all()

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def _show_all(self) -> None:
        if self._all is None:
            return
        counts = self._progress
        failed = f", {counts.failed} failed" if counts.failed else ""
        ended = counts.done + counts.skipped
        self._bars.update(self._all, description=f"{ended} of {counts.recordings} recordings{failed}")
        self._show(self._all, counts.all)

    def _show(self, task: TaskID, pace: Pace) -> None:
        left = "" if pace.left_s is None else f"{_clock(pace.left_s)} left"
        self._bars.update(
            task, completed=pace.done_s, total=pace.length_s, pace=f"{pace.rate:5.1f} × real time  {left}"
        )


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
