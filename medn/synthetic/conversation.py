"""Plans of videos in which people converse: they speak, listen, nod, smile and look about, and micro-expressions fall
anywhere among it.

Levels of movement are those measured in footage of real people (docs/synthetic.md has the table). In contrast to
`medn.synthetic.planted`, micro-expressions are placed independently of everything else: no gap is kept to speech,
blinks, head motion or ordinary expressions.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from medn.synthetic.behaviour import Person, expressions, eyes, head_motion, moments, speaks
from medn.synthetic.film import film
from medn.synthetic.movements import Gesture, Movement, light_change, micro, swallow
from medn.synthetic.planted import CALIBRATION_S, MAX_MICRO, Camera, Script, refuse_others, write_truth
from medn.synthetic.portrait import Portrait
from medn.synthetic.registration import load_shapes
from medn.synthetic.shapes import Shapes, peak_iod
from medn.synthetic.speech import speak
from medn.synthetic.timing import Curve

SPEECH_SHARE = (0.0, 0.7)
"""Share of the time spent speaking, where none is given: the range it is drawn from."""
MICRO_RATE = (3.0, 9.0)
"""Micro-expressions a minute."""
MICRO_GAP_S = 0.3
"""Rest between one micro-expression and the next; no distance is kept to anything else."""
IOD_PX = (45.0, 170.0)
SIZES_PX = ((352, 288), (480, 360), (640, 360), (640, 480), (854, 480), (960, 540), (1280, 720))
FRAME_RATES = (24.0, 25.0, 25.0, 30.0, 30.0, 30.0, 30.0, 50.0, 60.0)

RESTLESS_PERCENT_IOD: Mapping[str, tuple[float, float]] = {
    # unit, with * for Left and Right: standard deviation of its peak displacement while listening, while speaking
    "browInnerUp": (0.22, 0.3),
    "browOuterUp*": (0.18, 0.25),
    "browDown*": (0.18, 0.25),
    "eyeSquint*": (0.12, 0.2),
    "cheekSquint*": (0.25, 0.4),
    "noseSneer*": (0.15, 0.3),
    "mouthSmile*": (0.6, 0.7),
    "mouthFrown*": (0.2, 0.4),
    "mouthPress*": (0.35, 0.4),
    "mouthUpperUp*": (0.3, 0.35),
    "mouthLowerDown*": (0.4, 0.4),
    "mouthShrugLower": (0.7, 0.5),
    "mouthRollLower": (0.4, 0.3),
    "jawOpen": (1.2, 1.0),
    "jawLeft": (0.15, 0.3),
}
"""The skin's continuous small movement. It is band-limited noise, not single bumps."""
RESTLESS_KNOTS_HZ = 4.0

SWAY_SD = {
    # axis: standard deviation (iod, degrees, log) in bands of 0.02–0.1, 0.1–0.5, 0.5–1, 1–2, 2–4 Hz
    "yaw_deg": (0.7, 0.4, 0.14, 0.06, 0.025),
    "pitch_deg": (0.6, 0.35, 0.18, 0.12, 0.05),
    "roll_deg": (0.6, 0.3, 0.12, 0.05, 0.025),
    "x": (0.03, 0.015, 0.005, 0.0025, 0.001),
    "y": (0.02, 0.01, 0.005, 0.003, 0.0013),
    "log_scale": (0.006, 0.0035, 0.002, 0.0014, 0.0008),
}
SWAY_BANDS_HZ = ((0.02, 0.1), (0.1, 0.5), (0.5, 1.0), (1.0, 2.0), (2.0, 4.0))


def draw_person(rng: np.random.Generator, speech_share: float | None = None) -> Person:
    """A person; without `speech_share` it is drawn uniformly from `SPEECH_SHARE`. Raises ValueError outside 0–0.7."""
    low, high = SPEECH_SHARE
    if speech_share is not None and not low <= speech_share <= high:
        raise ValueError(f"a speech share of {speech_share:g}: give one from {low:g} to {high:g}")
    return Person(
        speech_share=float(rng.uniform(low, high)) if speech_share is None else speech_share,
        syllables_hz=float(rng.uniform(3.0, 6.0)),
        articulation=_about(1.2, 0.3, rng),
        liveliness=_about(1.0, 0.6, rng),
        head=_about(1.0, 0.6, rng),
    )


