"""The `torch.export` program that TensorRT is given: static shapes but for the batch of 1 to 16."""

from pathlib import Path

import torch
from torch import Tensor, nn

from medn.model.medn import MEDN, example_inputs
from medn.runtime.buffers import MAX_WINDOWS
from medn.runtime.mixed import half_where_it_forgives
from medn.runtime.parity import Precision


def tensorrt_program(network: MEDN, precision: Precision, device: str = "cpu") -> torch.export.ExportedProgram:
    """faces, flow and context → the emotion, AU and micro-expression logits, all float32 at the doors.

    TensorRT tunes for the batch that the example has, which must be at least 2 (one would be taken for a constant).
    """
    network = half_where_it_forgives(network) if precision == "fp16" else network.eval()
    answers = _Answers(network).to(device)
    batch = torch.export.Dim("batch", min=1, max=MAX_WINDOWS)
    inputs = tuple(tensor.to(device) for tensor in example_inputs(2))
    return torch.export.export(answers, inputs, dynamic_shapes=({0: batch},) * 3)


def export_program(network: MEDN, path: Path, precision: Precision = "fp16") -> None:
    """Write the program for the CPU, on any machine: `torch.export.load` reads it, and so do tools that inspect it."""
    torch.export.save(tensorrt_program(network, precision), path)


class _Answers(nn.Module):
    def __init__(self, network: MEDN) -> None:
        super().__init__()
        self.network = network

    def forward(self, faces: Tensor, flow: Tensor, context: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        prediction = self.network(faces, flow, context)
        return prediction.emotion_logits, prediction.au_logits, prediction.micro_logit
