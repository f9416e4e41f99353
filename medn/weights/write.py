"""Writes a checkpoint: weights as safetensors, the card, the ONNX twin."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medn.model.medn import MEDN


def write_weights(folder: Path, name: str, network: "MEDN", card: Mapping[str, Any]) -> Path:
    """Write `NAME.safetensors`, `.json` and `.onnx` into a folder; returns the first.

    `card` tells what only the trainer knows (data, licences, recipe, figures, limits, `synthetic`); name, hash, sizes
    and the network's configuration are added.
    """
    from safetensors.torch import save_file

    from medn.model.export import write_onnx

    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.safetensors"
    network = network.cpu().eval()
    save_file({key: tensor.contiguous() for key, tensor in network.state_dict().items()}, file)
    full = {
        "name": name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "network": asdict(network.config),
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        **card,
    }
    file.with_suffix(".json").write_text(json.dumps(full, indent=1, ensure_ascii=False) + "\n")
    write_onnx(network, file.with_suffix(".onnx"))
    return file
