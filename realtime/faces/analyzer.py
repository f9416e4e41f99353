"""All that is kept for one face: its warp, its aligned crops, its motion and its spotter."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from medn.contract import EYE_DISTANCE_PX, SIZE_PX
from medn.face.aligned import align, eye_distance_px
from medn.face.landmarker import FaceObservation
from realtime.faces.steady import SteadyWarp
from realtime.motion.meter import MotionMeter
from realtime.motion.regions import GROUP_STARTS
from realtime.ring import MAX_RATE_HZ, Ring
from realtime.spotting.columns import row
from realtime.spotting.detector import Detector
from realtime.spotting.join import Join
from realtime.spotting.limit import NOT_JUDGED, limits_pct, sampled, shown
from realtime.spotting.parameters import SpotterParameters
from realtime.spotting.rest import Rest
from realtime.spotting.spotter import Spotter
from realtime.timing import Stopwatch
from realtime.types import Candidate, FaceReading, Frame

CROPS_S = 2.0
"""How long aligned crops are held: a movement, its decision and some air."""
REST_TAU_S = 2.0
"""The state that displacement is shown against follows the face with this time constant."""

RATE_TAU_S, GAP_S = 1.0, 0.25
"""The interval between frames is followed with this time constant; a longer one is a gap, and says nothing of it."""


class FaceAnalyzer:
    """One face's part of the pipeline, from its first frame until it has been away too long."""

    def __init__(self, face: int, parameters: SpotterParameters, rest: Rest | None = None) -> None:
        self.face = face
        self.last_s = -math.inf
        """Time of the newest frame in which the face was."""
        self.crops = Ring(int(CROPS_S * MAX_RATE_HZ), (SIZE_PX, SIZE_PX), np.uint8)
        self.spotter = Spotter(face, parameters, rest.noise_pct if rest else None)
        self.detector = Detector(rest=rest.trace if rest else None)
        self._interval_s = 0.0
        self._energy = self.detector.patterns.energy()
        self._join = Join(face, self.detector.patterns)
        self._warp = SteadyWarp()
        self._meter = MotionMeter()
        self._crop = np.zeros((SIZE_PX, SIZE_PX), np.uint8)
        self._observation: FaceObservation | None = None
        self._angles_deg = (0.0, 0.0, 0.0)
        self._in_crop = np.zeros((478, 3), np.float32)  # the landmarks, in px of the crop that was cut with them
        self._rest_pct: NDArray[np.float32] | None = None
        self._head = np.zeros(6)
        self._head_at_landmarks = np.zeros(6)

    def step(
        self, frame: Frame, observation: FaceObservation | None, watch: Stopwatch
    ) -> tuple[FaceReading, list[Candidate]]:
        """Take in a frame with this face; without landmarks of its own, the warp follows the head's fitted motion.

        Returns the reading and the spotter's candidates.
        """
        if observation is not None:
            self._observation = observation
            self._angles_deg = _angles_deg(observation.pose)
            warp = self._warp(observation.points, frame.time_s)
            self._in_crop = _into_crop(observation.points, warp)
        else:
            assert self._observation is not None
            warp = self._warp.follow(self._head - self._head_at_landmarks)
        align(frame.image, warp, out=self._crop)
        self.crops.append(frame.time_s, frame.index, self._crop)
        watch.lap("align")
        motion = self._meter(self._crop, frame.time_s, self._in_crop)
        self._head = motion.head
        if observation is not None:
            self._head_at_landmarks = motion.head
            points = observation.points
        else:
            points = _out_of_crop(self._in_crop, motion.head - self._head_at_landmarks, warp)
        watch.lap("motion")
        head = motion.head + self._warp.place
        bumps = self.spotter(frame.time_s, frame.index, row(motion, head, self._observation.blendshapes))
        watch.lap("spot")
        peaks = self.detector(frame.time_s, motion.patches)
        candidates = self._join(frame.time_s, bumps, peaks, self.spotter.trace)
        watch.lap("detect")
        step_s = min(frame.time_s - self.last_s, GAP_S)
        self._interval_s += (1 - math.exp(-step_s / RATE_TAU_S)) * (step_s - self._interval_s)
        reading = FaceReading(
            face=self.face,
            points=points,
            motion=self._displacement(motion.regions, frame.time_s),
            threshold=_by_group(self.spotter.threshold_pct),
            yaw_pitch_roll_deg=self._angles_deg,
            eye_distance_px=eye_distance_px(points),
            calibrated=self.spotter.calibrated,
            limit_pct=self._limit_pct(motion.share),
            trace=self.detector.taken,
        )
        self.last_s = frame.time_s
        return reading, candidates

    def flush(self) -> list[Candidate]:
        """All candidates that are still open."""
        bumps, peaks = self.spotter.flush(), self.detector.flush()
        return self._join.flush(self.last_s, bumps, peaks, self.spotter.trace)

    def take_faults(self) -> list[str]:
        """Why candidates were lost since the last call, a sentence each."""
        faults = [*self.spotter.faults, *self._join.faults]
        self.spotter.faults.clear()
        self._join.faults.clear()
        return faults

    def recalibrate(self) -> list[Candidate]:
        """Measure the face at rest again; return the candidates that were open."""
        candidates = self.flush()
        self.spotter.reset()
        self.detector.reset()
        return candidates

    def _limit_pct(self, share: NDArray[np.float32]) -> tuple[float, float]:
        newest = self.detector.newest
        if newest is None:
            return NOT_JUDGED
        yaw_deg, pitch_deg, _ = self._angles_deg
        patterns = self.detector.patterns
        per_pct = newest.limit * shown(self._energy, share) * sampled(self._interval_s)
        return limits_pct(per_pct, patterns.upper, patterns.z50, yaw_deg, pitch_deg)

    def _displacement(self, regions: NDArray[np.float32], time_s: float) -> NDArray[np.float32]:
        """(6,) displacement from the slowly followed state of rest, by group."""
        if self._rest_pct is None:
            self._rest_pct = regions.copy()
        else:
            self._rest_pct += (1 - math.exp((self.last_s - time_s) / REST_TAU_S)) * (regions - self._rest_pct)
        return _by_group(np.hypot(*(regions - self._rest_pct).T))


