"""Magnified movement: a movement too small to see, made large enough (Liu et al., Motion Magnification, SIGGRAPH 2005).

Dense flow from the picture at rest to each other one, the head's own motion (a similarity) taken out, the rest
multiplied and the picture bent by it. Our reading: DIS flow, smoothed in space, shrunk by what noise alone would give.
For eyes only: smoothing takes up to half of the factor from small features, and no figure is taken from the result.
"""

from collections.abc import Sequence
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

_T = TypeVar("_T", np.uint8, np.float32)

SMOOTH = 0.02
"""Spread of the Gaussian that smooths the flow, as a part of the picture's side."""
NOISE_PX = 0.08
"""Movements as small as this are taken for noise."""
GRID_PX = 6
"""The similarity is fitted to every GRID_PX-th pixel's flow …"""
FACE = 0.3
"""… within this part of the side from the middle, where the face is: what is behind it does not move with it."""


def magnify(images: Sequence[NDArray[np.uint8]], reference: int, factor: float) -> list[NDArray[np.uint8]]:
    """The (H, W, 3) BGR pictures, a face in the middle, with their movement since picture `reference` magnified.

    What moved, moves `factor` times as far; the head is held where it was. ValueError for a factor under 1.
    """
    if factor < 1:
        raise ValueError(f"a movement is magnified by a factor of at least 1, not {factor:g}")
    greys = [cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) for image in images]
    flow_of = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    rest = greys[reference]
    still = _coordinates(rest.shape)
    result = []
    for image, grey in zip(images, greys, strict=True):
        flow = np.zeros_like(still) if grey is rest else flow_of.calc(rest, grey, None)
        rigid = _similarity(still, flow)
        moved = _without_noise(flow - rigid, SMOOTH * rest.shape[1])
        # where in the reference lies what is to be shown here: u + factor · moved(u) = place, by fixed-point iteration
        origin = still.copy()
        for _ in range(3):
            origin = still - factor * _at(moved, origin)
        result.append(_at(image, origin + _at(rigid + moved, origin)))
    return result


def difference(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W) uint8: where two (H, W, 3) BGR pictures, a face in the middle, differ.

    The head's motion and even changes of light are taken out; 255 stands for a difference of 24 grey levels or more.
    """
    one, two = (cv2.GaussianBlur(cv2.cvtColor(p, cv2.COLOR_BGR2GRAY), (0, 0), 1.2) for p in (before, after))
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(one, two, None)
    still = _coordinates(one.shape)
    held = _at(two, still + _similarity(still, flow)).astype(np.float32)
    change = held - one
    change -= np.median(change)
    return np.clip(np.abs(change) * (255 / 24), 0, 255).astype(np.uint8)


def _coordinates(shape: Sequence[int]) -> NDArray[np.float32]:
    """(H, W, 2): x and y of each pixel."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    return np.stack([x, y], axis=-1)


def _similarity(still: NDArray[np.float32], flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W, 2): the part of a flow that a shift, a turn and a change of size explain, whatever else moves."""
    size = np.array(flow.shape[1::-1])
    here = still[::GRID_PX, ::GRID_PX].reshape(-1, 2)
    face = np.linalg.norm((here - size / 2) / size, axis=1) < FACE
    there = here + flow[::GRID_PX, ::GRID_PX].reshape(-1, 2)
    here, there = here[face], there[face]
    matrix, _ = cv2.estimateAffinePartial2D(here, there, method=cv2.LMEDS)
    if matrix is None:
        return np.zeros_like(flow)
    return (still @ matrix[:, :2].T + matrix[:, 2] - still).astype(np.float32)


def _without_noise(moved: NDArray[np.float32], spread_px: float) -> NDArray[np.float32]:
    smooth = cv2.GaussianBlur(moved, (0, 0), spread_px)
    size = np.linalg.norm(smooth, axis=-1, keepdims=True)
    return smooth * np.maximum(1 - NOISE_PX / np.maximum(size, 1e-6), 0)


def _at(values: NDArray[_T], places: NDArray[np.float32]) -> NDArray[_T]:
    return cv2.remap(values, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