def plan_conversation(
    seed: int,
    duration_s: float,
    person: Person | None = None,
    micro_rate: tuple[float, float] = MICRO_RATE,
    amplitude_iod: tuple[float, float] = (0.006, 0.035),
    camera: Camera | None = None,
) -> Script:
    """A script of one side of a conversation, drawn from a seed.

    Without `person` and `camera` both are drawn. Raises ValueError if the video is too short or `micro_rate` is not
    between 0 and `MAX_MICRO`.
    """
    if duration_s < CALIBRATION_S + 2:
        raise ValueError(f"a conversation lasts at least {CALIBRATION_S + 2:.0f} s, not {duration_s:g} s")
    if not 0 <= micro_rate[0] <= micro_rate[1] <= MAX_MICRO:
        asked = f"micro-expressions a minute from {micro_rate[0]:g} to {micro_rate[1]:g}"
        raise ValueError(f"{asked}: give the fewest and the most, between 0 and {MAX_MICRO:g}")
    # streams of their own: what is planted does not depend on what else happens, and the reverse
    behaviour, planted, filmed = (np.random.default_rng([seed, stream]) for stream in (11, 12, 13))
    person = person or draw_person(behaviour)
    turns = speaking_turns(duration_s, person.speech_share, behaviour)
    movements = [speak(turn, person.syllables_hz, person.articulation, behaviour) for turn in turns]
    movements += expressions(turns, duration_s, person, behaviour)
    movements += head_motion(turns, duration_s, person, behaviour)
    movements += eyes(duration_s, behaviour)
    movements += [swallow(at, behaviour) for at in moments(1.0, (0.5, duration_s - 1.2), behaviour)]
    micros = [_in_context(movement, movements) for movement in _micros(duration_s, micro_rate, amplitude_iod, planted)]
    movements += [light_change(at, filmed) for at in moments(1.0, (0.3, duration_s - 0.5), filmed)]
    movements.append(restlessness(turns, duration_s, person.liveliness, behaviour))
    ordered = tuple(sorted((*micros, *movements), key=lambda m: m.onset_s))
    return Script(seed, duration_s, ordered, head_sway(person.head, behaviour), camera or draw_camera(filmed))


