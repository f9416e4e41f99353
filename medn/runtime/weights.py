"""What a runtime needs to know of trained weights."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from medn.model.medn import MEDN


@dataclass(frozen=True, slots=True)
class Weights:
    """One set of weights, before any library has read it."""

    name: str
    """As a person knows it."""
    sha256: str
    """Of the safetensors file, in hexadecimal."""
    network: Callable[[], "MEDN"]
    """Makes the network and reads the weights into it; imports PyTorch, which takes seconds."""
    onnx: Path | None
    """The ONNX twin, if one was written."""
    temperature: float = 1.0
    """What the emotion logits are divided by, so that their probabilities are calibrated (Guo et al. 2017)."""
