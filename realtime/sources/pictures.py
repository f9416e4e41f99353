"""A folder of pictures with a rate: the way CASME II and SAMM ship their clips."""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.sources.source import Cause, Item, Numbering, SourceError

SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})


class PictureFolder:
    """The pictures of a folder in natural order (img2 before img10), `rate_hz` of them a second.

    The one source whose time is a declared rate, because pictures carry none. Raises `SourceError` for a folder that is
    not there, cannot be read or holds no picture, and for a rate that is not positive.
    """

    live = False
    zero_s = math.nan

    def __init__(self, folder: Path, rate_hz: float) -> None:
        if not (math.isfinite(rate_hz) and rate_hz > 0):
            raise SourceError(f"The rate of {folder} must be a positive number of pictures a second, not {rate_hz:g}.")
        try:
            self._paths = sorted((p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES), key=_natural)
        except OSError as error:
            raise SourceError(f"{folder} cannot be read: {error.strerror}.") from error
        if not self._paths:
            raise SourceError(f"{folder} holds no pictures ({', '.join(sorted(s[1:] for s in SUFFIXES))}).")
        self.name = folder.resolve().name
        self.duration_s = len(self._paths) / rate_hz
        self._rate_hz = rate_hz
        self._closed = False

    def __iter__(self) -> Iterator[Item]:
        """Every picture once; one that cannot be decoded is told as dropped."""
        numbering = Numbering()
        for index, path in enumerate(self._paths):
            if self._closed:
                return
            time_s = index / self._rate_hz
            image = _picture(path)
            yield numbering.dropped(time_s, Cause.DECODE_ERROR) if image is None else numbering.frame(time_s, image)

    def close(self) -> None:
        """End the iteration."""
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _picture(path: Path) -> NDArray[np.uint8] | None:
    # imdecode, because imread cannot open every path on Windows
    try:
        data = np.fromfile(path, np.uint8)
    except OSError:
        return None
    return cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None


def _natural(path: Path) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", path.name)  # digits at every odd place
    return [(int(part), "") if place % 2 else (-1, part.lower()) for place, part in enumerate(parts)]
