"""Short labelled clips to train on: a face around one movement, as a webcam would have sent it.

Half are micro-expressions; the others are what a spotter might take for one: blinks, looks, syllables, ordinary
expressions, moves of the head, light, and nothing at all under the same noise and coding.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from medn.synthetic.movements import (
    Movement,
    blink,
    gaze,
    head_move,
    light_change,
    macro,
    micro,
    speech,
    swallow,
)
from medn.synthetic.planted import Camera, Script, sway
from medn.synthetic.portrait import Portrait, fit
from medn.synthetic.puppet import Puppet
from medn.synthetic.scene import Actor, Scene
from medn.synthetic.shapes import Shapes

ONSET_S = 0.6
"""Where in its own time a clip's movement begins."""
SPACE_IOD = (3.3, 3.4)
"""Width and height of a clip's picture in eye distances: the aligned face and room to move."""
EYES = (0.5, 0.34)
"""Where in it the point between the eyes is, in parts of width and height."""

OTHERS: Mapping[str, Callable[[float, np.random.Generator], Movement]] = {
    "blink": blink,
    "gaze": lambda at, rng: gaze(at, at + float(rng.uniform(0.2, 1.0)), rng),
    "speech": speech,
    "macro": macro,
    "head": head_move,
    "swallow": swallow,
    "light": light_change,
    "nothing": lambda at, rng: Movement("nothing", at, at + 0.15, at + float(rng.uniform(0.25, 0.5)), ()),
}
"""All that is not a micro-expression, by kind."""
SHARES: Mapping[str, float] = {
    "blink": 0.25, "gaze": 0.1, "speech": 0.2, "macro": 0.15, "head": 0.12, "swallow": 0.03, "light": 0.03,
    "nothing": 0.12,
}  # fmt: skip
"""How the clips that show no micro-expression are shared out: by what spotters confuse with one."""


@dataclass(frozen=True)
class Clip:
    """A face around one movement."""

    identity: str
    movement: Movement
    """What happens; its times are in the clip's own time."""
    onset_s: float
    apex_s: float
    offset_s: float
    """Bounds that a spotter might report: the movement's own, or those of one syllable or of an expression's rise."""
    frames: NDArray[np.uint8]
    """(N, height, width) grey."""
    times_s: NDArray[np.float64]
    """(N,) in s, increasing, from a little before the onset to a little after the offset."""
    points: NDArray[np.float32]
    """(N, 478, 2) true landmarks in px of the frames."""

    @property
    def is_micro(self) -> bool:
        """Whether the movement is a micro-expression."""
        return self.movement.kind == "micro"


class ClipMaker:
    """Makes clips of one face; `iod_px` is the eye distance in them. One thread at a time."""

    def __init__(self, portrait: Portrait, shapes: Shapes, iod_px: float = 72.0) -> None:
        width, height = (round(space * iod_px / 2) * 2 for space in SPACE_IOD)
        self._puppet = Puppet(portrait, iod_px, (width, height), (EYES[0] * width, EYES[1] * height))
        self._shapes = fit(shapes, portrait)
        self._identity = portrait.identity

    def __call__(self, movement: Movement, rng: np.random.Generator, fps: float = 30.0, margin_s: float = 0.2) -> Clip:
        """A clip of a movement, from `margin_s` before its bounds to as much after them."""
        onset_s, apex_s, offset_s = bounds(movement, rng)
        camera = _camera(self._puppet.iod_px, rng)
        script = Script(0, offset_s + 1, (movement, *_beside(movement, rng)), sway(rng), camera)
        actor = Actor(script, self._shapes)
        scene = Scene(self._puppet, camera, rng)
        start, stop = max(onset_s - margin_s, 0.0), offset_s + margin_s
        ticks = np.arange(int((stop - start) * fps) + 1)
        times = start + (ticks + rng.uniform(0, 1) + np.clip(rng.normal(0, camera.jitter, len(ticks)), -0.4, 0.4)) / fps
        taken = [scene.take(actor, time, camera.exposure / fps).copy() for time in times.tolist()]
        points = [self._puppet.landmarks(*actor(time)[:2]) for time in times.tolist()]
        return Clip(
            self._identity, movement, onset_s, apex_s, offset_s, _grey(_code(taken, fps, rng)),
            times.astype(np.float64), np.array(points, np.float32),
        )  # fmt: skip


