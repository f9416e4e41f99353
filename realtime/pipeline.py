"""The pipeline: frames in, events out. Whatever shows results runs this one object.

Synchronous, single-threaded and deterministic: time is the frame's, nothing is decided by how fast the machine is, so a
recording replayed gives exactly the events that the live run gave on the same frames.
"""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Self

import numpy as np
from numpy.typing import NDArray

from medn.contract import SIZE_PX
from medn.face.landmarker import BLENDSHAPES
from realtime.course import Classified, Course, Due
from realtime.faces.detector import Detections, FaceDetector
from realtime.motion.meter import MotionMeter
from realtime.recognition.classifier import Classifier, Verdict, classify
from realtime.recognition.decision import DecisionFile, peak_decision
from realtime.recognition.recognizer import Recognized, Recognizer
from realtime.relay import Relay
from realtime.seams import Seams, Section, Standing
from realtime.spotting.columns import row
from realtime.spotting.detector import WARM_UP_S, Detector
from realtime.spotting.parameters import FAULTS, MAX_MICRO_S, SpotterParameters
from realtime.spotting.rest import Rest
from realtime.spotting.spotter import Spotter
from realtime.timing import Stopwatch
from realtime.types import Analysis, Candidate, Event, FaceReading, Frame


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
    seam_every_s: float = 300.0
    """At every multiple of this time all faces are handed over to a course begun anew: see `realtime.seams`."""
    seam_overlap_s: float = 60.0
    """How long before: as long as anything about a face is remembered."""
    decision: DecisionFile | None = None
    """Decides on the matched filter's peaks in place of the shipped classifier; see `decision_file`."""

    @property
    def seams(self) -> Seams:
        """Where the recording's seams are."""
        return Seams(self.seam_every_s, self.seam_overlap_s)


class Pipeline:
    """One stream of frames: `step` each one, `flush` at the end, `close` to free the models.

    `detect` is the one part of a step that needs nothing but the frames: a driver that has a second thread and frames
    ahead of time may call it there, and hand the detections to the frame's step.

    Of a `section` it wants the frames that are needed for it (`Seams.needed_s`); others leave out what it shows beyond.
    """

    def __init__(
        self, parameters: PipelineParameters | None = None, rest: Rest | None = None, section: Section | None = None
    ) -> None:
        self.parameters = parameters or PipelineParameters()
        self._section = section or Section()
        if self.parameters.rest_s and rest is None:
            raise ValueError("the stretch at rest must be measured first: see realtime.batch.baseline")
        self._rest = rest
        self._detector: FaceDetector | None = None
        self._commands: deque[Callable[[], None]] = deque()
        self._notices: list[str] = []
        with ThreadPoolExecutor(1, "recognizer") as beside:  # loaded outside the interpreter, so two cores are used
            recognizer = beside.submit(
                Recognizer, self.parameters.runtime, self._notices.append, fallback=self.parameters.fallback
            )
            warm_up()
        self.recognizer = recognizer.result()
        """The network's weights and runtime."""
        peaks = peak_decision(self.parameters.decision)
        self._decisions = _Decisions(self.recognizer, peaks, self.parameters.score_threshold)
        self.reset()

    def set_score_threshold(self, score_threshold: float) -> None:
        """Change the score from which a candidate is an event, from the next frame on; callable from any thread."""

        def change() -> None:
            self.parameters = replace(self.parameters, score_threshold=score_threshold)
            self._decisions.score_threshold = score_threshold

        self._commands.append(change)

    def recalibrate(self) -> None:
        """Measure every face at rest again from the next frame on; callable from any thread."""
        self._commands.append(lambda: self._relay.recalibrate())

    def reset(self) -> None:
        """Forget every face: the next frame begins a new stream, at any time."""
        self.close()
        seams = self.parameters.seams
        self._detector = FaceDetector(self.parameters.most_faces, self.parameters.landmark_interval_s, seams)
        begin = partial(Course, self.parameters.spotter, self._rest)
        self._relay = Relay(seams, self._section, begin, self._decisions)
        self._decisions.watch = Stopwatch()
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
        self._decisions.watch = watch = Stopwatch()
        if detections.faces is not None:
            watch.add("landmarks", detections.took_ms)
        while self._commands:
            self._commands.popleft()()
        readings, events = self._relay.step(frame, detections, watch)
        self._last_index, self._last_s = frame.index, frame.time_s
        self._not_followed = detections.not_followed
        return self._analysis(readings, events)

    def noise_pct(self) -> dict[int, NDArray[np.float64]]:
        """(regions,) running noise of each face that has been learned, in % iod, by the face's number."""
        return self._relay.noise_pct()

    def flush(self) -> Analysis:
        """Decide what is still open at the end of the stream."""
        self._decisions.watch = Stopwatch()
        return self._analysis((), self._relay.flush())

    @property
    def ends(self) -> tuple[Standing, Standing]:
        """How faces stood before the first and before the last seam of the section."""
        return self._relay.first, self._relay.last

    def close(self) -> None:
        """Free the models; the pipeline can be used again after `reset`."""
        if self._detector is not None:
            self._detector.close()
            self._detector = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _analysis(self, faces: tuple[FaceReading, ...], decided: Sequence[Event]) -> Analysis:
        """The answer for the last frame."""
        faults = self._relay.take_faults()
        self._notices += [f"A movement could not be analyzed and was left out, {fault}." for fault in faults]
        analysis = Analysis(
            frame_index=self._last_index,
            time_s=self._last_s if self._last_index >= 0 else 0.0,
            faces=faces,
            events=tuple(event for event in decided if event.accepted),
            rejected=tuple(event for event in decided if not event.accepted),
            notices=tuple(self._notices),
            stages_ms=self._decisions.watch.stages_ms,
            failed=len(faults),
            not_followed=self._not_followed,
        )
        self._notices.clear()
        return analysis


class _Decisions:
    """What candidates become, for the relay, which calls it.

    No method of the pipeline: the relay would hold the pipeline that holds it, and all buffers of a recording would
    stay in memory until the garbage collector comes.
    """

    def __init__(self, recognizer: Recognizer, peaks: Classifier, score_threshold: float) -> None:
        self.score_threshold = score_threshold
        self.watch = Stopwatch()
        """Of the frame on which is decided."""
        self._recognizer, self._peaks = recognizer, peaks

    def __call__(self, course: Course, due: list[Due]) -> list[Event]:
        """What the candidates of a course become, recognized and classified."""
        if not due:
            return []
        verdicts = course.once(self._classified(course, due))
        self.watch.lap("recognize")
        compute_ms = self.watch.elapsed_ms()
        return [_event(candidate, seen, verdict, compute_ms) for candidate, seen, verdict in verdicts]

    def _classified(self, course: Course, due: list[Due]) -> list[Classified]:
        """What is recognized in candidates, and the verdicts; one that a fault prevents is left out and noted."""
        try:
            recognized = self._recognizer(due, MAX_MICRO_S)
            return [
                (candidate, seen, classify(candidate, seen, self.score_threshold, self._peaks))
                for (candidate, _), seen in zip(due, recognized, strict=True)
            ]
        except FAULTS as error:
            if len(due) == 1:
                course.faults.append(f"at {due[0][0].apex_s:.2f} s: {error}")
                return []
            return [verdict for each in due for verdict in self._classified(course, [each])]


def _event(candidate: Candidate, recognized: Recognized, verdict: Verdict, compute_ms: float) -> Event:
    return Event(
        face=candidate.face,
        # drawn backwards from the movement, it may lie before the first frame: a time that no recording has
        onset_s=max(candidate.onset_s, 0.0),
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
