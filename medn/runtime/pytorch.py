"""MEDN by PyTorch, on the CPU or an NVIDIA GPU; and the staging on a GPU that TensorRT shares."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from medn.model.medn import MEDN
from medn.runtime.base import INPUTS, OUTPUTS, Buffers, Prepared

Call = Callable[[Tensor, Tensor, Tensor], Sequence[Tensor]]
"""faces, flow and context → emotion, AU and micro-expression logits, perhaps followed by more."""


def prepare(network: MEDN, device: str, buffers: Buffers, threads: int = 1) -> Prepared:
    """`network` on "cpu" or "cuda". On the CPU it sets PyTorch's number of threads, for the whole process."""
    if device == "cpu":
        torch.set_num_threads(threads)
    network = network.eval().to(device)
    words = f"CPU, {threads} thread{'s' * (threads != 1)}" if device == "cpu" else torch.cuda.get_device_name()
    return Prepared(forward(network, device, buffers), words, () if device == "cpu" else (RuntimeError,))


def forward(call: Call, device: str, buffers: Buffers) -> Callable[[int], None]:
    """`call` over the buffers: their memory itself on the CPU, copies that stay allocated on a GPU."""
    inputs = [torch.from_numpy(getattr(buffers, name)) for name in INPUTS]
    outputs = [torch.from_numpy(getattr(buffers, name)) for name in OUTPUTS]
    staged = inputs if device == "cpu" else [torch.empty_like(tensor, device=device) for tensor in inputs]

    @torch.inference_mode()
    def run(count: int) -> None:
        if staged is not inputs:
            for there, here in zip(staged, inputs, strict=True):
                there[:count].copy_(here[:count])
        returned = call(*(tensor[:count] for tensor in staged))
        for here, there in zip(outputs, returned, strict=False):
            here[:count].copy_(there)

    return run
