"""The pipeline: frames in, events out. Whatever shows results runs this one object.

Synchronous, single-threaded and deterministic: time is the frame's, nothing is decided by how fast the machine is, so a
recording replayed gives exactly the events that the live run gave on the same frames.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from medn.contract import SIZE_PX
from medn.face.landmarker import BLENDSHAPES, FaceObservation
from realtime.faces.analyzer import FaceAnalyzer
from realtime.faces.detector import Detections, FaceDetector
from realtime.faces.tracks import Tracks
from realtime.motion.meter import MotionMeter
from realtime.recognition.classifier import Verdict, classify
from realtime.recognition.decision import DecisionFile, peak_decision
from realtime.recognition.recognizer import Recognized, Recognizer
from realtime.ring import Ring
from realtime.spotting.columns import row
from realtime.spotting.detector import WARM_UP_S, Detector
from realtime.spotting.join import SAME_IOU, overlap
from realtime.spotting.parameters import FAULTS, MAX_MICRO_S, SpotterParameters
from realtime.spotting.rest import Rest
from realtime.spotting.spotter import Spotter
from realtime.timing import Stopwatch
from realtime.types import Analysis, Candidate, Event, FaceReading, Frame

_Due: TypeAlias = tuple[Candidate, Ring]
"""A candidate that is to be decided now, and the ring of its face's crops."""
_Classified: TypeAlias = tuple[Candidate, Recognized, Verdict]

GAP_S = 0.4
"""A face that was not seen for this long is finished: what is open is decided, and it starts again if it returns."""
MISSING_S = 2.0
"""Where no frame came for this long, the faces are finished although they are there again: nothing joins both sides."""


@dataclass(frozen=True, slots=True)
class PipelineParameters:
    """Everything that changes what the pipeline finds; saved with every result."""

    most_faces: int = 4
    landmark_interval_s: float = 0.075
    """Landmarks are detected on the first frame that is this much later than the last such frame: on every third one
    at 30 fps. Between them the crop follows the head by its fitted motion, and the last blendshapes count on."""
    runtime: str = "auto"
    """What MEDN runs on: see `medn.runtime.RUNTIMES`."""
    fallback: bool = False
    """Where that cannot run: use the best that can and say so in a notice, instead of raising an error."""
    score_threshold: float = 0.6
    """Candidates with a lower score are rejected; a lower threshold finds more and raises more false alarms. This one
    has the highest F1 on held-out training videos at 2.2 micro-expressions a minute, amid the planted rates."""
    spotter: SpotterParameters = field(default_factory=SpotterParameters)
    rest_s: tuple[float, float] | None = None
    """A stretch of the recording in which its one person is at rest: the background starts from it (`rest`)."""
    decision: DecisionFile | None = None
    """Decides on the matched filter's peaks in place of the shipped classifier; see `decision_file`."""


