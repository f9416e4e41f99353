"""TensorRT engines: built ahead of time by `medn compile`, compared with PyTorch, kept on disk and loaded.

An engine file holds a SHA-256 digest of the rest, a line of JSON (what the engine was built from and for), and the
engine's bytes. Its name contains weights, GPU and precision, so a new build replaces the one it outdates. Nothing here
imports TensorRT; `Toolchain` does the building.
"""

import hashlib
import json
import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import platformdirs

from medn.revision import __version__
from medn.runtime import machine
from medn.runtime.base import (
    CONTEXT_SHAPE,
    FACES_SHAPE,
    FLOW_SHAPE,
    MAX_WINDOWS,
    Buffers,
    Engine,
    EngineRefusedError,
    Machine,
    Notice,
    Precision,
    Prepared,
    Recognition,
    Runtime,
    RuntimeUnavailableError,
    WindowBatch,
)
from medn.weights.checkpoint import Checkpoint

if TYPE_CHECKING:
    from medn.model.medn import MEDN


class Tolerance(NamedTuple):
    """What is let pass."""

    difference: float
    """Largest difference of any probability."""
    agreement: float
    """Least share of windows that get the same class."""


TOLERANCES: dict[Precision, Tolerance] = {"fp16": Tolerance(2e-2, 0.99), "fp32": Tolerance(1e-3, 0.995)}
"""By precision, the faster first, against PyTorch in fp32 on the CPU. Not every class can be asked to agree: where two
classes are within the difference of a tie, either class is right."""


@dataclass(frozen=True, slots=True)
class Parity:
    """Two runtimes on the same windows."""

    windows: int
    difference: float
    """Largest difference of any probability: emotion, action unit or "is a micro-expression"."""
    agreement: float
    """Share of windows that get the same class."""

    def within(self, tolerance: Tolerance) -> bool:
        """Whether it passes."""
        return self.difference <= tolerance.difference and self.agreement >= tolerance.agreement

    def __str__(self) -> str:
        return (
            f"largest difference {self.difference:.2g}, same class for {self.agreement:.1%} of {self.windows} windows"
        )


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


class UnusableEngineError(Exception):
    """A cached engine that is damaged or stale; the message names it and gives the reason."""


@dataclass(frozen=True, slots=True)
class Toolchain:
    """Who builds engines and runs them."""

    machine: Callable[[], Machine]
    build: Callable[["MEDN", Precision, Path], Engine]
    """A network, a precision and a file for the builder's timings → an engine."""
    prepare: Callable[[Engine, Buffers], Prepared]


@dataclass(frozen=True, slots=True)
class Compiled:
    """An engine that was built and passed."""

    path: Path
    parity: Parity
    build_s: float


def compile_engine(
    weights: Checkpoint,
    windows: WindowBatch,
    precision: Precision = "fp16",
    folder: Path | None = None,
    progress: Notice = lambda _: None,
    toolchain: Toolchain | None = None,
) -> Compiled:
    """Build the engine of `weights` for this GPU and keep it in `folder` (by default the user's cache).

    It is kept only if it gives what PyTorch does (fp32, CPU) on `windows`, which should be real ones, within
    `TOLERANCES`; otherwise raises EngineRefusedError. Raises RuntimeUnavailableError without a GPU and torch-tensorrt.
    `progress` is called with each step.
    """
    toolchain, folder = toolchain or tensorrt_toolchain(), folder or cache_folder()
    key = engine_key(weights, precision, toolchain.machine())
    folder.mkdir(parents=True, exist_ok=True)
    network = weights.network()
    progress(f"Building the {precision} engine of {weights.name} for {key.gpu}; this takes minutes.")
    began = time.perf_counter()
    engine = toolchain.build(network, precision, folder / "timing.cache")
    build_s = time.perf_counter() - began
    progress(f"Built in {build_s:.0f} s; comparing with PyTorch on {len(windows)} windows.")
    apart = _against_pytorch(engine, weights, windows, toolchain)
    if not apart.within(TOLERANCES[precision]):
        raise EngineRefusedError(_refusal(precision, apart))
    path = write_engine(folder, key, engine)
    progress(f"Kept as {path}: {apart}.")
    return Compiled(path, apart, build_s)


