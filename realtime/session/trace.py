"""The trace in a session: the displacement of a face's patches, compressed, so that it can be looked at again.

A block holds up to `BLOCK_STEPS` successive steps of one face: its numbers are rounded to `UNIT_PCT`, each step is
stored as its difference from the one before, and the bytes of equal weight stand together before zlib. About 10 kB a
second and face (24 as float16), 17 where somebody grimaces.
"""

import zlib
from collections.abc import Iterable
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from realtime.session import check
from realtime.spotting.grid import Steps, joined

BLOCK_STEPS = 60
"""Two seconds."""
UNIT_PCT = 0.02
"""Resolution in % iod; the measurement's own noise is 0.02–0.09."""

_VALUES = 450
_BYTES = 3


def encode(values: NDArray[np.float32]) -> bytes:
    """(n, 450) displacement in % iod as a block."""
    counts = np.round(values.astype(np.float64) / UNIT_PCT).astype(np.int64)
    changes = np.diff(counts, axis=0, prepend=0)
    whole = np.where(changes < 0, -2 * changes - 1, 2 * changes).T
    return zlib.compress(np.stack([whole >> (8 * place) & 0xFF for place in range(_BYTES)]).astype(np.uint8).tobytes())


def decode(block: bytes, steps: int) -> NDArray[np.float32]:
    """(steps, 450) of a block; ValueError if it is no block of so many steps."""
    size = _BYTES * _VALUES * steps
    unpacking = zlib.decompressobj()
    try:
        data = unpacking.decompress(block, size)  # a longer one is no block, and must not fill the memory
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if len(data) != size or not unpacking.eof:
        raise ValueError(f"it does not hold {steps} steps")
    planes = np.frombuffer(data, np.uint8).reshape(_BYTES, _VALUES, steps).astype(np.int64)
    whole = sum(plane << (8 * place) for place, plane in enumerate(planes))
    changes = np.where(whole % 2, -(whole + 1) // 2, whole // 2)
    return (changes.cumsum(axis=1).T * UNIT_PCT).astype(np.float32)


def block(row: tuple[object, ...]) -> tuple[int, Steps]:
    """A row of the table `trace`: face, start, steps and patches."""
    face, start_s, steps, patches = row
    count = check.count(steps, "steps")
    if not 0 < count <= BLOCK_STEPS or not isinstance(patches, bytes):
        raise check.DamagedRowError("what should be a part of the trace is none")
    try:
        values = decode(patches, count)
    except ValueError:
        raise check.DamagedRowError("a part of the trace cannot be read") from None
    return check.count(face, "face"), Steps(check.time_s(start_s, "start_s"), values)


def stretches(blocks: Iterable[tuple[int, Steps]]) -> list[tuple[int, Steps]]:
    """Blocks, each with its face, put together where nothing is missing between them."""
    in_order = sorted(blocks, key=lambda each: (each[0], each[1].first_s))
    by_face = groupby(in_order, key=lambda each: each[0])
    return [(face, steps) for face, parts in by_face for steps in joined(steps for _, steps in parts)]


class Blocks:
    """Collects the steps of one face into blocks."""

    def __init__(self) -> None:
        self._parts: list[Steps] = []

    def add(self, steps: Steps) -> list[Steps]:
        """Take in what a frame brought; the blocks that are full, or that it does not go on from."""
        done = [] if self._goes_on(steps) else self.close()
        self._parts.append(steps)
        return done + (self.close() if sum(map(len, self._parts)) >= BLOCK_STEPS else [])

    def close(self) -> list[Steps]:
        """What is held."""
        if not self._parts:
            return []
        [whole] = joined(self._parts)
        self._parts = []
        return [whole.part(start, start + BLOCK_STEPS) for start in range(0, len(whole), BLOCK_STEPS)]

    def _goes_on(self, steps: Steps) -> bool:
        return not self._parts or self._parts[-1].goes_on(steps)
