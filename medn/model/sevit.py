"""The Sparse Emotion Vision Transformer (SEViT): a face in time to features of the little that changes in it.

From the paper: spatial tokens are sparsified at several sparsity rates, so that local temporal change stands out. Our
reading: the face is cut into 8 × 8 patches; each patch is followed through the window, and scored by how much it
changes in time for how much it varies in space (the ratio that a displacement would give, so that an eyebrow does not
win for being dark). The best k patches are kept for each of three rates, one transformer with shared weights reads
each, and learned weights join the three.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from medn.contract import FRAMES, SIZE_PX

PATCH_PX = 16
STEP_FRAMES = 2
"""Frames that one token spans."""

_GRID = SIZE_PX // PATCH_PX
_STEPS = FRAMES // STEP_FRAMES


class Emotion(NamedTuple):
    """SEViT's output for a batch of B windows."""

    features: Tensor
    """(B, D)."""
    tokens: Tensor
    """(B, 4 × rates, D): one for each pair of frames at each sparsity rate, for the fusion."""


class SEViT(nn.Module):
    """`keep`: patches kept, of 64, at each sparsity rate."""

    positions: Tensor

    def __init__(
        self,
        width: int = 128,
        depth: int = 3,
        heads: int = 4,
        keep: tuple[int, ...] = (16, 8, 4),
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.keep = keep
        self.embed = nn.Linear(2 * STEP_FRAMES * PATCH_PX**2, width)
        self.where = nn.Parameter(0.02 * torch.randn(_GRID**2, 1, width))
        self.when = nn.Parameter(0.02 * torch.randn(1, _STEPS, width))
        self.blocks = nn.ModuleList(Block(width, heads, dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.weigh = nn.Linear(width, 1)
        self.register_buffer("positions", torch.arange(_GRID**2), persistent=False)

    def forward(self, faces: Tensor) -> Emotion:
        """Emotion features from `faces` (B, 8, 128, 128): aligned grey faces, 0–1."""
        patches = _patches(_normalised(faces))
        score = temporal_variation(patches)
        change = patches - patches[:, :, :1]
        # change is a few per cent of appearance: brought to the same size
        tokens = self.embed(torch.cat([_steps(patches), _steps(change) * 8.0], dim=-1)) + self.where + self.when
        at_rates = torch.stack([self._read(tokens, score, k) for k in self.keep], dim=1)
        summary = at_rates.mean(dim=2)
        weight = self.weigh(summary).softmax(dim=1)
        return Emotion((weight * summary).sum(dim=1), at_rates.flatten(1, 2))

    def _read(self, tokens: Tensor, score: Tensor, k: int) -> Tensor:
        """(B, 4, D): the k best-scored of (B, 64, 4, D) tokens, read by the shared blocks, mean over the patches."""
        best = score.topk(k, dim=1, sorted=False).indices
        # a gather written as a product with one-hot rows, because TensorRT has no gather for a batch of unknown size
        chosen = (best[:, :, None] == self.positions).to(tokens.dtype)
        kept = (chosen @ tokens.flatten(2)).reshape(-1, k * _STEPS, tokens.shape[-1])
        for block in self.blocks:
            kept = block(kept)
        return self.norm(kept).reshape(-1, k, _STEPS, tokens.shape[-1]).mean(dim=1)


def temporal_variation(patches: Tensor) -> Tensor:
    """(B, 64): how much each patch changes in time for how much it varies in space, from (B, 64, 8, 256) pixels.

    The mean of each patch in each frame is taken out first, so that a change of light scores nothing.
    """
    level = patches - patches.mean(dim=3, keepdim=True)
    change = (level[:, :, 1:] - level[:, :, :1]).abs().mean(dim=(2, 3))
    contrast = level[:, :, 0].abs().mean(dim=2)
    return change / (contrast + 0.05)


class Block(nn.Module):
    """A pre-norm transformer block (Vaswani et al. 2017; pre-norm: Xiong et al. 2020)."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.attend = Attention(width, heads)
        self.mlp = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 2 * width),
            nn.GELU(),
            nn.Linear(2 * width, width),
            nn.Dropout(dropout),
        )

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, N, D) → (B, N, D)."""
        normed = self.norm(tokens)
        tokens = tokens + self.attend(normed, normed)
        return tokens + self.mlp(tokens)


class Attention(nn.Module):
    """Multi-head attention of queries to a context."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, queries: Tensor, context: Tensor) -> Tensor:
        """(B, N, D) from `queries` (B, N, D) and `context` (B, M, D)."""
        key, value = self.key_value(context).chunk(2, dim=-1)
        query, key, value = (self._split(x) for x in (self.query(queries), key, value))
        return self.out(F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        """(B, N, D) → (B, heads, N, D / heads)."""
        return x.reshape(*x.shape[:2], self.heads, -1).transpose(1, 2)


def _normalised(faces: Tensor) -> Tensor:
    """Each window to mean 0 and deviation 1 over all of its pixels."""
    centred = faces - faces.mean(dim=(1, 2, 3), keepdim=True)
    return centred / (centred.square().mean(dim=(1, 2, 3), keepdim=True).sqrt() + 1e-3)


def _patches(faces: Tensor) -> Tensor:
    """(B, 8, 128, 128) → (B, 64, 8, 256)."""
    rows = faces.reshape(-1, FRAMES, _GRID, PATCH_PX, _GRID, PATCH_PX)
    return rows.permute(0, 2, 4, 1, 3, 5).reshape(-1, _GRID**2, FRAMES, PATCH_PX**2)


def _steps(patches: Tensor) -> Tensor:
    """(B, 64, 8, 256) → (B, 64, 4, 512): pairs of frames."""
    return patches.reshape(-1, _GRID**2, _STEPS, STEP_FRAMES * PATCH_PX**2)
