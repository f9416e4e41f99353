"""Which runtime to use: `load_runtime` prepares it, `explain_choice` gives the reasons."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from medn.runtime import machine
from medn.runtime.base import (
    Buffers,
    EngineRefusedError,
    Notice,
    Precision,
    Prepared,
    Runtime,
    RuntimeUnavailableError,
    WindowBatch,
)
from medn.runtime.engine import TOLERANCES, cache_folder, engine_key, load_engine, tensorrt_toolchain
from medn.weights.checkpoint import Checkpoint


@dataclass(frozen=True, slots=True)
class Choice:
    """One runtime, as `--runtime auto` sees it."""

    runtime: str
    available: bool
    reason: str
    """What it is where it is available, otherwise why it is not."""


@dataclass(frozen=True, slots=True)
class _Request:
    """The arguments of `load_runtime` that preparing a network needs."""

    weights: Checkpoint
    threads: int
    notice: Notice
    reference_windows: Callable[[], WindowBatch] | None


@dataclass(frozen=True, slots=True)
class _Kind:
    what: str
    why_not: Callable[[Checkpoint | None], str]
    """Why it cannot run with these weights; empty where it can."""
    prepare: Callable[[_Request, Buffers], Prepared]
    on_gpu: bool = True


def explain_choice(weights: Checkpoint | None = None, names: Iterable[str] | None = None) -> list[Choice]:
    """Every runtime that "auto" considers, best first: it takes the first that is available. Or those of `names`.

    Without weights, what depends on their files (the ONNX twin, a built engine) is not asked about.
    """
    return [_choice(name, weights) for name in (AUTO_ORDER if names is None else names)]


def load_runtime(
    name: str,
    weights: Checkpoint,
    *,
    threads: int = 1,
    notice: Notice = lambda _: None,
    fallback: bool = False,
    reference_windows: Callable[[], WindowBatch] | None = None,
) -> Runtime:
    """Make `weights` ready on the runtime of that name, or with "auto" on the best that is available.

    Raises RuntimeUnavailableError, in one sentence, where a runtime named explicitly cannot run; "auto" goes on to the
    next, and `Runtime.explanation` gives the reason. `threads` is for the CPU. A runtime on a GPU keeps the best one on
    the CPU in reserve and sends `notice` a sentence when it switches to it. With `fallback`, the choice of "auto"
    replaces a named runtime that cannot run, and `notice` receives the reason. `reference_windows` makes the windows on
    which a damaged or stale TensorRT engine is checked when it is rebuilt; without them it is refused instead.
    """
    request = _Request(weights, threads, notice, reference_windows)
    if name == "auto":
        return _load_best(request)
    try:
        return _load_named(name, request)
    except (RuntimeUnavailableError, EngineRefusedError) as error:
        if not fallback:
            raise
        runtime = _load_best(request)
        notice(f"{_first_line(error).rstrip('.')}; {RUNTIMES[runtime.name].what} runs instead.")
        return runtime


def runtimes_here() -> dict[str, str]:
    """Runtimes that are worth offering on this machine: name → what it is.

    Those on a GPU only where the driver finds one; whether one starts is seen when it does, for asking takes seconds.
    """
    return {name: kind.what for name, kind in RUNTIMES.items() if not (kind.on_gpu and machine.why_no_gpu())}


def preparation(
    name: str, weights: Checkpoint, reference_windows: Callable[[], WindowBatch] | None = None
) -> Callable[[Buffers], Prepared]:
    """How the runtime of that name is made ready on buffers of the caller's; nothing of it is done yet."""
    return partial(RUNTIMES[name].prepare, _Request(weights, 1, lambda _: None, reference_windows))


def cpu_reserve(weights: Checkpoint) -> tuple[str, Callable[[Buffers], Prepared]]:
    """The best runtime on the CPU, to go on with where another fails: its name, and how it is made ready."""
    name = next(each for each in ("onnx", "pytorch") if not RUNTIMES[each].why_not(weights))
    return name, preparation(name, weights)


def gpu_runtime(name: str, weights: Checkpoint) -> str | None:
    """The runtime that would be taken, if it is one on a GPU; None where that is one on the CPU, or none."""
    if name != "auto":
        return name if name in RUNTIMES and RUNTIMES[name].on_gpu and _choice(name, weights).available else None
    if machine.why_no_gpu():
        return None
    chosen = next((choice.runtime for choice in explain_choice(weights) if choice.available), "")
    return chosen if chosen and RUNTIMES[chosen].on_gpu else None


