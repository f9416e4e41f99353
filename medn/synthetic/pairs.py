"""Training pairs for the motion branch: onset and apex of one synthetic micro-expression, as optical flow.

What the shapes of two 3-D heads agree on is learned from few faces; what real faces do differently must be drawn at
random: how each person makes an action unit, what moves along with it, how lids, gaze and head go on meanwhile, and
what camera and codec leave of it. Lids that *open* between onset and apex (the end of a blink) are the one nuisance
that real flow maps cannot be read without.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import geometric_mean

import cv2
import numpy as np
from numpy.typing import NDArray

from medn.contract import AU_NAMES, EMOTIONS, EYE_CENTRE_PX, EYE_DISTANCE_PX
from medn.face.aligned import align, alignment
from medn.face.flow import halved_flow
from medn.synthetic.movements import Combination, draw_combination
from medn.synthetic.portrait import Portrait, fit
from medn.synthetic.puppet import HeadMotion, Puppet
from medn.synthetic.shapes import ACTION_UNITS, Shapes, peak_iod, unit_weights

OPENED = 0.3
"""How far lids that open are taken for AU5: flow alone cannot separate a raised lid from a blink's end (our guess)."""
FURTHEST_IOD = 0.25
"""What counts as an action unit's reach at most: about that of a smile. A jaw can drop twice as far."""
FAINT, FAINT_UNITS = 0.25, ("AU5", "AU6", "AU7", "AU9", "AU10")
"""How much of their reach the units of the lids and of the face's middle show in a micro-expression, against brows,
corners of the mouth and chin. In published maps AU7, AU9 and AU10 move about a tenth as far as an AU4 beside them, and
AU6 a fraction of an AU12; that AU5 does likewise is our guess."""
ALONG: Mapping[str, tuple[str, float]] = {"AU5": ("AU45", -0.4), "AU10": ("AU6", 1.0), "AU15": ("AU20", 0.8)}
"""What moves along with a unit, and up to which share. A raised upper lid also looks like a blink undone; by the FACS
manual, a raised upper lip pushes the cheek beside the nose up, and mouth corners pulled down stretch the lips."""
PAIRS_A_FACE = 12
"""How many pairs are made of a portrait each time it is laid before the camera."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How pairs are drawn. Ranges are log-uniform, "sd" standard deviations; lengths in % iod."""

    amplitude: tuple[float, float] = (0.6, 3.5)
    one_sided: float = 0.15
    """Share of movements on one side of the face; contempt always is."""
    sides_sd: float = 0.25
    """Logarithm of the two sides' ratio."""
    unit_sd: float = 0.3
    """Logarithm of each face unit's strength within its action unit."""
    by_reach: tuple[float, float] = (0.3, 1.3)
    """Units that move together differ by what a face can do with each: by such a power of the unit's reach (uniform). A
    smile raises the cheeks (AU6) less far than the corners of the mouth (AU12); at zero it would raise them as far."""
    bend_sd_deg: float = 12.0
    """How far the whole movement is turned in the picture's plane, mirrored about the midline."""
    uneven_sd: float = 0.25
    """Logarithm of a smooth random factor over the face."""
    along: float = 0.1
    """Strength of two random face units that move along, as a share of the movement."""
    lids: float = 0.4
    """Share of pairs in which lids move."""
    lids_open: float = 0.5
    """Share of those in which they open."""
    closing: tuple[float, float] = (0.8, 15.0)
    opening: tuple[float, float] = (0.8, 5.0)
    gaze: float = 0.3
    mouth: float = 0.1
    """Share of pairs with a second movement of the mouth that belongs to no action unit."""
    head_sd_deg: float = 0.12
    """Yaw and pitch between onset and apex; shift, roll and scale go with it, all heavy-tailed. Little, as in published
    maps, which are dark around the face."""
    pose_sd_deg: float = 4.0
    """Yaw of the head against its portrait; pitch three quarters of that."""
    eye_distance_px: tuple[float, float] = (48.0, 96.0)
    noise: tuple[float, float] = (0.5, 4.0)
    """Of the sensor, in levels of 255."""
    jpeg: float = 0.7
    """Share of pairs that are compressed, at a quality of 40–95."""
    framing_sd: float = 0.03
    """Of the aligned face's scale and place."""


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """One synthetic movement, onset → apex."""

    flow: NDArray[np.float16]
    """(2, 64, 64): `medn.face.flow.halved_flow`, in % iod."""
    emotion: int
    """Class number of `medn.contract.EMOTIONS`."""
    aus: NDArray[np.float32]
    """(12,) 1 there, 0 not there; `OPENED` for AU5 where lids open for another reason."""
    identity: str


