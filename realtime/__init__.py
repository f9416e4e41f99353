"""The stream: from frames of a camera or a recording to micro-expression events.

result = realtime.analyze("interview.mp4")
for step in realtime.stream(0): ...
"""

from typing import TYPE_CHECKING

import medn as _network  # first: it switches off the usage reports of ONNX Runtime

if TYPE_CHECKING:
    from realtime.api import Result, Step, analyze, stream
    from realtime.pipeline import PipelineParameters

__all__ = ["PipelineParameters", "Result", "Step", "__version__", "analyze", "stream"]

__version__ = _network.__version__


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from realtime import api  # loaded only here: the import of the package stays cheap

    return getattr(api, name)
