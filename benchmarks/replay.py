"""Replay: the whole pipeline compared with a bare Face Landmarker loop and with decoding alone, on the same file.

The bare loop is the simplest program: read, convert, detect one face, blendshapes on. The product detects up to four
faces, decodes and detects ahead on threads of their own, and does the whole analysis.
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.harness import Effort, Measure, Plot, Progress, Result, in_turn
from benchmarks.harness.measure import ratios
from medn.face.landmarker import MODEL_FILE, native_log_silenced
from medn.face.mediapipe_tasks import BaseOptions, Image, ImageFormat, vision
from realtime.drivers import run_replay
from realtime.pipeline import Pipeline
from realtime.session import SessionWriter
from realtime.session.paths import describe
from realtime.sources import VideoFile
from realtime.types import Frame


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int
    seconds: float
    """Of the video, in each round."""


SIZES = {Effort.QUICK: Size(3, 4), Effort.NORMAL: Size(5, 10), Effort.THOROUGH: Size(9, 36)}

PIPELINE, SESSION, BARE, DECODING = "pipeline", "pipeline, session written", "bare landmarker loop", "decoding alone"


def measure(size: Size, progress: Progress, video: Path) -> Result:
    """Time each contestant on a video. Raises `SourceError` if it cannot be read."""
    with VideoFile(video) as source:
        name = source.name
        height, width = next(item for item in source if isinstance(item, Frame)).image.shape[:2]
    contestants: dict[str, Callable[[], Timing]] = {
        PIPELINE: lambda: pipeline(video, size.seconds),
        SESSION: lambda: pipeline_with_session(video, size.seconds),
        BARE: lambda: bare_loop(video, size.seconds),
        DECODING: lambda: decoding(video, size.seconds),
    }
    timings = in_turn(contestants, size.rounds, progress)
    fps = {name: [timing.fps for timing in rounds] for name, rounds in timings.items()}
    measures = [
        figure
        for name in contestants
        for figure in (
            Measure(name, "rate", "frames/s", tuple(fps[name]), "higher"),
            ratios(name, "× bare loop", fps[name], fps[BARE]),
            ratios(name, "× decoding", fps[name], fps[DECODING]),
        )
    ]
    frames = {name: rounds[0].frames for name, rounds in timings.items()}
    return Result(
        benchmark="replay",
        question="How fast is a recording analysed, against a bare Face Landmarker loop and against decoding alone?",
        conditions={
            "video": f"{name}, {width}×{height}, first {size.seconds:g} s",
            "frames": ", ".join(f"{count} ({name})" for name, count in frames.items()),
            "rounds": f"{size.rounds}, in turn, after one warm-up",
        },
        measures=tuple(measures),
        plots=(
            Plot(
                "Replay",
                "",
                "frames a second, by round",
                "bars",
                tuple(f"round {number + 1}" for number in range(size.rounds)),
                {name: tuple(values) for name, values in fps.items()},
            ),
        ),
    )


@dataclass(frozen=True, slots=True)
class Timing:
    """One pass through the video; loading of models and opening of the file are not included."""

    frames: int
    wall_s: float

    @property
    def fps(self) -> float:
        """Frames a second."""
        return self.frames / self.wall_s


def pipeline(video: Path, seconds: float) -> Timing:
    """The pipeline without sinks."""
    with Pipeline() as pipeline, VideoFile(video) as source:
        began_s = time.perf_counter()
        summary = run_replay(source, pipeline, seconds=seconds)
        return Timing(summary.frames_processed, time.perf_counter() - began_s)


def pipeline_with_session(video: Path, seconds: float) -> Timing:
    """The pipeline as `medn replay` runs it, until its session file is closed."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Pipeline() as pipeline,
        VideoFile(video) as source,
        SessionWriter(
            Path(folder) / "benchmark.medn", describe(source, pipeline.parameters, pipeline.recognizer.weights.sha256)
        ) as session,
    ):
        began_s = time.perf_counter()
        summary = run_replay(source, pipeline, [session], seconds=seconds)
        session.close(summary)
        return Timing(summary.frames_processed, time.perf_counter() - began_s)


def bare_loop(video: Path, seconds: float) -> Timing:
    """A Face Landmarker in VIDEO mode in a plain OpenCV loop."""
    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(MODEL_FILE)),
        running_mode=vision.RunningMode.VIDEO,
        num_faces=1,
        output_face_blendshapes=True,
    )
    with native_log_silenced():
        landmarker = vision.FaceLandmarker.create_from_options(options)
        blank = np.zeros((64, 64, 3), np.uint8)
        landmarker.detect_for_video(Image(ImageFormat.SRGB, blank), 0)  # the first costs more
    capture = cv2.VideoCapture(str(video))
    with landmarker:
        frames, began_s = 0, time.perf_counter()
        while True:
            read, picture = capture.read()
            time_ms = capture.get(cv2.CAP_PROP_POS_MSEC)
            if not read or time_ms >= 1000 * seconds:
                break
            rgb = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
            landmarker.detect_for_video(Image(ImageFormat.SRGB, rgb), round(time_ms) + 1)
            frames += 1
        wall_s = time.perf_counter() - began_s
    capture.release()
    return Timing(frames, wall_s)


def decoding(video: Path, seconds: float) -> Timing:
    """OpenCV reading every frame."""
    capture = cv2.VideoCapture(str(video))
    frames, began_s = 0, time.perf_counter()
    while capture.read()[0] and capture.get(cv2.CAP_PROP_POS_MSEC) < 1000 * seconds:
        frames += 1
    wall_s = time.perf_counter() - began_s
    capture.release()
    return Timing(frames, wall_s)
