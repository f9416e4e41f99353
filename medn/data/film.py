"""Turns plans into videos, as a webcam would have taken them; the demo's sample is one of them."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numba
import numpy as np
from numpy.typing import NDArray

from medn.data.glasses import draw_glasses, rims
from medn.data.movements import HEAD_AXES, Gesture, Movement
from medn.data.planted import Camera, Rates, Script, plan, write_truth
from medn.data.portrait import Portrait, astronaut, fit
from medn.data.puppet import HeadMotion, Puppet
from medn.data.shapes import Shapes, load_shapes, peak_iod
from medn.data.timing import Curve

CLOCK_HZ = 90_000
BLUR_PX = 0.6
"""Frames in which something moves farther while the shutter is open are averaged from three moments."""


def film(
    script: Script,
    portrait: Portrait,
    path: Path,
    fps: float = 30.0,
    size_px: tuple[int, int] = (1280, 720),
    shapes: Shapes | None = None,
) -> None:
    """Write a script as an H.264 video of a portrait, with the frames' true times as its timestamps.

    `size_px` is width and height, both even; `shapes` are the package's own unless others are given. The same arguments
    give the same video. The folder of `path` must exist.
    """
    width, height = size_px
    camera = script.camera
    iod_px = camera.iod_px * height / 720
    puppet = Puppet(portrait, iod_px, size_px, (camera.eyes[0] * width, camera.eyes[1] * height))
    actor = Actor(script, fit(shapes or load_shapes(), portrait))
    scene = _Scene(puppet, camera, np.random.default_rng([script.seed, 1]))
    with av.open(str(path), "w") as container:
        stream = _h264(container, camera, fps, size_px)
        for time_s in frame_times(script, fps):
            picture = scene.take(actor, time_s, camera.exposure / fps)
            frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
            frame.pts = round(time_s * CLOCK_HZ)
            frame.time_base = Fraction(1, CLOCK_HZ)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def write_planted(
    folder: Path,
    portraits: Sequence[Portrait],
    videos: int,
    duration_s: float,
    seed: int,
    fps: float = 30.0,
    size_px: tuple[int, int] = (1280, 720),
    rates: Rates | None = None,
) -> Iterator[Path]:
    """Write planted videos with `truth.csv` and `movements.csv`, and yield each when it and its truth are there.

    Nothing happens until it is iterated over. Faces are taken in a random order, none twice before all have been seen;
    video k of a seed is the same however many follow. Raises ValueError without portraits.
    """
    if not portraits:
        raise ValueError("planted videos need at least one portrait")
    folder.mkdir(parents=True, exist_ok=True)
    order = np.random.default_rng(seed).permutation(len(portraits))
    scripts: dict[str, Script] = {}
    for number in range(videos):
        path = folder / f"planted-{seed}-{number:03d}.mp4"
        scripts[path.name] = plan(seed * 100_003 + number, duration_s, rates)
        film(scripts[path.name], portraits[order[number % len(order)]], path, fps, size_px)
        write_truth(scripts, folder)
        yield path


SAMPLE_SEED = 2121
SAMPLE_S = 36.0


def make_sample(path: Path) -> tuple[Movement, ...]:
    """Write the demo's sample, 36 s of the astronaut with six planted micro-expressions, and return those.

    Their amplitude is 1.5–3.5 % of the eye distance; blinks, one ordinary smile, gaze shifts and moves of the head come
    between them. Synthetic, and always the same.
    """
    script = sample_script()
    film(script, astronaut(), path)
    return script.micro


def sample_script() -> Script:
    """The plan of the demo's sample."""
    rates = Rates(micro=10.0, blink=13.5, gaze=10.0, macro=1.7, speech=0.0, head=3.4, swallow=0.0, light=0.0)
    camera = Camera(iod_px=110.0, eyes=(0.5, 0.4), noise=1.2, kbit_s=2500.0, jitter=0.02, dropped=0.0)
    return plan(SAMPLE_SEED, SAMPLE_S, rates, (0.015, 0.035), camera)


