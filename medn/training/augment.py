"""What is done to a movement each time it is shown: another framing, false flow, other gains, the mirror.

Flow maps of different laboratories differ in where the box lies, in noise, in what a turning head adds, and in how
each channel is scaled; a network that is to read all of them must have seen all of that.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from medn.contract import FLOW_SIZE, SIZE_PX
from medn.face.flow import cell_centres_px, flow_maps
from medn.model.motion import mirrored


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Standard deviations, in parts of the map's half width where they are places, of its deviation where flow."""

    affine: float = 0.05
    shift: float = 0.05
    elastic: float = 0.03
    slow: float = 1.0
    """The most of false flow that changes slowly over the face."""
    slow_share: float = 0.5
    """How many maps get any."""
    noise: float = 0.5
    """The most of noise, cell by cell and over 2 × 2 cells."""
    gain: float = 0.2
    """Of each channel, as a logarithm."""
    cutout_share: float = 0.3
    mixup_share: float = 0.3
    """How many batches are mixed (Zhang et al. 2018), with weights from Beta(0.4, 0.4)."""


def augmented_flow_maps(
    halved: NDArray[np.float16], how: Augmentation, generator: torch.Generator, steadied: float = 1.0
) -> tuple[Tensor, NDArray[np.float32]]:
    """`medn.face.flow.flow_maps` of halved flow (B, 2, 64, 64), augmented: maps (B, 3, 28, 28), amplitudes (B,).

    From a share of them, `steadied`, rigid motion is taken out, as from live ones; published ones keep it. Without
    augmentation the result is that of `flow_maps`, bit for bit.
    """
    centres = [torch.tensor((at + 0.5) * 2 / SIZE_PX - 1, dtype=torch.float32) for at in cell_centres_px()]

    def reframe(whole: NDArray[np.float32]) -> NDArray[np.float32]:
        return _reframed(torch.from_numpy(whole), centres, how, generator).numpy()

    def disturb(displacement: NDArray[np.float32], steady: NDArray[np.float32]) -> NDArray[np.float32]:
        keep = torch.rand(len(steady), 1, 1, 1, generator=generator) >= steadied
        flow = torch.where(keep, torch.from_numpy(displacement), torch.from_numpy(steady))
        size = flow.std(dim=(2, 3), keepdim=True).mean(dim=1, keepdim=True)
        flow = flow + size * _false_flow(len(flow), how, generator)
        return (flow * torch.exp(how.gain * torch.randn(len(flow), 2, 1, 1, generator=generator))).numpy()

    moved = how.affine or how.shift or how.elastic
    maps, amplitude = flow_maps(halved, reframe if moved else None, disturb)
    return _regained(torch.from_numpy(maps), how, generator), amplitude


def map_variants(maps: Tensor, how: Augmentation, generator: torch.Generator) -> Tensor:
    """The same done to maps (B, 3, 28, 28) of which no flow is at hand, as published ones."""
    centres = (torch.arange(FLOW_SIZE) + 0.5) * 2 / FLOW_SIZE - 1
    varied = _reframed(maps, [centres, centres], how, generator)
    varied[:, :2] += _false_flow(len(maps), how, generator)
    return _regained(varied, how, generator)


def mirror_some(maps: Tensor, faces: Tensor | None, generator: torch.Generator) -> tuple[Tensor, Tensor | None]:
    """Half of the samples mirrored: `maps` (B, 3, 28, 28) and, if there are any, their `faces` (B, 8, 128, 128)."""
    turn = torch.rand(len(maps), generator=generator) < 0.5
    maps = torch.where(turn[:, None, None, None], mirrored(maps), maps)
    if faces is not None:
        faces = torch.where(turn[:, None, None, None], faces.flip(3), faces)
    return maps, faces


def _reframed(fields: Tensor, centres: list[Tensor], how: Augmentation, generator: torch.Generator) -> Tensor:
    """(B, C, 28, 28): fields (B, C, H, W) at cells whose centres, as `grid_sample` counts them, are a little off."""
    count = len(fields)
    middle_x, middle_y = centres[0].mean(), centres[1].mean()
    y, x = torch.meshgrid(centres[1] - middle_y, centres[0] - middle_x, indexing="ij")
    grow = torch.exp(how.affine * torch.randn(2, count, 1, 1, generator=generator))
    shear = how.affine * torch.randn(2, count, 1, 1, generator=generator)
    shift = how.shift * torch.randn(2, count, 1, 1, generator=generator)
    bend = how.elastic * _slow(count, _ELASTIC_BASIS, generator)
    at_x = x * grow[0] + y * shear[0] + shift[0] + middle_x + bend[:, 0]
    at_y = y * grow[1] + x * shear[1] + shift[1] + middle_y + bend[:, 1]
    return F.grid_sample(fields, torch.stack([at_x, at_y], dim=3), padding_mode="border", align_corners=False)


def _false_flow(count: int, how: Augmentation, generator: torch.Generator) -> Tensor:
    """(B, 2, 28, 28) in units of a map's deviation."""
    given = (torch.rand(count, 1, 1, 1, generator=generator) < how.slow_share) * how.slow
    false = given * _slow(count, _SLOW_BASIS, generator) * torch.rand(count, 1, 1, 1, generator=generator)
    for basis in (None, _PAIRS_BASIS):
        strength = how.noise * torch.rand(count, 1, 1, 1, generator=generator)
        false = false + strength * _slow(count, basis, generator)
    return false


def _regained(maps: Tensor, how: Augmentation, generator: torch.Generator) -> Tensor:
    maps = maps * torch.exp(0.75 * how.gain * torch.randn(len(maps), 3, 1, 1, generator=generator))
    _cut_out(maps, how.cutout_share, generator)
    return maps


def _slow(count: int, basis: Tensor | None, generator: torch.Generator) -> Tensor:
    """(B, 2, 28, 28) random fields: white, or spanned by a basis (k, 784)."""
    if basis is None:
        return torch.randn(count, 2, FLOW_SIZE, FLOW_SIZE, generator=generator)
    field = torch.randn(count, 2, len(basis), generator=generator) @ basis
    return field.reshape(count, 2, FLOW_SIZE, FLOW_SIZE)


def _cut_out(maps: Tensor, share: float, generator: torch.Generator) -> None:
    """Blank one rectangle of 4–10 cells a side in some of the maps, in place (DeVries & Taylor 2017)."""
    for index in torch.nonzero(torch.rand(len(maps), generator=generator) < share)[:, 0].tolist():
        width, height = torch.randint(4, 11, (2,), generator=generator).tolist()
        left = int(torch.randint(0, FLOW_SIZE - width, (1,), generator=generator))
        top = int(torch.randint(0, FLOW_SIZE - height, (1,), generator=generator))
        maps[index, :, top : top + height, left : left + width] = 0


def _basis(knots: int, mode: str) -> Tensor:
    """(knots², 784): what each of knots × knots values adds to a map that is interpolated between them."""
    one_each = torch.eye(knots**2).reshape(knots**2, 1, knots, knots)
    corners = True if mode == "bicubic" else None
    return F.interpolate(one_each, size=FLOW_SIZE, mode=mode, align_corners=corners).reshape(knots**2, -1)


_SLOW_BASIS = _basis(3, "bicubic")
_ELASTIC_BASIS = _basis(5, "bicubic")
_PAIRS_BASIS = 1.5 * _basis(14, "nearest")
