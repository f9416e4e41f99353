"""Windows on which runtimes are compared: the built-in portrait making small movements, filmed with a camera's noise.

Real pictures of a face, so that what is compared is what a runtime will see; the movements are synthetic.
"""

import numpy as np
from numpy.typing import NDArray

from medn.contract import FRAMES, SIZE_PX
from medn.face.aligned import align, alignment
from medn.face.window import window
from medn.runtime.base import WindowBatch
from medn.synthetic.portrait import astronaut, fit
from medn.synthetic.puppet import HeadMotion, Puppet
from medn.synthetic.registration import load_shapes
from medn.synthetic.shapes import ACTION_UNITS, peak_iod

IOD_PX = 64.0
AMPLITUDE_IOD = (0.005, 0.035)
RISE_S = (0.06, 0.3)
NOISE = 2.0
"""Standard deviation of a pixel, of 255."""


def reference_windows(count: int = 200, seed: int = 0) -> WindowBatch:
    """`count` windows of one to three action units each, drawn with `seed`: the same on every machine but for rounding.

    Takes about a second for fifty.
    """
    rng = np.random.default_rng(seed)
    portrait = astronaut()
    shapes = fit(load_shapes("anny"), portrait)
    puppet = Puppet(portrait, IOD_PX, (240, 240), (120.0, 90.0))
    warp = alignment(puppet.points.astype(np.float32))
    windows = WindowBatch.empty(count)
    for row in range(count):
        units = rng.choice(list(ACTION_UNITS), size=rng.integers(1, 4), replace=False)
        movement = shapes.action_units(units)
        amplitude = np.exp(rng.uniform(*np.log(AMPLITUDE_IOD)))
        movement *= amplitude / peak_iod(movement)
        times_s = np.linspace(0, rng.uniform(*RISE_S), FRAMES)
        windows.put(row, window(_film(puppet, warp, movement, rng), times_s, 0.0, float(times_s[-1])))
    return windows


def _film(
    puppet: Puppet, warp: NDArray[np.float64], movement: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """(8, 128, 128) aligned faces of a movement from onset to apex."""
    faces = np.empty((FRAMES, SIZE_PX, SIZE_PX), np.uint8)
    drift = rng.normal(0, 0.001, 2)
    for frame in range(FRAMES):
        done = frame / (FRAMES - 1)
        raised = (1 - np.cos(np.pi * done)) / 2
        head = HeadMotion(x=float(drift[0] * done), y=float(drift[1] * done))
        face = align(puppet.render(movement * raised, head), warp)
        noisy = face + rng.normal(0, NOISE, face.shape)
        np.clip(noisy, 0, 255, out=faces[frame], casting="unsafe")
    return faces