def pairs(
    portraits: Sequence[Portrait], shapes: Sequence[Shapes], seed: int, recipe: Recipe | None = None
) -> Iterator[Pair]:
    """Pairs without end; the same arguments give the same pairs. Raises ValueError without portraits or shapes."""
    if not portraits or not shapes:
        raise ValueError("Pairs need at least one portrait and one set of shapes.")
    recipe = recipe or Recipe()
    rng = np.random.default_rng(seed)
    fitted: dict[int, _Face] = {}
    while True:
        number = int(rng.integers(len(portraits)))
        if number not in fitted:
            fitted[number] = _Face.of(portraits[number], shapes)
        size = _between(recipe.eye_distance_px, rng)
        picture = int(3.4 * size)
        puppet = Puppet(portraits[number], size, (picture, picture), (picture / 2, 0.36 * picture))
        for _ in range(PAIRS_A_FACE):
            yield _pair(puppet, fitted[number], portraits[number].identity, recipe, rng)


@dataclass(frozen=True, slots=True, eq=False)
class _Face:
    """What one face can do, by each of the 3-D heads."""

    units: tuple[str, ...]
    displacement: NDArray[np.float32]
    """(heads, units, 478, 3), iod."""
    points: NDArray[np.float32]
    """(478, 3) of the first head at rest."""
    reach_iod: Mapping[str, float]
    """How far each action unit goes: the heads' geometric mean at full strength, `FURTHEST_IOD` at most, and `FAINT` of
    it where that is so."""

    @classmethod
    def of(cls, portrait: Portrait, shapes: Sequence[Shapes]) -> "_Face":
        heads = [fit(head, portrait) for head in shapes]
        units = tuple(unit for unit in heads[0].units if all(unit in head.units for head in heads))
        displacement = np.stack([np.stack([head.unit(unit) for unit in units]) for head in heads])
        reach = {
            au: min(geometric_mean(peak_iod(head.action_units([au])) for head in heads), FURTHEST_IOD)
            * (FAINT if au in FAINT_UNITS else 1.0)
            for au in ACTION_UNITS
        }
        return cls(units, displacement, heads[0].points, reach)

    def blend(self, rng: np.random.Generator) -> "NDArray[np.float32]":
        """(units, 478, 3): a random mixture of the heads."""
        weights = rng.dirichlet(np.ones(len(self.displacement))).astype(np.float32)
        return np.tensordot(weights, self.displacement, axes=1)


def _pair(puppet: Puppet, face: _Face, identity: str, recipe: Recipe, rng: np.random.Generator) -> Pair:
    combination = draw_combination(rng)
    there = np.array([name in combination.units for name in AU_NAMES], np.float32)
    movement = _expression(combination, face, recipe, rng)
    onset = np.zeros_like(movement)
    if rng.random() < recipe.lids:
        started, moved = _lids(face, recipe, rng)
        onset, movement = onset + started, movement + moved
        if started.any() and not there[AU_NAMES.index("AU5")]:
            there[AU_NAMES.index("AU5")] = OPENED
    if rng.random() < recipe.gaze:
        movement = movement + _gaze(face, rng)
    before = HeadMotion(yaw_deg=rng.normal(0, recipe.pose_sd_deg), pitch_deg=rng.normal(0, 0.75 * recipe.pose_sd_deg))
    pictures = puppet.render(onset, before), puppet.render(onset + movement, _turned(before, recipe, rng))
    warp = _framing(recipe, rng) @ np.vstack([alignment(puppet.landmarks(onset, before).astype(np.float32)), [0, 0, 1]])
    faces = [align(picture, warp[:2]) for picture in _taken(pictures, recipe, rng)]
    return Pair(halved_flow(*faces).astype(np.float16), EMOTIONS.index(combination.emotion), there, identity)


