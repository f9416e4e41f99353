"""What the pipeline tells: readings of a face, candidates that were spotted, and events."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from medn.model import AU_CLAIMED_AT

REGION_GROUPS = ("brows", "eyes", "nose", "cheeks", "mouth", "chin")
"""The regions that a person reads (trace, session, export)."""


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


@dataclass(frozen=True, slots=True)
class Event:
    """One brief movement with its bounds. Accepted if `reason` is empty; otherwise a rejected candidate."""

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
    """What else was measured around the movement (blink, gaze, head, mouth, noise), the features of the decision."""
    algorithmic_ms: float
    """From the apex to the frame on which it was confirmed."""
    compute_ms: float
    """Work on that frame, from its arrival at the pipeline to this event."""
    reason: str = ""
    """Why a candidate was rejected, in words."""
    emotion: Mapping[str, float] | None = None
    """Calibrated probability of negative, positive and surprise; None where no recognizer ran."""
    aus: Mapping[str, float] | None = None
    """Probability of each action unit ("AU1" …); None where no recognizer ran."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """All that one `Pipeline.step` learned."""

    frame_index: int
    time_s: float
    faces: tuple[FaceReading, ...] = ()
    events: tuple[Event, ...] = ()
    rejected: tuple[Event, ...] = ()
    stages_ms: Mapping[str, float] = field(default_factory=dict)
    """Time spent in each stage of this step."""
    notices: tuple[str, ...] = ()
    """Sentences that the user should see: a runtime that failed and was replaced."""


def emotion_of(event: Event) -> str:
    """The most probable class; empty where no recognizer ran."""
    return max(event.emotion.items(), key=lambda item: item[1])[0] if event.emotion else ""


def action_units_of(event: Event) -> list[str]:
    """The action units that are said to be there ("AU1" …), by number; none where no recognizer ran."""
    there = [name for name, probability in (event.aus or {}).items() if probability >= AU_CLAIMED_AT]
    return sorted(there, key=lambda name: int(name.removeprefix("AU")))
