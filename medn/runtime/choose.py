"""Which runtime recognises: `load_runtime` makes it ready, `explain_choice` says why that one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from medn.runtime import machine
from medn.runtime.buffers import Buffers, Prepared
from medn.runtime.errors import EngineRefusedError, RuntimeUnavailableError
from medn.runtime.parity import TOLERANCES, Precision
from medn.runtime.runtime import Notice, Runtime
from medn.runtime.weights import Weights


@dataclass(frozen=True, slots=True)
class Choice:
    """One runtime, as `--runtime auto` sees it."""

    runtime: str
    available: bool
    reason: str
    """What it is where it is available, otherwise why it is not."""


def explain_choice(weights: Weights | None = None, names: Iterable[str] | None = None) -> list[Choice]:
    """Every runtime that "auto" considers, best first: it takes the first that is available. Or those of `names`.

    Without weights, what depends on their files (the ONNX twin, a built engine) is not asked about.
    """
    return [_choice(name, weights) for name in (AUTO_ORDER if names is None else names)]


def load_runtime(
    name: str,
    weights: Weights,
    *,
    threads: int = 1,
    notice: Notice = lambda _: None,
    or_another: bool = False,
) -> Runtime:
    """Make `weights` ready on the runtime of that name, or with "auto" on the best that is available.

    Raises RuntimeUnavailableError, in one sentence, where a runtime asked for by name cannot run; "auto" goes on to
    the next, and `Runtime.explanation` says why. `threads` is for the CPU. One on a GPU keeps the best on the CPU in
    reserve, and tells `notice` when that must step in. With `or_another`, what "auto" takes stands in for one asked for
    by name that cannot run, and `notice` is told why.
    """
    if name == "auto":
        return _load_best(weights, threads, notice)
    try:
        return _load_named(name, weights, threads, notice)
    except (RuntimeUnavailableError, EngineRefusedError) as error:
        if not or_another:
            raise
        runtime = _load_best(weights, threads, notice)
        notice(f"{_first_line(error).rstrip('.')}; {RUNTIMES[runtime.name].what} runs instead.")
        return runtime


def runtimes_here() -> dict[str, str]:
    """Runtimes that are worth offering on this machine: name → what it is.

    Those on a GPU only where the driver finds one; whether one starts is seen when it does, for asking takes seconds.
    """
    return {name: kind.what for name, kind in RUNTIMES.items() if not (kind.on_gpu and machine.why_no_gpu())}


def _load_named(name: str, weights: Weights, threads: int, notice: Notice) -> Runtime:
    if name not in RUNTIMES:
        raise RuntimeUnavailableError(f"There is no runtime {name!r}: take auto, {', '.join(RUNTIMES)}.")
    choice = _choice(name, weights)
    if not choice.available:
        raise RuntimeUnavailableError(f"{RUNTIMES[name].what} cannot run here: {choice.reason}.")
    try:
        return _load(name, weights, threads, notice, f"{name} was asked for")
    except RuntimeError as error:
        raise RuntimeUnavailableError(f"{RUNTIMES[name].what} did not start: {_first_line(error)}") from error


@dataclass(frozen=True, slots=True)
class _Kind:
    what: str
    why_not: Callable[[Weights | None], str]
    prepare: Callable[[Weights, Buffers, int, Notice], Prepared]
    on_gpu: bool = True


def _load_best(weights: Weights, threads: int, notice: Notice) -> Runtime:
    passed_over: list[tuple[str, str]] = []
    for choice in explain_choice(weights):
        if choice.available:
            others = "".join(f"; not {name}: {reason}" for name, reason in passed_over)
            try:
                return _load(choice.runtime, weights, threads, notice, f"{choice.runtime} is the best here{others}")
            except _LOADING_FAILURES as error:
                passed_over.append((choice.runtime, _first_line(error)))
        else:
            passed_over.append((choice.runtime, choice.reason))
    reasons = "; ".join(f"{name}: {reason}" for name, reason in passed_over)
    raise RuntimeUnavailableError(f"No runtime can run here ({reasons}).")


def _load(name: str, weights: Weights, threads: int, notice: Notice, explanation: str) -> Runtime:
    def preparing(kind: _Kind) -> Callable[[Buffers], Prepared]:
        return lambda buffers: kind.prepare(weights, buffers, threads, notice)

    reserve = None
    if RUNTIMES[name].on_gpu:
        steps_in = next(other for other in ("onnx", "pytorch") if not RUNTIMES[other].why_not(weights))
        reserve = (steps_in, preparing(RUNTIMES[steps_in]))
    return Runtime(name, preparing(RUNTIMES[name]), reserve, notice, explanation)


def _choice(name: str, weights: Weights | None) -> Choice:
    why_not = RUNTIMES[name].why_not(weights)
    return Choice(name, not why_not, why_not or RUNTIMES[name].what)


def _why_no_twin(weights: Weights | None) -> str:
    return f"the weights {weights.name} have no ONNX twin" if weights is not None and weights.onnx is None else ""


def _why_no_engine(weights: Weights | None) -> str:
    why_not = machine.why_no_torch_tensorrt()
    if why_not or weights is None or _built(weights):
        return why_not
    return f"no engine of {weights.name} has been built for this GPU yet (medn compile does)"


def _prepare_tensorrt(weights: Weights, buffers: Buffers, _threads: int, notice: Notice) -> Prepared:
    from medn.runtime.compile import load_engine, tensorrt_toolchain
    from medn.runtime.reference import reference_windows

    precision = _built(weights)[0]
    return tensorrt_toolchain().prepare(load_engine(weights, reference_windows, precision, notice=notice), buffers)


def _built(weights: Weights) -> list[Precision]:
    """Precisions of which an engine is kept for this GPU, whole or not, the faster first."""
    from medn.runtime.compile import engine_key, tensorrt_toolchain
    from medn.runtime.engine_cache import cache_folder

    here = tensorrt_toolchain().machine()
    return [each for each in TOLERANCES if (cache_folder() / engine_key(weights, each, here).file_name).exists()]


def _prepare_pytorch(device: str) -> Callable[[Weights, Buffers, int, Notice], Prepared]:
    def prepare(weights: Weights, buffers: Buffers, threads: int, _notice: Notice) -> Prepared:
        from medn.runtime import pytorch

        return pytorch.prepare(weights.network(), device, buffers, threads)

    return prepare


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _onnx(provider: str) -> tuple[Callable[[Weights | None], str], Callable[[Weights, Buffers, int, Notice], Prepared]]:
    def prepare(weights: Weights, buffers: Buffers, threads: int, _notice: Notice) -> Prepared:
        from medn.runtime import onnx

        assert weights.onnx is not None
        return onnx.prepare(weights.onnx, provider, buffers, threads)

    return lambda weights: machine.why_no_provider(provider) or _why_no_twin(weights), prepare


_LOADING_FAILURES = (RuntimeUnavailableError, EngineRefusedError, RuntimeError)
"""RuntimeError: the way in which PyTorch and TensorRT say that a GPU has no memory left, or that a build failed."""

RUNTIMES = {
    "tensorrt": _Kind("TensorRT on the GPU", _why_no_engine, _prepare_tensorrt),
    "onnx-cuda": _Kind("ONNX Runtime on the GPU", *_onnx("CUDAExecutionProvider")),
    "onnx-tensorrt": _Kind("ONNX Runtime with TensorRT on the GPU", *_onnx("TensorrtExecutionProvider")),
    "pytorch-cuda": _Kind("PyTorch on the GPU", lambda _: machine.why_no_torch_cuda(), _prepare_pytorch("cuda")),
    "onnx": _Kind("ONNX Runtime on the CPU", *_onnx("CPUExecutionProvider"), on_gpu=False),
    "pytorch": _Kind("PyTorch on the CPU", lambda _: "", _prepare_pytorch("cpu"), on_gpu=False),
}
"""All that can be asked for by name."""

AUTO_ORDER = ("tensorrt", "onnx-cuda", "pytorch-cuda", "onnx", "pytorch")
"""What "auto" considers, best first. A GPU comes before the CPU, whose cores the face landmarker needs. Not
onnx-tensorrt: it builds its engine while the first window waits, minutes that only who asks for it should spend."""
