"""What this machine offers to a runtime, found out without loading more than needed."""

import ctypes
import importlib.util
import sys
from functools import cache

import onnxruntime

from medn.extras import way_to


@cache
def why_no_gpu() -> str:
    """Why no NVIDIA GPU can be used, empty where one can. Asks the driver, because PyTorch takes seconds to load."""
    library = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        driver = ctypes.CDLL(library)
    except OSError:
        return f"no NVIDIA driver is installed ({library} was not found)"
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0 or count.value == 0:
        return "the NVIDIA driver finds no GPU that can be used"
    return ""


def why_no_torch() -> str:
    """Why PyTorch cannot be used, empty where it can."""
    return "" if importlib.util.find_spec("torch") else f"PyTorch is not installed ({way_to('lab')})"


@cache
def why_no_torch_cuda() -> str:
    """Why PyTorch cannot compute on a GPU, empty where it can."""
    if why_not := why_no_gpu() or why_no_torch():
        return why_not
    import torch

    if torch.version.cuda is None:
        return f"PyTorch {torch.__version__} is a build without CUDA"
    return "" if torch.cuda.is_available() else "PyTorch's CUDA does not start with this driver"


@cache
def why_no_torch_tensorrt() -> str:
    """Why no TensorRT engine can be built or run, empty where one can."""
    if why_no_torch_cuda():
        return why_no_torch_cuda()
    if importlib.util.find_spec("torch_tensorrt") is None:
        return "torch-tensorrt is not installed (see docs/tensorrt.md)"
    return ""


def why_no_provider(provider: str) -> str:
    """Why ONNX Runtime has not that provider, empty where it has (whether it starts is seen when it does)."""
    if provider in onnxruntime.get_available_providers():
        return "" if provider == "CPUExecutionProvider" else why_no_gpu()
    return why_no_gpu() or f"this build of ONNX Runtime has no {provider} (onnxruntime-gpu has)"
