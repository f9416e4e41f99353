"""MEDN: the motion branch and SEViT, held apart in training, joined by CoFM."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from medn.contract import EMOTIONS
from medn.model.config import MEDNConfig
from medn.model.fusion import CoFM, Concatenation
from medn.model.motion import MotionBranch, context_features
from medn.model.sevit import SEViT


class Prediction(NamedTuple):
    """MEDN's output for a batch of B windows."""

    emotion_logits: Tensor
    """(B, 3): negative, positive, surprise."""
    au_logits: Tensor
    """(B, 12), in the order of `medn.contract.AU_NAMES`."""
    micro_logit: Tensor
    """(B,): is it a micro-expression at all?"""
    motion_emotion_logits: Tensor
    """(B, 3): the motion branch's own answer, from the flow map alone."""
    motion_features: Tensor
    """(B, D)."""
    emotion_features: Tensor
    """(B, D)."""


class MEDN(nn.Module):
    """Motion–Emotion Feature Decoupling Network."""

    def __init__(self, config: MEDNConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or MEDNConfig()
        self.motion = MotionBranch(config.width, config.members)
        self.emotion = SEViT(config.width, config.depth, config.heads, config.keep)
        self.fuse: CoFM | Concatenation | None = None
        if config.fusion == "cofm":
            self.fuse = CoFM(config.width, config.heads)
        elif config.fusion == "concatenation":
            self.fuse = Concatenation(config.width)
        self.to_emotion = nn.Linear(config.width, len(EMOTIONS))
        # still faces and ordinary expressions differ from micro-expressions by amplitude first of all
        self.to_micro = nn.Sequential(nn.Linear(config.width + 4, 64), nn.GELU(), nn.Linear(64, 1))

    def forward(self, faces: Tensor, flow: Tensor, context: Tensor) -> Prediction:
        """Predictions from `faces` (B, 8, 128, 128), `flow` (B, 3, 28, 28) and `context` (B, 2), all float32.

        `faces`: aligned grey faces, 0–1, evenly spread in time from onset to apex. `flow`: `medn.face.flow`, onset to
        apex. `context`: the movement's amplitude in % iod and its rise time in s; zero where unknown.
        """
        motion = self.motion(flow, context)
        emotion = self.emotion(faces)
        if self.fuse is not None:
            fused = self.fuse(motion, emotion)
        else:
            fused = motion.features if self.config.fusion == "motion only" else emotion.features
        return Prediction(
            self.to_emotion(fused),
            motion.au_logits,
            self.to_micro(torch.cat([fused, context_features(context)], dim=1))[:, 0],
            motion.emotion_logits,
            motion.features,
            emotion.features,
        )


def example_inputs(batch: int = 1) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs of the right shapes, for export and for warming up: random faces, flow and context."""
    generator = torch.Generator().manual_seed(0)
    return (
        torch.rand(batch, 8, 128, 128, generator=generator),
        torch.randn(batch, 3, 28, 28, generator=generator),
        torch.rand(batch, 2, generator=generator),
    )
