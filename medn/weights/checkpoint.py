"""A checkpoint, read and written: `NAME.safetensors`, its card `NAME.json` and its ONNX twin `NAME.onnx`."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medn.model.config import MEDNConfig
    from medn.model.medn import MEDN

SHIPPED = "medn-synthetic-v1"
"""The weights that travel with the package: trained on synthetic micro-expressions only."""
UNTRAINED = "untrained"
"""Asked for by this name alone: a network with random weights, for trying things out."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Weights that were found and whose hash is that of their card; nothing of PyTorch is loaded yet."""

    name: str
    sha256: str
    """Of the safetensors file, in hexadecimal."""
    card: Mapping[str, Any]
    """What they were trained on and how, measured figures, licences, limits."""
    file: Path | None
    """None for the untrained network."""

    @property
    def onnx(self) -> Path | None:
        """The ONNX twin, if there is one."""
        twin = self.file.with_suffix(".onnx") if self.file else None
        return twin if twin and twin.is_file() else None

    @property
    def synthetic(self) -> bool:
        """Whether these were trained on synthetic faces only, which the app must show."""
        return bool(self.card.get("synthetic", False))

    def network(self) -> "MEDN":
        """The network, in evaluation mode. Imports PyTorch, which takes seconds.

        Raises ValueError where the tensors are not those of the network that the card describes.
        """
        import torch
        from safetensors.torch import load_file

        from medn.model.medn import MEDN

        if self.file is None:
            torch.manual_seed(0)
            return MEDN().eval()
        network = MEDN(_network_config(self.card["network"]))
        try:
            network.load_state_dict(load_file(self.file))
        except RuntimeError as error:
            first = str(error).splitlines()[-1].strip()
            raise ValueError(f"{self.file} does not fit the network that its card describes: {first}") from error
        return network.eval()


def read_weights(which: str | Path = SHIPPED) -> Checkpoint:
    """Weights by the name of shipped ones, by the file of others, or `UNTRAINED`.

    Raises ValueError in one sentence where there are none, they have no card, or the card is another file's.
    """
    if which == UNTRAINED:
        return Checkpoint(UNTRAINED, hashlib.sha256(b"untrained").hexdigest(), {"synthetic": False}, None)
    file = Path(which)
    if file.suffix != ".safetensors":
        file = Path(__file__).parent / f"{which}.safetensors"
    card_file = file.with_suffix(".json")
    if not file.is_file():
        raise ValueError(f"There are no weights {which}; give the name {SHIPPED} or a .safetensors file.")
    if not card_file.is_file():
        raise ValueError(f"{file} has no card {card_file.name} beside it, so its training data are unknown.")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    try:
        card = json.loads(card_file.read_text())
        stored, name = card["sha256"], card["name"]
        _network_config(card["network"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{card_file} cannot be read as the card of a MEDN network: {error!r}.") from error
    if stored != digest:
        raise ValueError(f"{card_file} is the card of other weights than {file.name}: the hashes differ.")
    return Checkpoint(name, digest, card, file)


def write_weights(folder: Path, name: str, network: "MEDN", card: Mapping[str, Any]) -> Path:
    """Write `NAME.safetensors`, `.json` and `.onnx` into a folder; returns the first.

    `card` holds what only the trainer can give (data, licences, recipe, figures, limits, `synthetic`); name, hash,
    sizes and the network's configuration are added.
    """
    from safetensors.torch import save

    from medn.model.export import write_onnx

    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.safetensors"
    network = network.cpu().eval()
    # save_file would leave the file to its writer alone, whatever the others' rights to the folder are
    file.write_bytes(save({key: tensor.contiguous() for key, tensor in network.state_dict().items()}))
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


def _network_config(stored: Mapping[str, Any]) -> "MEDNConfig":
    from medn.model.config import MEDNConfig

    return MEDNConfig(**{**stored, "keep": tuple(stored["keep"])})