def draw_movement(rng: np.random.Generator, micro_share: float = 0.5) -> Movement:
    """A movement for a clip: a micro-expression, or one of `OTHERS` in the proportions of `SHARES`."""
    if rng.random() < micro_share:
        return micro(ONSET_S, rng)
    return OTHERS[str(rng.choice(list(SHARES), p=list(SHARES.values())))](ONSET_S, rng)


def clips(
    portraits: Sequence[Portrait], shapes: Sequence[Shapes], seed: int, fps: float = 30.0, iod_px: float = 72.0
) -> Iterator[Clip]:
    """Clips without end: every portrait in turn, in a new random order each round, with one of the shapes.

    The same arguments give the same clips. Raises ValueError without portraits or shapes.
    """
    if not portraits or not shapes:
        raise ValueError("clips need at least one portrait and one set of shapes")
    rng = np.random.default_rng(seed)
    makers: dict[tuple[int, int], ClipMaker] = {}
    while True:
        for number in rng.permutation(len(portraits)).tolist():
            source = int(rng.integers(len(shapes)))
            if (number, source) not in makers:
                makers[number, source] = ClipMaker(portraits[number], shapes[source], iod_px)
            yield makers[number, source](draw_movement(rng), rng, fps)


def bounds(movement: Movement, rng: np.random.Generator) -> tuple[float, float, float]:
    """Onset, apex and offset that a spotter might report for a movement, which may be only a part of it."""
    if movement.kind == "speech":
        syllables = [gesture.curve for gesture in movement.gestures if gesture.units]
        syllable = syllables[rng.integers(len(syllables))]
        return syllable.onset_s, syllable.apex_s, syllable.offset_s
    if movement.kind in ("macro", "head", "gaze", "light", "swallow"):
        apex_s = max(movement.apex_s, movement.onset_s + 0.05)
        return (
            movement.onset_s,
            apex_s,
            min(apex_s + float(rng.uniform(0.08, 0.3)), max(movement.offset_s, apex_s + 0.1)),
        )
    return movement.onset_s, movement.apex_s, movement.offset_s


def _beside(movement: Movement, rng: np.random.Generator) -> list[Movement]:
    """What else happens at about the same time: mostly nothing, sometimes a blink, a look or a move of the head."""
    beside = []
    for kind, chance in (("blink", 0.06), ("gaze", 0.12), ("head", 0.1)):
        if kind != movement.kind and rng.random() < chance:
            beside.append(OTHERS[kind](movement.onset_s + float(rng.uniform(-0.5, 0.4)), rng))
    return beside


def _camera(iod_px: float, rng: np.random.Generator) -> Camera:
    return Camera(
        iod_px,
        EYES,
        noise=float(rng.uniform(0.5, 3.0)),
        exposure=float(rng.uniform(0.1, 0.8)),
        jitter=float(rng.uniform(0.0, 0.08)),
        glasses=bool(rng.random() < 0.15),
    )


def _code(frames: list[NDArray[np.uint8]], fps: float, rng: np.random.Generator) -> list[NDArray[np.uint8]]:
    """The luma planes after a webcam's coding: H.264, JPEG, or none; from I420 pictures."""
    coding: Literal["h264", "jpeg", "none"] = ("h264", "jpeg", "none")[rng.integers(3)]
    height = frames[0].shape[0] * 2 // 3
    if coding == "h264":
        return [picture[:height] for picture in _through_h264(frames, fps, int(rng.integers(20, 31)))]
    if coding == "jpeg":
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 96))]
        packed = [cv2.imencode(".jpg", picture[:height], quality)[1] for picture in frames]
        return [np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8) for data in packed]
    return [picture[:height] for picture in frames]


def _through_h264(frames: list[NDArray[np.uint8]], fps: float, crf: int) -> list[NDArray[np.uint8]]:
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height = frames[0].shape[1], frames[0].shape[0] * 2 // 3
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = Fraction(1, round(fps))
    encoder.thread_count = 1
    encoder.options = {"preset": "superfast", "tune": "zerolatency", "crf": str(crf), "bf": "0"}
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    seen = []
    for picture in (*frames, None):
        frame = None if picture is None else av.VideoFrame.from_ndarray(picture, format="yuv420p")
        for packet in encoder.encode(frame):
            seen += decoder.decode(packet)
    seen += decoder.decode(None)
    return [frame.to_ndarray(format="yuv420p") for frame in seen]


def _grey(luma: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """(N, height, width) from 16–235 to 0–255, as decoders do."""
    return np.stack(
        [cv2.convertScaleAbs(np.maximum(picture, 16), alpha=255 / 219, beta=-16 * 255 / 219) for picture in luma]
    )
