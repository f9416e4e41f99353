"""Real video files for tests, written with PyAV."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray


def write_video(
    path: Path,
    pictures: Iterable[NDArray[np.uint8]],
    times_ms: Sequence[int],
    *,
    codec: str = "libx264",
    rotation_deg: int = 0,
    index_first: bool = False,
) -> Path:
    """Encode BGR pictures at given times; H.264 with two B-frames between others, as phones and cameras make it."""
    pictures = list(pictures)
    options = {"movflags": "+faststart"} if index_first else {}
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=30)
        stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        if codec == "libx264":
            stream.options = {"bf": "2", "g": "25", "preset": "ultrafast", "b_strategy": "0"}
        if rotation_deg:
            stream.set_display_rotation(rotation_deg)
        for time_ms, picture in zip(times_ms, pictures, strict=True):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "bgr24")
            frame.pts, frame.time_base = int(time_ms), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def grey(level: int, size: tuple[int, int] = (120, 160)) -> NDArray[np.uint8]:
    """A plain BGR picture."""
    return np.full((*size, 3), level, np.uint8)


def noise(count: int, size: tuple[int, int] = (120, 160)) -> Iterable[NDArray[np.uint8]]:
    """Pictures that do not compress, so that a cut in the file is a cut in the stream."""
    random = np.random.default_rng(0)
    return (random.integers(0, 256, (*size, 3), np.uint8) for _ in range(count))
