"""Facial movement as the displacement of 478 landmarks: a 3-D head's face units, and the action units they make."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Side = Literal["both", "left", "right"]

ACTION_UNITS: Mapping[str, Mapping[str, float]] = {
    "AU1": {"browInnerUp": 1.0},
    "AU2": {"browOuterUp*": 1.0},
    "AU4": {"browDown*": 1.0},
    "AU5": {"eyeWide*": 1.0},
    "AU6": {"cheekSquint*": 1.0, "eyeSquint*": 0.2},
    "AU7": {"eyeSquint*": 1.0},
    "AU9": {"noseSneer*": 1.0},
    "AU10": {"mouthUpperUp*": 1.0},
    "AU12": {"mouthSmile*": 1.0},
    "AU14": {"mouthDimple*": 1.0},
    "AU15": {"mouthFrown*": 1.0},
    "AU16": {"mouthLowerDown*": 1.0},
    "AU17": {"mouthShrugLower": 1.0},
    "AU18": {"mouthPucker": 1.0},
    "AU20": {"mouthStretch*": 1.0},
    "AU24": {"mouthPress*": 1.0},
    "AU25": {"mouthLowerDown*": 0.5, "mouthUpperUp*": 0.2},
    "AU26": {"jawOpen": 1.0},
    "AU28": {"mouthRollLower": 1.0, "mouthRollUpper": 0.6},
    "AU45": {"eyeBlink*": 1.0},
}
"""Each action unit as weights of ARKit-named face units; `*` stands for the person's Left and Right."""


@dataclass(frozen=True)
class Shapes:
    """The face units of one 3-D head on 478 landmarks, seen from the front, in units of its eye distance (iod)."""

    source: str
    units: tuple[str, ...]
    """ARKit's names; Left and Right are the person's own."""
    displacement: NDArray[np.float32]
    """(units, 478, 3) at full strength: x to the right of the picture, y down, z away from the viewer."""
    points: NDArray[np.float32]
    """(478, 3) the head at rest, from the point midway between the outer eye corners."""
    mirror: NDArray[np.int64]
    """(478,) each landmark's partner on the other side of the face."""

    def unit(self, name: str) -> NDArray[np.float32]:
        """(478, 3) one face unit at full strength. Raises KeyError for a name that this head does not have."""
        if name not in self.units:
            raise KeyError(f"the head '{self.source}' has no face unit '{name}'; it has {', '.join(self.units)}")
        return self.displacement[self.units.index(name)]

    def mix(self, weights: Mapping[str, float], side: Side = "both") -> NDArray[np.float32]:
        """(478, 3) the sum of face units, each at its weight, on one side of the face or both.

        Units that ARKit has whole (inner brows, chin, pucker) are cut at the midline, over ±0.1 iod.
        """
        total = np.zeros(self.displacement.shape[1:], np.float32)
        left = np.clip(0.5 + self.points[:, :1] / 0.2, 0, 1)  # the person's left is the picture's right
        for name, weight in weights.items():
            if side == "both" or name.endswith(side.capitalize()):
                total += np.float32(weight) * self.unit(name)
            elif not name.endswith(("Left", "Right")):
                total += np.float32(weight) * self.unit(name) * (left if side == "left" else 1 - left)
        return total

    def action_units(self, aus: Iterable[str], side: Side = "both") -> NDArray[np.float32]:
        """(478, 3) action units together at full strength, on one side of the face or both."""
        return self.mix(unit_weights(aus), side)


def peak_iod(displacement: NDArray[np.floating]) -> float:
    """How far the landmark of the skin that moves most moves within the picture's plane: a movement's amplitude."""
    return float(np.linalg.norm(displacement[:468, :2], axis=1).max())


def unit_weights(aus: Iterable[str]) -> dict[str, float]:
    """Action units as weights of face units on both sides. Raises KeyError for an unknown action unit."""
    weights: dict[str, float] = {}
    for au in aus:
        if au not in ACTION_UNITS:
            raise KeyError(f"no shape is known for '{au}'; known are {', '.join(ACTION_UNITS)}")
        for pattern, weight in ACTION_UNITS[au].items():
            for side in ("Left", "Right") if pattern.endswith("*") else ("",):
                name = pattern.rstrip("*") + side
                weights[name] = weights.get(name, 0.0) + weight
    return weights


def read_shapes(file: Path) -> Shapes:
    """Shapes that `write_shapes` wrote."""
    with np.load(file) as data:
        return Shapes(
            str(data["source"]),
            tuple(str(name) for name in data["units"]),
            data["displacement"].astype(np.float32),
            data["points"],
            data["mirror"].astype(np.int64),
        )


def write_shapes(shapes: Shapes, file: Path) -> None:
    """Displacements are kept as float16: steps under 0.02 % of the eye distance."""
    np.savez_compressed(
        file,
        source=shapes.source,
        units=np.array(shapes.units),
        displacement=shapes.displacement.astype(np.float16),
        points=shapes.points,
        mirror=shapes.mirror.astype(np.int16),
    )
