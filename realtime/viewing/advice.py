"""Advice: what stands in the way of seeing small movements, in words that say what to do."""

from collections import deque

import numpy as np

from realtime.drivers import Sink
from realtime.frame import Frame
from realtime.results import Analysis, FaceReading
from realtime.sources import Cause, Dropped

LEAST_FPS = 25.0
"""At a lower rate a movement of 80 ms is two frames."""
LEAST_EYE_DISTANCE_PX = 60.0
"""Below, 1 % of the eye distance is under 0.6 px."""
MOST_TURNED_DEG = 25.0
DARK, BRIGHT = 50, 235
"""Mean grey levels of the face."""
LOOK_EVERY_S = 0.5
RATE_OVER_S = 2.0


class Advisor(Sink):
    """A sink whose `sentences` tell what should be changed now; read from any thread."""

    def __init__(self) -> None:
        self.sentences: tuple[str, ...] = ()
        self._times_s: deque[float] = deque()
        self._overruns_s: deque[float] = deque()
        self._next_s = LOOK_EVERY_S
        self._faceless_since_s: float | None = None

    def on_analysis(self, frame: Frame, analysis: Analysis) -> None:
        """Look at the frame twice a second."""
        self._times_s.append(frame.time_s)
        for times_s in (self._times_s, self._overruns_s):
            while times_s and times_s[0] < frame.time_s - RATE_OVER_S:
                times_s.popleft()
        if analysis.faces:
            self._faceless_since_s = None
        elif self._faceless_since_s is None:
            self._faceless_since_s = frame.time_s
        if frame.time_s >= self._next_s:
            self._next_s = frame.time_s + LOOK_EVERY_S
            self.sentences = tuple(self._look(frame, analysis))

    def on_drop(self, dropped: Dropped) -> None:
        """Tell a slow machine from a slow camera."""
        if dropped.cause is Cause.OVERRUN:
            self._overruns_s.append(dropped.time_s)

    def _look(self, frame: Frame, analysis: Analysis) -> list[str]:
        fps = self._fps()
        if self._faceless_since_s is not None:
            gone = frame.time_s - self._faceless_since_s > 1.0
            return ["No face in the picture: sit in front of the camera."] if gone else []
        if not analysis.faces:
            return []
        face = max(analysis.faces, key=lambda reading: reading.eye_distance_px)
        level = _face_level(frame, face)
        sentences = []
        if fps is not None and fps < LEAST_FPS:
            given = fps * (1 + len(self._overruns_s) / len(self._times_s))
            cause, cure = _why_slow(given, level)
            sentences.append(f"{cause}: {fps:.0f} fps reached, {LEAST_FPS:.0f} needed. {cure}")
        elif level < DARK:
            sentences.append("Too dark to see small movements: add light to the face.")
        if level > BRIGHT:
            sentences.append("Too bright: the face is overexposed. Turn away from the light.")
        if face.eye_distance_px < LEAST_EYE_DISTANCE_PX:
            size = f"eye distance {face.eye_distance_px:.0f} px, {LEAST_EYE_DISTANCE_PX:.0f} wanted"
            sentences.append(f"Face too small: come closer ({size}).")
        turned = max(face.yaw_pitch_roll_deg[:2], key=abs)
        if abs(turned) > MOST_TURNED_DEG:
            sentences.append(f"Turned away by {abs(turned):.0f}°: face the camera.")
        return sentences

    def _fps(self) -> float | None:
        """Frames a second over the last two; None before there is a second of them."""
        span_s = self._times_s[-1] - self._times_s[0]
        return (len(self._times_s) - 1) / span_s if span_s > RATE_OVER_S / 2 else None


def _why_slow(given_fps: float, level: float) -> tuple[str, str]:
    """What slows it down, and the cure."""
    if given_fps >= LEAST_FPS:
        return "This machine is too busy", "Close other programs, or choose a smaller picture."
    if level < 2 * DARK:
        return "Too dark", "Add light."
    return "The camera is slow", "Choose a faster mode in Settings."


def _face_level(frame: Frame, face: FaceReading) -> float:
    height, width = frame.image.shape[:2]
    low = np.clip(face.points[:, :2].min(axis=0), 0, [width - 2, height - 2]).astype(int)
    high = np.clip(face.points[:, :2].max(axis=0), low + 1, [width, height]).astype(int)
    return float(frame.image[low[1] : high[1] : 4, low[0] : high[0] : 4].mean())
