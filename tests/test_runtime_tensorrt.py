"""What can be relied on about TensorRT: the program it is given, and engines built, judged, kept and rebuilt.

Without a GPU the engine's builder is one that stands in for TensorRT; all around it is the real thing.
"""

import hashlib
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from gui.cli import app
from medn.runtime import EngineRefusedError, Runtime, RuntimeUnavailableError, machine, pytorch
from medn.runtime.base import INPUTS, MAX_WINDOWS, Engine, Machine, Prepared
from medn.runtime.engine import (
    TOLERANCES,
    EngineKey,
    Toolchain,
    UnusableEngineError,
    compile_engine,
    engine_key,
    load_engine,
    parity,
    read_engine,
    write_engine,
)
from medn.runtime.tensorrt import export_program, half_precision_where_tolerated
from medn.synthetic.reference_windows import reference_windows
from medn.weights import write_weights
from tests.seeded import SEEDED, seeded, seeded_network

H100 = Machine(gpu="NVIDIA H100 (sm_90)", torch_tensorrt="2.13.0", torch="2.13.0")
ENGINE = Engine(bytes(range(256)) * 8, ("faces", "context", "flow"), ("a", "b", "c"), ("x", "y", "z"))


@pytest.fixture(scope="module")
def windows():
    return reference_windows(8)


def test_windows_to_compare_on_are_the_same_each_time_and_move_by_small_amounts(windows):
    again = reference_windows(8)
    np.testing.assert_array_equal(again.faces, windows.faces)
    np.testing.assert_array_equal(again.flow, windows.flow)
    assert (windows.context > 0).all()
    assert (windows.context[:, 0] < 6).all()


@pytest.mark.parametrize("precision", ["fp16", "fp32"])
def test_the_exported_program_is_static_but_for_the_batch_and_answers_as_the_network(tmp_path, windows, precision):
    network = seeded_network(depth=1, keep=(16, 4), members=2)  # more blocks are exported alike
    export_program(network, tmp_path / "medn.pt2", precision)
    program = torch.export.load(tmp_path / "medn.pt2")
    for node in program.graph.nodes:
        if node.op == "placeholder" and node.name in INPUTS:
            batch, *rest = node.meta["val"].shape
            assert isinstance(batch, torch.SymInt)
            assert all(isinstance(size, int) for size in rest)
    (bounds,) = program.range_constraints.values()
    assert (bounds.lower, bounds.upper) == (1, MAX_WINDOWS)

    def prepare(buffers):
        return Prepared(pytorch.forward(program.module(), "cpu", buffers), "CPU")

    exact = Runtime("pytorch", lambda buffers: pytorch.prepare(network, "cpu", buffers))
    for some in (windows, windows.part(0, 1)):
        assert parity(Runtime("exported", prepare)(some), exact(some)).within(TOLERANCES[precision])


def test_half_precision_is_only_where_it_forgives():
    mixed = half_precision_where_tolerated(seeded_network())
    kinds = {name: parameter.dtype for name, parameter in mixed.named_parameters()}
    assert kinds["emotion.blocks.0.attend.layer.query.weight"] == torch.float16
    assert kinds["emotion.blocks.0.norm.weight"] == torch.float32
    assert kinds["to_emotion.weight"] == kinds["motion.members.0.au.weight"] == torch.float32
    assert all(parameter.dtype == torch.float32 for parameter in seeded_network().parameters())


def key(**changes) -> EngineKey:
    return replace(engine_key(SEEDED, "fp16", H100), **changes)


def test_an_engine_comes_back_as_it_was_kept(tmp_path):
    assert read_engine(tmp_path, key()) is None
    write_engine(tmp_path, key(), ENGINE)
    back = read_engine(tmp_path, key())
    assert all(getattr(back, name) == getattr(ENGINE, name) for name in Engine.__slots__)
    assert [path.suffix for path in tmp_path.iterdir()] == [".engine"]


@pytest.mark.parametrize("field", [name for name in asdict(key()) if name not in ("weights", "gpu", "precision")])
def test_an_engine_built_for_anything_else_is_stale_and_names_what_changed(tmp_path, field):
    write_engine(tmp_path, key(**{field: "another"}), ENGINE)
    with pytest.raises(UnusableEngineError, match=f"is stale: it was built for {field} another"):
        read_engine(tmp_path, key())