def load_engine(
    weights: Checkpoint,
    reference_windows: Callable[[], WindowBatch] | None,
    precision: Precision = "fp16",
    folder: Path | None = None,
    notice: Notice = lambda _: None,
    toolchain: Toolchain | None = None,
) -> Engine:
    """The kept engine of `weights`; where it is missing, damaged or stale, it is rebuilt and `notice` gets the reason.

    Without `reference_windows`, on which a new engine is compared with PyTorch, raises RuntimeUnavailableError instead.
    """
    toolchain, folder = toolchain or tensorrt_toolchain(), folder or cache_folder()
    key = engine_key(weights, precision, toolchain.machine())
    try:
        engine = read_engine(folder, key)
    except UnusableEngineError as error:
        if reference_windows is None:
            raise RuntimeUnavailableError(f"{error} Rebuild it with `medn compile`.") from error
        notice(f"{error} It is rebuilt.")
        engine = None
    if engine is None:
        if reference_windows is None:
            raise RuntimeUnavailableError(f"No engine of {weights.name} is kept: build it with `medn compile`.")
        compile_engine(weights, reference_windows(), precision, folder, notice, toolchain)
        engine = read_engine(folder, key)
    assert engine is not None
    return engine


def engine_key(weights: Checkpoint, precision: Precision, machine: Machine) -> EngineKey:
    """What an engine of `weights` depends on."""
    shapes = " ".join("x".join(map(str, shape)) for shape in (FACES_SHAPE, FLOW_SHAPE, CONTEXT_SHAPE))
    return EngineKey(
        weights=weights.name,
        weights_sha256=weights.sha256,
        medn=__version__,
        precision=precision,
        shapes=f"1-{MAX_WINDOWS} of {shapes}",
        **asdict(machine),
    )


def tensorrt_toolchain() -> Toolchain:
    """The real one; imports PyTorch. Raises RuntimeUnavailableError where there is none."""
    if why_not := machine.why_no_torch_tensorrt():
        raise RuntimeUnavailableError(f"No TensorRT engine can be built or run here: {why_not}.")
    from medn.runtime import tensorrt

    return Toolchain(tensorrt.machine, tensorrt.build, tensorrt.prepare)


def parity(found: Recognition, reference: Recognition) -> Parity:
    """Compare two results; one that is not a number lies infinitely far."""
    pairs = ((found.emotion, reference.emotion), (found.aus, reference.aus), (found.micro, reference.micro))
    apart = max(float(np.abs(a - b).max()) for a, b in pairs)
    same = found.emotion.argmax(axis=1) == reference.emotion.argmax(axis=1)
    return Parity(len(found), float("inf") if np.isnan(apart) else apart, float(same.mean()))


def cache_folder() -> Path:
    """Where engines and the timing cache are kept unless another folder is given."""
    return platformdirs.user_cache_path("medn", appauthor=False) / "tensorrt"


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
    with tempfile.TemporaryDirectory(prefix=".engine-", dir=folder) as unfinished:
        file = Path(unfinished) / key.file_name
        file.write_bytes(hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest)
        return file.replace(folder / key.file_name)


def _against_pytorch(engine: Engine, weights: Checkpoint, windows: WindowBatch, toolchain: Toolchain) -> Parity:
    from medn.runtime import pytorch

    reference = Runtime("pytorch", lambda buffers: pytorch.prepare(weights.network(), "cpu", buffers))
    built = Runtime("tensorrt", lambda buffers: toolchain.prepare(engine, buffers))
    return parity(built(windows), reference(windows))


def _refusal(precision: Precision, apart: Parity) -> str:
    allowed = TOLERANCES[precision]
    way_out = (
        "build it with fp32 instead" if precision == "fp16" else "please report it with the versions of medn doctor"
    )
    return (
        f"The {precision} engine does not answer as PyTorch does ({apart}; allowed {allowed.difference:g} and "
        f"{allowed.agreement:.1%}), so it was not kept: {way_out}."
    )


def _short(value: str) -> str:
    return value[:12] if re.fullmatch(r"[0-9a-f]{64}", value) else value
