"""The weights that travel with the package; reading and writing them: safetensors with a JSON card, never pickle."""

from medn.weights.checkpoint import SHIPPED, UNTRAINED, Checkpoint, read_weights, write_weights

__all__ = ["SHIPPED", "UNTRAINED", "Checkpoint", "read_weights", "write_weights"]
