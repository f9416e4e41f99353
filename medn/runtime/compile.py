"""`medn compile`: a TensorRT engine built ahead of time, held to PyTorch's answers, kept, and loaded from then on."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from medn import __version__
from medn.runtime import machine
from medn.runtime.buffers import MAX_WINDOWS, Buffers, Prepared
from medn.runtime.engine_cache import (
    Engine,
    EngineKey,
    Machine,
    UnusableEngineError,
    cache_folder,
    read_engine,
    write_engine,
)
from medn.runtime.errors import EngineRefusedError, RuntimeUnavailableError
from medn.runtime.parity import TOLERANCES, Parity, Precision, parity
from medn.runtime.runtime import Notice, Runtime
from medn.runtime.weights import Weights
from medn.runtime.windows import CONTEXT_SHAPE, FACES_SHAPE, FLOW_SHAPE, WindowBatch

if TYPE_CHECKING:
    from medn.model.medn import MEDN


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
    weights: Weights,
    windows: WindowBatch,
    precision: Precision = "fp16",
    folder: Path | None = None,
    progress: Notice = lambda _: None,
    toolchain: Toolchain | None = None,
) -> Compiled:
    """Build the engine of `weights` for this GPU and keep it in `folder` (by default the user's cache).

    It is kept only if it answers as PyTorch does (fp32, CPU) on `windows`, which should be real ones, within
    `TOLERANCES`; otherwise raises EngineRefusedError. Raises RuntimeUnavailableError without a GPU and torch-tensorrt.
    `progress` is told each step.
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
    weights: Weights,
    reference_windows: Callable[[], WindowBatch],
    precision: Precision = "fp16",
    folder: Path | None = None,
    notice: Notice = lambda _: None,
    toolchain: Toolchain | None = None,
) -> Engine:
    """The kept engine of `weights`; where it is missing, damaged or stale, it is built anew and `notice` says why."""
    toolchain, folder = toolchain or tensorrt_toolchain(), folder or cache_folder()
    key = engine_key(weights, precision, toolchain.machine())
    try:
        engine = read_engine(folder, key)
    except UnusableEngineError as error:
        notice(f"{error} It is built anew.")
        engine = None
    if engine is None:
        compile_engine(weights, reference_windows(), precision, folder, notice, toolchain)
        engine = read_engine(folder, key)
    assert engine is not None
    return engine


def engine_key(weights: Weights, precision: Precision, machine: Machine) -> EngineKey:
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


def _against_pytorch(engine: Engine, weights: Weights, windows: WindowBatch, toolchain: Toolchain) -> Parity:
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