def _expression(combination: Combination, face: _Face, recipe: Recipe, rng: np.random.Generator) -> NDArray[np.float32]:
    """(478, 3) displacement, iod: the units together, each by a random share, and less where it cannot go so far."""
    one_sided = 1.0 if combination.one_sided else recipe.one_sided
    side = rng.choice(["Left", "Right"]) if rng.random() < one_sided else None
    total = np.zeros((478, 3), np.float32)
    power, furthest = rng.uniform(*recipe.by_reach), max(face.reach_iod[au] for au in combination.units)
    for au in combination.units:
        share = 1.0 if len(combination.units) == 1 else rng.uniform(0.35, 1.0)
        share *= (face.reach_iod[au] / furthest) ** power
        total += np.float32(share) * _action_unit(au, side, face, recipe, rng)
    for _ in range(2):
        along = face.displacement[rng.integers(len(face.displacement)), rng.integers(len(face.units))]
        total += np.float32(rng.normal(0, recipe.along)) * _to_one(along)
    if rng.random() < recipe.mouth:
        other = face.blend(rng)[face.units.index(str(rng.choice(_MOUTH)))]
        total += np.float32(rng.normal(0, 0.5)) * _to_one(other)
    return np.float32(_between(recipe.amplitude, rng) / 100) * _to_one(total)


def _action_unit(
    au: str, side: str | None, face: _Face, recipe: Recipe, rng: np.random.Generator
) -> NDArray[np.float32]:
    """(478, 3): one person's way of making an action unit; the largest displacement is 1."""
    shapes, tilt = face.blend(rng), rng.normal(0, recipe.sides_sd)
    weights = unit_weights([au])
    if au in ALONG:
        along, most = ALONG[au]
        share = most * rng.random()
        weights |= {unit: share * weight for unit, weight in unit_weights([along]).items()}
    total = np.zeros((478, 3), np.float32)
    for unit, weight in weights.items():
        side_of_unit = next((name for name in ("Left", "Right") if unit.endswith(name)), None)
        if side and side_of_unit and side != side_of_unit:
            continue
        sign = {"Left": 1, "Right": -1, None: 0}[side_of_unit]
        field = shapes[face.units.index(unit)]
        if side and not side_of_unit:  # ARKit has this unit whole: cut it at the midline
            left = np.clip(0.5 + face.points[:, :1] / 0.2, 0, 1)
            field = field * (left if side == "Left" else 1 - left)
        total += np.float32(weight * np.exp(rng.normal(0, recipe.unit_sd) + sign * tilt)) * field
    return _to_one(_uneven(_bent(total, face, recipe, rng), face, recipe, rng))


def _bent(field: NDArray[np.float32], face: _Face, recipe: Recipe, rng: np.random.Generator) -> NDArray[np.float32]:
    """A displacement turned in the picture's plane, the same way about the midline on both sides."""
    angle = np.radians(rng.normal(0, recipe.bend_sd_deg))
    outwards = np.sign(face.points[:, 0])
    x, y = field[:, 0] * outwards, field[:, 1]
    turned = field.copy()
    turned[:, 0] = (np.cos(angle) * x - np.sin(angle) * y) * outwards
    turned[:, 1] = np.sin(angle) * x + np.cos(angle) * y
    return turned


def _uneven(field: NDArray[np.float32], face: _Face, recipe: Recipe, rng: np.random.Generator) -> NDArray[np.float32]:
    """A displacement times a smooth random factor: six bumps somewhere on the face."""
    bumps = rng.uniform([-1.0, -0.6], [1.0, 1.6], (6, 2))
    away = ((face.points[:, None, :2] - bumps) ** 2).sum(axis=2)
    factor = np.exp(-away / (2 * 0.35**2)) @ rng.normal(0, recipe.uneven_sd, 6)
    return field * np.exp(np.clip(factor, -1, 1)).astype(np.float32)[:, None]


