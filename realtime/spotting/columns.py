"""The columns of the trace: one row of numbers is kept of each frame for the spotter."""

import numpy as np
from numpy.typing import NDArray

from medn.face.landmarker import BLENDSHAPES
from realtime.motion.meter import Motion
from realtime.motion.regions import REGION_NAMES

BLENDSHAPE_SUMS = {
    # name: blendshapes whose weighted sum it is
    "blink": {"eyeBlinkLeft": 0.5, "eyeBlinkRight": 0.5},
    "gaze_x": {"eyeLookOutLeft": 0.5, "eyeLookInLeft": -0.5, "eyeLookInRight": 0.5, "eyeLookOutRight": -0.5},
    "gaze_y": {"eyeLookUpLeft": 0.5, "eyeLookUpRight": 0.5, "eyeLookDownLeft": -0.5, "eyeLookDownRight": -0.5},
    "jaw": {"jawOpen": 1.0},
    "lips": {"mouthFunnel": 1.0, "mouthPucker": 1.0, "mouthRollLower": 1.0, "mouthRollUpper": 1.0},
    "smile": {"mouthSmileLeft": 0.5, "mouthSmileRight": 0.5},
}
HEAD = ("head_x", "head_y", "head_roll", "head_scale", "head_yaw", "head_pitch")

MOTION_COLUMNS = slice(0, 2 * len(REGION_NAMES))
"""Displacement, x and y of each region, % iod."""
HEAD_COLUMNS = slice(MOTION_COLUMNS.stop, MOTION_COLUMNS.stop + len(HEAD))
"""The head's place and pose: iod, radians, log scale."""
BLENDSHAPE_COLUMNS = slice(HEAD_COLUMNS.stop, HEAD_COLUMNS.stop + len(BLENDSHAPE_SUMS))
DIFFERENCE_COLUMN = BLENDSHAPE_COLUMNS.stop
"""Mean plain frame difference over the regions."""
WIDTH = DIFFERENCE_COLUMN + 1

_MIX = np.zeros((len(BLENDSHAPE_SUMS), len(BLENDSHAPES)), np.float32)
for _row, _weights in enumerate(BLENDSHAPE_SUMS.values()):
    for _name, _weight in _weights.items():
        _MIX[_row, BLENDSHAPES.index(_name)] = _weight


def row(motion: Motion, head: NDArray[np.float64], blendshapes: NDArray[np.float32]) -> NDArray[np.float32]:
    """(WIDTH,) row of one frame; `head` is the (6,) head in the frame, `blendshapes` the (52,) of its landmarks."""
    values = np.empty(WIDTH, np.float32)
    values[MOTION_COLUMNS] = motion.regions.ravel()
    values[HEAD_COLUMNS] = head
    values[BLENDSHAPE_COLUMNS] = _MIX @ blendshapes
    values[DIFFERENCE_COLUMN] = motion.difference.mean()
    return values
