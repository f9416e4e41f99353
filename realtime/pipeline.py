"""The pipeline: frames in, events out. Everything that shows results runs this one object.

Synchronous, single-threaded and deterministic: time is the frame's, nothing is decided by how fast the machine is, so a
recording replayed gives exactly the events that the live run gave on the same frames.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Self

import numpy as np

from medn.face.aligned import SIZE_PX
from medn.face.landmarker import BLENDSHAPES, FaceObservation
from realtime.faces.analyzer import FaceAnalyzer
from realtime.faces.tracks import Tracks
from realtime.faces.watch import FaceWatch, Sight
from realtime.frame import Frame
from realtime.motion.meter import MotionMeter
from realtime.recognition import Candidate, Recognizer
from realtime.results import Analysis, Event, FaceReading
from realtime.spotting.decision import decide, shipped_decision
from realtime.spotting.parameters import SpotterParameters
from realtime.spotting.spotter import Spotter
from realtime.spotting.trace import row
from realtime.stopwatch import Stopwatch

GAP_S = 0.4
"""A face that was not seen for this long is finished: what is open is decided, and it is learned anew if it returns."""


@dataclass(frozen=True, slots=True)
class PipelineParameters:
    """Everything that changes what the pipeline finds; saved with every result."""

    most_faces: int = 4
    landmark_interval_s: float = 0.075
    """Landmarks are looked for on the first frame that is this much later than the last such frame: on every third one
    at 30 fps. Between them the crop follows the head by its fitted motion, and the last blendshapes count on."""
    runtime: str = "auto"
    """What recognises: see `medn.runtime.RUNTIMES`."""
    or_another_runtime: bool = False
    """Where that cannot run: take the best that can and say so in a notice, rather than refuse."""
    spotter: SpotterParameters = field(default_factory=SpotterParameters)


class Pipeline:
    """One stream of frames. `step` each one, `flush` at the end, `close` to free the models.

    `look` is the one part of a step that needs nothing but the frames: whoever has a second thread and frames ahead of
    time may look at them there, and hand each sight to its step.
    """

    def __init__(self, parameters: PipelineParameters | None = None) -> None:
        self.parameters = parameters or PipelineParameters()
        self._watch: FaceWatch | None = None
        self._wishes: deque[Callable[[], list[Candidate]]] = deque()
        warm_up()
        self._notices: list[str] = []
        self.recognizer = Recognizer(
            self.parameters.runtime, self._notices.append, or_another=self.parameters.or_another_runtime
        )
        """What recognises, and with which weights."""
        self.reset()

    def set_least_score(self, least_score: float) -> None:
        """Change how likely a micro-expression must be to become an event, from the next frame on; from any thread."""
        self._wishes.append(lambda: self._set_least_score(least_score))

    def recalibrate(self) -> None:
        """Learn every face at rest anew from the next frame on; callable from any thread."""

        def change() -> list[Candidate]:
            ripe = [candidate for analyzer in self._faces.values() for candidate in _flushed(analyzer)]
            for analyzer in self._faces.values():
                analyzer.spotter.reset()
            return ripe

        self._wishes.append(change)

    def reset(self) -> None:
        """Forget every face: the next frame begins a new stream, at any time."""
        self.close()
        self._watch = FaceWatch(self.parameters.most_faces, self.parameters.landmark_interval_s)
        self._tracks = Tracks()
        self._faces: dict[int, FaceAnalyzer] = {}
        self._landmarks_s = float("-inf")
        self.analysis = Analysis(frame_index=-1, time_s=0.0)
        """What the last step learned."""

    def look(self, frame: Frame) -> Sight:
        """Find the faces of the next frame; each frame once and in order, from one thread at a time."""
        if self._watch is None:
            raise RuntimeError("the pipeline was closed; reset it to use it again")
        return self._watch(frame)

    def step(self, frame: Frame, sight: Sight | None = None) -> list[Event]:
        """Take in the next frame (times must increase) and return the events that it decided.

        `sight`: what `look` saw in it, if that was asked already.
        """
        sight = sight or self.look(frame)
        watch = Stopwatch()
        if sight.faces is not None:
            watch.add("landmarks", sight.took_ms)
        seen = self._numbered(frame, sight, watch)
        readings: list[FaceReading] = []
        ripe: list[Candidate] = []
        while self._wishes:
            ripe += self._wishes.popleft()()
        for number, observation in seen.items():
            analyzer = self._faces.get(number)
            if analyzer is None:
                analyzer = self._faces[number] = FaceAnalyzer(number, self.parameters.spotter)
            reading, candidates = analyzer.step(frame, observation, watch)
            readings.append(reading)
            ripe += [Candidate(event, analyzer.crops) for event in candidates]
        for number, analyzer in list(self._faces.items()):
            if frame.time_s - analyzer.last_s > GAP_S:
                ripe += _flushed(analyzer)
                del self._faces[number]
        return self._tell(frame.index, frame.time_s, tuple(readings), ripe, watch)

    def flush(self) -> list[Event]:
        """Decide what is still open at the end of the stream."""
        watch = Stopwatch()
        ripe = [candidate for analyzer in self._faces.values() for candidate in _flushed(analyzer)]
        return self._tell(self.analysis.frame_index, self.analysis.time_s, (), ripe, watch)

    def close(self) -> None:
        """Free the models; the pipeline can be used again after `reset`."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _numbered(self, frame: Frame, sight: Sight, watch: Stopwatch) -> dict[int, FaceObservation | None]:
        """Faces of this frame by number; without landmarks where this frame is between two that are looked at."""
        if sight.faces is None:
            return {number: None for number, face in self._faces.items() if face.last_s >= self._landmarks_s}
        self._landmarks_s = frame.time_s
        seen: dict[int, FaceObservation | None] = dict(self._tracks(sight.faces, frame.image, frame.time_s))
        watch.lap("tracks")
        return seen

    def _set_least_score(self, least_score: float) -> list[Candidate]:
        self.parameters = replace(self.parameters, spotter=replace(self.parameters.spotter, least_score=least_score))
        return []

    def _tell(
        self, frame_index: int, time_s: float, faces: tuple[FaceReading, ...], ripe: list[Candidate], watch: Stopwatch
    ) -> list[Event]:
        decided = []
        if ripe:
            told = self.recognizer(ripe)
            least = self.parameters.spotter.least_score
            decided = [decide(event, shipped_decision(), least) for event in told]
            watch.lap("recognize")
        compute_ms = watch.elapsed_ms()
        decided = [replace(event, compute_ms=compute_ms) for event in decided]
        events = [event for event in decided if not event.reason]
        self.analysis = Analysis(
            frame_index=frame_index,
            time_s=time_s,
            faces=faces,
            events=tuple(events),
            rejected=tuple(event for event in decided if event.reason),
            notices=tuple(self._notices),
            stages_ms=watch.stages_ms,
        )
        self._notices.clear()
        return events


def _flushed(analyzer: FaceAnalyzer) -> list[Candidate]:
    return [Candidate(event, analyzer.crops) for event in analyzer.spotter.flush()]


@cache
def warm_up() -> None:
    """Load or compile the Numba kernels (seconds on a machine's first use), so that no frame waits for them."""
    rng = np.random.default_rng(0)
    face = rng.integers(0, 255, (SIZE_PX, SIZE_PX), np.uint8)
    motion = MotionMeter()(face, 0.0, rng.uniform(0, SIZE_PX, (478, 3)).astype(np.float32))
    values = row(motion, np.zeros(6), np.zeros(len(BLENDSHAPES), np.float32))
    spotter = Spotter(0)
    for frame in range(3):  # it looks only once frames have come after the one that it looks at
        spotter(frame / 10, frame, values)
