"""All that is kept for one face: its warp, its aligned crops, its motion and its spotter."""

import math

import numpy as np
from numpy.typing import NDArray

from medn.face.aligned import EYE_DISTANCE_PX, SIZE_PX, align, eye_distance_px
from medn.face.landmarker import FaceObservation
from realtime.faces.steady import SteadyWarp
from realtime.frame import Frame
from realtime.motion.meter import MotionMeter
from realtime.motion.regions import GROUP_OF_REGION, REGION_NAMES
from realtime.results import REGION_GROUPS, Event, FaceReading
from realtime.ring import Ring
from realtime.spotting.parameters import SpotterParameters
from realtime.spotting.spotter import HIGHEST_RATE_HZ, Spotter
from realtime.spotting.trace import row
from realtime.stopwatch import Stopwatch

CROPS_S = 2.0
"""How long aligned crops are held: a movement, its decision and some air."""
REST_TAU_S = 2.0
"""The state that displacement is shown against follows the face with this time constant."""


class FaceAnalyzer:
    """One face's part of the pipeline, from its first frame until it has been away too long."""

    def __init__(self, face: int, parameters: SpotterParameters) -> None:
        self.face = face
        self.last_s = -math.inf
        """Time of the newest frame in which the face was."""
        self.crops = Ring(int(CROPS_S * HIGHEST_RATE_HZ), (SIZE_PX, SIZE_PX), np.uint8)
        self.spotter = Spotter(face, parameters)
        self._warp = SteadyWarp()
        self._meter = MotionMeter()
        self._crop = np.zeros((SIZE_PX, SIZE_PX), np.uint8)
        self._observation: FaceObservation | None = None
        self._in_crop = np.zeros((478, 3), np.float32)  # the landmarks, in px of the crop that was cut with them
        self._rest_pct: NDArray[np.float32] | None = None
        self._head = np.zeros(6)
        self._head_at_landmarks = np.zeros(6)

    def step(
        self, frame: Frame, observation: FaceObservation | None, watch: Stopwatch
    ) -> tuple[FaceReading, list[Event]]:
        """Take in a frame with this face; without landmarks of its own, the warp follows the head's fitted motion.

        Returns the reading and the spotter's candidates.
        """
        if observation is not None:
            self._observation = observation
            warp = self._warp(observation.points, frame.time_s)
            self._in_crop = _into_crop(observation.points, warp)
        else:
            assert self._observation is not None
            warp = self._warp.follow(self._head - self._head_at_landmarks)
        with watch("align"):
            align(frame.image, warp, out=self._crop)
            self.crops.append(frame.time_s, frame.index, self._crop)
        with watch("motion"):
            motion = self._meter(self._crop, frame.time_s, self._in_crop)
        self._head = motion.head
        if observation is not None:
            self._head_at_landmarks = motion.head
            points = observation.points
        else:
            points = _out_of_crop(_moved(self._in_crop, motion.head - self._head_at_landmarks), warp)
        with watch("spot"):
            x, y, tilt, size = self._warp.place
            head = motion.head + np.array([x, y, tilt, size, 0, 0])
            candidates = self.spotter(frame.time_s, frame.index, row(motion, head, self._observation.blendshapes))
        reading = FaceReading(
            face=self.face,
            points=points,
            motion=self._displacement(motion.regions, frame.time_s),
            threshold=_by_group(self.spotter.threshold_pct),
            yaw_pitch_roll_deg=_angles_deg(self._observation.pose),
            eye_distance_px=eye_distance_px(points),
            calibrated=self.spotter.calibrated,
        )
        self.last_s = frame.time_s
        return reading, candidates

    def _displacement(self, regions: NDArray[np.float32], time_s: float) -> NDArray[np.float32]:
        """(6,) displacement from the slowly followed state of rest, by group."""
        if self._rest_pct is None:
            self._rest_pct = regions.copy()
        else:
            self._rest_pct += (1 - math.exp((self.last_s - time_s) / REST_TAU_S)) * (regions - self._rest_pct)
        return _by_group(np.hypot(*(regions - self._rest_pct).T))


def _by_group(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """(6,) largest of (regions,) values in each group."""
    result = np.zeros(len(REGION_GROUPS), np.float32)
    np.maximum.at(result, GROUP_OF_REGION, values[: len(REGION_NAMES)].astype(np.float32))
    return result


def _into_crop(points: NDArray[np.float32], warp: NDArray[np.float64]) -> NDArray[np.float32]:
    """(478, 3) landmarks in px of the aligned crop."""
    placed = np.empty_like(points)
    placed[:, :2] = points[:, :2] @ warp[:, :2].T + warp[:, 2]
    placed[:, 2] = points[:, 2] * math.hypot(warp[0, 0], warp[0, 1])
    return placed


def _out_of_crop(placed: NDArray[np.float32], warp: NDArray[np.float64]) -> NDArray[np.float32]:
    """The reverse of `_into_crop`."""
    points = np.empty_like(placed)
    points[:, :2] = (placed[:, :2] - warp[:, 2]) @ np.linalg.inv(warp[:, :2]).T
    points[:, 2] = placed[:, 2] / math.hypot(warp[0, 0], warp[0, 1])
    return points


def _moved(placed: NDArray[np.float32], head: NDArray[np.float64]) -> NDArray[np.float32]:
    """Landmarks in the crop after a small motion of the head there, (6,) as `Motion.head` tells it."""
    shift_x, shift_y, roll, grow, yaw, pitch = head
    x, y = (placed[:, :2] - SIZE_PX / 2).T
    depth = placed[:, 2] - placed[:, 2].mean()
    moved = placed.copy()
    moved[:, 0] += shift_x * EYE_DISTANCE_PX + grow * x - roll * y + yaw * depth
    moved[:, 1] += shift_y * EYE_DISTANCE_PX + grow * y + roll * x + pitch * depth
    return moved


def _angles_deg(pose: NDArray[np.float32]) -> tuple[float, float, float]:
    """Yaw (to the picture's right), pitch (up) and roll (clockwise) of a (4, 4) pose, in degrees."""
    turn = pose[:3, :3] / np.cbrt(np.linalg.det(pose[:3, :3]))
    yaw = math.atan2(float(turn[0, 2]), float(turn[2, 2]))
    pitch = math.asin(float(np.clip(turn[1, 2], -1, 1)))
    roll = -math.atan2(float(turn[1, 0]), float(turn[1, 1]))
    return math.degrees(yaw), math.degrees(pitch), math.degrees(roll)
