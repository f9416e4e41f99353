"""An untrained network with fixed weights, as the runtimes are given trained ones."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from medn.model.config import MEDNConfig
from medn.model.medn import MEDN


def seeded_network(**sizes) -> MEDN:
    torch.manual_seed(0)
    return MEDN(MEDNConfig(**sizes)).eval()


@dataclass(frozen=True)
class Seeded:
    """The part of `medn.weights.Checkpoint` that runtimes use."""

    name: str = "untrained"
    sha256: str = hashlib.sha256(b"seed 0").hexdigest()
    onnx: Path | None = None

    def network(self) -> MEDN:
        return seeded_network()


SEEDED = Seeded()


def seeded(**changes) -> Seeded:
    return replace(SEEDED, **changes)