class Pipeline:
    """One stream of frames: `step` each one, `flush` at the end, `close` to free the models.

    `detect` is the one part of a step that needs nothing but the frames: a driver that has a second thread and frames
    ahead of time may call it there, and hand the detections to the frame's step.
    """

    def __init__(self, parameters: PipelineParameters | None = None, rest: Rest | None = None) -> None:
        self.parameters = parameters or PipelineParameters()
        if self.parameters.rest_s and rest is None:
            raise ValueError("the stretch at rest must be measured first: see realtime.batch.baseline")
        self._rest = rest
        self._detector: FaceDetector | None = None
        self._commands: deque[Callable[[], list[_Due]]] = deque()
        self._notices: list[str] = []
        self._faults: list[str] = []
        with ThreadPoolExecutor(1, "recognizer") as beside:  # loaded outside the interpreter, so two cores are used
            recognizer = beside.submit(
                Recognizer, self.parameters.runtime, self._notices.append, fallback=self.parameters.fallback
            )
            warm_up()
        self._peaks = peak_decision(self.parameters.decision)
        self.recognizer = recognizer.result()
        """The network's weights and runtime."""
        self.reset()

    def set_score_threshold(self, score_threshold: float) -> None:
        """Change the score from which a candidate is an event, from the next frame on; callable from any thread."""

        def change() -> list[_Due]:
            self.parameters = replace(self.parameters, score_threshold=score_threshold)
            return []

        self._commands.append(change)

    def recalibrate(self) -> None:
        """Measure every face at rest again from the next frame on; callable from any thread."""

        def change() -> list[_Due]:
            return [each for analyzer in self._faces.values() for each in self._due(analyzer, analyzer.recalibrate())]

        self._commands.append(change)

    def reset(self) -> None:
        """Forget every face: the next frame begins a new stream, at any time."""
        self.close()
        self._detector = FaceDetector(self.parameters.most_faces, self.parameters.landmark_interval_s)
        self._tracks = Tracks()
        self._faces: dict[int, FaceAnalyzer] = {}
        self._landmarks_s = float("-inf")
        self._recent: deque[tuple[Candidate, Verdict]] = deque(maxlen=16)
        self._last_index, self._last_s = -1, float("-inf")
        self._not_followed = 0

    def detect(self, frame: Frame) -> Detections:
        """Detect the faces of the next frame; each frame once and in order, from one thread at a time."""
        if self._detector is None:
            raise RuntimeError("the pipeline was closed; reset it to use it again")
        return self._detector(frame)

    def step(self, frame: Frame, detections: Detections | None = None) -> Analysis:
        """Analyze the next frame. `detections`: of this frame, if `detect` was called already.

        A frame that is not later than the one before it is left out: nothing is measured in it.
        """
        if not frame.time_s > self._last_s:
            return Analysis(frame.index, frame.time_s)
        detections = detections or self.detect(frame)
        watch = Stopwatch()
        if detections.faces is not None:
            watch.add("landmarks", detections.took_ms)
        seen = self._numbered(frame, detections, watch)
        readings: list[FaceReading] = []
        due: list[_Due] = []
        while self._commands:
            due += self._commands.popleft()()
        for number, observation in seen.items():
            analyzer = self._faces.get(number)
            if analyzer is not None and frame.time_s - analyzer.last_s > MISSING_S:
                due += self._flushed(analyzer)
                analyzer = None
            if analyzer is None:
                analyzer = self._faces[number] = FaceAnalyzer(number, self.parameters.spotter, self._rest)
            reading, candidates = analyzer.step(frame, observation, watch)
            readings.append(reading)
            due += self._due(analyzer, candidates)
        for number, analyzer in list(self._faces.items()):
            if frame.time_s - analyzer.last_s > GAP_S:
                due += self._flushed(analyzer)
                del self._faces[number]
        self._last_index, self._last_s = frame.index, frame.time_s
        self._not_followed = detections.not_followed
        return self._decided(tuple(readings), due, watch)

    def noise_pct(self) -> dict[int, NDArray[np.float64]]:
        """(regions,) running noise of each face that has been learned, in % iod, by the face's number."""
        noise = ((number, analyzer.spotter.noise_pct) for number, analyzer in self._faces.items())
        return {number: known for number, known in noise if known is not None}

    def flush(self) -> Analysis:
        """Decide what is still open at the end of the stream."""
        due = [each for analyzer in self._faces.values() for each in self._flushed(analyzer)]
        return self._decided((), due, Stopwatch())

    def close(self) -> None:
        """Free the models; the pipeline can be used again after `reset`."""
        if self._detector is not None:
            self._detector.close()
            self._detector = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _numbered(self, frame: Frame, detections: Detections, watch: Stopwatch) -> dict[int, FaceObservation | None]:
        """Faces of this frame by number; without landmarks where this frame is between two that have them."""
        if detections.faces is None:
            return {number: None for number, face in self._faces.items() if face.last_s >= self._landmarks_s}
        self._landmarks_s = frame.time_s
        seen: dict[int, FaceObservation | None] = dict(self._tracks(detections.faces, frame.image, frame.time_s))
        watch.lap("tracks")
        return seen

    def _once(self, classified: list[_Classified]) -> list[_Classified]:
        """Upper and lower face may show the same movement: the one with the highest score stands for all of them.

        Candidates that overlap are decided on the same frame (`Join`), but for the last frames of a face.
        """
        result = list(classified)
        for at in sorted(range(len(result)), key=lambda at: -result[at][2].score):
            candidate, seen, verdict = result[at]
            if candidate.peak or verdict.score:
                for other, decided in self._recent:
                    apart = candidate.face != other.face or overlap(candidate, other) < SAME_IOU
                    if not apart and decided.score >= verdict.score:
                        verdict = Verdict(0.0, f"the same movement as the one at {other.apex_s:.2f} s")
                        break
            self._recent.append((candidate, verdict))
            result[at] = candidate, seen, verdict
        return result

    def _decided(self, faces: tuple[FaceReading, ...], due: list[_Due], watch: Stopwatch) -> Analysis:
        """The answer for the last frame, with every candidate that is due recognized and classified."""
        verdicts: list[_Classified] = []
        if due:
            verdicts = self._once(self._classified(due))
            watch.lap("recognize")
        compute_ms = watch.elapsed_ms()
        decided = [_event(candidate, seen, verdict, compute_ms) for candidate, seen, verdict in verdicts]
        self._notices += [f"A movement could not be analyzed and was left out, {fault}." for fault in self._faults]
        analysis = Analysis(
            frame_index=self._last_index,
            time_s=self._last_s if self._last_index >= 0 else 0.0,
            faces=faces,
            events=tuple(event for event in decided if event.accepted),
            rejected=tuple(event for event in decided if not event.accepted),
            notices=tuple(self._notices),
            stages_ms=watch.stages_ms,
            failed=len(self._faults),
            not_followed=self._not_followed,
        )
        self._notices.clear()
        self._faults.clear()
        return analysis

    def _classified(self, due: list[_Due]) -> list[_Classified]:
        """What is recognized in candidates, and the verdicts; one that a fault prevents is left out and noted."""
        try:
            recognized = self.recognizer(due, MAX_MICRO_S)
            threshold = self.parameters.score_threshold
            return [
                (candidate, seen, classify(candidate, seen, threshold, self._peaks))
                for (candidate, _), seen in zip(due, recognized, strict=True)
            ]
        except FAULTS as error:
            if len(due) == 1:
                self._faults.append(f"at {due[0][0].apex_s:.2f} s: {error}")
                return []
            return [verdict for each in due for verdict in self._classified([each])]

    def _flushed(self, analyzer: FaceAnalyzer) -> list[_Due]:
        """What was still open in a face, with its faults taken over."""
        return self._due(analyzer, analyzer.flush())

    def _due(self, analyzer: FaceAnalyzer, candidates: list[Candidate]) -> list[_Due]:
        """Candidates with their crops; the face's faults are taken over."""
        self._faults += analyzer.take_faults()
        return [(candidate, analyzer.crops) for candidate in candidates]


