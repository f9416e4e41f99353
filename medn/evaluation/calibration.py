"""Probabilities that mean what they say: temperature scaling (Guo et al. 2017), folded into the network's heads."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from medn.model.medn import MEDN


def fit_temperature(logits: Tensor, truth: Tensor) -> float:
    """The temperature by which logits should be divided.

    (N, classes) logits with (N,) int64 truth are read through a softmax; logits and float truth of one shape through a
    sigmoid. Least negative log-likelihood over 0.1–10, by golden-section search.
    """

    def loss(log_t: float) -> float:
        scaled = logits / 10**log_t
        if truth.dtype == torch.int64:
            return float(F.cross_entropy(scaled, truth))
        return float(F.binary_cross_entropy_with_logits(scaled, truth))

    low, high, golden = -1.0, 1.0, 0.6180339887
    for _ in range(40):
        width = golden * (high - low)
        if loss(high - width) < loss(low + width):
            high = low + width
        else:
            low = high - width
    return float(10 ** ((low + high) / 2))


def fold_temperatures(network: MEDN, emotion: float, micro: float, motion_emotion: float, au: float) -> None:
    """Divide the network's heads by temperatures, so that its outputs are calibrated from now on."""
    heads: list[tuple[nn.Module, float]] = [(network.to_emotion, emotion), (network.to_micro[-1], micro)]
    for member in network.motion.each_member():
        heads += [(member.emotion, motion_emotion), (member.au, au)]
    with torch.no_grad():
        for head, temperature in heads:
            for parameter in head.parameters():
                parameter.div_(temperature)
