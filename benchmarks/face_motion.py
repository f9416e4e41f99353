"""How much faces move in given videos, region by region, while they speak and while they do not.

The measure is the least-squares size of a 0.33 s raised-cosine bump beside a constant and a slope, at every moment, in
the displacement of each region (% of the eye distance), with landmarks on every frame.

    python -m benchmarks.face_motion VIDEO...
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, binary_opening, uniform_filter1d
from scipy.signal import butter, sosfiltfilt

from medn.contract import SIZE_PX
from medn.face.aligned import align, eye_distance_px
from medn.face.landmarker import Landmarker
from realtime.faces.steady import SteadyWarp
from realtime.motion.meter import MotionMeter
from realtime.motion.regions import REGION_NAMES
from realtime.sources.video import VideoFile
from realtime.types import Frame

RATE_HZ = 30.0
"""Traces are resampled to this rate before anything is measured."""
BUMP_S = 0.33
MARGIN_S = 0.13
"""Trace on either side of the bump that the constant and the slope are fitted to."""
GROUPS: Mapping[str, tuple[str, ...]] = {
    "brows": ("brow", "glabella"),
    "lids": ("lid",),
    "nose, cheeks": ("nose", "cheek"),
    "mouth corners": ("mouth corner",),
    "lips, chin": ("upper lip", "lower lip", "chin"),
}
"""Regions whose name contains one of these."""
SPEECH_PERCENT_IOD = 1.2
"""Root mean square of the lips' opening within 1.5–9 Hz over 0.6 s above which somebody is taken to speak."""


@dataclass(frozen=True)
class FaceMotion:
    """One video's bump responses at 30 Hz."""

    eye_distance_px: float
    bump_percent: NDArray[np.float64]
    """(moments, regions) size of the best-fitting bump, % of the eye distance."""
    speaking: NDArray[np.bool_]
    """(moments,)."""

    def level(self, group: str, percentile: float = 50.0, speaking: bool | None = None) -> float:
        """A percentile over the moments, mean over the group's regions; nan where no second is left to measure."""
        chosen = np.full(len(self.speaking), True) if speaking is None else self.speaking == speaking
        regions = [k for k, name in enumerate(REGION_NAMES) if any(part in name for part in GROUPS[group])]
        values = self.bump_percent[chosen][:, regions]
        return float(np.percentile(values, percentile, axis=0).mean()) if len(values) >= RATE_HZ else float("nan")


def measure(video: Path) -> FaceMotion:
    """The motion of the first face of a video. Raises ValueError if it is seen in less than 2 s."""
    times: list[float] = []
    regions: list[NDArray[np.floating]] = []
    points: list[NDArray[np.floating]] = []
    warp, meter, crop = SteadyWarp(), MotionMeter(), np.zeros((SIZE_PX, SIZE_PX), np.uint8)
    with Landmarker("video") as landmarker, VideoFile(video) as frames:
        for frame in frames:
            if not isinstance(frame, Frame):
                continue
            faces = landmarker(np.ascontiguousarray(frame.image[:, :, ::-1]), frame.time_s)
            if not faces:
                continue
            found = faces[0].points
            placing = warp(found, frame.time_s)
            align(frame.image, placing, out=crop)
            zoom = float(np.hypot(placing[0, 0], placing[0, 1]))
            in_crop = np.column_stack([cv2.transform(found[:, None, :2], placing)[:, 0], zoom * found[:, 2]])
            regions.append(meter(crop, frame.time_s, in_crop.astype(np.float32)).regions.ravel())
            points.append(found[[13, 14, 61, 291], :2].ravel() / eye_distance_px(found))
            times.append(frame.time_s)
            distance_px = eye_distance_px(found)
    if len(times) < 2 or times[-1] - times[0] < 2.0:
        raise ValueError(f"{video} shows a face for less than 2 s")
    even = np.arange(times[0], times[-1], 1 / RATE_HZ)
    trace = np.stack([np.interp(even, times, column) for column in np.array(regions).T], axis=1)
    lips = np.stack([np.interp(even, times, column) for column in np.array(points).T], axis=1)
    half = _half()
    bumps = _responses(trace)
    size = np.hypot(bumps[:, ::2], bumps[:, 1::2])
    return FaceMotion(distance_px, size, _speaks(lips)[half : half + len(size)])


def table(motions: Mapping[str, FaceMotion]) -> str:
    """Median and 90th percentile by video and group, speaking and silent apart, in Markdown."""
    lines = ["| video | iod, px | while | s | " + " | ".join(GROUPS) + " |", "| --- " * (4 + len(GROUPS)) + "|"]
    for name, motion in motions.items():
        for state, label in ((True, "speaking"), (False, "silent")):
            seconds = float((motion.speaking == state).sum()) / RATE_HZ
            if seconds >= 1:
                cells = [f"{motion.level(g, 50, state):.2f} ({motion.level(g, 90, state):.2f})" for g in GROUPS]
                head = f"| {name} | {motion.eye_distance_px:.0f} | {label} | {seconds:.0f} | "
                lines.append(head + " | ".join(cells) + " |")
    return "\n".join(lines)


def _half() -> int:
    return round((BUMP_S / 2 + MARGIN_S) * RATE_HZ)


def _responses(trace: NDArray[np.float64]) -> NDArray[np.float64]:
    """(moments − 2 · half, columns) size of the bump in (moments, columns)."""
    at_s = np.arange(-_half(), _half() + 1) / RATE_HZ
    bump = np.where(np.abs(at_s) < BUMP_S / 2, 0.5 + 0.5 * np.cos(2 * np.pi * at_s / BUMP_S), 0.0)
    weights = np.linalg.pinv(np.stack([bump, np.ones_like(at_s), at_s], axis=1))[0]
    return np.stack([np.convolve(column, weights[::-1], "valid") for column in trace.T], axis=1)


def _speaks(lips: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(moments,) from the places (moments, 8), in eye distances, of the inner lips' middles and the mouth's corners."""
    top, bottom, left, right = np.moveaxis(lips.reshape(-1, 4, 2), 1, 0)
    open_pct, wide_pct = (100 * np.linalg.norm(a - b, axis=1) for a, b in ((top, bottom), (left, right)))
    band = butter(2, [1.5, 9.0], "band", fs=RATE_HZ, output="sos")
    window = int(0.6 * RATE_HZ)
    power = sum(
        share * uniform_filter1d(sosfiltfilt(band, values) ** 2, window)
        for share, values in ((1.0, open_pct), (0.3, wide_pct))
    )
    active = np.sqrt(power) > SPEECH_PERCENT_IOD
    joined = binary_closing(active, np.ones(int(0.5 * RATE_HZ)))
    return np.asarray(binary_opening(joined, np.ones(int(0.4 * RATE_HZ))), bool)


def main(videos: Sequence[str]) -> None:
    """Print the table of the given videos."""
    motions = {}
    for video in videos:
        motions[Path(video).stem] = measure(Path(video))
        print(f"{video} is measured", file=sys.stderr)
    print(table(motions))


if __name__ == "__main__":
    main(sys.argv[1:])
