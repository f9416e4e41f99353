"""Test pictures: the built-in portrait, once or tiled, with a slight sway and sensor noise."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from medn.synthetic.portrait import astronaut
from realtime.sources import VideoFile
from realtime.types import Frame

Picture = NDArray[np.uint8]

SWAY = 0.004
"""Amplitude as a share of the picture's height: slow enough for tracking, never fully at rest."""
MARGIN = 0.3
"""Around the face, as a share of its width."""
NOISE = 1.5
"""Standard deviation of a pixel's noise, of 255."""
PERIOD = 24
"""Number of pictures after which a scene repeats."""


def tiled(faces: int, size_px: tuple[int, int]) -> list[Picture]:
    """24 BGR pictures (height, width, 3) of 1–4 faces side by side; the first continues the last without a jump."""
    width, height = size_px
    face = _face()
    scale = min(height / len(face), width / faces / face.shape[1])
    tile = cv2.resize(face, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    scene = np.full((height, width, 3), 110, np.uint8)
    top = (height - len(tile)) // 2
    for number in range(faces):
        left = int((number + 0.5) * width / faces - tile.shape[1] / 2)
        scene[top : top + len(tile), left : left + tile.shape[1]] = tile
    return [_camera_picture(scene, 2 * np.pi * number / PERIOD, number) for number in range(PERIOD)]


def endless(pictures: list[Picture]) -> Callable[[int], Picture]:
    """A function of the frame index for `Generated`: the pictures back and forth, without end."""
    loop = pictures + pictures[-2:0:-1]
    return lambda index: loop[index % len(loop)]


def decoded(video: Path, count: int) -> list[Picture]:
    """The first pictures of a video. Raises `SourceError` if it cannot be read."""
    with VideoFile(video) as source:
        return [item.image for item in islice(source, count) if isinstance(item, Frame)]


def write_video(pictures: Iterable[Picture], path: Path, rate_hz: int = 30) -> Path:
    """Encode pictures of one size as H.264, as a webcam's recording would be."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate_hz, options={"preset": "veryfast", "crf": "23"})
        for number, picture in enumerate(pictures):
            if number == 0:
                stream.height, stream.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(picture, "bgr24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, rate_hz)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def _face() -> Picture:
    """The portrait cropped closely, so that each of four faces in 360 lines is large enough to be detected."""
    portrait = astronaut()
    (left, top), (right, bottom) = portrait.points[:, :2].min(axis=0), portrait.points[:, :2].max(axis=0)
    margin = MARGIN * (right - left)
    rows, columns = (
        slice(max(0, int(top - margin)), int(bottom + margin)),
        slice(max(0, int(left - margin)), int(right + margin)),
    )
    return portrait.image[rows, columns]


def _camera_picture(scene: Picture, phase: float, seed: int) -> Picture:
    """The scene as a camera sees it at this phase of its sway, with noise."""
    reach = SWAY * len(scene)
    move = np.array([[1, 0, reach * np.sin(phase)], [0, 1, reach * np.cos(phase)]])
    moved = cv2.warpAffine(scene, move, scene.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    noise = np.zeros(moved.shape, np.int16)
    cv2.setRNGSeed(seed)
    cv2.randn(noise, 0, NOISE)
    return cv2.add(moved, noise, dtype=cv2.CV_8U)
