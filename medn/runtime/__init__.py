"""The network prepared to run: PyTorch, ONNX Runtime or TensorRT behind one call, with reasons for the choice.

Nothing here imports PyTorch or TensorRT until a runtime that needs it is loaded.
"""

from medn.runtime.base import EngineRefusedError, Recognition, Runtime, RuntimeUnavailableError, WindowBatch
from medn.runtime.choose import AUTO_ORDER, RUNTIMES, Choice, explain_choice, load_runtime, runtimes_here

__all__ = [
    "AUTO_ORDER",
    "RUNTIMES",
    "Choice",
    "EngineRefusedError",
    "Recognition",
    "Runtime",
    "RuntimeUnavailableError",
    "WindowBatch",
    "explain_choice",
    "load_runtime",
    "runtimes_here",
]
