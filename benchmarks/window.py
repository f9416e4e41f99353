"""Window: the app's Live view on a camera: time from a frame's capture to the end of its painting, and memory.

The real window with the user's settings, on the display at hand; under Xvfb the CPU paints. A recording is played at
its own rate in place of a camera.
"""

import time
from dataclasses import dataclass, field, replace

import numpy as np
import psutil

from benchmarks.harness import Effort, ImpossibleError, Measure, Plot, Progress, Result
from benchmarks.harness.measure import quantiles
from realtime.doctor import examine
from realtime.drivers import Summary
from realtime.drivers.summary import RESULT_LATENCY
from realtime.pipeline import PipelineParameters
from realtime.session.paths import sessions_folder
from realtime.sources import SourceError

WARM_UP_SHARE = 0.5
"""First part of the time, which does not count for growth: traces and event clips fill their buffers."""
AFTER_SEAM_S = 10.0
"""So soon after a seam the course before it and its buffers are gone."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    seconds: float


SIZES = {Effort.QUICK: Size(10), Effort.NORMAL: Size(60), Effort.THOROUGH: Size(600)}


@dataclass(slots=True)
class WindowRun:
    """What was recorded while the window ran."""

    times_s: list[float] = field(default_factory=list)
    """Since the first frame, once a second."""
    memory_mib: list[float] = field(default_factory=list)
    """Of the whole process, at those times."""
    painted: int = 0
    """Frames that reached the screen, after the first."""
    summary: Summary | None = None

    def growth_mib(self) -> float:
        """Growth in MiB in ten minutes, from a line fitted to the later part, without the times around seams."""
        times_s, memory_mib = np.array(self.times_s), np.array(self.memory_mib)
        seams = PipelineParameters().seams
        since_seam_s = times_s % seams.every_s
        counts = since_seam_s < seams.every_s - seams.overlap_s
        counts &= (since_seam_s >= AFTER_SEAM_S) | (times_s < seams.every_s)
        counts[: int(WARM_UP_SHARE * len(times_s))] = False
        return float(600 * np.polyfit(times_s[counts], memory_mib[counts], 1)[0])


def measure(size: Size, progress: Progress, source: str) -> Result:
    """Open the window and measure. Raises `SourceError` for the source, `ImpossibleError` without a display."""
    from gui.live.strip import SCREEN

    display = examine(sessions_folder()).display
    if not display.qt_platform:
        raise ImpossibleError(f"No window can open here: {display.why}.")
    ran = run_window(source, size.seconds, progress)
    assert ran.summary is not None
    row, summary = "Live view", ran.summary
    return Result(
        benchmark="window",
        question="How old is a frame when it has been painted, and does the window grow in memory?",
        conditions={
            "source": f"{summary.source}, {summary.source_fps:.1f} frames/s",
            "display": display.qt_platform,
            "time": f"{ran.times_s[-1]:.0f} s",
            "frames": f"{summary.frames_offered} offered, {sum(summary.frames_dropped.values())} dropped",
        },
        measures=(
            *quantiles(f"{row}: capture → screen", [summary.stages_ms[SCREEN]]),
            *quantiles(f"{row}: capture → result", [summary.stages_ms[RESULT_LATENCY]]),
            Measure(row, "painted", "frames/s", (ran.painted / ran.times_s[-1],), "higher"),
            Measure(row, "memory", "MiB", (max(ran.memory_mib),)),
            Measure(row, "growth in 10 min", "MiB", (ran.growth_mib(),)),
        ),
        notes=(
            f"Growth is the slope of a line fitted to all but the first {WARM_UP_SHARE:.0%} of the time, in which "
            "buffers fill, and the minute before each seam (every 300 s), in which a second course has its own.",
        ),
        plots=(Plot("Memory of the app", "s", "MiB", "line", tuple(ran.times_s), {"process": tuple(ran.memory_mib)}),),
    )


def run_window(source: str, seconds: float, progress: Progress) -> WindowRun:
    """Run the window on a source for `seconds` from its first frame, or until the source ends."""
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
    ran, process, began_s = WindowRun(), psutil.Process(), time.monotonic()
    on_painted = window.live.stage.painted

    def painted() -> None:
        on_painted()
        ran.painted += bool(ran.times_s)

    def sample() -> None:
        nonlocal began_s
        run = window.live.run
        if run is None or run.ended:
            app.quit()
        elif run.state is State.OPENING or run.mailbox.newest is None:
            began_s = time.monotonic()
        else:
            ran.summary = run.tally.summary(run.name)
            ran.times_s.append(time.monotonic() - began_s)
            ran.memory_mib.append(process.memory_info().rss / 2**20)
            progress(f"{ran.times_s[-1]:.0f} of {seconds:.0f} s")
            if ran.times_s[-1] >= seconds:
                app.quit()

    window.live.stage.painted = painted
    clock = QTimer(window)
    clock.timeout.connect(sample)
    clock.start(1000)
    app.exec()
    problem = window.live.run.problem if window.live.run else window.live.ended_text
    window.leave()
    settings.save(remembered)  # a source that was only measured is not the user's choice
    if len(ran.times_s) < 2:
        raise SourceError(problem or f"{source} gave no frame.")
    return ran
