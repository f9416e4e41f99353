"""MEDN: the micro-expression network, what it is fed, what it is trained on and how it is evaluated.

movement = medn.load()(faces, times_s, onset_s, apex_s)
"""

import os
import sys
import warnings
from typing import TYPE_CHECKING

from medn.revision import __version__

if TYPE_CHECKING:
    from medn.recognize import Movement, Network, load

__all__ = ["Movement", "Network", "__version__", "load"]

# ONNX Runtime from 1.29 on sends usage data unless this is set before the library is loaded; its own
# `disable_telemetry_events` neither stops the sender nor keeps it from writing a machine number to the home folder.
# Where name servers do not answer, it keeps a process from ending, too: for 51 s with three of them.
# Every part of the product imports this package first, and worker processes inherit the variable.
if "onnxruntime" in sys.modules and os.environ.get("ORT_DISABLE_TELEMETRY") != "1":
    sys.modules["onnxruntime"].disable_telemetry_events()
    warnings.warn(
        "onnxruntime was imported before medn, so its usage data is being sent: import medn first, or set "
        "ORT_DISABLE_TELEMETRY=1 before Python starts.",
        stacklevel=2,
    )
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# NumPy's and SciPy's matrix products are small here, and threads that wait for each other by spinning starve on a busy
# machine. Read when either is first loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from medn import recognize  # loaded only here: the import of the package stays cheap

    return getattr(recognize, name)
