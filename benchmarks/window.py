"""Window: the app's Live view on a camera: from a frame's capture to the end of its painting, and the memory it takes.

The real window with the user's own settings, on whatever display there is; under Xvfb the painting is the CPU's work. A
recording is played at its own pace instead of a camera.
"""

import time
from dataclasses import dataclass, field, replace

import numpy as np
import psutil

from benchmarks.harness import Effort, ImpossibleError, Measure, Plot, Result, Tell
from benchmarks.harness.measure import quantiles
from realtime.doctor import examine
from realtime.drivers import Summary
from realtime.drivers.tally import RESULT_LATENCY
from realtime.recording import sessions_folder
from realtime.sources import SourceError

SETTLED = 0.5
"""The first part of the time, in which traces and moments fill to their bounds, does not count as growth."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    seconds: float


SIZES = {Effort.QUICK: Size(10), Effort.NORMAL: Size(60), Effort.THOROUGH: Size(600)}


@dataclass(slots=True)
class Seen:
    """What was noted while the window ran."""

    times_s: list[float] = field(default_factory=list)
    """Since the first frame, once a second."""
    memory_mib: list[float] = field(default_factory=list)
    """Of the whole process, at those times."""
    painted: int = 0
    """Frames that reached the screen, after the first."""
    summary: Summary | None = None

    def growth_mib(self) -> float:
        """Growth in ten minutes along the straight line through the later part."""
        since = int(SETTLED * len(self.times_s))
        return float(600 * np.polyfit(self.times_s[since:], self.memory_mib[since:], 1)[0])


def measure(size: Size, tell: Tell, source: str) -> Result:
    """Open the window and watch. Raises `SourceError` for the source, `ImpossibleError` without a display."""
    from gui.live.strip import SCREEN

    display = examine(sessions_folder()).display
    if not display.qt_platform:
        raise ImpossibleError(f"No window can open here: {display.why}.")
    seen = watch(source, size.seconds, tell)
    assert seen.summary is not None
    row, summary = "Live view", seen.summary
    return Result(
        benchmark="window",
        question="How old is a frame when it has been painted, and does the window grow in memory?",
        conditions={
            "source": f"{summary.source}, {summary.source_fps:.1f} frames/s",
            "display": display.qt_platform,
            "time": f"{seen.times_s[-1]:.0f} s",
            "frames": f"{summary.frames_offered} offered, {sum(summary.frames_dropped.values())} dropped",
        },
        measures=(
            *quantiles(f"{row}: capture → screen", [summary.stages_ms[SCREEN]]),
            *quantiles(f"{row}: capture → result", [summary.stages_ms[RESULT_LATENCY]]),
            Measure(row, "painted", "frames/s", (seen.painted / seen.times_s[-1],), "higher"),
            Measure(row, "memory", "MiB", (max(seen.memory_mib),)),
            Measure(row, "growth in 10 min", "MiB", (seen.growth_mib(),)),
        ),
        notes=(
            f"Growth is that of the straight line through all but the first {SETTLED:.0%} of the time, "
            "in which buffers fill.",
        ),
        plots=(
            Plot("Memory of the app", "s", "MiB", "line", tuple(seen.times_s), {"process": tuple(seen.memory_mib)}),
        ),
    )


def watch(source: str, seconds: float, tell: Tell) -> Seen:
    """Run the window on a source for so long from its first frame on, or until the source ends."""
    from PyQt6.QtCore import QTimer

    from gui import settings, theme
    from gui.app import make_app
    from gui.live.run import State
    from gui.window import MainWindow

    app, remembered = make_app(), settings.load()
    theme.apply(app, light=remembered.light)
    window = MainWindow(replace(remembered))
    window.show()
    window.live.start_source(source)
    seen, process, began_s = Seen(), psutil.Process(), time.monotonic()
    tell_time = window.live.stage.painted

    def painted() -> None:
        tell_time()
        seen.painted += bool(seen.times_s)

    def look() -> None:
        nonlocal began_s
        run = window.live.run
        if run is None or run.ended:
            app.quit()
        elif run.state is State.OPENING or run.mailbox.newest is None:
            began_s = time.monotonic()
        else:
            seen.summary = run.tally.summary(run.name)
            seen.times_s.append(time.monotonic() - began_s)
            seen.memory_mib.append(process.memory_info().rss / 2**20)
            tell(f"{seen.times_s[-1]:.0f} of {seconds:.0f} s")
            if seen.times_s[-1] >= seconds:
                app.quit()

    window.live.stage.painted = painted
    clock = QTimer(window)
    clock.timeout.connect(look)
    clock.start(1000)
    app.exec()
    problem = window.live.run.problem if window.live.run else window.live.ended_words
    window.leave()
    settings.save(remembered)  # a source that was only measured is not the user's choice
    if len(seen.times_s) < 2:
        raise SourceError(problem or f"{source} gave no frame.")
    return seen