def _load_named(name: str, request: _Request) -> Runtime:
    if name not in RUNTIMES:
        raise RuntimeUnavailableError(f"There is no runtime {name!r}: take auto, {', '.join(RUNTIMES)}.")
    choice = _choice(name, request.weights)
    if not choice.available:
        raise RuntimeUnavailableError(f"{RUNTIMES[name].what} cannot run here: {choice.reason}.")
    try:
        return _load(name, request, f"{name} was asked for")
    except RuntimeError as error:
        raise RuntimeUnavailableError(f"{RUNTIMES[name].what} did not start: {_first_line(error)}") from error


def _load_best(request: _Request) -> Runtime:
    passed_over: list[tuple[str, str]] = []
    for choice in explain_choice(request.weights):
        if choice.available:
            others = "".join(f"; not {name}: {reason}" for name, reason in passed_over)
            try:
                return _load(choice.runtime, request, f"{choice.runtime} is the best here{others}")
            except _LOADING_FAILURES as error:
                passed_over.append((choice.runtime, _first_line(error)))
        else:
            passed_over.append((choice.runtime, choice.reason))
    reasons = "; ".join(f"{name}: {reason}" for name, reason in passed_over)
    raise RuntimeUnavailableError(f"No runtime can run here ({reasons}).")


def _load(name: str, request: _Request, explanation: str) -> Runtime:
    reserve = cpu_reserve(request.weights) if RUNTIMES[name].on_gpu else None
    return Runtime(name, partial(RUNTIMES[name].prepare, request), reserve, request.notice, explanation)


def _choice(name: str, weights: Checkpoint | None) -> Choice:
    why_not = RUNTIMES[name].why_not(weights)
    return Choice(name, not why_not, why_not or RUNTIMES[name].what)


def _why_no_onnx(provider: str, weights: Checkpoint | None) -> str:
    if why_not := machine.why_no_provider(provider):
        return why_not
    return f"the weights {weights.name} have no ONNX twin" if weights is not None and weights.onnx is None else ""


def _prepare_onnx(provider: str, request: _Request, buffers: Buffers) -> Prepared:
    from medn.runtime import onnx

    assert request.weights.onnx is not None
    return onnx.prepare(request.weights.onnx, provider, buffers, request.threads)


def _why_no_engine(weights: Checkpoint | None) -> str:
    why_not = machine.why_no_torch_tensorrt()
    if why_not or weights is None or _built(weights):
        return why_not
    return f"no engine of {weights.name} has been built for this GPU yet (medn compile does)"


def _prepare_tensorrt(request: _Request, buffers: Buffers) -> Prepared:
    precision = _built(request.weights)[0]
    engine = load_engine(request.weights, request.reference_windows, precision, notice=request.notice)
    return tensorrt_toolchain().prepare(engine, buffers)


def _built(weights: Checkpoint) -> list[Precision]:
    """Precisions of which an engine file is kept for this GPU, intact or not, the faster first."""
    here = tensorrt_toolchain().machine()
    return [each for each in TOLERANCES if (cache_folder() / engine_key(weights, each, here).file_name).exists()]


def _why_no_pytorch(device: str, weights: Checkpoint | None) -> str:
    del weights  # PyTorch runs any
    return machine.why_no_torch_cuda() if device == "cuda" else machine.why_no_torch()


def _prepare_pytorch(device: str, request: _Request, buffers: Buffers) -> Prepared:
    from medn.runtime import pytorch

    return pytorch.prepare(request.weights.network(), device, buffers, request.threads)


def _onnx(what: str, provider: str, on_gpu: bool = True) -> _Kind:
    return _Kind(what, partial(_why_no_onnx, provider), partial(_prepare_onnx, provider), on_gpu)


def _pytorch(what: str, device: str) -> _Kind:
    return _Kind(what, partial(_why_no_pytorch, device), partial(_prepare_pytorch, device), device == "cuda")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


_LOADING_FAILURES = (RuntimeUnavailableError, EngineRefusedError, RuntimeError)
"""PyTorch and TensorRT raise RuntimeError where a GPU has no memory left, or a build failed."""

RUNTIMES = {
    "tensorrt": _Kind("TensorRT on the GPU", _why_no_engine, _prepare_tensorrt),
    "onnx-cuda": _onnx("ONNX Runtime on the GPU", "CUDAExecutionProvider"),
    "onnx-tensorrt": _onnx("ONNX Runtime with TensorRT on the GPU", "TensorrtExecutionProvider"),
    "pytorch-cuda": _pytorch("PyTorch on the GPU", "cuda"),
    "onnx": _onnx("ONNX Runtime on the CPU", "CPUExecutionProvider", on_gpu=False),
    "pytorch": _pytorch("PyTorch on the CPU", "cpu"),
}
"""All runtimes that can be named."""

AUTO_ORDER = ("tensorrt", "onnx-cuda", "pytorch-cuda", "onnx", "pytorch")
"""What "auto" considers, best first. A GPU comes before the CPU, whose cores the face landmarker needs. Without
onnx-tensorrt: it builds its engine while the first window waits, which takes minutes."""