def _event(candidate: Candidate, recognized: Recognized, verdict: Verdict, compute_ms: float) -> Event:
    return Event(
        face=candidate.face,
        onset_s=candidate.onset_s,
        apex_s=candidate.apex_s,
        offset_s=candidate.offset_s,
        onset_frame=candidate.onset_frame,
        apex_frame=candidate.apex_frame,
        offset_frame=candidate.offset_frame,
        score=verdict.score,
        regions=candidate.regions,
        evidence={
            **candidate.features,
            **{f"peak_{name}": value for name, value in candidate.peak.items()},
            "micro": recognized.micro,
        },
        algorithmic_ms=candidate.algorithmic_ms,
        compute_ms=compute_ms,
        reason=verdict.reason,
        emotion=recognized.emotion,
        aus=recognized.aus,
        accepted=not verdict.reason,
    )


@cache
def warm_up() -> None:
    """Load or compile the Numba kernels (seconds on a machine's first use), so that no frame waits for them."""
    rng = np.random.default_rng(0)
    face = rng.integers(0, 255, (SIZE_PX, SIZE_PX), np.uint8)
    motion = MotionMeter()(face, 0.0, rng.uniform(0, SIZE_PX, (478, 3)).astype(np.float32))
    values = row(motion, np.zeros(6), np.zeros(len(BLENDSHAPES), np.float32))
    spotter, detector = Spotter(0), Detector()
    for frame in range(round(30 * (WARM_UP_S + 2))):  # both look only once frames have come after the one in question
        spotter(frame / 30, frame, values)
        detector(frame / 30, motion.patches)
