"""Start: time from the start of a process to its first analysed live frame, in parts; without opening a camera."""

import time
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.harness import Effort, ImpossibleError, Measure, Progress, Result, in_turn


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int


SIZES = {Effort.QUICK: Size(2), Effort.NORMAL: Size(7), Effort.THOROUGH: Size(21)}

PARTS = ("interpreter and imports", "models and kernels ready", "first frame analysed")


def measure(size: Size, progress: Progress, video: Path) -> Result:
    """Start repeatedly; the warm-up fills the file cache and compiles the kernels where they are not cached."""
    starts = in_turn({"start": lambda: start_s(video)}, size.rounds, progress)["start"]
    return Result(
        benchmark="start",
        question="How long after its start has the program analysed its first live frame?",
        conditions={"source": f"{video.name}, live", "rounds": f"{size.rounds}, after one warm-up"},
        measures=tuple(
            Measure(part, "since the start", "s", values)
            for part, values in zip(PARTS, zip(*starts, strict=True), strict=True)
        ),
        notes=("Kernels are loaded from their cache; the warm-up compiles them where there is none.",),
    )


def start_s(video: Path) -> tuple[float, ...]:
    """When each of `PARTS` was done, in s from the start of a fresh process. `ImpossibleError` if that fails."""
    context = get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_live, args=(there, video), daemon=True)
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
