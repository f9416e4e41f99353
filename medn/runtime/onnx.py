"""MEDN by ONNX Runtime, on the CPU or through a provider for NVIDIA GPUs.

The twin is run as it was exported. Tried on one CPU thread and not worth it: weights in int8 (dynamic quantization)
take 8 % off a window and move the logits by 0.02; ONNX Runtime's transformer fusions and a batch fixed at one take
nothing off.
"""

from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as errors

from medn.runtime.base import INPUTS, OUTPUTS, Buffers, Prepared, RuntimeUnavailableError

FAILURES = (errors.Fail, errors.RuntimeException, errors.EPFail, errors.EngineError, errors.DeviceReset)


def prepare(twin: Path, provider: str, buffers: Buffers, threads: int = 1) -> Prepared:
    """The ONNX twin on `provider`; raises RuntimeUnavailableError where either does not load.

    One thread by default: a window is too small to share out, and threads that wait for each other by spinning take
    the cores that the face landmarker needs.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(twin, options, providers=[provider])
    except (*FAILURES, errors.InvalidProtobuf, errors.InvalidGraph, errors.NoSuchFile) as error:
        why = str(error).partition("\n")[0]
        raise RuntimeUnavailableError(f"ONNX Runtime could not load {twin} on {provider}: {why}") from error
    # ONNX Runtime answers a provider that will not start (a missing CUDA library) with the CPU, and only a log line
    if session.get_providers()[0] != provider:
        raise RuntimeUnavailableError(f"ONNX Runtime has {provider} but could not start it: its libraries are missing.")
    session.disable_fallback()
    bindings: dict[int, onnxruntime.IOBinding] = {}

    def forward(count: int) -> None:
        binding = bindings.get(count)
        if binding is None:
            binding = bindings[count] = _outputs_bound(session, buffers, count)
        # bound again each time, because that is when a GPU provider copies them; on the CPU nothing is copied
        for name in INPUTS:
            binding.bind_cpu_input(name, getattr(buffers, name)[:count])
        session.run_with_iobinding(binding)

    on_cpu = provider == "CPUExecutionProvider"
    device = f"CPU, {threads} thread{'s' * (threads != 1)}" if on_cpu else "GPU 0"
    return Prepared(forward, device, () if on_cpu else FAILURES)


def _outputs_bound(session: onnxruntime.InferenceSession, buffers: Buffers, count: int) -> onnxruntime.IOBinding:
    binding = session.io_binding()
    for name in OUTPUTS:
        array = getattr(buffers, name)[:count]
        binding.bind_output(name, "cpu", 0, np.float32, array.shape, array.ctypes.data)
    return binding
