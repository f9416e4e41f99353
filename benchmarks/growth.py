"""Growth: the cost of each further face, and whether a long run grows in memory or slows down.

The long run repeats a few pictures with the time stamps of a 30 fps camera, as fast as the machine allows, in a
process of its own, and writes a session as `medn replay` does. Each seam (every 300 s) opens a second course with its
own buffers, so growth is read from the second half of the run, behind several of them.
"""

import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

import numpy as np
import psutil

from benchmarks.harness import Effort, Measure, Plot, Progress, Result, in_turn
from benchmarks.scenes import Picture, endless, tiled
from realtime.drivers import run_replay
from realtime.pipeline import Pipeline, PipelineParameters
from realtime.session import SessionWriter
from realtime.session.paths import describe
from realtime.sink import Sink
from realtime.sources import Generated
from realtime.types import Analysis, Frame

SIZE_PX = (1280, 720)
FACES = (1, 2, 3, 4)
HOURS_RATE_HZ = 30.0
SAMPLES = 200
"""How many times memory is measured during the long run."""
PER_FRAMES = 100_000


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int
    frames: int
    """In each round, for each number of faces."""
    hours_frames: int


SIZES = {
    Effort.QUICK: Size(1, 60, 6_000),
    Effort.NORMAL: Size(3, 90, 100_000),
    Effort.THOROUGH: Size(5, 300, 300_000),
}


@dataclass(frozen=True, slots=True)
class LongRun:
    """A long run, sampled evenly."""

    frames: tuple[int, ...]
    memory_mib: tuple[float, ...]
    """Resident memory of the process."""
    step_ms: tuple[float, ...]
    """Median time in all stages over the frames since the sample before."""

    def growth_mib(self, per_frames: int) -> float:
        """Memory gained in MiB, from a line fitted to the second half of the samples."""
        since = len(self.frames) // 2
        slope = np.polyfit(self.frames[since:], self.memory_mib[since:], 1)[0]
        return float(slope * per_frames)

    def slowing(self) -> float:
        """Median time of a frame in the last tenth of the run / in the second tenth."""
        tenth = len(self.step_ms) // 10
        return float(np.median(self.step_ms[-tenth:]) / np.median(self.step_ms[tenth : 2 * tenth]))


def measure(size: Size, progress: Progress) -> Result:
    """Time 1–4 faces, then do the long run."""
    scenes = {f"{faces} face{'s' * (faces > 1)}": tiled(faces, SIZE_PX) for faces in FACES}
    contestants = {name: partial(step_ms, pictures, size.frames) for name, pictures in scenes.items()}
    rounds = in_turn(contestants, size.rounds, progress, warm_up=0)
    progress(f"{size.hours_frames} frames")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        long = pool.submit(long_run, size.hours_frames).result()
    each = [_line(FACES, [times[number] for times in rounds.values()]) for number in range(size.rounds)]
    subject = f"{size.hours_frames} frames"
    return Result(
        benchmark="growth",
        question="What does a further face cost, and does a long run grow in memory or slow down?",
        conditions={
            "faces": f"the portrait, tiled, {SIZE_PX[0]}×{SIZE_PX[1]}, every frame with landmarks",
            "rounds": f"{size.rounds} of {size.frames} frames, in turn",
            "long run": f"{subject} of one face at {HOURS_RATE_HZ:g} fps of their own time, with a session",
        },
        measures=(
            *(Measure(name, "time a frame", "ms", tuple(times)) for name, times in rounds.items()),
            Measure("a further face", "time a frame", "ms", tuple(slope for slope, _ in each)),
            Measure("a further face", "linear fit", "R²", tuple(fit for _, fit in each), "higher"),
            Measure(subject, "memory", "MiB", (max(long.memory_mib),)),
            Measure(subject, f"growth per {PER_FRAMES} frames", "MiB", (long.growth_mib(PER_FRAMES),)),
            Measure(subject, "last tenth", "× second tenth's time", (long.slowing(),)),
        ),
        notes=("Growth is the slope of a line fitted to the second half of the long run.",),
        plots=(
            Plot(
                "One frame's analysis by number of faces",
                "faces",
                "ms",
                "line",
                tuple(map(float, FACES)),
                {"median of the rounds": tuple(float(np.median(times)) for times in rounds.values())},
            ),
            Plot(
                "Memory over a long run",
                "frames",
                "MiB gained since the first sample",
                "line",
                tuple(map(float, long.frames)),
                {"process": tuple(mib - long.memory_mib[0] for mib in long.memory_mib)},
            ),
        ),
    )


def step_ms(pictures: list[Picture], frames: int) -> float:
    """Median time of `Pipeline.step` in ms, every frame with landmarks, after a third of the frames."""
    picture, times_ms = endless(pictures), []
    with Pipeline(PipelineParameters(landmark_interval_s=0.0)) as pipeline:
        for index in range(frames + frames // 3):
            frame = Frame(index, index / 30, picture(index))
            began_s = perf_counter()
            pipeline.step(frame)
            times_ms.append(1000 * (perf_counter() - began_s))
    return float(np.median(times_ms[frames // 3 :]))


def long_run(frames: int) -> LongRun:
    """Analyse this many frames into a session, and sample memory and time."""
    picture = endless(tiled(1, SIZE_PX))
    source = Generated(picture, (np.arange(frames) / HOURS_RATE_HZ).tolist(), "a long run")
    log = _MemoryLog(max(1, frames // SAMPLES))
    with (
        tempfile.TemporaryDirectory() as folder,
        Pipeline() as pipeline,
        SessionWriter(
            Path(folder) / "long.medn", describe(source, pipeline.parameters, pipeline.recognizer.weights.sha256)
        ) as session,
    ):
        session.close(run_replay(source, pipeline, [session, log]))
    return LongRun(tuple(log.frames), tuple(log.memory_mib), tuple(log.step_ms))


class _MemoryLog(Sink):
    """Samples this process's memory and the time of a step after every `every` frames."""

    def __init__(self, every: int) -> None:
        self._every = every
        self._process = psutil.Process()
        self._since: list[float] = []
        self.frames: list[int] = []
        self.memory_mib: list[float] = []
        self.step_ms: list[float] = []

    def on_analysis(self, analysis: Analysis, frame: Frame | None) -> None:
        if frame is None:
            return
        self._since.append(sum(analysis.stages_ms.values()))
        if len(self._since) == self._every:
            self.frames.append(frame.index)
            self.memory_mib.append(self._process.memory_info().rss / 2**20)
            self.step_ms.append(float(np.median(self._since)))
            self._since.clear()


def _line(x: tuple[int, ...], y: list[float]) -> tuple[float, float]:
    """Slope of the line fitted to the points, and R²."""
    slope, start = np.polyfit(x, y, 1)
    left = np.array(y) - (slope * np.array(x) + start)
    return float(slope), float(1 - (left @ left) / ((np.array(y) - np.mean(y)) ** 2).sum())
