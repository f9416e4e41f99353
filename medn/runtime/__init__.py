"""MEDN made ready to run: PyTorch, ONNX Runtime or TensorRT behind one call, chosen in the open.

Nothing here imports PyTorch or TensorRT until a runtime that needs it is loaded.
"""

from medn.runtime.choose import AUTO_ORDER, RUNTIMES, Choice, explain_choice, load_runtime, runtimes_here
from medn.runtime.errors import EngineRefusedError, RuntimeUnavailableError
from medn.runtime.runtime import Runtime
from medn.runtime.weights import Weights
from medn.runtime.windows import Recognition, WindowBatch

__all__ = [
    "AUTO_ORDER",
    "RUNTIMES",
    "Choice",
    "EngineRefusedError",
    "Recognition",
    "Runtime",
    "RuntimeUnavailableError",
    "Weights",
    "WindowBatch",
    "explain_choice",
    "load_runtime",
    "runtimes_here",
]
