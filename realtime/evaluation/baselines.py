"""Two simple detectors beside which the pipeline is evaluated; they see the same faces, aligned in the same way.

Frame difference: the mean absolute difference of the aligned face from 0.1 s before; every local maximum is a
detection of fixed length, ranked by its height. Flow peaks: the size of the optical flow (rigid motion taken out) from
0.2 s before, and its peaks against the last seconds, bounded where the peak has fallen to half. Both are causal.
"""

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from medn.face.aligned import align
from medn.face.flow import amplitude_iod, framed, halved_flow, without_rigid_motion
from realtime.evaluation.curve import Detection
from realtime.faces.steady import SteadyWarp
from realtime.sink import Sink
from realtime.types import Analysis, Frame

DIFFERENCE_LAG_S = 0.1
FLOW_LAG_S = 0.2
LENGTH_S = 0.4
"""Length of a detection by frame difference, about the median of published micro-expressions."""
APART_S = 0.2
"""A peak is the highest value within so much on either side."""
BEFORE_S = 4.0
"""The flow's usual size and noise are those of the last seconds."""
BOUND_S = 0.35
"""The furthest that the bounds of a flow peak lie from it."""
NOISE_PCT = 0.1
"""Least noise of the flow's size, % iod: keeps still stretches from making peaks of nothing."""


class BaselineMeasures(Sink):
    """Measures both signals of the first face while a video is analysed."""

    def __init__(self) -> None:
        self.times_s: list[float] = []
        self.difference: list[float] = []
        """Mean absolute difference in levels of 255."""
        self.flow_pct: list[float] = []
        """Size of the flow, % iod."""
        self._warp = SteadyWarp()
        self._recent: deque[tuple[float, NDArray[np.uint8]]] = deque()
        self._face: int | None = None

    def on_analysis(self, analysis: Analysis, frame: Frame | None) -> None:
        """Measure one frame; while there is no face, nothing moves."""
        if frame is None or not analysis.faces:
            return
        face = analysis.faces[0]
        if face.face != self._face:
            self._face, self._warp = face.face, SteadyWarp()
            self._recent.clear()
        crop = align(frame.image, self._warp(face.points, frame.time_s)).copy()
        self._recent.append((frame.time_s, crop))
        while frame.time_s - self._recent[0][0] > FLOW_LAG_S + 0.1:
            self._recent.popleft()
        self.times_s.append(frame.time_s)
        self.difference.append(float(np.abs(crop - self._before(DIFFERENCE_LAG_S).astype(np.float32)).mean()))
        moved = without_rigid_motion(framed(halved_flow(self._before(FLOW_LAG_S), crop))[None])[0]
        self.flow_pct.append(float(amplitude_iod(moved)))

    def detections(self) -> dict[str, list[Detection]]:
        """What each baseline finds in the frames measured so far."""
        times_s = np.array(self.times_s)
        return {
            "frame difference": difference_peaks(times_s, np.array(self.difference)),
            "flow peaks": flow_peaks(times_s, np.array(self.flow_pct)),
        }

    def _before(self, lag_s: float) -> NDArray[np.uint8]:
        """The crop closest to `lag_s` before the newest one."""
        now_s = self._recent[-1][0]
        return min(self._recent, key=lambda item: abs(now_s - lag_s - item[0]))[1]


def difference_peaks(times_s: NDArray[np.float64], difference: NDArray[np.float64]) -> list[Detection]:
    """Every local maximum of a frame difference (N,) at times (N,): the middle of a detection of `LENGTH_S`."""
    half_s = LENGTH_S / 2
    # the difference is largest half a lag after the moment of the fastest movement
    return [
        Detection(at - half_s - DIFFERENCE_LAG_S / 2, at + half_s - DIFFERENCE_LAG_S / 2, float(difference[k]))
        for k, at in _peaks(times_s, difference)
    ]


def flow_peaks(times_s: NDArray[np.float64], flow_pct: NDArray[np.float64]) -> list[Detection]:
    """Every local maximum of a flow's size (N,) at times (N,), scored by how many times the noise it stands out."""
    found = []
    for k, at in _peaks(times_s, flow_pct):
        before = flow_pct[(times_s < at) & (times_s >= at - BEFORE_S)]
        if not len(before):
            continue
        usual = float(np.median(before))
        noise = max(1.4826 * float(np.median(np.abs(before - usual))), NOISE_PCT)
        low = (flow_pct < (usual + flow_pct[k]) / 2).nonzero()[0]
        earlier, later = low[low < k], low[low > k]
        onset_s = max(times_s[earlier[-1]] - FLOW_LAG_S / 2, at - BOUND_S) if len(earlier) else at - BOUND_S
        offset_s = min(times_s[later[0]], at + BOUND_S) if len(later) else at + BOUND_S
        found.append(Detection(float(onset_s), float(offset_s), (float(flow_pct[k]) - usual) / noise))
    return found


def _peaks(times_s: NDArray[np.float64], values: NDArray[np.float64]) -> Sequence[tuple[int, float]]:
    first = np.searchsorted(times_s, times_s - APART_S)
    last = np.searchsorted(times_s, times_s + APART_S, side="right")
    return [
        (k, float(times_s[k]))
        for k in range(len(values))
        if values[k] > 0 and values[k] == values[first[k] : last[k]].max()
    ]
