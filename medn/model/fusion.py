"""The Collaborative Fusion Module (CoFM): the two branches ask each other, then a gate weighs the answers.

From the paper: the module weighs and joins the branches adaptively. Our reading: cross-attention each way over the
branches' tokens, then a gate for each channel that looks at both.
"""

import torch
from torch import Tensor, nn

from medn.model.motion import Motion
from medn.model.sevit import Attention, Emotion


class CoFM(nn.Module):
    """`width`: D, the size of both branches' features."""

    def __init__(self, width: int = 128, heads: int = 4) -> None:
        super().__init__()
        self.norm_motion, self.norm_emotion = nn.LayerNorm(width), nn.LayerNorm(width)
        self.motion_asks = Attention(width, heads)
        self.emotion_asks = Attention(width, heads)
        self.gate = nn.Linear(2 * width, width)
        self.norm = nn.LayerNorm(width)

    def forward(self, motion: Motion, emotion: Emotion) -> Tensor:
        """(B, D) fused features."""
        motion_tokens, emotion_tokens = self.norm_motion(motion.tokens), self.norm_emotion(emotion.tokens)
        to_motion = self.motion_asks(motion.features[:, None], emotion_tokens)[:, 0]
        to_emotion = self.emotion_asks(emotion.features[:, None], motion_tokens)[:, 0]
        from_motion, from_emotion = motion.features + to_motion, emotion.features + to_emotion
        gate = torch.sigmoid(self.gate(torch.cat([from_motion, from_emotion], dim=1)))
        return self.norm(gate * from_motion + (1 - gate) * from_emotion)


class Concatenation(nn.Module):
    """What CoFM is compared with: both features side by side, through one layer."""

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.join = nn.Linear(2 * width, width)
        self.norm = nn.LayerNorm(width)

    def forward(self, motion: Motion, emotion: Emotion) -> Tensor:
        """(B, D) fused features."""
        return self.norm(self.join(torch.cat([motion.features, emotion.features], dim=1)))
