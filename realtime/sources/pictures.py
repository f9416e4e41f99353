"""Folders of pictures with a rate: how CASME II and SAMM distribute their clips."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from realtime.sources.capture import cv2
from realtime.sources.source import Cause, Item, Notice, NoticeKind, Numbering, SourceError

PICTURE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})


MAX_MISSING = 10
"""Numbers are taken for frame numbers only if at most this many times as many pictures are missing as are there."""
MAX_GAPS = 3
"""Gaps that the notice names."""


class PictureFolder:
    """The pictures of a folder, `rate_hz` of them a second, timed by the numbers in their names.

    Pictures whose names differ only in one number are frames of that number: img5 follows img4 after one interval, and
    comes two later than it if it is img6. Missing numbers are drops, and a notice names them. Where names differ
    otherwise, pictures follow each other in natural order (img2 before img10) without gaps.

    The only source whose times come from a declared rate, because pictures have no timestamps. Raises `SourceError` for
    a folder that is missing, cannot be read or holds no pictures, and for a rate that is not positive.
    """

    live = False
    zero_s = math.nan

    def __init__(self, folder: Path, rate_hz: float) -> None:
        if not (math.isfinite(rate_hz) and rate_hz > 0):
            raise SourceError(f"The rate of {folder} must be a positive number of pictures a second, not {rate_hz:g}.")
        try:
            paths = sorted(filter(_is_picture, folder.iterdir()), key=_natural)
        except OSError as error:
            raise SourceError(f"{folder} cannot be read: {error.strerror}.") from error
        if not paths:
            raise SourceError(f"{folder} holds no pictures ({', '.join(sorted(s[1:] for s in PICTURE_SUFFIXES))}).")
        self.name = folder.resolve().name
        self._frames = dict(zip(_frame_numbers(paths), paths, strict=True))
        self._count = max(self._frames) + 1
        self.duration_s = self._count / rate_hz
        self._rate_hz = rate_hz
        self._closed = False

    def __iter__(self) -> Iterator[Item]:
        """Yield every picture once; one that is missing or cannot be decoded is a drop."""
        numbering = Numbering()
        for index in range(self._count):
            if self._closed:
                return
            time_s, path = index / self._rate_hz, self._frames.get(index)
            image = None if path is None else _picture(path)
            if image is not None:
                yield numbering.frame(time_s, image)
            else:
                yield numbering.dropped(time_s, Cause.MISSING if path is None else Cause.DECODE_ERROR)
        if self._count > len(self._frames):
            yield Notice(self.duration_s, NoticeKind.MISSING, self._missing())

    def close(self) -> None:
        """End the iteration."""
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _missing(self) -> str:
        """A sentence with the pictures between which others are missing."""
        numbers = list(self._frames)
        gaps = [(a, b) for a, b in pairwise(numbers) if b - a > 1]
        named = [f"{b - a - 1} between {self._frames[a].name} and {self._frames[b].name}" for a, b in gaps[:MAX_GAPS]]
        more = f" and in {len(gaps) - MAX_GAPS} more places" if len(gaps) > MAX_GAPS else ""
        return (
            f"{self.name}: {self._count - len(numbers)} of {self._count} pictures are missing by their numbers, "
            f"{', '.join(named)}{more}; times count them."
        )


def _frame_numbers(paths: Sequence[Path]) -> Sequence[int]:
    """The place of each picture in the recording, from 0: by the numbers in the names, or one after the other.

    Numbers may have a constant step, as where every fifth frame was kept. Times of day, and other numbers that cannot
    count frames, are ignored.
    """
    in_order = range(len(paths))
    rows = [_natural(path) for path in paths]
    texts = {tuple(text for _, text in row) for row in rows}
    varying = [column for column in zip(*rows, strict=False) if len(set(column)) > 1]
    if len(paths) < 2 or len(texts) != 1 or len(varying) != 1:
        return in_order
    numbers = [number for number, _ in varying[0]]
    steps = Counter(b - a for a, b in pairwise(numbers))
    step = steps.most_common(1)[0][0]
    places = [(number - numbers[0]) // step for number in numbers] if step else []
    whole = step > 0 and all(each % step == 0 and each > 0 for each in steps)
    return places if whole and places[-1] < (1 + MAX_MISSING) * len(paths) else in_order


def _is_picture(path: Path) -> bool:
    """Whether the name is a picture's. Names that begin with a dot are hidden companions, as a Mac leaves them."""
    return path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".")


def _picture(path: Path) -> NDArray[np.uint8] | None:
    if not path.is_file():  # a pipe would be waited for
        return None
    # imdecode, because imread cannot open every path on Windows
    try:
        data = np.fromfile(path, np.uint8)
        return cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except (OSError, cv2.error):  # cv2.error: a size that cannot be
        return None


def _natural(path: Path) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", path.name)  # digits at every odd place
    return [(int(part), "") if place % 2 else (-1, part.lower()) for place, part in enumerate(parts)]
