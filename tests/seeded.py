"""An untrained network with fixed weights, as the runtimes are given trained ones."""

import hashlib
from dataclasses import replace

import torch

from medn.model.medn import MEDN
from medn.runtime import Weights


def seeded_network() -> MEDN:
    torch.manual_seed(0)
    return MEDN().eval()


SEEDED = Weights("untrained", hashlib.sha256(b"seed 0").hexdigest(), seeded_network, onnx=None)


def seeded(**changes) -> Weights:
    return replace(SEEDED, **changes)
