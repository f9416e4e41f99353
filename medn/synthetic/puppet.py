"""A portrait that moves: any displacement of its landmarks, inside the face only, and small motions of the head."""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from medn.face.landmarker import OVAL
from medn.synthetic.mesh import INNER_LIP_LOWER, INNER_LIP_UPPER, IRISES, LOWER_LIDS, SKIN, UPPER_LIDS
from medn.synthetic.portrait import Portrait
from medn.synthetic.warp import inverse_map, show_eyeball, show_mouth

RINGS_IOD = (0.25, 0.65, 1.4)
"""Beyond the face's rim (iod): at the first ring expressions have faded to nothing, up to the second everything moves
with the head, at the third the picture stands still."""
ATLAS_SCALE = 2
"""The picture is sampled from one twice as fine, so that moving it by fractions of a pixel does not blur it."""
LID_RIM_IOD = 0.012
"""How far below the landmarks of the lower lid's edge its skin begins."""


@dataclass(frozen=True)
class HeadMotion:
    """Where the head is against its place in the portrait."""

    x: float = 0.0
    """iod, to the right of the picture."""
    y: float = 0.0
    """iod, down."""
    roll_deg: float = 0.0
    """Clockwise in the picture."""
    yaw_deg: float = 0.0
    """Nose to the right of the picture."""
    pitch_deg: float = 0.0
    """Nose down."""
    scale: float = 1.0


REST = HeadMotion()


class Puppet:
    """A portrait laid into a picture of a given size, ready to be moved; one thread at a time, for buffers are reused.

    `eyes_px` is where the point between the eyes comes to lie, `iod_px` how far apart the eyes are. Displacements are
    (478, 2 or more) in iod, x to the right of the picture and y down. The picture outside the outermost of `RINGS_IOD`
    never changes, and an expression alone changes nothing outside the innermost.
    """

    def __init__(
        self, portrait: Portrait, iod_px: float, size_px: tuple[int, int], eyes_px: tuple[float, float]
    ) -> None:
        width, height = size_px
        scale = iod_px / portrait.iod_px
        eyes = portrait.points[[33, 133, 362, 263], :2].mean(axis=0)
        shift = np.array(eyes_px) - scale * eyes
        self.iod_px = iod_px
        self.points = (portrait.points * scale).astype(np.float64)
        """(478, 3) landmarks at rest, in px of the picture."""
        self.points[:, :2] += shift
        # the landmarks run along the white of the eye, which must not ride on the lower lid
        self.points[[k for lid in LOWER_LIDS for k in lid[1:-1]], 1] += LID_RIM_IOD * iod_px
        self.rest = _lay(portrait.image, scale, shift, size_px)
        """(height, width, 3) BGR: the picture with nothing moved."""

        self._rim, self._triangles, self._centre = _surround(self.points, iod_px)
        outside = self._rim[-len(OVAL) :, :2]
        low = np.clip(np.floor(outside.min(axis=0)).astype(int), 0, [width - 8, height - 8])
        high = np.clip(np.ceil(outside.max(axis=0)).astype(int) + 1, low + 8, [width, height])
        self.box = (slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0])))
        """Rows and columns that can change."""
        self._corner = low.astype(np.float64)
        part = self.rest[self.box]
        self._atlas = _enlarge(part)
        self._atlas_vertices = (np.concatenate([self.points[:468, :2], self._rim[:, :2]]) - self._corner) * ATLAS_SCALE
        rows, columns = np.mgrid[: part.shape[0], : part.shape[1]]
        self._map = (np.stack([columns, rows], axis=-1) * ATLAS_SCALE).astype(np.float32)
        self._face = np.empty_like(part)
        at_rest = self.points[:, :2] - self._corner
        self._lids_rest = [
            (at_rest[list(up)], at_rest[list(low)]) for up, low in zip(UPPER_LIDS, LOWER_LIDS, strict=True)
        ]
        self._irises_rest = at_rest[[iris[0] for iris in IRISES]]
        self._lips_gap = np.maximum(at_rest[list(INNER_LIP_LOWER), 1] - at_rest[list(INNER_LIP_UPPER), 1], 0.0)
        self._mouth_is_shut = self._lips_gap.max() < 0.04 * iod_px
        self._light = float(np.percentile(part, 90)) / 255

    def landmarks(self, displacement: NDArray[np.floating], head: HeadMotion = REST) -> NDArray[np.float64]:
        """(478, 2) px: where a movement takes the landmarks."""
        return self.place(self.points + _in_depth(displacement, self.iod_px), head)

    def render(
        self, displacement: NDArray[np.floating], head: HeadMotion = REST, out: NDArray[np.uint8] | None = None
    ) -> NDArray[np.uint8]:
        """The picture (height, width, 3) BGR under a displacement and a motion of the head.

        `out`, a picture that this puppet rendered or a copy of `rest`, is written within `box` and returned.
        """
        picture = self.rest.copy() if out is None else out
        landmarks = self.landmarks(displacement, head) - self._corner
        lids = [_part(landmarks, up, low) for up, low in zip(UPPER_LIDS, LOWER_LIDS, strict=True)]
        lips = _part(landmarks, INNER_LIP_UPPER, INNER_LIP_LOWER)
        rim = self.place(self._rim, head) - self._corner
        rim[-len(OVAL) :] = self._rim[-len(OVAL) :, :2] - self._corner
        moved = np.concatenate([landmarks[:468], rim])
        inverse_map(moved, self._atlas_vertices, self._triangles, self._map)
        cv2.remap(self._atlas, self._map, None, cv2.INTER_LINEAR, dst=self._face, borderMode=cv2.BORDER_REPLICATE)
        for eye, (upper, lower) in enumerate(lids):
            show_eyeball(
                self._face, self._atlas, ATLAS_SCALE, upper, lower, *self._lids_rest[eye],
                landmarks[IRISES[eye][0]], self._irises_rest[eye], 0.1 * self.iod_px, 0.02 * self.iod_px,
            )  # fmt: skip
        if self._mouth_is_shut:
            show_mouth(self._face, *lips, self._lips_gap, self._light, self.iod_px)
        picture[self.box] = self._face
        return picture

    def place(self, points: NDArray[np.float64], head: HeadMotion) -> NDArray[np.float64]:
        """(N, 2) px of points (N, 3) after a motion of the head (weak perspective)."""
        if head == REST:
            return points[:, :2].copy()
        turn = head.scale * _rotation(head)[:2]
        return (points - self._centre) @ turn.T + self._centre[:2] + self.iod_px * np.array([head.x, head.y])


