"""MediaPipe's vision tasks, imported without its audio part.

MediaPipe imports the package sounddevice if it can, and that opens PortAudio: every program that looks for faces
would then ask each sound system for its devices, and JACK would leave files in shared memory.
"""

import sys

_loaded = sys.modules.get("sounddevice")
sys.modules["sounddevice"] = None  # type: ignore[assignment]  # its import fails, which MediaPipe provides for
try:
    from mediapipe import Image, ImageFormat
    from mediapipe.tasks.python import BaseOptions, vision
finally:
    del sys.modules["sounddevice"]
    if _loaded is not None:
        sys.modules["sounddevice"] = _loaded

__all__ = ["BaseOptions", "Image", "ImageFormat", "vision"]
