"""Readings, events and runs as the pipeline hands them to sinks."""

import math

import numpy as np

from medn.face.aligned import eye_distance_px
from realtime.faces.detector import Detections
from realtime.session import SessionInfo
from realtime.types import Analysis, Event, FaceReading, Frame

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


def face_at(points, face=0, motion=0.1, yaw_deg=0.0):
    """A face with these landmarks, (478, 3) in px, that moves by `motion` in all regions."""
    values, threshold = np.full(6, motion, np.float32), np.full(6, 0.4, np.float32)
    return FaceReading(face, points, values, threshold, (yaw_deg, 0.0, 0.0), eye_distance_px(points), calibrated=True)


def an_event(onset_s=1.0, frame=30):
    times_s, frames = (onset_s, onset_s + 0.1, onset_s + 0.2), (frame, frame + 3, frame + 6)
    return Event(0, *times_s, *frames, 0.9, {"brows": 1.2}, {"blink": 0.1}, 120.0, 0.4)


def analyse_portrait(sink, portrait, seconds, *, image=None, points=None, rate_hz=30, yaw_deg=0.0):
    """Hand a sink the portrait's picture and face (or others) for some seconds."""
    image = portrait.image if image is None else image
    face = face_at(portrait.points if points is None else points, yaw_deg=yaw_deg)
    for index in range(int(seconds * rate_hz)):
        frame = Frame(index, index / rate_hz, image ^ np.uint8(index % 2))  # a camera's noise
        sink.on_analysis(Analysis(index, frame.time_s, (face,)), frame)


class Still:
    """The smallest pipeline."""

    def detect(self, frame):
        return Detections(None, 0.0)

    def step(self, frame, detections=None):
        events = (an_event(frame.time_s),) if frame.index == 5 else ()
        return Analysis(frame.index, frame.time_s, (reading(0),), events)

    def flush(self):
        return Analysis(-1, 0.0)