def _lids(face: _Face, recipe: Recipe, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(478, 3) where the lids are at the onset already, and how they move until the apex."""
    shapes = face.blend(rng)
    blink = _to_one(shapes[face.units.index("eyeBlinkLeft")]) + _to_one(shapes[face.units.index("eyeBlinkRight")])
    if rng.random() < recipe.lids_open:
        size = _between(recipe.opening, rng)
        return np.float32((size + rng.uniform(0, 10)) / 100) * blink, np.float32(-size / 100) * blink
    return np.zeros_like(blink), np.float32(_between(recipe.closing, rng) / 100) * blink


def _gaze(face: _Face, rng: np.random.Generator) -> NDArray[np.float32]:
    across, up = rng.normal(0, 0.08, 2)
    weights = {"eyeLookOutLeft": across, "eyeLookInRight": across, "eyeLookUpLeft": up, "eyeLookUpRight": up}
    turned = np.zeros((478, 3), np.float32)
    for unit, weight in weights.items():
        turned += np.float32(weight) * face.displacement[0, face.units.index(unit)]
    return turned


def _turned(before: HeadMotion, recipe: Recipe, rng: np.random.Generator) -> HeadMotion:
    """The head at the apex."""
    size = recipe.head_sd_deg * np.exp(rng.normal(0, 1))
    x, y, roll, yaw, pitch, grow = rng.normal(0, 1, 6) * size * np.array([0.011, 0.011, 0.43, 1, 1, 0.0086])
    return HeadMotion(x, y, roll, before.yaw_deg + yaw, before.pitch_deg + pitch, 1 + grow)


def _framing(recipe: Recipe, rng: np.random.Generator) -> NDArray[np.float64]:
    """(3, 3): the aligned face scaled, stretched, rolled and shifted a little about the eyes, as aligners differ."""
    scale, x, y, stretch = rng.normal(0, recipe.framing_sd, 4)
    roll = np.radians(rng.normal(0, 50 * recipe.framing_sd))
    size = np.exp([scale + 0.7 * stretch, scale - 0.7 * stretch])
    turn = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    linear = size[:, None] * turn
    eyes = np.array(EYE_CENTRE_PX)
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = eyes + EYE_DISTANCE_PX * np.array([x, y]) - linear @ eyes
    return matrix


def _taken(pictures: Sequence[NDArray[np.uint8]], recipe: Recipe, rng: np.random.Generator) -> list[NDArray[np.uint8]]:
    """The pictures (BGR) as camera and codec leave them: grey, blurred, noisy, compressed, differently lit."""
    blur, noise = rng.uniform(0, 1.2), _between(recipe.noise, rng)
    quality = int(rng.integers(40, 96)) if rng.random() < recipe.jpeg else None
    taken = []
    for picture in pictures:
        level = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32) * np.float32(1 + rng.normal(0, 0.02))
        if blur > 0.4:
            level = cv2.GaussianBlur(level, (0, 0), blur)
        level += np.float32(noise) * rng.standard_normal(level.shape, np.float32)
        grey = np.clip(level, 0, 255).astype(np.uint8)
        if quality is not None:
            packed = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            grey = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)
        taken.append(grey)
    return taken


def _to_one(field: NDArray[np.float32]) -> NDArray[np.float32]:
    """A displacement scaled so that its largest is 1 in the picture's plane."""
    return field / np.float32(max(np.linalg.norm(field[:, :2], axis=1).max(), 1e-9))


def _between(bounds: tuple[float, float], rng: np.random.Generator) -> float:
    """Log-uniform."""
    return float(np.exp(rng.uniform(*np.log(bounds))))


_MOUTH = (
    "jawOpen", "mouthPucker", "mouthFunnel", "mouthClose", "mouthLeft", "mouthRight", "mouthPressLeft",
    "mouthLowerDownLeft",
)  # fmt: skip
