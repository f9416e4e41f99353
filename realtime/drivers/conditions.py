"""The conditions under which faces are seen, and what of them keeps small movements from being found.

`Conditions` hold at one frame: a live window advises by them. `Hindered` sums up for how long each hindrance lasted,
for the run's summary.
"""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from realtime.sources import Cause, Dropped
from realtime.types import Analysis, FaceReading, Frame

MIN_FPS = 25.0
"""At a lower rate a movement of 80 ms is two frames."""
MIN_EYE_DISTANCE_PX = 60.0
"""Below, 1 % of the eye distance is under 0.6 px."""
MAX_TURNED_DEG = 25.0
DARK, BRIGHT = 50, 235
"""Mean grey levels of the face."""
RATE_OVER_S = 2.0
LIGHT_EVERY_S = 0.5
"""How often the light on the face is measured."""
FROZEN_S = 1.0
"""Noise changes every picture of a camera: one that stays the same for longer is not of now."""
COMPARED_LINES = 16
"""So many lines of a picture are compared with those of the picture before: noise changes each of them."""
MAX_STEP_S = 1.0
"""A longer gap between two frames is a gap, not a time that was looked at."""
BUSY = (Cause.OVERRUN, Cause.CAMERA_OVERRUN)
"""Frames that came, and for which this machine had no time."""


class Hindrance(Enum):
    """Why small movements cannot be found at a time."""

    NO_FACE = "no face"
    NOT_FOLLOWED = "a face not followed"
    SLOW_SOURCE = "below 25 frames a second"
    BUSY_MACHINE = "machine too busy"
    FROZEN = "frozen picture"
    DARK = "too dark"
    BRIGHT = "overexposed"
    SMALL = "face too small"
    TURNED = "turned away"


@dataclass(frozen=True, slots=True)
class Conditions:
    """At one frame; those of the face are of the largest one, and NaN without any."""

    fps: float
    """Frames a second that were analysed over the last two; NaN before there is a second of them."""
    given_fps: float
    """The same with the frames for which this machine had no time."""
    frozen_s: float
    """How long the picture has stayed the same."""
    faceless_s: float
    """How long there has been no face."""
    not_followed: int
    """Faces in the picture beyond those that are followed."""
    level: float
    """Mean grey level of the face, 0 to 255."""
    eye_distance_px: float
    turned_deg: float
    """The larger of yaw and pitch, with its sign."""

    def hindrances(self) -> tuple[Hindrance, ...]:
        """What keeps small movements from being found."""
        if self.faceless_s > 0:
            return (Hindrance.NO_FACE,)
        slow = round(self.fps) < MIN_FPS if not math.isnan(self.fps) else False
        busy = slow and round(self.given_fps) >= MIN_FPS
        holds = {
            Hindrance.NOT_FOLLOWED: self.not_followed > 0,
            Hindrance.SLOW_SOURCE: slow and not busy,
            Hindrance.BUSY_MACHINE: busy,
            Hindrance.FROZEN: self.frozen_s > FROZEN_S,
            Hindrance.DARK: self.level < DARK,
            Hindrance.BRIGHT: self.level > BRIGHT,
            Hindrance.SMALL: self.eye_distance_px < MIN_EYE_DISTANCE_PX,
            Hindrance.TURNED: abs(self.turned_deg) > MAX_TURNED_DEG,
        }
        return tuple(hindrance for hindrance, there in holds.items() if there)


