"""The window: the network's whole input for one movement, from its onset to its apex.

Training clips, database clips and live candidates become windows by `window`, and by nothing else.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medn.contract import FRAMES
from medn.face.flow import flow_map


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """One movement, onset → apex; ready for the network but for a batch axis."""

    faces: NDArray[np.uint8]
    """(8, 128, 128) aligned grey faces."""
    flow: NDArray[np.float32]
    """(3, 28, 28): `medn.face.flow.FlowMap.map`."""
    amplitude_iod: float
    """% iod."""
    rise_s: float
    """Onset to apex, in s."""


def window(faces: NDArray[np.uint8], times_s: NDArray[np.float64], onset_s: float, apex_s: float) -> Window:
    """The window of a movement in aligned faces (N, 128, 128), all under one warp, taken at `times_s` (N,), increasing.

    Raises ValueError where the apex does not come after the onset or either lies outside the faces' times.
    """
    if not times_s[0] <= onset_s < apex_s <= times_s[-1]:
        raise ValueError(
            f"A window from {onset_s:.3f} to {apex_s:.3f} s does not fit into faces from {times_s[0]:.3f} to "
            f"{times_s[-1]:.3f} s."
        )
    spread = faces_at(faces, times_s, np.linspace(onset_s, apex_s, FRAMES))
    flow = flow_map(spread[0], spread[-1])
    return Window(spread, flow.map, flow.amplitude_iod, apex_s - onset_s)


def faces_at(
    faces: NDArray[np.uint8], times_s: NDArray[np.float64], moments_s: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """(M, 128, 128): the faces at M moments, each a mixture of the two frames around it (at any frame rate)."""
    after = np.clip(np.searchsorted(times_s, moments_s), 1, len(times_s) - 1)
    before = after - 1
    share = np.clip((moments_s - times_s[before]) / (times_s[after] - times_s[before]), 0, 1)
    later = share.astype(np.float32)[:, None, None]
    return np.rint((1 - later) * faces[before] + later * faces[after]).astype(np.uint8)