def frame_times(script: Script, fps: float) -> list[float]:
    """When the script's camera delivers frames: around even intervals, some missing; the first at 0."""
    rng = np.random.default_rng([script.seed, 2])
    camera = script.camera
    count = int(script.duration_s * fps)
    late = np.clip(rng.normal(0, camera.jitter, count), -0.4, 0.4)
    kept = rng.random(count) >= camera.dropped
    kept[0], late[0] = True, 0.0
    times: list[float] = ((np.arange(count) + late)[kept] / fps).tolist()
    return times


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


class _Scene:
    """A puppet before a camera; pictures are I420, (3/2 height, width) uint8, valid until the next is taken."""

    def __init__(self, puppet: Puppet, camera: Camera, rng: np.random.Generator) -> None:
        self._puppet = puppet
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
        first, last = actor(time_s), actor(time_s + open_s)
        swept = np.abs(self._puppet.landmarks(*last[:2]) - self._puppet.landmarks(*first[:2])).max()
        moments = [first] if swept < BLUR_PX else [first, actor(time_s + open_s / 2), last]
        seen = [self._show(canvas, *moment[:2]) for canvas, moment in zip(self._canvases, moments, strict=False)]
        part = seen[0] if len(seen) == 1 else np.mean(seen, axis=0, dtype=np.float32).astype(np.uint8)
        self._paste(cv2.cvtColor(np.ascontiguousarray(part), cv2.COLOR_BGR2YUV_I420))
        height = self._puppet.rest.shape[0]
        down, right = self._rng.integers(0, 256, 2)
        _expose(self._clean[:height], self._grain[down:, right:], first[2], self._taken[:height])
        self._taken[height:] = self._clean[height:]
        return self._taken

    def _show(
        self, canvas: NDArray[np.uint8], displacement: NDArray[np.float32], head: HeadMotion
    ) -> NDArray[np.uint8]:
        self._puppet.render(displacement, head, out=canvas)
        draw_glasses(canvas, self._glasses, lambda line: self._puppet.place(line, head), self._puppet.iod_px)
        return canvas[self._part]

    def _paste(self, part: NDArray[np.uint8]) -> None:
        """Lay an I420 part into the I420 picture: its planes lie one after another."""
        height, width = self._puppet.rest.shape[:2]
        rows, columns = self._part
        high, wide = rows.stop - rows.start, columns.stop - columns.start
        self._clean[rows, columns] = part[:high]
        planes = self._clean[height:].reshape(2, height // 2, width // 2)
        planes[:, rows.start // 2 : rows.stop // 2, columns.start // 2 : columns.stop // 2] = part[high:].reshape(
            2, high // 2, wide // 2
        )


@numba.njit(cache=True, nogil=True)
def _expose(clean: NDArray[np.uint8], grain: NDArray[np.int16], gain: float, out: NDArray[np.uint8]) -> None:
    """Light and noise (in 1/16 levels) upon the luma plane."""
    factor = round(gain * 1024)
    for row in range(clean.shape[0]):
        for column in range(clean.shape[1]):
            out[row, column] = min(max((clean[row, column] * factor + grain[row, column] * 64 + 512) >> 10, 0), 255)


def _h264(
    container: av.container.OutputContainer, camera: Camera, fps: float, size_px: tuple[int, int]
) -> av.video.stream.VideoStream:
    stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
    stream.width, stream.height = size_px
    stream.pix_fmt = "yuv420p"
    stream.time_base = stream.codec_context.time_base = Fraction(1, CLOCK_HZ)
    stream.codec_context.thread_count = 1  # as many threads, as many different videos
    bit_s = int(1000 * camera.kbit_s * size_px[0] * size_px[1] / (1280 * 720) * fps / 30)
    stream.bit_rate = bit_s
    stream.options = {
        "preset": "superfast",
        "bf": "0",
        "g": str(round(2 * fps)),
        "maxrate": str(round(1.5 * bit_s)),
        "bufsize": str(bit_s),
    }
    return stream
