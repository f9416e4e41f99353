"""The network with its matrix products in half precision, for TensorRT, which computes as a program is typed.

Half precision is for what costs time and forgives: convolutions, attention and wide linear layers. Everything that
decides stays in single precision: the normalisation of the faces, the scores by which patches are chosen (a rounding
there would choose another patch), layer norms, residual sums, and the heads.
"""

import copy

import torch
from torch import Tensor, nn

from medn.model.medn import MEDN
from medn.model.sevit import Attention

NARROW = 16
"""Linear layers with no more outputs than this are heads."""


def half_where_it_forgives(network: MEDN) -> MEDN:
    """A copy of `network` whose forgiving layers compute in float16; inputs and outputs stay float32."""
    mixed = copy.deepcopy(network).eval()
    _halve(mixed)
    return mixed


class Half(nn.Module):
    """A layer in float16 between casts."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer.half()

    def forward(self, *inputs: Tensor) -> Tensor:
        """What the layer answers, as float32."""
        answer: Tensor = self.layer(*(each.to(torch.float16) for each in inputs))
        return answer.to(torch.float32)


def _halve(module: nn.Module) -> None:
    for name, child in module.named_children():
        if isinstance(child, Attention | nn.Conv2d) or (isinstance(child, nn.Linear) and child.out_features > NARROW):
            setattr(module, name, Half(child))
        else:
            _halve(child)