def _rotation(head: HeadMotion) -> NDArray[np.float64]:
    """(3, 3) on x right, y down, z away."""
    yaw, pitch, roll = np.radians([head.yaw_deg, head.pitch_deg, head.roll_deg])
    cy, sy, cp, sp, cr, sr = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    about_y = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return about_z @ about_x @ about_y


def _in_depth(displacement: NDArray[np.floating], iod_px: float) -> NDArray[np.float64]:
    """(478, 3) px of a displacement in iod, with no depth of its own if it came without."""
    whole = np.zeros((478, 3))
    whole[:, : displacement.shape[1]] = displacement * iod_px
    return whole


def _part(
    landmarks: NDArray[np.float64], upper: tuple[int, ...], lower: tuple[int, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The edges of an opening; edges that have passed each other meet, in `landmarks` too."""
    above, below = landmarks[list(upper)], landmarks[list(lower)]
    crossed = np.maximum(above[:, 1] - below[:, 1], 0.0)
    above[:, 1] -= 0.9 * crossed  # the lower one hardly gives
    below[:, 1] += 0.1 * crossed
    landmarks[list(upper[1:-1])] = above[1:-1]
    landmarks[list(lower[1:-1])] = below[1:-1]
    return above, below


def _surround(
    points: NDArray[np.float64], iod_px: float
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Three rings of vertices (3·36, 3) around the face's rim, all triangles, and the point about which heads turn.

    Vertices are numbered 0–467 (skin), then the rings from the inside out.
    """
    oval = points[list(OVAL)]
    centre = oval.mean(axis=0)
    outwards = oval[:, :2] - centre[:2]
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
    rings = []
    for reach in RINGS_IOD:
        ring = oval.copy()
        ring[:, :2] += reach * iod_px * outwards
        # hair, ears and neck lie further back than the rim, and much alike
        ring[:, 2] += min(reach / RINGS_IOD[1], 1.0) * (oval[:, 2].max() - oval[:, 2])
        rings.append(ring)
    numbers = [np.array(OVAL)] + [468 + len(OVAL) * k + np.arange(len(OVAL)) for k in range(len(rings))]
    strips = [_strip(inner, outer) for inner, outer in pairwise(numbers)]
    holes = [_hole(*lids) for lids in zip(UPPER_LIDS, LOWER_LIDS, strict=True)] + [
        _hole(INNER_LIP_UPPER, INNER_LIP_LOWER)
    ]
    vertices = np.concatenate([points[:468], *rings])
    triangles = _clockwise(np.concatenate([*strips, *holes, SKIN]), vertices)
    about = np.array([*centre[:2], oval[:, 2].max()])
    return np.concatenate(rings), triangles, about


def _strip(inner: NDArray[np.int64], outer: NDArray[np.int64]) -> NDArray[np.int64]:
    inner_next, outer_next = np.roll(inner, -1), np.roll(outer, -1)
    return np.concatenate([np.stack([inner, outer, inner_next], 1), np.stack([inner_next, outer, outer_next], 1)])


def _hole(upper: tuple[int, ...], lower: tuple[int, ...]) -> NDArray[np.int64]:
    quads = [(upper[k], upper[k + 1], lower[k + 1], lower[k]) for k in range(len(upper) - 1)]
    triangles = [t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))]
    return np.array([t for t in triangles if len(set(t)) == 3])


def _clockwise(triangles: NDArray[np.int64], vertices: NDArray[np.float64]) -> NDArray[np.int64]:
    """All triangles the same way round at rest, so that those turned over by a movement can be found."""
    a, b, c = np.moveaxis(vertices[triangles][..., :2], 1, 0)
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (c[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1])
    return np.ascontiguousarray(np.where(area[:, None] < 0, triangles[:, [0, 2, 1]], triangles))


def _lay(
    image: NDArray[np.uint8], scale: float, shift: NDArray[np.float64], size_px: tuple[int, int]
) -> NDArray[np.uint8]:
    """The portrait scaled and shifted into a picture; beyond its edges they are drawn out."""
    if scale < 1:  # take out what the smaller picture cannot hold
        image = cv2.GaussianBlur(image, (0, 0), 0.45 * np.sqrt(1 / scale**2 - 1) + 1e-3)
    matrix = np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]])
    return cv2.warpAffine(image, matrix, size_px, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def _enlarge(part: NDArray[np.uint8]) -> NDArray[np.uint8]:
    size = (part.shape[1] * ATLAS_SCALE, part.shape[0] * ATLAS_SCALE)
    matrix = np.array([[ATLAS_SCALE, 0.0, 0.0], [0.0, ATLAS_SCALE, 0.0]])
    return cv2.warpAffine(part, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
