"""Readings, an event and a run that tests write into sessions."""

import math

import numpy as np

from realtime.faces.detector import Detections
from realtime.session import SessionInfo
from realtime.types import Analysis, Event, FaceReading

PICTURE = np.zeros((2, 2, 3), np.uint8)
INFO = SessionInfo(
    source="camera 0",
    video="/somewhere/v.mp4",
    parameters={"spotter": {"threshold": 0.38}},
    versions={"medn": "0.1.0"},
    weights_sha256="ab" * 32,
    consent="A. Person agreed to be recorded.",
)


def reading(face, level=1.0, limit_pct=(math.nan, math.nan)):
    return FaceReading(
        face=face,
        points=np.zeros((478, 3), np.float32),
        motion=np.arange(6, dtype=np.float32) * level,
        threshold=np.full(6, 0.375, np.float32),
        yaw_pitch_roll_deg=(1.0, -2.0, np.float32(0.5)),
        eye_distance_px=61.5,
        calibrated=face == 0,
        limit_pct=limit_pct,
    )


def an_event(onset_s=1.0):
    return Event(0, onset_s, onset_s + 0.1, onset_s + 0.2, 30, 33, 36, 0.9, {"brows": 1.2}, {"blink": 0.1}, 120.0, 0.4)


class Still:
    """The smallest pipeline."""

    def detect(self, frame):
        return Detections(None, 0.0)

    def step(self, frame, detections=None):
        events = (an_event(frame.time_s),) if frame.index == 5 else ()
        return Analysis(frame.index, frame.time_s, (reading(0),), events)

    def flush(self):
        return Analysis(-1, 0.0)
