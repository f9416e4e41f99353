"""A course: the faces of a stream from one frame on, numbered and analyzed, with nothing known from before."""

from collections import deque
from collections.abc import Sequence
from typing import TypeAlias

from medn.face.landmarker import FaceObservation
from realtime.faces.analyzer import FaceAnalyzer
from realtime.faces.detector import Detections
from realtime.faces.tracks import Tracks
from realtime.recognition.classifier import Verdict
from realtime.recognition.recognizer import Recognized
from realtime.ring import Ring
from realtime.seams import Last, Standing
from realtime.spotting.join import SAME_IOU, overlap
from realtime.spotting.parameters import SpotterParameters
from realtime.spotting.rest import Rest
from realtime.timing import Stopwatch
from realtime.types import Candidate, FaceReading, Frame

Due: TypeAlias = tuple[Candidate, Ring]
"""A candidate that is to be decided now, and the ring of its face's crops."""
Classified: TypeAlias = tuple[Candidate, Recognized, Verdict]

GAP_S = 0.4
"""A face that was not seen for this long is finished: what is open is decided, and it starts again if it returns."""
MISSING_S = 2.0
"""Where no frame came for this long, the faces are finished although they are there again: nothing joins both sides."""


class Course:
    """`step` each frame, `flush` at the end. Faces have its own numbers, from 0 in order of appearance."""

    def __init__(self, parameters: SpotterParameters, rest: Rest | None) -> None:
        self._parameters, self._rest = parameters, rest
        self.faces: dict[int, FaceAnalyzer] = {}
        self.faults: list[str] = []
        """Why candidates were lost, a sentence each; whoever reports them empties the list."""
        self._tracks = Tracks()
        self._open: list[Due] = []
        self._landmarks_s = float("-inf")
        self._recent: deque[tuple[Candidate, Verdict]] = deque(maxlen=16)
        self._lasts: dict[int, Last] = {}
        self._frame, self._time_s = -1, float("-inf")

    def step(self, frame: Frame, detections: Detections, watch: Stopwatch) -> tuple[list[FaceReading], list[Due]]:
        """Take in a frame: the readings of its faces, and the candidates that are to be decided."""
        readings: list[FaceReading] = []
        due, self._open = self._open, []
        for number, observation in self._numbered(frame, detections, watch).items():
            analyzer = self.faces.get(number)
            if analyzer is not None and frame.time_s - analyzer.last_s > MISSING_S:
                due += self._flushed(analyzer)
                analyzer = None
            if analyzer is None:
                analyzer = self.faces[number] = FaceAnalyzer(number, self._parameters, self._rest)
            reading, candidates = analyzer.step(frame, observation, watch)
            self._note(reading, observation, frame.time_s)
            readings.append(reading)
            due += self._due(analyzer, candidates)
        for number, analyzer in list(self.faces.items()):
            if frame.time_s - analyzer.last_s > GAP_S:
                due += self._flushed(analyzer)
                del self.faces[number]
        self._frame, self._time_s = frame.index, frame.time_s
        return readings, due

    def flush(self) -> list[Due]:
        """What is still open in all faces."""
        return [each for analyzer in self.faces.values() for each in self._flushed(analyzer)]

    def recalibrate(self) -> None:
        """Measure every face at rest again; the candidates that were open are decided with the next frame."""
        for analyzer in self.faces.values():
            self._open += self._due(analyzer, analyzer.recalibrate())

    def standing(self) -> Standing:
        """How it stands after the last frame, its faces by its own numbers."""
        return Standing(dict(self._lasts), self._time_s, self._frame, len(self._lasts))

    def once(self, classified: Sequence[Classified]) -> list[Classified]:
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

    def _numbered(self, frame: Frame, detections: Detections, watch: Stopwatch) -> dict[int, FaceObservation | None]:
        """Faces of this frame by number; without landmarks where this frame is between two that have them."""
        if detections.faces is None:
            return {number: None for number, face in self.faces.items() if face.last_s >= self._landmarks_s}
        self._landmarks_s = frame.time_s
        seen: dict[int, FaceObservation | None] = dict(self._tracks(detections.faces, frame.image, frame.time_s))
        watch.lap("tracks")
        return seen

    def _note(self, reading: FaceReading, observation: FaceObservation | None, time_s: float) -> None:
        before = self._lasts.get(reading.face)
        if observation is not None:
            place = (time_s, float(observation.points[0, 0]), float(observation.points[0, 1]))
        else:
            assert before is not None
            place = before.place
        if steps := len(reading.trace):
            self._lasts[reading.face] = Last(
                place, reading.trace.part(steps - 1, steps).first_s, reading.trace.values[-1]
            )
        else:
            self._lasts[reading.face] = Last(place, before.step_s, before.step) if before else Last(place)

    def _flushed(self, analyzer: FaceAnalyzer) -> list[Due]:
        """What was still open in a face, with its faults taken over."""
        return self._due(analyzer, analyzer.flush())

    def _due(self, analyzer: FaceAnalyzer, candidates: list[Candidate]) -> list[Due]:
        """Candidates with their crops; the face's faults are taken over."""
        self.faults += analyzer.take_faults()
        return [(candidate, analyzer.crops) for candidate in candidates]
