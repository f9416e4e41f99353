"""Start: time from the start of a process to its first analysed live frame, without a window and in the app.

The source is a recording that is played at its pace: opening a camera is not measured.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.harness import Effort, ImpossibleError, Measure, Progress, Result, in_turn
from gui.display import display_problem


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int


SIZES = {Effort.QUICK: Size(2), Effort.NORMAL: Size(7), Effort.THOROUGH: Size(21)}

PARTS = ("interpreter and imports", "models and kernels ready", "first frame analysed")
APP_PARTS = ("window shown", "first frame analysed")


def measure(size: Size, progress: Progress, video: Path) -> Result:
    """Start repeatedly; the warm-up fills the file cache and compiles the kernels where they are not cached."""
    ways: dict[str, Callable[[], tuple[float, ...]]] = {"without a window": lambda: start_s(video)}
    notes = ["Kernels are loaded from their cache; the warm-up compiles them where there is none."]
    if problem := display_problem():
        notes.append(f"The app was not started: {problem}")
    else:
        ways["app"] = lambda: start_s(video, app=True)
    starts = in_turn(ways, size.rounds, progress)
    parts = {"without a window": PARTS, "app": APP_PARTS}
    return Result(
        benchmark="start",
        question="How long after its start has the program analysed its first live frame?",
        conditions={"source": f"{video.name}, live", "rounds": f"{size.rounds}, after one warm-up"},
        measures=tuple(
            Measure(f"{way}: {part}", "since the start", "s", values)
            for way, done_s in starts.items()
            for part, values in zip(parts[way], zip(*done_s, strict=True), strict=True)
        ),
        notes=tuple(notes),
    )


def start_s(video: Path, *, app: bool = False) -> tuple[float, ...]:
    """When each of `PARTS` or `APP_PARTS` was done, in s from the start of a fresh process.

    `ImpossibleError` if that fails.
    """
    context = get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_app if app else _live, args=(there, video), daemon=True)
    began_s = time.monotonic()
    process.start()
    there.close()
    try:
        done_s: tuple[float, ...] = here.recv()
    except EOFError:
        raise ImpossibleError("The process whose start was measured ended early; its messages are above.") from None
    process.join()
    return tuple(end_s - began_s for end_s in done_s)


def _live(connection: Connection, video: Path) -> None:
    """What `medn live` does, up to its first frame. `time.monotonic()` is the same clock in every process."""
    from realtime.drivers import run_live
    from realtime.pipeline import Pipeline
    from realtime.sink import Sink
    from realtime.sources import open_source
    from realtime.types import Analysis, Frame

    imported_s = time.monotonic()
    with Pipeline() as pipeline:
        ready_s = time.monotonic()
        first_s: list[float] = []

        class First(Sink):
            def on_analysis(self, analysis: Analysis, frame: Frame | None) -> None:
                del frame, analysis
                first_s.append(time.monotonic())

        run_live(open_source(str(video)), pipeline, [First()], seconds=0.1)
    connection.send((imported_s, ready_s, first_s[0]))


def _app(connection: Connection, video: Path) -> None:
    """What `medn live` does with a window, up to its first frame, with the default settings."""
    from PyQt6.QtCore import QTimer

    from gui import theme
    from gui.app import make_app
    from gui.settings import Settings
    from gui.window import MainWindow

    app = make_app()
    theme.apply(app, light=False)
    window = MainWindow(Settings())
    window.show()
    app.processEvents()
    shown_s = time.monotonic()
    window.live.start_source(str(video))

    def look() -> None:
        run = window.live.run
        if run is not None and run.mailbox.newest is not None:
            connection.send((shown_s, time.monotonic()))
            os._exit(0)
        if run is not None and run.ended:
            os._exit(1)  # its problem is the reader's: an early end

    clock = QTimer()
    clock.timeout.connect(look)
    clock.start(5)
    app.exec()
