"""The motion branch: one flow map, onset → apex, to the action units that moved.

The paper holds this branch to explicit motion by an AU-detection task. Our reading: a committee of small convolutional
networks (with a few hundred real clips in the field's benchmark, wider and deeper ones lose), each of which sees the
map and its mirror image, because no action unit and no emotion class has a side.
"""

from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from medn.contract import AU_NAMES, EMOTIONS, FLOW_SIZE


class Motion(NamedTuple):
    """The motion branch's output for a batch of B flow maps."""

    features: Tensor
    """(B, D)."""
    tokens: Tensor
    """(B, 49, D): the same before it is pooled over the face, for the fusion."""
    au_logits: Tensor
    """(B, 12)."""
    emotion_logits: Tensor
    """(B, 3): the auxiliary head, which answers from the flow map alone."""


class MotionBranch(nn.Module):
    """`width`: D, the size of the features. `members`: size of the committee."""

    def __init__(self, width: int = 128, members: int = 3, dropout: float = 0.3) -> None:
        super().__init__()
        self.members = nn.ModuleList(Member(dropout) for _ in range(members))
        self.to_features = nn.Linear(members * _HIDDEN, width)
        self.to_tokens = nn.Linear(members * _CHANNELS[1], width)

    def forward(self, flow: Tensor, context: Tensor) -> Motion:
        """Motion from `flow` (B, 3, 28, 28) and `context` (B, 2).

        `flow`: u, v and optical strain as `medn.face.flow` makes them. `context`: the amplitude that they lost, in
        % iod, and the rise time in s; zero where unknown, as in published flow maps.
        """
        single = [member(flow, context) for member in self.members]
        au_logits = torch.stack([au for _, _, au, _ in single]).mean(dim=0)
        emotion_logits = torch.stack([emotion for _, _, _, emotion in single]).mean(dim=0)
        features = self.to_features(torch.cat([hidden for _, hidden, _, _ in single], dim=1))
        grid = torch.cat([grid for grid, _, _, _ in single], dim=1)
        return Motion(features, self.to_tokens(grid.flatten(2).transpose(1, 2)), au_logits, emotion_logits)

    def member_logits(self, flow: Tensor, context: Tensor) -> list[tuple[Tensor, Tensor]]:
        """AU logits (B, 12) and emotion logits (B, 3) of each member, of the maps as they are.

        For training: members learn one by one, or they would lean on each other, and mirrored maps come by chance.
        """
        return [member.read(flow, member.context_bias(context))[2:] for member in self.each_member()]

    def each_member(self) -> "list[Member]":
        """The committee's networks."""
        return [cast("Member", member) for member in self.members]


_CHANNELS = (32, 48)
_HIDDEN = 96


class Member(nn.Module):
    """One network of the committee."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(3, _CHANNELS[0], 6, stride=2, padding=2),
            nn.ReLU(),
            nn.Conv2d(_CHANNELS[0], _CHANNELS[1], 4, stride=2, padding=1),
            nn.ReLU(),
        )
        self.hidden = nn.Linear(_CHANNELS[1] * (FLOW_SIZE // 4) ** 2, _HIDDEN)
        self.context = nn.Linear(4, _HIDDEN, bias=False)
        self.dropout = nn.Dropout(dropout)
        self.au = nn.Linear(_HIDDEN, len(AU_NAMES))
        self.emotion = nn.Linear(_HIDDEN, len(EMOTIONS))

    def forward(self, flow: Tensor, context: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Grid (B, 48, 7, 7), hidden (B, 96), AU logits (B, 12), emotion logits (B, 3)."""
        bias = self.context_bias(context)
        straight, mirror = self.read(flow, bias), self.read(mirrored(flow), bias)
        grid, hidden, au, emotion = ((a + b) / 2 for a, b in zip(straight, mirror, strict=True))
        return grid, hidden, au, emotion

    def context_bias(self, context: Tensor) -> Tensor:
        """(B, 96): what amplitude and rise time, (B, 2), zero where unknown, add to the hidden layer."""
        return self.context(context_features(context))

    def read(self, flow: Tensor, bias: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """As `forward`, of one orientation."""
        grid = self.convolutions(flow)
        hidden = torch.relu(self.hidden(self.dropout(grid.flatten(1))) + bias)
        return grid, hidden, self.au(self.dropout(hidden)), self.emotion(self.dropout(hidden))


def mirrored(flow: Tensor) -> Tensor:
    """(B, 3, 28, 28): the flow of the mirrored face: left and right change places and u changes its sign."""
    flipped = flow.flip(3)
    return torch.cat([-flipped[:, :1], flipped[:, 1:]], dim=1)


def context_features(context: Tensor) -> Tensor:
    """(B, 4): which of amplitude and rise time (B, 2) are known, and their logarithms; zero where unknown."""
    known = (context > 0).to(context.dtype)
    return torch.cat([known, known * torch.log(context + 1e-2)], dim=1)