def speaking_turns(duration_s: float, share: float, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Begin and end in s of the stretches of speech, which together take a share of the time.

    Turns are log-normal around 2.5 s, short answers among them; listening in between takes what is left.
    """
    spoken_s = share * duration_s
    lengths: list[float] = []
    while spoken_s - sum(lengths) > 0.4:
        turn_s = float(np.clip(rng.lognormal(np.log(2.5), 0.8), 0.4, 15.0))
        lengths.append(min(turn_s, spoken_s - sum(lengths)))
    if not lengths:
        return []
    weights = rng.exponential(1.0, len(lengths) + 1) + 0.05
    gaps = (duration_s - sum(lengths)) * weights / weights.sum()
    turns, at = [], 0.0
    for gap, length in zip(gaps.tolist(), lengths, strict=False):
        turns.append((at + gap, at + gap + length))
        at += gap + length
    return turns


def restlessness(
    turns: Sequence[tuple[float, float]], duration_s: float, size: float, rng: np.random.Generator
) -> Movement:
    """The skin's continuous small movement, larger while speaking."""
    step_s = 1 / RESTLESS_KNOTS_HZ
    units = list(_unit_sizes())
    knots = np.arange(0.0, duration_s + 2 * step_s, step_s) + rng.uniform(-0.3, 0.3) * step_s
    # how restless the face is changes over seconds
    every_3s = np.arange(-3.0, duration_s + 6.0, 3.0)
    slow = np.exp(0.7 * np.interp(knots, every_3s, rng.normal(0, 1, len(every_3s))))
    gestures = []
    for k in range(1, len(knots) - 1):
        spoken = speaks(float(knots[k]), turns)
        weights = {
            name: float(size * slow[k] * rng.normal() * (speaking if spoken else listening))
            for name, listening, speaking in units
        }
        before, middle, after = knots[k - 1 : k + 2].tolist()
        gestures.append(Gesture(Curve(before, middle, after), weights))
    return Movement("idle", 0.0, duration_s / 2, duration_s, tuple(gestures))


def head_sway(size: float, rng: np.random.Generator) -> tuple[tuple[str, float, float, float], ...]:
    """Breathing, drift and sway as sines, with the spectrum of `SWAY_SD`."""
    sines = [
        ("y", rng.uniform(0.003, 0.012), rng.uniform(0.2, 0.35)),
        ("pitch_deg", rng.uniform(0.05, 0.25), rng.uniform(0.2, 0.35)),
    ]
    for axis, bands in SWAY_SD.items():
        for sd, band_hz in zip(bands, SWAY_BANDS_HZ, strict=True):
            # three sines of amplitude a have a standard deviation of √(3/2) · a
            amplitude = size * sd / np.sqrt(1.5)
            sines += [(axis, amplitude * rng.uniform(0.5, 1.5), rng.uniform(*band_hz)) for _ in range(3)]
    return tuple((axis, float(a), float(hz), float(rng.uniform(0, 2 * np.pi))) for axis, a, hz in sines)


def draw_camera(rng: np.random.Generator) -> Camera:
    """A webcam, or what a video call leaves of one."""
    iod_px = float(np.exp(rng.uniform(*np.log(IOD_PX))))
    fitting = [size for size in SIZES_PX if size[1] >= 3.0 * iod_px][:3]
    size = fitting[rng.integers(len(fitting))]
    return Camera(
        iod_px=iod_px * 720 / size[1],
        eyes=(float(rng.uniform(0.45, 0.55)), float(rng.uniform(0.38, 0.44))),
        noise=float(rng.uniform(0.8, 3.5)),
        exposure=float(rng.uniform(0.15, 0.8)),
        kbit_s=float(np.exp(rng.uniform(*np.log([400, 3500])))),
        jitter=float(rng.uniform(0.0, 0.12)),
        dropped=float(rng.choice([0.0, 0.003, 0.01, 0.03])),
        glasses=bool(rng.random() < 0.25),
        size_px=size,
        fps=float(rng.choice(FRAME_RATES)),
        codec="vp8" if rng.random() < 0.3 else "h264",
        frozen=float(rng.choice([0.0, 0.0, 0.5, 2.0])),
    )


def write_conversations(
    folder: Path,
    portraits: Sequence[Portrait],
    videos: int,
    duration_s: float,
    seed: int,
    speech_share: float | None = None,
    micro_rate: tuple[float, float] = MICRO_RATE,
    shapes: Sequence[Shapes] = (),
    first: int = 0,
) -> Iterator[Path]:
    """Write videos of conversing people with `truth.csv` and `movements.csv`, and yield each when it is complete.

    Faces are taken in a random order, none twice before all have been used; video k of a seed is the same however many
    follow. Each video moves by one of `shapes`, the package's own if there are none. Raises ValueError without
    portraits, and where `truth.csv` is of other videos.
    """
    if not portraits:
        raise ValueError("videos of conversing people need at least one portrait")
    refuse_others(folder, (f"conversing-{seed}-{number:03d}" for number in range(first, first + videos)))
    folder.mkdir(parents=True, exist_ok=True)
    order = np.random.default_rng(seed).permutation(len(portraits))
    scripts: dict[str, Script] = {}
    for number in range(first, first + videos):
        one = seed * 100_003 + number
        person = draw_person(np.random.default_rng([one, 10]), speech_share)
        script = plan_conversation(one, duration_s, person, micro_rate)
        suffix = "webm" if script.camera.codec == "vp8" else "mp4"
        path = folder / f"conversing-{seed}-{number:03d}.{suffix}"
        scripts[path.name] = script
        portrait, source = portraits[order[number % len(order)]], shapes[number % len(shapes)] if shapes else None
        film(script, portrait, path, script.camera.fps, script.camera.size_px, source)
        write_truth(scripts, folder)
        yield path


def _micros(
    duration_s: float, rate: tuple[float, float], amplitude_iod: tuple[float, float], rng: np.random.Generator
) -> list[Movement]:
    """Micro-expressions anywhere after `CALIBRATION_S`, no two within `MICRO_GAP_S` of each other."""
    count = int(rng.uniform(*rate) * duration_s / 60 + rng.random())
    found: list[Movement] = []
    for _ in range(50 * count):
        if len(found) == count:
            break
        new = micro(float(rng.uniform(CALIBRATION_S, duration_s - 0.2)), rng, amplitude_iod)
        alone = all(new.onset_s > m.offset_s + MICRO_GAP_S or m.onset_s > new.offset_s + MICRO_GAP_S for m in found)
        if alone and new.offset_s < duration_s - 0.2:
            found.append(new)
    return found


def _in_context(movement: Movement, others: Sequence[Movement]) -> Movement:
    """The micro-expression with what goes on around it: speaking, else head moving, else still."""
    met = {
        other.kind
        for other in others
        if other.onset_s < movement.offset_s + 0.05 and movement.onset_s - 0.05 < other.offset_s
    }
    context = "speaking" if "speech" in met else "head moving" if "head" in met else "still"
    return replace(movement, context=context, disturbed=bool(met & {"speech", "head", "macro", "blink"}))


def _unit_sizes() -> Iterator[tuple[str, float, float]]:
    """Face units with the weights at which they move as far as `RESTLESS_PERCENT_IOD` asks."""
    shapes = load_shapes()
    for pattern, (listening, speaking) in RESTLESS_PERCENT_IOD.items():
        for side in ("Left", "Right") if pattern.endswith("*") else ("",):
            name = pattern.rstrip("*") + side
            reach_percent = 100 * peak_iod(shapes.unit(name))
            yield name, listening / reach_percent, speaking / reach_percent


def _about(middle: float, spread: float, rng: np.random.Generator) -> float:
    """Log-normal, kept within two and a half standard deviations."""
    return float(middle * np.exp(spread * np.clip(rng.normal(), -2.5, 2.5)))
