"""What users of the runtimes rely on: the same answers everywhere, an honest choice, and a GPU that may fail."""

import gc
import subprocess
import sys
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medn.runtime import (
    AUTO_ORDER,
    Recognition,
    Runtime,
    RuntimeUnavailableError,
    WindowBatch,
    choose,
    explain_choice,
    load_runtime,
    machine,
    onnx,
    pytorch,
)
from medn.runtime.base import Prepared
from medn.runtime.engine import TOLERANCES, parity
from medn.synthetic.reference_windows import reference_windows
from medn.weights import read_weights
from tests.seeded import SEEDED, seeded, seeded_network


@pytest.fixture(scope="module")
def weights():
    return read_weights()  # the shipped ones: an export of others would take half a minute, and test_model has one


@pytest.fixture(scope="module")
def windows():
    return reference_windows(20)


@pytest.fixture(scope="module")
def reference(weights, windows):
    return load_runtime("pytorch", weights)(windows)


@pytest.fixture(scope="module")
def on_onnx(weights):
    return load_runtime("onnx", weights)


def rows(answer: Recognition, start: int, stop: int) -> Recognition:
    return Recognition(answer.emotion[start:stop], answer.aus[start:stop], answer.micro[start:stop])


def test_onnx_runtime_answers_as_pytorch_does(on_onnx, windows, reference):
    apart = parity(on_onnx(windows), reference)
    assert apart.within(TOLERANCES["fp32"]), apart
    assert apart.difference < 1e-4


def test_answers_are_probabilities_and_the_classes_share_one(reference):
    for answer in (reference.emotion, reference.aus, reference.micro):
        assert ((answer >= 0) & (answer <= 1)).all()
    np.testing.assert_allclose(reference.emotion.sum(axis=1), 1, atol=1e-6)


@settings(max_examples=8, deadline=None)
@given(start=st.integers(0, 20), count=st.integers(0, 20))
def test_a_window_gets_the_same_answer_in_whatever_company_it_comes(on_onnx, windows, reference, start, count):
    stop = min(start + count, len(windows))
    answer = on_onnx(windows.part(min(start, stop), stop))
    assert len(answer) == stop - min(start, stop)
    if len(answer):
        assert parity(answer, rows(reference, start, stop)).difference < 1e-4


def test_faces_of_bytes_and_of_fractions_are_the_same_faces(on_onnx, windows):
    some = windows.part(0, 3)
    fractions = WindowBatch(some.faces.astype(np.float32) / 255, some.flow, some.context)
    assert parity(on_onnx(fractions), on_onnx(some)).difference < 1e-5


