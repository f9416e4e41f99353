"""Fingerprints of single frames, by which the video of a session is recognized again; no picture can be made of them.

A fingerprint is the difference hash of a picture: 64 bits that say where it grows brighter from left to right. It
survives compression and a change of size (our reading of N. Krawetz, "Kind of Like That", 2013).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

COLUMNS, ROWS = 8, 8
BITS = COLUMNS * ROWS


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A frame of a video."""

    time_s: float
    width: int
    height: int
    bits: int

    def differs_by(self, other: "Fingerprint") -> int:
        """Count the bits in which two pictures differ, of `BITS`."""
        return (self.bits ^ other.bits).bit_count()


def fingerprint(time_s: float, image: NDArray[np.uint8]) -> Fingerprint:
    """Return the fingerprint of a (height, width, 3) uint8 picture."""
    small = cv2.resize(image, (COLUMNS + 1, ROWS), interpolation=cv2.INTER_AREA).astype(np.int16).sum(axis=2)
    brighter = np.diff(small, axis=1) > 0
    return Fingerprint(time_s, image.shape[1], image.shape[0], int.from_bytes(np.packbits(brighter).tobytes()))
