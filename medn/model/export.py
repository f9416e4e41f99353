"""MEDN as a program without Python: a `torch.export` program (what TensorRT is built from) and its ONNX twin."""

import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from medn.model.medn import MEDN, Prediction, example_inputs

MAX_BATCH = 64


def exported(model: MEDN) -> torch.export.ExportedProgram:
    """`model` as a program of (faces, flow, context) → the fields of `Prediction`; every shape static but the batch."""
    batch = torch.export.Dim("batch", min=1, max=MAX_BATCH)
    return torch.export.export(_Plain(model.eval()), example_inputs(2), dynamic_shapes=({0: batch},) * 3)


def write_onnx(model: MEDN, path: Path) -> None:
    """Write `model` as ONNX with inputs faces, flow, context and outputs named as the fields of `Prediction`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=(DeprecationWarning, FutureWarning))  # torch's own
        program = torch.onnx.export(
            exported(model),
            input_names=["faces", "flow", "context"],
            output_names=list(Prediction._fields),
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    program.save(path, external_data=False)


class _Plain(nn.Module):
    """A plain tuple, because a saved program cannot name our classes."""

    def __init__(self, model: MEDN) -> None:
        super().__init__()
        self.model = model

    def forward(self, faces: Tensor, flow: Tensor, context: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.model(faces, flow, context))
