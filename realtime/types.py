"""The types of the stream: frames go in; readings of faces, candidates and events come out."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from medn.contract import AU_CLAIMED_AT
from realtime.spotting.grid import Steps

REGION_GROUPS = ("brows", "eyes", "nose", "cheeks", "mouth", "chin")
"""The regions that a person reads (trace, session, export)."""
FACE_PARTS = ("upper", "lower")
"""The parts with a limit of detection: brows, lids and cheeks; nose, mouth and chin."""
PART_OF_REGION = ("upper", "upper", "lower", "upper", "lower", "lower")
"""The part of the face of each of `REGION_GROUPS`."""
UNCERTAIN_BELOW = 2 / 3
"""A class less probable than this is shown as uncertain: it is wrong in at least one of three cases."""
UNCERTAIN = "uncertain: "
"""Before the name of such a class."""
MAX_TIME_S = 1e8
"""Three years: a time that is later is no time."""
LIMIT_DELAY_S = 0.75
"""A limit of detection is of so long ago: it depends on how the face moves before and after."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture from a source; never written to after it was made."""

    index: int
    """Counts every frame that the source offered, from 0, dropped ones included."""
    time_s: float
    """Capture time in s since the source's first frame (camera: monotonic clock at grab; network: arrival); of a file,
    presentation time since the file's earliest picture or sound. Strictly increasing; never from a declared rate."""
    image: NDArray[np.uint8]
    """(height, width, 3) BGR."""


@dataclass(frozen=True, slots=True)
class FaceReading:
    """One tracked face in one frame."""

    face: int
    """The track's stable number, from 0."""
    points: NDArray[np.float32]
    """(478, 3) landmarks in px of the frame (of the last frame on which they were looked for)."""
    motion: NDArray[np.float32]
    """(6,) displacement from rest in % iod, by `REGION_GROUPS`."""
    threshold: NDArray[np.float32]
    """(6,) what a movement must exceed there to become a candidate, in % iod."""
    yaw_pitch_roll_deg: tuple[float, float, float]
    eye_distance_px: float
    calibrated: bool
    """False while the face at rest is still being learned."""
    limit_pct: tuple[float, float] = (math.nan, math.nan)
    """Limit of detection of the upper and the lower face in % iod, at the moment `LIMIT_DELAY_S` before this frame:
    half of all movements of this size are found. NaN: not judged."""
    trace: Steps = field(default_factory=Steps.none)
    """What this frame brought to the trace that the matched filter sees."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One brief movement with its bounds, as the spotter measured it; not yet an event."""

    face: int
    onset_s: float
    apex_s: float
    offset_s: float
    onset_frame: int
    apex_frame: int
    offset_frame: int
    regions: Mapping[str, float]
    """Peak displacement in % iod of each region that moved."""
    features: Mapping[str, float]
    """What the bump detector measured, by `realtime.spotting.features.FEATURES`; empty where it found nothing."""
    peak: Mapping[str, float]
    """What the matched filter measured, by `realtime.spotting.peak_features.PEAK_FEATURES`; empty likewise."""
    algorithmic_ms: float
    """From the apex to the frame on which it was confirmed."""


@dataclass(frozen=True, slots=True)
class Event:
    """A candidate that was decided: accepted, or rejected with a reason."""

    face: int
    onset_s: float
    apex_s: float
    offset_s: float
    onset_frame: int
    apex_frame: int
    offset_frame: int
    score: float
    """0–1: how likely a micro-expression."""
    regions: Mapping[str, float]
    """Peak displacement in % iod of each region that moved."""
    evidence: Mapping[str, float]
    """The candidate's features, those of its peak with "peak_" before their names, and MEDN's "is a micro-expression"
    ("micro"): what the classifiers saw."""
    algorithmic_ms: float
    """From the apex to the frame on which it was confirmed."""
    compute_ms: float
    """Work on that frame, from its arrival at the pipeline to this event."""
    reason: str = ""
    """Why a candidate was rejected, as a sentence; empty for an accepted one."""
    emotion: Mapping[str, float] | None = None
    """Calibrated probability of negative, positive and surprise; None where the network had no window."""
    aus: Mapping[str, float] | None = None
    """Probability of each action unit ("AU1" …); None where the network had no window."""
    accepted: bool = True
    """Whether it is reported as an event; a session keeps the others as candidates."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """The answer of one `Pipeline.step` or `flush`."""

    frame_index: int
    """Of the frame that was analyzed; of the last one before a flush, −1 if there was none."""
    time_s: float
    faces: tuple[FaceReading, ...] = ()
    events: tuple[Event, ...] = ()
    """Accepted on this frame."""
    rejected: tuple[Event, ...] = ()
    """Rejected on this frame, each with its reason."""
    stages_ms: Mapping[str, float] = field(default_factory=dict)
    """Time spent in each stage of this step."""
    notices: tuple[str, ...] = ()
    """Sentences that the user should see: a runtime that failed and was replaced, a candidate that was lost."""
    failed: int = 0
    """Candidates that were lost through a fault on this frame."""
    not_followed: int = 0
    """Faces in the picture beyond the number that is followed."""


def emotion_of(event: Event) -> str:
    """The most probable class; empty where no recognizer ran."""
    return max(event.emotion.items(), key=lambda item: item[1])[0] if event.emotion else ""


def is_uncertain(event: Event) -> bool:
    """Whether there is no class, or none that reaches `UNCERTAIN_BELOW`."""
    return max((event.emotion or {}).values(), default=0.0) < UNCERTAIN_BELOW


def class_words(event: Event) -> str:
    """The class as labels name it: "negative" or "uncertain: negative"; empty where no recognizer ran."""
    return f"{UNCERTAIN if event.emotion and is_uncertain(event) else ''}{emotion_of(event)}"


def action_units_of(event: Event) -> list[str]:
    """The action units classified as present ("AU1" …), by number; none where no recognizer ran."""
    there = [name for name, probability in (event.aus or {}).items() if probability >= AU_CLAIMED_AT]
    return sorted(there, key=lambda name: int(name.removeprefix("AU")))
