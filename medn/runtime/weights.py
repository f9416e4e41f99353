"""What a runtime needs to know of weights; `medn.weights` reads them."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from medn.model.medn import MEDN


class Weights(Protocol):
    """One set of weights, before any library has read it."""

    @property
    def name(self) -> str:
        """As a person knows it."""

    @property
    def sha256(self) -> str:
        """Of the safetensors file, in hexadecimal."""

    @property
    def onnx(self) -> Path | None:
        """The ONNX twin, if there is one."""

    def network(self) -> "MEDN":
        """The network; imports PyTorch, which takes seconds."""
