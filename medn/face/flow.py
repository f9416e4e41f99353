"""The flow map: how the face moved from onset to apex, in the framing in which the field publishes such maps.

A map is 28 × 28 × (u, v, optical strain), u to the right and v down. It shows a slightly tall box of the face, squeezed
to a square, with the eye line at 30 % of its height and the eyes 46 % of its width apart (measured on the maps of the
MEGC 2019 composite). Those are TV-L1 flow; this is DIS, which costs a tenth, and at this size a network that learned
from it reads them better than one that learned from TV-L1.

Published maps lose their amplitude, so each channel is centred and scaled by itself; amplitude is given separately.
Training, evaluation and live windows go through `flow_maps`; they and published maps through `normalised`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from medn.contract import EYE_CENTRE_PX, EYE_DISTANCE_PX, FLOW_SIZE

BOX_WIDTH_PX = EYE_DISTANCE_PX / 0.46
BOX_HEIGHT_PX = BOX_WIDTH_PX * 1.15
"""Of the box, in px of the aligned face."""
EYES_AT = 0.30
"""Of the box's height."""


@dataclass(frozen=True, slots=True, eq=False)
class FlowMap:
    """One movement, onset → apex."""

    map: NDArray[np.float32]
    """(3, 28, 28): u, v and optical strain, normalised: the network's `flow`."""
    amplitude_iod: float
    """98th percentile of the displacement inside the map, rigid motion taken out, in % iod."""


def flow_map(onset: NDArray[np.uint8], apex: NDArray[np.uint8]) -> FlowMap:
    """The flow map between two aligned grey faces ((128, 128) uint8)."""
    maps, amplitude = flow_maps(halved_flow(onset, apex)[None])
    return FlowMap(maps[0], float(amplitude[0]))


