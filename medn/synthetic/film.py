"""Turns plans into videos, as a webcam would have taken them; the demo's sample is one of them."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from medn.media_file import ffmpeg_name
from medn.synthetic.movements import Movement
from medn.synthetic.planted import MICRO_RATE, Camera, Rates, Script, plan, refuse_others, write_truth
from medn.synthetic.portrait import Portrait, astronaut, fit
from medn.synthetic.puppet import Puppet
from medn.synthetic.registration import load_shapes
from medn.synthetic.scene import Actor, Scene
from medn.synthetic.shapes import Shapes

CLOCK_HZ = 90_000


def film(
    script: Script,
    portrait: Portrait,
    path: Path,
    fps: float = 30.0,
    size_px: tuple[int, int] = (1280, 720),
    shapes: Shapes | None = None,
) -> None:
    """Write a script as a video of a portrait, with the frames' true times as its timestamps.

    The codec is the camera's: H.264 for `.mp4`, VP8 for `.webm`.

    `size_px` is width and height, both even; `shapes` are the package's own unless others are given. The same arguments
    give the same video. The folder of `path` must exist.
    """
    width, height = size_px
    camera = script.camera
    iod_px = camera.iod_px * height / 720
    puppet = Puppet(portrait, iod_px, size_px, (camera.eyes[0] * width, camera.eyes[1] * height))
    actor = Actor(script, fit(shapes or load_shapes(), portrait))
    scene = Scene(puppet, camera, np.random.default_rng([script.seed, 1]))
    # a WebM file would carry a random number of its own
    with av.open(ffmpeg_name(path), "w", options={"fflags": "bitexact"} if camera.codec == "vp8" else {}) as container:
        stream = _coder(container, camera, fps, size_px)
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
    micro_rate: tuple[float, float] = MICRO_RATE,
) -> Iterator[Path]:
    """Write planted videos with `truth.csv` and `movements.csv`, and yield each when it and its truth are there.

    Each holds micro-expressions at a rate a minute drawn between the two of `micro_rate`. Nothing happens until it is
    iterated over. Faces are taken in a random order, none twice before all have been seen; video k of a seed is the
    same however many follow. Raises ValueError without portraits, and where `truth.csv` is of other videos.
    """
    if not portraits:
        raise ValueError("planted videos need at least one portrait")
    refuse_others(folder, (f"planted-{seed}-{number:03d}" for number in range(videos)))
    folder.mkdir(parents=True, exist_ok=True)
    order = np.random.default_rng(seed).permutation(len(portraits))
    scripts: dict[str, Script] = {}
    for number in range(videos):
        path = folder / f"planted-{seed}-{number:03d}.mp4"
        scripts[path.name] = plan(seed * 100_003 + number, duration_s, micro_rate=micro_rate)
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
    for _ in range(rng.poisson(camera.frozen * script.duration_s / 60) if camera.frozen else 0):
        start, length = rng.integers(1, count), rng.uniform(0.1, 0.4) * fps
        kept[start : start + max(round(length), 1)] = False
    times: list[float] = ((np.arange(count) + late)[kept] / fps).tolist()
    return times


def _coder(
    container: av.container.OutputContainer, camera: Camera, fps: float, size_px: tuple[int, int]
) -> av.video.stream.VideoStream:
    name = {"h264": "libx264", "vp8": "libvpx"}[camera.codec]
    stream = container.add_stream(name, rate=Fraction(fps).limit_denominator(1001))
    stream.width, stream.height = size_px
    stream.pix_fmt = "yuv420p"
    stream.time_base = stream.codec_context.time_base = Fraction(1, CLOCK_HZ)
    stream.codec_context.thread_count = 1  # as many threads, as many different videos
    bit_s = int(1000 * camera.kbit_s * size_px[0] * size_px[1] / (1280 * 720) * fps / 30)
    stream.bit_rate = bit_s
    if camera.codec == "vp8":  # as browsers code a call; at a fixed speed, for else it goes by the clock
        stream.options = {"deadline": "realtime", "cpu-used": "-8", "g": str(round(10 * fps))}
        return stream
    stream.options = {
        "preset": "superfast",
        "bf": "0",
        "g": str(round(2 * fps)),
        "maxrate": str(round(1.5 * bit_s)),
        "bufsize": str(bit_s),
    }
    return stream
