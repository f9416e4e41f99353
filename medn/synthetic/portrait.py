"""Portraits: a still face with its landmarks, from a folder of photographs or the one that travels with the package."""

import csv
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from medn.face.aligned import eye_distance_px
from medn.face.landmarker import Landmarker
from medn.synthetic.mesh import LOWER_LIDS, UPPER_LID_SKIN, UPPER_LIDS
from medn.synthetic.shapes import Shapes

ASTRONAUT_FILE = Path(__file__).with_name("astronaut.jpg")
"""Eileen Collins, NASA, public domain; as scikit-image distributes it, cut to head and shoulders."""

FRAME_BGR = (38, 34, 30)
"""Colour of the glasses' rims."""

Split = Literal["train", "validation", "test"]
SHARES: dict[Split, float] = {"train": 0.6, "validation": 0.2, "test": 0.2}


@dataclass(frozen=True)
class Portrait:
    """A photograph of one face."""

    identity: str
    image: NDArray[np.uint8]
    """(H, W, 3) BGR."""
    points: NDArray[np.float32]
    """(478, 3) landmarks in px of the image, z in the same scale, smaller is nearer."""
    rotation: NDArray[np.float32]
    """(3, 3) from a frontal face's axes (x right, y down, z away) to the picture's."""

    @property
    def iod_px(self) -> float:
        """The eye distance in px."""
        return eye_distance_px(self.points)


def find_portrait(image: NDArray[np.uint8], identity: str, landmarker: Landmarker) -> Portrait:
    """The one face in a BGR picture. Raises ValueError if there is none."""
    faces = landmarker(np.ascontiguousarray(image[:, :, ::-1]))
    if not faces:
        raise ValueError(f"no face was found in the portrait of '{identity}'")
    turned = faces[0].pose[:3, :3].astype(np.float64)
    turned /= np.cbrt(np.linalg.det(turned))
    flip = np.diag([1.0, -1.0, -1.0])  # the pose is given with y up and z towards the viewer
    return Portrait(identity, image, faces[0].points, (flip @ turned @ flip).astype(np.float32))


def astronaut() -> Portrait:
    """The portrait that travels with the package."""
    with Landmarker("image") as landmarker:
        return find_portrait(_read(ASTRONAUT_FILE), "astronaut", landmarker)


def read_portraits(folder: Path, split: Split | None = None, expression: str = "neutral") -> list[Portrait]:
    """The portraits that `faces.csv` (`file,identity,expression,…`) in a folder lists, one expression, one split.

    Every picture of an identity falls into one split, for good: it depends on the identity's name alone. Raises
    FileNotFoundError without a `faces.csv`, ValueError for one that lacks a column, and for a picture that cannot be
    read or shows no face.
    """
    with (folder / "faces.csv").open(newline="", encoding="utf-8-sig") as lines:
        table = csv.DictReader(lines)
        missing = [name for name in ("file", "identity", "expression") if name not in (table.fieldnames or ())]
        if missing:
            raise ValueError(f"{folder / 'faces.csv'} lacks the column {missing[0]}, between commas.")
        rows = [row for row in table if row["expression"] == expression]
    chosen = [row for row in rows if split is None or split_of(row["identity"]) == split]
    with Landmarker("image") as landmarker:
        return [find_portrait(_read(folder / row["file"]), row["identity"], landmarker) for row in chosen]


def split_of(identity: str) -> Split:
    """The split that an identity belongs to, by a hash of its name, in the proportions of `SHARES`."""
    draw = int.from_bytes(hashlib.sha256(identity.encode()).digest()[:8], "big") / 2**64
    for split, share in SHARES.items():
        if draw < share:
            return split
        draw -= share
    return "test"


def fit(shapes: Shapes, portrait: Portrait) -> Shapes:
    """The shapes as this face makes them: turned as the head is turned, and blinks that shut these lids exactly."""
    displacement = shapes.displacement @ portrait.rotation.T
    points = portrait.points / portrait.iod_px
    down = portrait.rotation[:, 1]
    for side, upper, lower, skin in zip(("Left", "Right"), UPPER_LIDS, LOWER_LIDS, UPPER_LID_SKIN, strict=True):
        row = shapes.units.index(f"eyeBlink{side}")
        middle_up, middle_low = list(upper[3:6]), list(lower[3:6])
        opening = ((points[middle_low] - points[middle_up]) @ down).mean()
        closing = ((displacement[row, middle_up] - displacement[row, middle_low]) @ down).mean()
        # a little more than shut, so that corners shut too; lids do not pass through each other
        displacement[row] *= 1.15 * opening / closing
        # the lid's skin unrolls from its fold: what lies above the lashes follows, and does not stretch like rubber
        displacement[row, list(skin)] = (
            np.maximum(displacement[row, list(skin)] @ down, 0.55 * displacement[row, list(upper[1:-1])] @ down)[
                :, None
            ]
            * down
        )
    return replace(shapes, displacement=displacement)


def rims(points: NDArray[np.float64], iod_px: float) -> list[NDArray[np.float64]]:
    """The lines (N, 3) of a pair of glasses on landmarks at rest: two rims, a bridge, two temples; in px."""
    eyes = [points[[362, 263]].mean(axis=0), points[[33, 133]].mean(axis=0)]
    ahead = points[168, 2] - 0.05 * iod_px  # over the bridge of the nose
    turns = np.linspace(0, 2 * np.pi, 33)
    lines = []
    for eye in eyes:
        # a rounded rectangle: |x|⁴ + |y|⁴ = 1
        x, y = np.cos(turns), np.sin(turns)
        round_off = (x**4 + y**4) ** -0.25 * iod_px
        lines.append(
            np.stack([eye[0] + 0.37 * round_off * x, eye[1] + 0.04 * iod_px + 0.28 * round_off * y, 0 * x + ahead], 1)
        )
    left, right = lines
    lines.append(np.array([right[0], left[16]]) - [0, 0.05 * iod_px, 0])
    for rim, corner, ear in ((left, 0, 454), (right, 16, 234)):
        lines.append(np.array([rim[corner], [points[ear, 0], rim[corner, 1], points[ear, 2]]]))
    return lines


def draw_glasses(
    picture: NDArray[np.uint8],
    lines: list[NDArray[np.float64]],
    place: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    iod_px: float,
) -> None:
    """Draw the lines into a picture, where `place` ((N, 3) → (N, 2) px) puts them."""
    for line in lines:
        at = np.round(place(line) * 16).astype(np.int32)
        cv2.polylines(picture, [at], False, FRAME_BGR, max(round(0.028 * iod_px), 1), cv2.LINE_AA, 4)


def _read(file: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError(f"cannot read the portrait {file}")
    return image
