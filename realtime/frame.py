"""A frame: a picture and the moment at which it was taken."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture from a source; never written to after it was made."""

    index: int
    """Counts every frame that the source offered, from 0, dropped ones included."""
    time_s: float
    """Capture time in s since the source's first frame (camera: monotonic clock at grab; file: presentation timestamp;
    network: arrival). Strictly increasing; never derived from a declared rate."""
    image: NDArray[np.uint8]
    """(height, width, 3) BGR."""