def _by_group(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """(6,) largest of (regions,) values in each group."""
    return np.maximum.reduceat(values, GROUP_STARTS).astype(np.float32)


def _into_crop(points: NDArray[np.float32], warp: NDArray[np.float64]) -> NDArray[np.float32]:
    """(478, 3) landmarks in px of the aligned crop; depth grows as width does."""
    (a, b, x), (c, d, y) = warp.tolist()
    return _placed(points, [[a, b, 0, x], [c, d, 0, y], [0, 0, math.hypot(a, b), 0]])


def _out_of_crop(
    in_crop: NDArray[np.float32], head: NDArray[np.float64], warp: NDArray[np.float64]
) -> NDArray[np.float32]:
    """The reverse of `_into_crop`, after a small motion of the head in the crop, (6,) as in `Motion.head`."""
    shift_x, shift_y, roll, grow, yaw, pitch = head.tolist()
    (a, b, warp_x), (_, _, warp_y) = warp.tolist()
    middle, depth = SIZE_PX / 2, float(in_crop[:, 2].mean())  # about which the head turns
    grown, area = 1 + grow, a * a + b * b
    x = middle + EYE_DISTANCE_PX * shift_x - (grown - roll) * middle - yaw * depth - warp_x
    y = middle + EYE_DISTANCE_PX * shift_y - (grown + roll) * middle - pitch * depth - warp_y
    moved = ((grown, -roll, yaw, x), (roll, grown, pitch, y))
    back = ((a / area, -b / area), (b / area, a / area))  # a turn and a zoom, undone
    placing = [[row[0] * moved[0][k] + row[1] * moved[1][k] for k in range(4)] for row in back]
    return _placed(in_crop, [*placing, [0, 0, 1 / math.sqrt(area), 0]])


def _placed(points: NDArray[np.float32], placing: list[list[float]]) -> NDArray[np.float32]:
    """(478, 3) points under a (3, 4) affine map."""
    return cv2.transform(points[:, None], np.array(placing))[:, 0]


def _angles_deg(pose: NDArray[np.float32]) -> tuple[float, float, float]:
    """Yaw (to the picture's right), pitch (up) and roll (clockwise) of a (4, 4) pose, in degrees."""
    (_, _, ahead_x, _), (across, up, ahead_y, _), (_, _, ahead_z, _), _ = pose.tolist()
    yaw, pitch = math.atan2(ahead_x, ahead_z), math.atan2(ahead_y, math.hypot(ahead_x, ahead_z))
    return math.degrees(yaw), math.degrees(pitch), math.degrees(-math.atan2(across, up))
