"""A webcam for one process: what environment a program needs so that it finds one at /dev/video0.

`fakecam.c` is preloaded into that program and answers for the device (see its head). Linux with a C compiler only.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

SIZE = (160, 120)

needs_fakecam = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("cc") is None, reason="the fake webcam needs Linux and a C compiler"
)


def environment(folder: Path, *, rate_hz: int = 30, **settings: int) -> dict[str, str]:
    """The environment in which /dev/video0 is a webcam; `settings` are those of fakecam.c, as in `unplug_after=50`.

    Frame i of 32 has the grey level 4 × i; then they repeat.
    """
    library, frames = folder / "fakecam.so", folder / "frames.yuyv"
    source = Path(__file__).with_name("fakecam.c")
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    width, height = SIZE
    pictures = (np.full((height, width, 3), 4 * i, np.uint8) for i in range(32))
    frames.write_bytes(b"".join(cv2.cvtColor(p, cv2.COLOR_BGR2YUV_YUY2).tobytes() for p in pictures))
    camera = {"FRAMES": frames, "SIZE": f"{width}x{height}", "FPS": rate_hz} | {
        k.upper(): v for k, v in settings.items()
    }
    return os.environ | {"LD_PRELOAD": str(library)} | {f"FAKECAM_{name}": str(value) for name, value in camera.items()}
