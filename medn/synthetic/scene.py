"""A planned face before a camera: what a script's gestures come to at any moment, and the picture taken of it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from medn.compiled import compiled
from medn.synthetic.movements import HEAD_AXES, Gesture
from medn.synthetic.planted import Camera, Script
from medn.synthetic.portrait import draw_glasses, rims
from medn.synthetic.puppet import HeadMotion, Puppet
from medn.synthetic.shapes import Shapes, peak_iod
from medn.synthetic.timing import Curve

BLUR_PX = 0.6
"""Pictures in which something moves farther while the shutter is open are averaged from three moments."""


class Actor:
    """A script's movements as displacement, head motion and light at any time."""

    def __init__(self, script: Script, shapes: Shapes) -> None:
        self._sway = script.sway
        gestures = [gesture for movement in script.movements for gesture in movement.gestures]
        self._played = [_play(gesture, shapes) for gesture in gestures]

    def __call__(self, time_s: float) -> tuple[NDArray[np.float32], HeadMotion, float]:
        """Displacement (478, 3) in iod, the head's place, and the light's gain (1: as in the portrait)."""
        displacement = np.zeros((478, 3), np.float32)
        head = dict.fromkeys(HEAD_AXES, 0.0)
        gain = 1.0
        for curve, field, turn, light in self._played:
            if not curve.onset_s < time_s < curve.end_s:
                continue
            value = curve(time_s)
            if field is not None:
                displacement += np.float32(value) * field
            for axis, size in turn.items():
                head[axis] += value * size
            gain += value * light
        for axis, size, hz, phase in self._sway:
            head[axis] += size * float(np.sin(2 * np.pi * hz * time_s + phase))
        scale = float(np.exp(head.pop("log_scale")))
        return displacement, HeadMotion(**head, scale=scale), gain


def _play(gesture: Gesture, shapes: Shapes) -> tuple[Curve, NDArray[np.float32] | None, dict[str, float], float]:
    if not gesture.units:
        return gesture.curve, None, dict(gesture.head), gesture.gain
    field = shapes.mix(gesture.units, gesture.side)
    if gesture.amplitude_iod is not None:
        field *= np.float32(gesture.amplitude_iod / peak_iod(field))
    return gesture.curve, field, dict(gesture.head), gesture.gain


class Scene:
    """A puppet before a camera."""

    def __init__(self, puppet: Puppet, camera: Camera, rng: np.random.Generator) -> None:
        self.puppet = puppet
        self._rng = rng
        self._glasses = rims(puppet.points, puppet.iod_px) if camera.glasses else []
        height, width = puppet.rest.shape[:2]
        rows, columns = puppet.box
        # chroma is shared by 2×2 px: the part that is renewed begins and ends on even ones
        self._part = (
            slice(rows.start & ~1, min((rows.stop + 1) & ~1, height)),
            slice(columns.start & ~1, min((columns.stop + 1) & ~1, width)),
        )
        self._canvases = [puppet.rest.copy() for _ in range(3)]
        self._clean = cv2.cvtColor(puppet.rest, cv2.COLOR_BGR2YUV_I420)
        self._taken = self._clean.copy()
        # two thirds of a sensor's noise are gone by the time a webcam's own denoising and debayering are done
        grain = cv2.GaussianBlur(rng.normal(0, 1, (height + 256, width + 256)).astype(np.float32), (0, 0), 0.5)
        self._grain = np.round(grain * (camera.noise * 16 / grain.std())).astype(np.int16)

    def take(self, actor: Actor, time_s: float, open_s: float) -> NDArray[np.uint8]:
        """The picture at a time, the shutter open for `open_s`: I420, (3/2 height, width) uint8, luma 16–235.

        It is valid until the next is taken.
        """
        first, last = actor(time_s), actor(time_s + open_s)
        swept = np.abs(self.puppet.landmarks(*last[:2]) - self.puppet.landmarks(*first[:2])).max()
        moments = [first] if swept < BLUR_PX else [first, actor(time_s + open_s / 2), last]
        seen = [self._show(canvas, *moment[:2]) for canvas, moment in zip(self._canvases, moments, strict=False)]
        part = seen[0] if len(seen) == 1 else np.mean(seen, axis=0, dtype=np.float32).astype(np.uint8)
        self._paste(cv2.cvtColor(np.ascontiguousarray(part), cv2.COLOR_BGR2YUV_I420))
        height = self.puppet.rest.shape[0]
        down, right = self._rng.integers(0, 256, 2)
        _expose(self._clean[:height], self._grain[down:, right:], first[2], self._taken[:height])
        self._taken[height:] = self._clean[height:]
        return self._taken

    def _show(
        self, canvas: NDArray[np.uint8], displacement: NDArray[np.float32], head: HeadMotion
    ) -> NDArray[np.uint8]:
        self.puppet.render(displacement, head, out=canvas)
        draw_glasses(canvas, self._glasses, lambda line: self.puppet.place(line, head), self.puppet.iod_px)
        return canvas[self._part]

    def _paste(self, part: NDArray[np.uint8]) -> None:
        """Lay an I420 part into the I420 picture: its planes lie one after another."""
        height, width = self.puppet.rest.shape[:2]
        rows, columns = self._part
        high, wide = rows.stop - rows.start, columns.stop - columns.start
        self._clean[rows, columns] = part[:high]
        planes = self._clean[height:].reshape(2, height // 2, width // 2)
        planes[:, rows.start // 2 : rows.stop // 2, columns.start // 2 : columns.stop // 2] = part[high:].reshape(
            2, high // 2, wide // 2
        )


@compiled()
def _expose(clean: NDArray[np.uint8], grain: NDArray[np.int16], gain: float, out: NDArray[np.uint8]) -> None:
    """Light and noise (in 1/16 levels) upon the luma plane."""
    factor = round(gain * 1024)
    for row in range(clean.shape[0]):
        for column in range(clean.shape[1]):
            out[row, column] = min(max((clean[row, column] * factor + grain[row, column] * 64 + 512) >> 10, 0), 255)
