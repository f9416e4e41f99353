"""MEDN as a TensorRT engine, by torch_tensorrt: built once, kept as bytes, run from fixed buffers with CUDA graphs.

torch_tensorrt is imported where it is used, because it exists only beside an NVIDIA GPU.

Half precision is for layers that cost time and tolerate it: convolutions, attention and wide linear layers. Single
precision stays where rounding would change a decision: the normalisation of the faces, the scores by which patches are
chosen, layer norms, residual sums, and the heads.
"""

import copy
import io
from importlib import metadata
from pathlib import Path

import torch
from torch import Tensor, nn

from medn.model.medn import MEDN, example_inputs
from medn.model.sevit import Attention
from medn.runtime.base import INPUTS, MAX_WINDOWS, Buffers, Engine, Machine, Precision, Prepared
from medn.runtime.pytorch import forward

NARROW = 16
"""Linear layers with no more outputs than this are heads."""


def machine() -> Machine:
    """What an engine is bound to here. Raises PackageNotFoundError or RuntimeError without torch-tensorrt or a GPU."""
    major, minor = torch.cuda.get_device_capability()
    return Machine(
        gpu=f"{torch.cuda.get_device_name()} (sm_{major}{minor})",
        torch_tensorrt=metadata.version("torch-tensorrt"),
        torch=metadata.version("torch"),
    )


def build(network: MEDN, precision: Precision, timing_cache: Path) -> Engine:
    """Build the engine on GPU 0, in a minute or several; raises RuntimeError where it is not one engine whole."""
    import torch_tensorrt

    program = tensorrt_program(network, precision, "cuda")
    compiled = torch_tensorrt.compile(
        program,
        ir="dynamo",
        arg_inputs=list(program.example_inputs[0]),
        # precision is in the program's own types: TensorRT adds no rounding but TF32, and that not to fp32
        disable_tf32=precision == "fp32",
        require_full_compilation=True,
        min_block_size=1,
        timing_cache_path=str(timing_cache),
    )
    engines = dict(compiled.named_children())
    if len(engines) != 1:
        raise RuntimeError(f"torch_tensorrt split the network into {len(engines)} parts instead of one engine.")
    ((name, engine),) = engines.items()
    call = next(node for node in compiled.graph.nodes if node.op == "call_module" and node.target == name)
    return Engine(
        engine.serialized_engine,
        inputs=tuple(argument.name for argument in call.args),
        bound_inputs=tuple(engine.input_binding_names),
        bound_outputs=tuple(engine.output_binding_names),
    )


def prepare(engine: Engine, buffers: Buffers) -> Prepared:
    """The engine on GPU 0, replayed as a CUDA graph; the first window of each new batch size is slower by its capture.

    CUDA graphs are switched on for the whole process, as torch_tensorrt has it.
    """
    import torch_tensorrt
    from torch_tensorrt.dynamo.runtime import TorchTensorRTModule

    module = TorchTensorRTModule(
        engine.plan, list(engine.bound_inputs), list(engine.bound_outputs), name="medn", settings=_settings()
    )
    torch_tensorrt.runtime.set_cudagraphs_mode(True)
    order = [INPUTS.index(name) for name in engine.inputs]

    def call(*inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        outputs: tuple[torch.Tensor, ...] = module(*(inputs[place] for place in order))
        return outputs

    return Prepared(forward(call, "cuda", buffers), torch.cuda.get_device_name(), (RuntimeError,))


def tensorrt_program(network: MEDN, precision: Precision, device: str = "cpu") -> torch.export.ExportedProgram:
    """faces, flow and context → the emotion, AU and micro-expression logits, all float32 from outside.

    TensorRT tunes for the batch that the example has, which must be at least 2 (one would be taken for a constant).
    """
    network = half_precision_where_tolerated(network) if precision == "fp16" else network.eval()
    logits = _Logits(network).to(device)
    batch = torch.export.Dim("batch", min=1, max=MAX_WINDOWS)
    inputs = tuple(tensor.to(device) for tensor in example_inputs(2))
    return torch.export.export(logits, inputs, dynamic_shapes=({0: batch},) * 3)


def export_program(network: MEDN, path: Path, precision: Precision = "fp16") -> None:
    """Write the program for the CPU, on any machine: `torch.export.load` reads it, and so do tools that inspect it."""
    program = io.BytesIO()
    torch.export.save(tensorrt_program(network, precision), program)
    path.write_bytes(program.getbuffer())  # PyTorch itself calls a file that cannot be written a fault


def half_precision_where_tolerated(network: MEDN) -> MEDN:
    """A copy of `network` whose tolerant layers compute in float16; inputs and outputs stay float32."""
    mixed = copy.deepcopy(network).eval()
    _halve(mixed)
    return mixed


class Half(nn.Module):
    """A layer in float16 between casts."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer.half()

    def forward(self, *inputs: Tensor) -> Tensor:
        """The output of the layer, as float32."""
        output: Tensor = self.layer(*(each.to(torch.float16) for each in inputs))
        return output.to(torch.float32)


class _Logits(nn.Module):
    def __init__(self, network: MEDN) -> None:
        super().__init__()
        self.network = network

    def forward(self, faces: Tensor, flow: Tensor, context: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        prediction = self.network(faces, flow, context)
        return prediction.emotion_logits, prediction.au_logits, prediction.micro_logit


def _halve(module: nn.Module) -> None:
    for name, child in module.named_children():
        if isinstance(child, Attention | nn.Conv2d) or (isinstance(child, nn.Linear) and child.out_features > NARROW):
            setattr(module, name, Half(child))
        else:
            _halve(child)


def _settings() -> object:
    import torch_tensorrt

    return torch_tensorrt.dynamo.CompilationSettings(device=torch_tensorrt.Device("cuda:0"))
