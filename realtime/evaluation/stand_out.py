"""How far true movements stand out of what else the face does: z = a · √(sᵀC⁻¹s), whatever was found of them.

The pattern s of a movement's own action units and the correlation C of the face around its apex are the detector's
(`realtime.spotting.detector`); a is its size in % iod. What lies below about 4 no decision can find.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medn.face.aligned import align
from realtime.evaluation.truth import TrueMovement
from realtime.faces.steady import SteadyWarp
from realtime.motion.meter import MotionMeter
from realtime.sink import Sink
from realtime.spotting.detector import Detector
from realtime.spotting.patterns import UNITS
from realtime.types import Analysis, Frame

NEAR_S = 0.3
"""A movement whose apex is further from the nearest moment that could be computed has no z."""


@dataclass(frozen=True, slots=True, eq=False)
class StandOut:
    """By how much movements of 1 % iod stand out through a video of one face."""

    times_s: NDArray[np.float64]
    """(N,)."""
    per_pct: NDArray[np.float32]
    """(N, `UNITS`) √(sᵀC⁻¹s)."""

    def z(self, movement: TrueMovement) -> float | None:
        """How far a movement stands out; None if its size is not known, or nothing could be computed around its apex.

        Combinations that no pattern was measured of take the mean of the patterns that share most units with them.
        """
        if movement.amplitude_pct is None or not len(self.times_s):
            return None
        away_s = np.abs(self.times_s - movement.apex_s)
        at = int(away_s.argmin())
        if away_s[at] > NEAR_S:
            return None
        aus, side = set(movement.aus), movement.side or "both"
        shared = np.array([len(aus & {*u.aus}) / len(aus | {*u.aus}) + 0.1 * (u.side == side) for u in UNITS])
        alike = shared >= shared.max() - 1e-9
        return movement.amplitude_pct * float(self.per_pct[at, alike].mean())


class BackgroundFollower(Sink):
    """Follows the first face of a video and keeps √(sᵀC⁻¹s) of each pattern at each moment."""

    def __init__(self) -> None:
        self._times_s: list[float] = []
        self._per_pct: list[NDArray[np.float32]] = []
        self._face: int | None = None
        self._start()

    def on_analysis(self, analysis: Analysis, frame: Frame | None) -> None:
        """Follow one frame."""
        if frame is None or not analysis.faces:
            return
        face = analysis.faces[0]
        if face.face != self._face:
            self._face = face.face
            self._start()
        warp = self._warp(face.points, frame.time_s)
        placed = face.points.copy()
        placed[:, :2] = face.points[:, :2] @ warp[:, :2].T + warp[:, 2]
        placed[:, 2] *= float(np.hypot(*warp[0, :2]))
        motion = self._meter(align(frame.image, warp), frame.time_s, placed)
        self._detector(frame.time_s, motion.patches)
        newest = self._detector.newest
        if newest is not None and (not self._times_s or newest.time_s > self._times_s[-1]):
            self._times_s.append(newest.time_s)
            self._per_pct.append(newest.limit.copy())

    def result(self) -> StandOut:
        """What was followed so far."""
        return StandOut(np.array(self._times_s), np.array(self._per_pct).reshape(-1, len(UNITS)))

    def _start(self) -> None:
        self._warp, self._meter, self._detector = SteadyWarp(), MotionMeter(), Detector()