class Watch:
    """Measures the conditions of a stream, frame by frame."""

    def __init__(self) -> None:
        self._times_s: deque[float] = deque()
        self._busy_s: deque[float] = deque()
        self._given_s = -math.inf  # the newest frame, analysed or not
        self._picture: NDArray[np.uint8] | None = None
        self._changed_s = -math.inf  # when the picture did last
        self._faceless_since_s: float | None = None
        self._level, self._light_s = math.nan, -math.inf

    def dropped(self, dropped: Dropped) -> None:
        """Take in a dropped frame."""
        if dropped.cause in BUSY:
            self._give(dropped.time_s)
            self._busy_s.append(dropped.time_s)

    def __call__(self, frame: Frame, analysis: Analysis) -> Conditions:
        """Take in an analysed frame."""
        now_s = frame.time_s
        self._give(now_s)
        self._times_s.append(now_s)
        for times_s in (self._times_s, self._busy_s):
            while times_s and times_s[0] < now_s - RATE_OVER_S:
                times_s.popleft()
        apart_px = max(frame.image.shape[0] // COMPARED_LINES, 1)
        picture = frame.image[::apart_px]
        if self._picture is None or not np.array_equal(picture, self._picture):
            self._picture, self._changed_s = picture.copy(), now_s
        if analysis.faces:
            self._faceless_since_s = None
        elif self._faceless_since_s is None:
            self._faceless_since_s = now_s
        face = max(analysis.faces, key=lambda reading: reading.eye_distance_px, default=None)
        if face is not None and now_s >= self._light_s:
            self._level, self._light_s = _face_level(frame, face), now_s + LIGHT_EVERY_S
        span_s = now_s - self._times_s[0]
        rates = [math.nan, math.nan]
        if span_s > RATE_OVER_S / 2:
            rates = [(len(self._times_s) - 1 + busy) / span_s for busy in (0, len(self._busy_s))]
        return Conditions(
            fps=rates[0],
            given_fps=rates[1],
            frozen_s=now_s - self._changed_s,
            faceless_s=0.0 if self._faceless_since_s is None else max(now_s - self._faceless_since_s, 1e-6),
            not_followed=analysis.not_followed,
            level=math.nan if face is None else self._level,
            eye_distance_px=math.nan if face is None else face.eye_distance_px,
            turned_deg=math.nan if face is None else max(face.yaw_pitch_roll_deg[:2], key=abs),
        )

    def _give(self, time_s: float) -> None:
        """A frame came; after a gap all is measured anew: a camera that was away is neither slow nor frozen."""
        if time_s - self._given_s > MAX_STEP_S:
            self._times_s.clear()
            self._busy_s.clear()
            self._picture = None
        self._given_s = time_s


class Hindered:
    """For how long each hindrance lasted in a run."""

    def __init__(self) -> None:
        self._watch = Watch()
        self._seconds: dict[Hindrance, float] = {}
        self._last_s: float | None = None

    def processed(self, frame: Frame, analysis: Analysis) -> None:
        """Take in an analysed frame: it stands for the time since the one before."""
        step_s = 0.0 if self._last_s is None else min(max(frame.time_s - self._last_s, 0.0), MAX_STEP_S)
        self._last_s = frame.time_s
        for hindrance in self._watch(frame, analysis).hindrances():
            self._seconds[hindrance] = self._seconds.get(hindrance, 0.0) + step_s

    def before(self, frame: Frame, analysis: Analysis) -> None:
        """Take in a frame for what it says about later ones."""
        self._last_s = frame.time_s
        self._watch(frame, analysis)

    def add(self, later: "Hindered") -> None:
        """Add the seconds of a later part of the run."""
        for hindrance, seconds in later._seconds.items():
            self._seconds[hindrance] = self._seconds.get(hindrance, 0.0) + seconds

    def dropped(self, dropped: Dropped) -> None:
        """Take in a dropped frame."""
        self._watch.dropped(dropped)

    def seconds(self) -> Mapping[str, float]:
        """Seconds by hindrance, in the order of `Hindrance`; those that never held are left out."""
        counted = dict(self._seconds)  # the driver's thread may be adding to it
        return {hindrance.value: round(counted[hindrance], 2) for hindrance in Hindrance if counted.get(hindrance)}


def _face_level(frame: Frame, face: FaceReading) -> float:
    height, width = frame.image.shape[:2]
    low = np.clip(face.points[:, :2].min(axis=0), 0, [width - 2, height - 2]).astype(int)
    high = np.clip(face.points[:, :2].max(axis=0), low + 1, [width, height]).astype(int)
    return float(frame.image[low[1] : high[1] : 4, low[0] : high[0] : 4].mean())