@pytest.mark.parametrize("field", ["weights", "gpu", "precision"])
def test_engines_for_other_weights_gpus_and_precisions_live_side_by_side(tmp_path, field):
    write_engine(tmp_path, key(**{field: "another"}), ENGINE)
    assert read_engine(tmp_path, key()) is None
    write_engine(tmp_path, key(), ENGINE)
    assert len(list(tmp_path.iterdir())) == 2


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_all_damage_to_a_kept_engine_is_detected(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("engines")
    path = write_engine(folder, key(), ENGINE)
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        path.write_bytes(whole[:place])
    else:
        flip = data.draw(st.integers(1, 255))
        path.write_bytes(whole[:place] + bytes([whole[place] ^ flip]) + whole[place + 1 :])
    with pytest.raises(UnusableEngineError, match="is damaged"):
        read_engine(folder, key())


def test_an_engine_that_another_release_wrote_in_another_form_is_stale(tmp_path):
    path = write_engine(tmp_path, key(), ENGINE)
    rest = path.read_bytes().partition(b"\n")[2].replace(b'"bound_inputs"', b'"somehow_else"')
    path.write_bytes(hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest)
    with pytest.raises(UnusableEngineError, match="is stale: another release of MEDN wrote it"):
        read_engine(tmp_path, key())


class StandIn:
    """Builds "engines" that are the network itself in PyTorch, off by `error` in every logit."""

    def __init__(self, error: float = 0.0, on: Machine = H100):
        self.error, self.on, self.built = error, on, 0

    def toolchain(self) -> Toolchain:
        return Toolchain(lambda: self.on, self._build, self._prepare)

    def _build(self, network, precision, timing_cache):
        self.built += 1
        timing_cache.write_bytes(b"timings")
        return replace(ENGINE, plan=f"{precision} engine".encode())

    def _prepare(self, engine, buffers):
        sound = pytorch.prepare(seeded_network(), "cpu", buffers)

        def forward(count):
            sound.forward(count)
            for logits in (buffers.emotion_logits, buffers.au_logits, buffers.micro_logit):
                logits[:count] += self.error

        return Prepared(forward, "GPU")


def test_an_engine_that_agrees_is_kept_and_then_loaded_without_building(tmp_path, windows):
    builder, notices = StandIn(), []
    made = compile_engine(SEEDED, windows, folder=tmp_path, progress=notices.append, toolchain=builder.toolchain())
    assert made.path.exists()
    assert made.parity.agreement == 1
    assert "largest difference" in notices[-1]
    assert (tmp_path / "timing.cache").exists()
    engine = load_engine(SEEDED, lambda: windows, folder=tmp_path, toolchain=builder.toolchain())
    assert engine.plan == b"fp16 engine"
    assert builder.built == 1


@pytest.mark.parametrize(("error", "precision"), [(0.2, "fp16"), (0.01, "fp32"), (float("nan"), "fp16")])
def test_an_engine_that_disagrees_is_refused_with_the_figure_and_not_kept(tmp_path, windows, error, precision):
    with pytest.raises(EngineRefusedError, match=r"does not answer as PyTorch does \(largest difference .*; allowed"):
        compile_engine(SEEDED, windows, precision, tmp_path, toolchain=StandIn(error).toolchain())
    assert not list(tmp_path.glob("*.engine"))


def test_a_damaged_engine_is_built_anew_with_a_notice(tmp_path, windows):
    builder, notices = StandIn(), []
    made = compile_engine(SEEDED, windows, folder=tmp_path, toolchain=builder.toolchain())
    made.path.write_bytes(made.path.read_bytes()[:-3])
    load_engine(SEEDED, lambda: windows, folder=tmp_path, notice=notices.append, toolchain=builder.toolchain())
    assert builder.built == 2
    assert "is damaged" in notices[0]
    assert notices[0].endswith("It is rebuilt.")
    load_engine(SEEDED, lambda: windows, folder=tmp_path, toolchain=builder.toolchain())
    assert builder.built == 2


@pytest.mark.parametrize(
    ("weights", "on", "changed"),
    [
        (seeded(sha256="f" * 64), H100, "weights_sha256"),
        (SEEDED, replace(H100, torch_tensorrt="2.14.0"), "torch_tensorrt 2.13.0 (now 2.14.0)"),
    ],
    ids=["weights", "torch_tensorrt"],
)
def test_a_stale_engine_is_built_anew_with_a_notice(tmp_path, windows, weights, on, changed):
    compile_engine(SEEDED, windows, folder=tmp_path, toolchain=StandIn().toolchain())
    builder, notices = StandIn(on=on), []
    load_engine(weights, lambda: windows, folder=tmp_path, notice=notices.append, toolchain=builder.toolchain())
    assert builder.built == 1
    assert "is stale" in notices[0]
    assert changed in notices[0]
    assert len(list(tmp_path.glob("*.engine"))) == 1


def test_without_a_gpu_compiling_is_refused_with_the_reason(tmp_path, windows):
    if not machine.why_no_torch_tensorrt():
        pytest.skip("this machine can build engines")
    with pytest.raises(RuntimeUnavailableError, match=r"^No TensorRT engine can be built or run here: .*\.$"):
        compile_engine(SEEDED, windows, folder=tmp_path)


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["fp16", "fp32"])
def test_a_tensorrt_engine_answers_as_pytorch_does(tmp_path, windows, precision):
    if machine.why_no_torch_tensorrt():
        pytest.skip(machine.why_no_torch_tensorrt())
    made = compile_engine(SEEDED, windows, precision, tmp_path)
    assert made.parity.within(TOLERANCES[precision])
    engine = load_engine(SEEDED, lambda: windows, precision, tmp_path)
    assert engine.plan


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["pytorch-cuda", "onnx-cuda"])
def test_a_gpu_answers_as_the_cpu_does(tmp_path, windows, name):
    if machine.why_no_torch_cuda():
        pytest.skip(machine.why_no_torch_cuda())
    from medn.model.export import write_onnx
    from medn.runtime import load_runtime

    twin = tmp_path / "untrained.onnx"
    write_onnx(seeded_network(), twin)
    answer = load_runtime(name, seeded(onnx=twin))(windows)
    assert parity(answer, load_runtime("pytorch", SEEDED)(windows)).within(TOLERANCES["fp32"])


def test_a_program_that_is_exported_in_single_precision_holds_no_half(tmp_path):
    weights = write_weights(tmp_path, "small", seeded_network(depth=1, keep=(16, 4), members=2), {"synthetic": True})
    file = tmp_path / "single.pt2"
    command = ["compile", "--weights", str(weights), "--precision", "fp32", "--export-only", str(file)]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert {weight.dtype for weight in torch.export.load(file).state_dict.values()} == {torch.float32}