def flow_maps(
    halved: NDArray[np.floating],
    reframe: Callable[[NDArray[np.float32]], NDArray[np.float32]] | None = None,
    disturb: Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The network's `flow` (B, 3, 28, 28) and amplitudes (B,) in % iod from halved flow (B, 2, 64, 64).

    Training augments in between: `reframe` replaces `framed` for the whole batch; `disturb` gets the framed
    displacements and those without rigid motion, (B, 2, 28, 28) each, and returns what the maps are made of. Rigid
    motion is taken out of each sample by itself, so that its result does not depend on the batch it is in.
    """
    whole = np.asarray(halved, np.float32)
    displacement = np.stack([framed(each) for each in whole]) if reframe is None else reframe(whole)
    steady = np.stack([without_rigid_motion(each) for each in displacement])
    maps = steady if disturb is None else disturb(displacement, steady)
    return normalised(with_strain(maps)), amplitude_iod(steady)


def halved_flow(onset: NDArray[np.uint8], apex: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(2, 64, 64) displacement in % iod over a whole aligned face, each cell the mean of 2 × 2 px.

    By dense inverse search (Kroeger et al. 2016).
    """
    # made for each pair: the object keeps buffers and must not be shared between threads
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    half = cv2.resize(search.calc(onset, apex, None), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(half.transpose(2, 0, 1)) * np.float32(100 / EYE_DISTANCE_PX)


def framed(halved: NDArray[np.float32]) -> NDArray[np.float32]:
    """(2, 28, 28): a halved flow at the centres of the box's cells.

    Sampled, not averaged, as published maps are.
    """
    return np.stack([cv2.remap(channel, _AT_X, _AT_Y, cv2.INTER_LINEAR) for channel in halved])


def without_rigid_motion(displacement: NDArray[np.float32], rounds: int = 4) -> NDArray[np.float32]:
    """Framed displacements (…, 2, 28, 28) less the shift, roll and change of scale that most of the face shares.

    Iteratively reweighted least squares with Cauchy weights: what moves by itself, as a micro-expression does, soon
    counts for nothing.
    """
    samples = displacement.reshape(-1, 2 * FLOW_SIZE**2).astype(np.float64)
    motion = samples @ _RIGID_INVERSE.T
    for _ in range(rounds):
        u, v = np.split(samples - motion @ _RIGID.T, 2, axis=1)
        length = np.hypot(u, v)
        scale = np.maximum(1.5 * np.median(length, axis=1, keepdims=True), 0.04)
        weight = np.tile(1 / (1 + (length / scale) ** 2), 2)
        normal = (weight @ _RIGID_PRODUCTS).reshape(-1, 4, 4)
        motion = np.linalg.solve(normal, ((weight * samples) @ _RIGID)[:, :, None])[:, :, 0]
    return (samples - motion @ _RIGID.T).reshape(displacement.shape).astype(np.float32)


def amplitude_iod(displacement: NDArray[np.float32]) -> NDArray[np.float32]:
    """(…): 98th percentile of the length of a (…, 2, H, W) displacement less its median, in its own unit."""
    centred = displacement - np.median(displacement, axis=(-2, -1), keepdims=True)
    length = np.hypot(centred[..., 0, :, :], centred[..., 1, :, :])
    return np.percentile(length, 98, axis=(-2, -1)).astype(np.float32)


def with_strain(displacement: NDArray[np.float32]) -> NDArray[np.float32]:
    """(…, 3, H, W): u, v and optical strain of a (…, 2, H, W) displacement.

    Strain is √(εxx² + εyy² + 2 εxy²) (Shreve et al. 2011; Liong et al. 2019), of the map as it is framed.
    """
    du_dy, du_dx = np.gradient(displacement[..., 0, :, :], axis=(-2, -1))
    dv_dy, dv_dx = np.gradient(displacement[..., 1, :, :], axis=(-2, -1))
    strain = np.sqrt(du_dx**2 + dv_dy**2 + 0.5 * (du_dy + dv_dx) ** 2)
    return np.concatenate([displacement, strain[..., None, :, :]], axis=-3, dtype=np.float32)


def normalised(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """(…, 3, 28, 28) maps with each channel's median at 0 and its standard deviation at 1; a still one stays 0."""
    centred = maps - np.median(maps, axis=(-2, -1), keepdims=True)
    return (centred / (centred.std(axis=(-2, -1), keepdims=True) + 1e-6)).astype(np.float32)


def published_maps(flow: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(N, 3, 28, 28): the network's `flow` from published maps, (N, 28, 28, 3) uint8 of any scale by channel."""
    return normalised(flow.transpose(0, 3, 1, 2).astype(np.float32))


def cell_centres_px() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(28,) x and (28,) y of the cells' centres in px of the aligned face."""
    at = (np.arange(FLOW_SIZE) + 0.5) / FLOW_SIZE
    return EYE_CENTRE_PX[0] + (at - 0.5) * BOX_WIDTH_PX, EYE_CENTRE_PX[1] + (at - EYES_AT) * BOX_HEIGHT_PX


def _sampling() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(28, 28) x and y of the cells' centres in px of the halved flow."""
    x, y = np.meshgrid(*((centres - 0.5) / 2 for centres in cell_centres_px()))
    return x.astype(np.float32), y.astype(np.float32)


def _rigid_design() -> NDArray[np.float64]:
    """(2·784, 4): what a shift in x and y, growth and roll do to u and v of every cell."""
    x, y = (grid.ravel() / EYE_DISTANCE_PX for grid in np.meshgrid(*cell_centres_px()))
    x, y = x - x.mean(), y - y.mean()
    one, none = np.ones_like(x), np.zeros_like(x)
    return np.concatenate([np.stack([one, none, x, -y], axis=1), np.stack([none, one, y, x], axis=1)])


_AT_X, _AT_Y = _sampling()
_RIGID = _rigid_design()
_RIGID_INVERSE = np.linalg.pinv(_RIGID)
_RIGID_PRODUCTS = (_RIGID[:, :, None] * _RIGID[:, None, :]).reshape(-1, 16)
