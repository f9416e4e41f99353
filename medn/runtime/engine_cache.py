"""Built engines on disk: which one fits, and whether it is whole. Knows nothing of TensorRT.

An engine is one file: the digest of all that follows, a line of JSON (what it was built from and for), the engine.
Its name says weights, GPU and precision, so a new build replaces the one it outdates.
"""

import hashlib
import json
import re
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs


@dataclass(frozen=True, slots=True)
class Machine:
    """What an engine is bound to."""

    gpu: str
    torch_tensorrt: str
    torch: str


@dataclass(frozen=True, slots=True)
class EngineKey:
    """All that an engine depends on: one built under another key is stale."""

    weights: str
    """Their name."""
    weights_sha256: str
    medn: str
    """Version of this package, whose network the weights are for."""
    gpu: str
    torch_tensorrt: str
    torch: str
    precision: str
    shapes: str
    """Of the inputs, with the range of the batch."""

    @property
    def file_name(self) -> str:
        """Where the engine of these weights, this GPU and this precision is kept."""
        words = f"{self.weights} {self.gpu} {self.precision}"
        return re.sub(r"[^A-Za-z0-9.]+", "-", words).strip("-") + ".engine"


@dataclass(frozen=True, slots=True, eq=False)
class Engine:
    """A built engine and how it is called."""

    plan: bytes
    """As TensorRT serialized it."""
    inputs: tuple[str, ...]
    """Which of faces, flow and context goes to each place."""
    bound_inputs: tuple[str, ...]
    """TensorRT's own names of those places."""
    bound_outputs: tuple[str, ...]


class UnusableEngineError(Exception):
    """A cached engine that is damaged or stale; the message says which and why."""


def cache_folder() -> Path:
    """Where engines and the timing cache are kept unless another folder is given."""
    return platformdirs.user_cache_path("medn") / "tensorrt"


def read_engine(folder: Path, key: EngineKey) -> Engine | None:
    """The cached engine, None where there is none; raises UnusableEngineError where it is damaged or stale."""
    path = folder / key.file_name
    if not path.exists():
        return None
    digest, _, rest = path.read_bytes().partition(b"\n")
    if digest.decode("latin-1") != hashlib.sha256(rest).hexdigest():
        raise UnusableEngineError(f"The cached engine {path} is damaged: its bytes are not those that were written.")
    head, _, plan = rest.partition(b"\n")
    try:
        header = json.loads(head)
        built_for = EngineKey(**header["key"])
        engine = Engine(plan, *(tuple(header[name]) for name in ("inputs", "bound_inputs", "bound_outputs")))
    except (ValueError, TypeError, KeyError) as error:
        raise UnusableEngineError(f"The cached engine {path} is stale: another release of MEDN wrote it.") from error
    stale = [name for name, value in asdict(key).items() if getattr(built_for, name) != value]
    if stale:
        was = ", ".join(
            f"{name} {_short(getattr(built_for, name))} (now {_short(getattr(key, name))})" for name in stale
        )
        raise UnusableEngineError(f"The cached engine {path} is stale: it was built for {was}.")
    return engine


def write_engine(folder: Path, key: EngineKey, engine: Engine) -> Path:
    """Keep an engine, replacing the one it outdates, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    header = {
        "key": asdict(key),
        "inputs": engine.inputs,
        "bound_inputs": engine.bound_inputs,
        "bound_outputs": engine.bound_outputs,
    }
    rest = json.dumps(header).encode() + b"\n" + engine.plan
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".partial", delete=False) as file:
        file.write(hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest)
    return Path(file.name).replace(folder / key.file_name)


def _short(value: str) -> str:
    return value[:12] if re.fullmatch(r"[0-9a-f]{64}", value) else value
