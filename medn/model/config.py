"""The sizes of the network, apart from it: reading the card of weights does not need PyTorch."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class MEDNConfig:
    """The network's sizes and its ablations (the other two, no AU task and no orthogonality, are loss weights of 0)."""

    width: int = 128
    """D, the size of the features."""
    depth: int = 3
    """Blocks of SEViT."""
    heads: int = 4
    keep: tuple[int, ...] = (16, 8, 4)
    """Patches that SEViT keeps, of 64, at each sparsity rate; one alone is the "single sparsity rate" ablation."""
    members: int = 3
    """Networks in the motion branch's committee."""
    fusion: Literal["cofm", "concatenation", "motion only", "emotion only"] = "cofm"
