"""The extras of the installation: which packages each brings, and how to get one."""

import sys

EXTRAS = {
    "matplotlib": "lab", "onnx": "lab", "onnxscript": "lab", "sklearn": "lab", "torch": "lab",
    "torch_tensorrt": "tensorrt", "PyQt6": "app", "pyqtgraph": "app", "qtawesome": "app", "pyarrow": "export",
    "pylsl": "lsl", "ray": "cluster", "fsspec": "cluster",
}  # fmt: skip
"""The extra that installs a module which not every user needs."""


def way_to(extra: str) -> str:
    """How to get an extra, to end a sentence: pip's command, or that the bundle (`make bundle`) has none."""
    if getattr(sys, "frozen", False):  # set by PyInstaller's programs
        return f"this bundle has no extra '{extra}', the full installation has it"
    return f"pip install 'medn[{extra}]'"
