"""MEDN as a TensorRT engine, by torch_tensorrt: built once, kept as bytes, run from fixed buffers with CUDA graphs.

torch_tensorrt is imported where it is used, because it exists only beside an NVIDIA GPU.
"""

from importlib import metadata
from pathlib import Path

import torch

from medn.model.medn import MEDN
from medn.runtime.buffers import INPUTS, Buffers, Prepared
from medn.runtime.engine_cache import Engine, Machine
from medn.runtime.parity import Precision
from medn.runtime.program import tensorrt_program
from medn.runtime.pytorch import forward


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
        answers: tuple[torch.Tensor, ...] = module(*(inputs[place] for place in order))
        return answers

    return Prepared(forward(call, "cuda", buffers), torch.cuda.get_device_name(), (RuntimeError,))


def _settings() -> object:
    import torch_tensorrt

    return torch_tensorrt.dynamo.CompilationSettings(device=torch_tensorrt.Device("cuda:0"))
