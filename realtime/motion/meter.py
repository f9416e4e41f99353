"""The motion meter: how far each region of one face has moved from its state at the start, frame by frame."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from medn.contract import EYE_DISTANCE_PX, SIZE_PX
from realtime.motion import kernel
from realtime.motion.regions import CELLS, LIDS, PATCHES, REGION_NAMES, Layout, layout

RENEW_S = 0.8
"""A reference older than this is replaced by the current face and the displacement chained: over longer spans pose and
light change what Lucas–Kanade takes for granted."""

NOISE_TAU_S = 1.0
"""How slowly the picture's noise is followed."""

PERCENT_IOD = 100.0 / EYE_DISTANCE_PX


@dataclass(frozen=True, slots=True)
class Motion:
    """What moved up to one frame."""

    regions: NDArray[np.float32]
    """(regions, 2) displacement since the meter's start in % iod, the head's motion taken out; drifts slowly, so only
    changes over seconds mean something."""
    patches: NDArray[np.float32]
    """(225, 2) the same of each patch of the crop, row by row."""
    difference: NDArray[np.float32]
    """(regions,) mean absolute difference to the frame before, in local standard deviations of the picture."""
    share: NDArray[np.float32]
    """(225, 2) share of a small displacement of each patch that is measured: less in the dark, where there is noise."""
    head: NDArray[np.float64]
    """(6,) the head's shift x and y (iod), roll (radians), scale (relative), yaw and pitch (radians) in the crop since
    the meter's start: what the warp has not already taken out."""


class MotionMeter:
    """Lucas–Kanade displacement of one face's regions against a recent reference that is renewed and chained."""

    def __init__(self) -> None:
        shape = (SIZE_PX, SIZE_PX)
        self._faces = [np.zeros(shape, np.float32) for _ in range(3)]  # now, before, reference: swapped, never copied
        self._scratch = [np.zeros(shape, np.float32) for _ in range(2)]
        self._sums = np.zeros((CELLS * CELLS, 6), np.float32)
        self._without_head = np.zeros((CELLS * CELLS, 5), np.float32)
        self._step_head = np.zeros(6)
        self._change = np.zeros(PATCHES * PATCHES, np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget the face: the next call starts again."""
        self._layout: Layout | None = None
        self._reference_s = self._last_s = -np.inf
        self._change[:] = 0
        self._chained = np.zeros((len(REGION_NAMES), 2), np.float32)
        self._chained_patches = np.zeros((PATCHES * PATCHES, 2), np.float32)
        self._chained_head = np.zeros(6)

    def __call__(self, face: NDArray[np.uint8], time_s: float, points: NDArray[np.float32]) -> Motion:
        """Measure one (128, 128) aligned grey face; `points` are its (478, 3) landmarks in px of the aligned crop."""
        now, before, reference = self._faces
        normalise(face, now, self._scratch)
        if self._layout is None:
            self._layout = layout(points)
            self._reference_s = time_s
            reference[:], before[:] = now, now
        kernel.cell_sums(now, reference, before, self._sums)
        places = self._layout
        kernel.fit_head(self._sums, places.basis, places.inside, self._step_head)
        regions = np.empty((len(REGION_NAMES), 2), np.float32)
        difference = np.empty(len(REGION_NAMES), np.float32)
        kernel.region_motion(
            self._sums,
            places.region_cells,
            places.region_weights,
            places.cell_basis,
            self._step_head,
            regions,
            difference,
        )
        patches = np.empty((PATCHES * PATCHES, 2), np.float32)
        kernel.patch_motion(self._sums, places.cell_basis, self._step_head, self._without_head, patches)
        share = np.empty((PATCHES * PATCHES, 2), np.float32)
        follow = 1 - np.exp((self._last_s - time_s) / NOISE_TAU_S)
        kernel.measured_share(self._sums, follow, self._change, share)
        self._last_s = time_s
        patches *= PERCENT_IOD
        patches += self._chained_patches
        regions *= PERCENT_IOD
        regions[LIDS, 0] = 0
        regions += self._chained
        head = self._chained_head + self._step_head
        if time_s - self._reference_s >= RENEW_S:
            self._chained, self._chained_head = regions.copy(), head.copy()
            self._chained_patches = patches.copy()
            self._layout, self._reference_s = layout(points), time_s
            reference[:] = now
        self._faces = [before, now, reference]
        return Motion(regions, patches, difference, share, head)


def normalise(face: NDArray[np.uint8], out: NDArray[np.float32], scratch: list[NDArray[np.float32]]) -> None:
    """Take light out of a (128, 128) face: blur σ 1.2 px, subtract the mean of 25², divide by the deviation of 41² px.

    A floor of 3 grey levels keeps flat skin from becoming amplified noise.
    """
    mean, variance = scratch
    np.copyto(out, face)
    cv2.GaussianBlur(out, (7, 7), 1.2, dst=out)
    cv2.blur(out, (25, 25), dst=mean)
    cv2.subtract(out, mean, dst=out)
    cv2.sqrBoxFilter(out, cv2.CV_32F, (41, 41), dst=variance)
    cv2.add(variance, 9.0, dst=variance)
    cv2.sqrt(variance, dst=variance)
    cv2.divide(out, variance, dst=out)
