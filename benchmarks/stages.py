"""Stages: the time of each stage of a frame's analysis, by size of the picture and number of faces.

Videos of the tiled portrait go through the pipeline frame by frame, as a camera's frames do; the pipeline measures its
own stages.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.harness import Effort, Measure, Plot, Progress, Result, in_turn
from benchmarks.harness.measure import quantiles
from benchmarks.scenes import endless, tiled, write_video
from realtime.pipeline import Pipeline
from realtime.sources import VideoFile
from realtime.timing import Latencies
from realtime.types import Frame

SIZES_PX = {"360p": (640, 360), "720p": (1280, 720), "1080p": (1920, 1080)}
FACES = (1, 2, 3, 4)
ALL_BUT_LANDMARKS = "all but landmarks"
WITH, BETWEEN = "step with landmarks", "step between landmarks"
WARM_UP_S = 1.0
"""Left out at the start, while models warm up and further faces are detected."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int
    frames: int
    sizes_px: tuple[str, ...] = tuple(SIZES_PX)
    faces: tuple[int, ...] = FACES


SIZES = {
    Effort.QUICK: Size(1, 75, ("720p",), (1, 2)),
    Effort.NORMAL: Size(3, 110),
    Effort.THOROUGH: Size(5, 330),
}


def measure(size: Size, progress: Progress) -> Result:
    """Time the stages on each scene."""
    with tempfile.TemporaryDirectory() as folder:
        scenes: dict[str, Callable[[], dict[str, Mapping[str, float]]]] = {}
        for name, faces in product(size.sizes_px, size.faces):
            progress(f"rendering {name}, {faces} faces")
            pictures = tiled(faces, SIZES_PX[name])
            video = Path(folder) / f"{name}-{faces}.mp4"
            write_video(map(endless(pictures), range(size.frames)), video)
            scenes[f"{name}, {faces} face{'s' * (faces > 1)}"] = partial(stages_ms, video)
        rounds = in_turn(scenes, size.rounds, progress, warm_up=0)
    return Result(
        benchmark="stages",
        question="Where does a frame's time go, by the size of the picture and the number of faces?",
        conditions={
            "video": f"the portrait, tiled: {size.frames} frames at 30/s, H.264, the first {WARM_UP_S:g} s left out",
            "rounds": f"{size.rounds}, in turn; quantiles are those of one round",
        },
        measures=tuple(_measures(rounds)),
        notes=(
            "step: the whole analysis of a frame after its decoding, with and without landmarks; "
            f"{ALL_BUT_LANDMARKS}: every step less landmarks.",
        ),
        plots=(_plot(rounds),),
    )


def stages_ms(video: Path) -> dict[str, Mapping[str, float]]:
    """p50, p90, p99 and max in ms of each stage over a video's frames after the warm-up."""
    latencies = Latencies()
    with Pipeline() as pipeline, VideoFile(video) as source:
        asked_s = perf_counter()
        for frame in (item for item in source if isinstance(item, Frame)):
            began_s = perf_counter()
            analysis = pipeline.step(frame)
            ended_s = perf_counter()
            if frame.time_s >= WARM_UP_S:
                stages, step_ms = analysis.stages_ms, 1000 * (ended_s - began_s)
                rest_ms = step_ms - stages.get("landmarks", 0.0)
                step = WITH if "landmarks" in stages else BETWEEN
                times_ms = {"decode": 1000 * (began_s - asked_s), **stages, ALL_BUT_LANDMARKS: rest_ms, step: step_ms}
                for stage, ms in times_ms.items():
                    latencies.record(stage, ms)
            asked_s = perf_counter()
    return dict(latencies.quantiles_ms())


def _measures(rounds: Mapping[str, Sequence[Mapping[str, Mapping[str, float]]]]) -> Iterator[Measure]:
    for scene, outcomes in rounds.items():
        # a stage that only some frames need (recognize) may be missing in a round
        for stage in (stage for stage in outcomes[0] if all(stage in outcome for outcome in outcomes)):
            yield from quantiles(f"{scene}: {stage}", [outcome[stage] for outcome in outcomes])


def _plot(rounds: Mapping[str, Sequence[Mapping[str, Mapping[str, float]]]]) -> Plot:
    whole = ("decode", WITH, BETWEEN, ALL_BUT_LANDMARKS)
    stages = [stage for stage in next(iter(rounds.values()))[0] if stage not in whole]
    return Plot(
        title="One frame's analysis by stage",
        x_label="",
        y_label="p50, ms",
        kind="stacked bars",
        x=tuple(scene.replace(", ", "\n") for scene in rounds),
        series={
            stage: tuple(
                median(outcome[stage]["p50"] if stage in outcome else 0.0 for outcome in outcomes)
                for outcomes in rounds.values()
            )
            for stage in stages
        },
    )