def test_an_answer_stays_what_it_was_when_later_windows_are_read(on_onnx, windows):
    first = on_onnx(windows.part(0, 1))
    before = first.emotion.copy(), first.aus.copy(), first.micro.copy()
    on_onnx(windows.part(1, 2))
    for array, copy in zip((first.emotion, first.aus, first.micro), before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("name", ["onnx", "pytorch"])
def test_a_long_run_of_windows_leaves_nothing_behind(weights, windows, name):
    runtime, window = load_runtime(name, weights), windows.part(0, 1)
    runtime.warm_up()
    held = []
    tracemalloc.start()
    try:
        for _ in range(4):
            for _ in range(30):
                runtime(window)
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    # a leaked window would show in every round, with 30 × 130 kB; the libraries' own caches fill in one
    assert min(np.diff(held)) < 30 * 1024


def test_windows_of_the_wrong_shape_or_type_are_refused_in_a_sentence():
    good = WindowBatch.empty(2)
    with pytest.raises(ValueError, match=r"windows' flow must be float32 of shape \(2, 3, 28, 28\), not float64"):
        WindowBatch(good.faces, np.zeros_like(good.flow, np.float64), good.context)
    with pytest.raises(ValueError, match=r"windows' context must be .* of shape \(1, 3\)"):
        WindowBatch(good.faces, good.flow, np.zeros((1, 3), np.float32))


def test_warming_up_returns_how_long_it_took(on_onnx):
    assert on_onnx.warm_up(2) > 0


def test_onnx_runtime_is_ready_without_loading_pytorch(weights):
    program = (
        "import sys; from pathlib import Path; from types import SimpleNamespace\n"
        "from medn.runtime import load_runtime\n"
        f"weights = SimpleNamespace(name='w', sha256='', onnx=Path({str(weights.onnx)!r}))\n"
        "runtime = load_runtime('auto', weights)\n"
        "runtime.warm_up(); print(runtime.name, 'torch' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    if machine.why_no_gpu():
        assert ran.stdout.split() == ["onnx", "False"]


@pytest.fixture
def offered(monkeypatch):
    """Make only some runtimes available, each with a forward that marks its answers."""

    def offer(**why_not: str):
        for name in AUTO_ORDER:
            stands_in = replace(
                choose.RUNTIMES[name],
                why_not=lambda _, name=name: why_not.get(name.replace("-", "_"), ""),
                prepare=lambda *_, name=name: Prepared(lambda _: None, name),
            )
            monkeypatch.setitem(choose.RUNTIMES, name, stands_in)

    return offer


@pytest.mark.parametrize("best", range(len(AUTO_ORDER)))
def test_auto_takes_the_first_that_is_available_and_gives_the_reason_against_each_better_one(offered, best):
    offered(**{name.replace("-", "_"): f"no {name} today" for name in AUTO_ORDER[:best]})
    choices = explain_choice(SEEDED)
    assert [choice.runtime for choice in choices] == list(AUTO_ORDER)
    assert [choice.available for choice in choices].index(True) == best
    runtime = load_runtime("auto", SEEDED)
    assert runtime.name == AUTO_ORDER[best]
    for name in AUTO_ORDER[:best]:
        assert f"not {name}: no {name} today" in runtime.explanation


def test_a_runtime_asked_for_by_name_that_cannot_run_is_an_error_with_the_reason(offered):
    offered(tensorrt="no GPU today")
    with pytest.raises(RuntimeUnavailableError, match=r"^TensorRT on the GPU cannot run here: no GPU today\.$"):
        load_runtime("tensorrt", SEEDED)
    with pytest.raises(RuntimeUnavailableError, match="There is no runtime 'cuda': take auto, tensorrt"):
        load_runtime("cuda", SEEDED)


def test_weights_without_a_twin_go_to_pytorch_and_the_reason_is_given():
    (onnx_choice,) = [choice for choice in explain_choice(SEEDED) if choice.runtime == "onnx"]
    assert onnx_choice.reason == "the weights untrained have no ONNX twin"
    assert all(choice.reason for choice in explain_choice())


def test_auto_passes_over_a_gpu_whose_memory_is_full(offered, monkeypatch):
    offered(tensorrt="none built", onnx_cuda="no provider")

    def full(*_):
        raise RuntimeError("CUDA out of memory.\nTried to allocate 2 GiB")

    monkeypatch.setitem(choose.RUNTIMES, "pytorch-cuda", replace(choose.RUNTIMES["pytorch-cuda"], prepare=full))
    runtime = load_runtime("auto", SEEDED)
    assert runtime.name == "onnx"
    assert "not pytorch-cuda: CUDA out of memory." in runtime.explanation
    with pytest.raises(RuntimeUnavailableError, match=r"^PyTorch on the GPU did not start: CUDA out of memory\.$"):
        load_runtime("pytorch-cuda", SEEDED)


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_a_provider_that_does_not_start_is_not_replaced_by_the_cpu_in_silence(weights):
    if not machine.why_no_gpu():
        pytest.skip("this machine has an NVIDIA GPU: the provider may start")
    with pytest.raises(RuntimeUnavailableError, match="CUDAExecutionProvider but could not start it"):
        Runtime("onnx-cuda", lambda buffers: onnx.prepare(weights.onnx, "CUDAExecutionProvider", buffers))


def test_a_damaged_twin_is_named_and_auto_goes_on_to_pytorch(weights, tmp_path):
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(weights.onnx.read_bytes()[:1000])
    with pytest.raises(RuntimeUnavailableError, match=r"could not load .*damaged\.onnx"):
        load_runtime("onnx", seeded(onnx=damaged))
    if machine.why_no_gpu():
        runtime = load_runtime("auto", seeded(onnx=damaged))
        assert runtime.name == "pytorch"
        assert "not onnx: ONNX Runtime could not load" in runtime.explanation


class DriverResetError(Exception):
    """As ONNX Runtime raises: no RuntimeError."""


def failing_after(calls: int):
    """A runtime on "GPU" that is PyTorch, until it fails for good."""

    def prepare(buffers):
        sound = pytorch.prepare(seeded_network(), "cpu", buffers)
        made = iter(range(calls))

        def forward(count):
            if next(made, None) is None:
                buffers.emotion_logits[:] = np.nan  # whatever a device leaves behind
                raise DriverResetError("CUDA error: the launch was lost\nwith more lines")
            sound.forward(count)

        return Prepared(forward, "GPU", (DriverResetError,))

    return prepare


def on_cpu(buffers):
    return pytorch.prepare(seeded_network(), "cpu", buffers)


@pytest.mark.parametrize("calls", [0, 1, 2])
def test_a_gpu_that_fails_mid_session_gives_way_to_the_cpu_and_no_window_is_lost(windows, calls):
    notices, reference = [], load_runtime("pytorch", SEEDED)(windows)
    runtime = Runtime("tensorrt", failing_after(calls), reserve=("pytorch", on_cpu), notice=notices.append)
    assert (runtime.name, runtime.device) == ("tensorrt", "GPU")
    first, rest = runtime(windows.part(0, 1)), runtime(windows.part(1, 20))
    assert parity(first, rows(reference, 0, 1)).difference < 1e-5
    assert parity(rest, rows(reference, 1, 20)).difference < 1e-5
    assert notices == [
        "tensorrt failed (CUDA error: the launch was lost); from here on pytorch recognises, and no window was lost."
    ]
    assert (runtime.name, runtime.device) == ("pytorch", "CPU, 1 thread")


def test_a_device_that_fails_without_a_reserve_raises(windows):
    with pytest.raises(DriverResetError):
        Runtime("tensorrt", failing_after(0))(windows.part(0, 1))


def test_a_mistake_in_a_call_is_not_taken_for_a_failing_device(windows):
    def prepare(_buffers):
        return Prepared(lambda _: [][0], "GPU", (DriverResetError,))

    with pytest.raises(IndexError):
        Runtime("tensorrt", prepare, reserve=("pytorch", on_cpu))(windows.part(0, 1))
