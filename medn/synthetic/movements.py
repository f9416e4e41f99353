"""What a face does, movement by movement: micro-expressions, and all that a spotter must not take for one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from medn.contract import AU_NAMES
from medn.synthetic.registration import load_shapes
from medn.synthetic.shapes import Side, peak_iod, unit_weights
from medn.synthetic.timing import Curve, blink_curve, macro_curve, micro_curve

Kind = Literal["micro", "macro", "blink", "gaze", "speech", "swallow", "head", "light", "idle", "nothing"]
Emotion = Literal["negative", "positive", "surprise"]

# Two tables of action units by class, both after the FACS manual's and EMFACS' prototypes and their parts (Ekman,
# Friesen & Hager 2002); weights are our reading. `PROTOTYPES` draws the videos on which the spotter is trained and
# measured: another table would draw other videos from the same seeds and void published figures. `COMBINATIONS` draws
# the network's training pairs, where rarer units must come often enough to be learned. Contempt (AU14) and what holds
# an expression back (AU15, AU17, AU24) count as negative, as in the three classes of MEGC 2019.
PROTOTYPES: Mapping[Emotion, tuple[tuple[str, ...], ...]] = {
    "negative": (
        ("AU4",), ("AU4",), ("AU7",), ("AU9",), ("AU10",), ("AU14",), ("AU15",), ("AU17",), ("AU20",), ("AU24",),
        ("AU4", "AU7"), ("AU4", "AU7"), ("AU4", "AU9"), ("AU4", "AU10"), ("AU9", "AU10"), ("AU7", "AU10"),
        ("AU1", "AU4"), ("AU1", "AU2", "AU4"), ("AU4", "AU5"), ("AU4", "AU17"), ("AU15", "AU17"), ("AU1", "AU15"),
        ("AU4", "AU24"), ("AU14", "AU17"), ("AU4", "AU20"),
    ),
    "positive": (("AU12",), ("AU12",), ("AU6",), ("AU6", "AU12"), ("AU6", "AU12"), ("AU12", "AU25")),
    "surprise": (
        ("AU1",), ("AU2",), ("AU5",),
        ("AU1", "AU2"), ("AU1", "AU2"), ("AU1", "AU2", "AU5"), ("AU2", "AU5"), ("AU1", "AU2", "AU26"),
    ),
}  # fmt: skip
"""Action units of each class of emotion, as textbooks and the databases' coding have it (our reading); those that stand
alone are drawn as often as combinations, as half of the real ones are coded with one action unit."""
COMBINATIONS: Mapping[Emotion, Mapping[tuple[int, ...], float]] = {
    "negative": {
        (4,): 6, (7,): 3, (9,): 2, (10,): 2.5, (14,): 2, (15,): 1.5, (17,): 2, (20,): 0.7, (24,): 0.5,
        (4, 7): 5, (4, 9): 2, (4, 10): 1.5, (7, 10): 1, (9, 10): 1, (4, 7, 9): 1, (4, 7, 10): 1, (4, 9, 10): 0.7,
        (1, 4): 1.5, (1, 15): 0.5, (1, 4, 15): 0.7, (1, 2, 4): 0.7, (1, 2, 4, 5): 0.5, (4, 5): 1, (4, 5, 7): 1,
        (15, 17): 3, (4, 15): 0.7, (4, 17): 0.7, (7, 17): 0.4, (10, 17): 0.4, (17, 24): 0.4, (15, 17, 24): 0.3,
        (4, 14): 0.7, (14, 17): 0.5, (4, 6, 7): 0.5, (6, 7): 0.3,
    },
    "positive": {
        (12,): 7, (6,): 1, (6, 12): 5, (12, 25): 1, (6, 12, 25): 1, (6, 7, 12): 0.7, (7, 12): 0.7, (10, 12): 0.5,
        (12, 17): 0.4, (12, 14): 0.4, (12, 15): 0.2,
    },
    "surprise": {
        (1, 2): 7, (1,): 1.5, (2,): 2, (5,): 1, (26,): 0.3, (1, 2, 5): 2, (2, 5): 0.7, (1, 2, 25): 1, (1, 2, 26): 1,
        (1, 2, 5, 26): 0.7, (1, 2, 7): 0.2,
    },
}  # fmt: skip
"""Action units that show a class of emotion, with how often, by class."""
CONTEMPT: Mapping[tuple[int, ...], float] = {(12,): 1.2, (12, 14): 1.5, (14,): 1.5}
"""Action units that show contempt where they come on one side of the face only, with how often among negative ones."""
ONE_SIDED = 0.2
"""Part of the micro-expressions that only one side of the face shows (12–26 % in the databases' coding)."""

HEAD_AXES = ("x", "y", "roll_deg", "yaw_deg", "pitch_deg", "log_scale")


class Combination(NamedTuple):
    """Action units that move together."""

    emotion: Emotion
    units: tuple[str, ...]
    one_sided: bool = False
    """Whether it means this emotion on one side of the face only; the others come on both sides or on one."""


@dataclass(frozen=True)
class Gesture:
    """One change that follows one curve: of the skin, of the head, or of the light."""

    curve: Curve
    units: Mapping[str, float] = field(default_factory=dict)
    """Weights of face units when the curve is at 1."""
    side: Side = "both"
    amplitude_iod: float | None = None
    """If given, the units together are scaled until their `peak_iod` is this."""
    head: Mapping[str, float] = field(default_factory=dict)
    """By `HEAD_AXES`; iod and degrees."""
    gain: float = 0.0
    """Relative change of the light."""


@dataclass(frozen=True)
class Movement:
    """One thing that happens, as a person would note it down."""

    kind: Kind
    onset_s: float
    apex_s: float
    offset_s: float
    gestures: tuple[Gesture, ...]
    aus: tuple[str, ...] = ()
    side: Side = "both"
    amplitude_iod: float = 0.0
    """Micro- and macro-expressions: how far the landmark of the skin that moves most has moved at the apex, within
    the picture's plane and of the shapes as fitted to the face, in eye distances."""
    emotion: str = ""
    disturbed: bool = False
    """Whether a blink, speech, a macro-expression or a quick head move falls into it."""
    context: str = ""
    """Micro-expressions of conversing people: "speaking", "head moving" or "still"."""


def micro(onset_s: float, rng: np.random.Generator, amplitude_iod: tuple[float, float] = (0.006, 0.035)) -> Movement:
    """A micro-expression; amplitudes are drawn log-uniform."""
    emotion, aus = draw_prototype(rng)
    side: Side = "both" if rng.random() >= ONE_SIDED else ("left" if rng.random() < 0.5 else "right")
    amplitude = float(np.exp(rng.uniform(*np.log(amplitude_iod))))
    return _expression("micro", micro_curve(onset_s, rng), emotion, aus, side, amplitude, rng)


def macro(onset_s: float, rng: np.random.Generator) -> Movement:
    """An ordinary expression: 0.6–4 s, 4–20 % of the eye distance (less where the face cannot do so much)."""
    emotion, aus = draw_prototype(rng)
    curve = macro_curve(onset_s, float(np.exp(rng.uniform(*np.log([0.6, 4.0])))), rng)
    reach = 1.2 * max(peak_iod(load_shapes().action_units([au])) for au in aus)
    amplitude = min(float(np.exp(rng.uniform(*np.log([0.04, 0.2])))), reach)
    return _expression("macro", curve, emotion, aus, "both", amplitude, rng)


def draw_prototype(rng: np.random.Generator) -> tuple[Emotion, tuple[str, ...]]:
    """A class of emotion (each as often) and action units that show it."""
    emotion = tuple(PROTOTYPES)[rng.integers(len(PROTOTYPES))]
    alone = rng.random() < 0.5
    choices = [aus for aus in PROTOTYPES[emotion] if (len(aus) == 1) == alone]
    return emotion, choices[rng.integers(len(choices))]


def draw_combination(rng: np.random.Generator) -> Combination:
    """Action units and the class of emotion that they show.

    Half of the time each class comes as often, half of the time each of the network's action units: else the rarer
    ones (AU9, AU10, AU14, AU15) would be too rare to be learned.
    """
    if rng.random() < 0.5:
        emotion = tuple(COMBINATIONS)[rng.integers(len(COMBINATIONS))]
        weights = {drawn: weight for drawn, weight in _WEIGHTS.items() if drawn.emotion == emotion}
    else:
        unit = str(rng.choice(AU_NAMES))
        weights = {drawn: weight for drawn, weight in _WEIGHTS.items() if unit in drawn.units}
    chances = np.array(list(weights.values()))
    return tuple(weights)[rng.choice(len(weights), p=chances / chances.sum())]


def blink(onset_s: float, rng: np.random.Generator) -> Movement:
    """A spontaneous blink; one in seven is only partial, one in ten is double."""
    depth = float(rng.uniform(0.3, 0.7) if rng.random() < 0.15 else rng.uniform(0.85, 1.0))
    curves = [blink_curve(onset_s, rng)]
    if rng.random() < 0.1:
        curves.append(blink_curve(curves[0].offset_s + float(rng.uniform(0.0, 0.15)), rng))
    # brows and cheeks follow a little
    cheek, brow = float(rng.uniform(0.0, 0.08)), float(rng.uniform(0.0, 0.06))
    units = {
        f"{name}{side}": depth * weight
        for side in ("Left", "Right")
        for name, weight in (("eyeBlink", 1.0), ("cheekSquint", cheek), ("browDown", brow))
    }
    gestures = tuple(Gesture(curve, units) for curve in curves)
    return Movement("blink", onset_s, curves[0].apex_s, curves[-1].offset_s, gestures, ("AU45",))


def gaze(onset_s: float, until_s: float, rng: np.random.Generator) -> Movement:
    """The eyes jump, stay aside until another time, and jump back; lids follow."""
    right, up = float(rng.uniform(-0.7, 0.7)), float(rng.uniform(-0.55, 0.4))
    saccade_s = 0.025 + 0.035 * max(abs(right), abs(up))
    sideways = ("eyeLookOutLeft", "eyeLookInRight") if right > 0 else ("eyeLookInLeft", "eyeLookOutRight")
    upwards = ("eyeLookUpLeft", "eyeLookUpRight") if up > 0 else ("eyeLookDownLeft", "eyeLookDownRight")
    units = {name: abs(right) for name in sideways} | {name: abs(up) for name in upwards}
    hold_s = max(until_s - onset_s - saccade_s, 0.05)
    curve = Curve(onset_s, onset_s + saccade_s, onset_s + 2 * saccade_s + hold_s, hold_s)
    return Movement("gaze", onset_s, curve.apex_s, curve.apex_s + 0.02, (Gesture(curve, units),))


def speech(onset_s: float, rng: np.random.Generator) -> Movement:
    """Talking for 2–8 s: 3–6 syllables a second of jaw and lips, now and then a stressing brow or nod."""
    end_s, rate = onset_s + float(rng.uniform(2, 8)), float(rng.uniform(3, 6))
    gestures, at = [], onset_s
    while at < end_s:
        length = float(rng.uniform(0.7, 1.4)) / rate
        lips = str(rng.choice(["mouthFunnel", "mouthPucker", "mouthStretch", "mouthLowerDown", "mouthUpperUp"]))
        weight = float(rng.uniform(0.1, 0.45))
        names = (lips,) if lips in ("mouthFunnel", "mouthPucker") else (f"{lips}Left", f"{lips}Right")
        units = {"jawOpen": float(rng.uniform(0.02, 0.2))} | dict.fromkeys(names, weight)
        curve = Curve(at, at + 0.5 * length, at + 1.15 * length)
        gestures.append(Gesture(curve, units))
        if rng.random() < 0.12:
            stress = Curve(at, at + 0.15, at + 0.45)
            gestures.append(
                Gesture(stress, {"browInnerUp": 0.35}) if rng.random() < 0.5
                else Gesture(stress, head={"pitch_deg": float(rng.uniform(1, 3)), "y": 0.015})
            )  # fmt: skip
        # a pause between words
        at += length + (float(rng.uniform(0.1, 0.5)) if rng.random() < 0.15 else 0.0)
    offset_s = max(gesture.curve.offset_s for gesture in gestures)
    return Movement("speech", onset_s, (onset_s + offset_s) / 2, offset_s, tuple(gestures))


def swallow(onset_s: float, rng: np.random.Generator) -> Movement:
    """Lips press and the chin lifts, once, for about a second."""
    curve = Curve(onset_s, onset_s + float(rng.uniform(0.25, 0.45)), onset_s + float(rng.uniform(0.7, 1.1)))
    strength = float(rng.uniform(0.1, 0.3))
    units = {"mouthShrugLower": strength, "mouthPressLeft": 0.6 * strength, "mouthPressRight": 0.6 * strength}
    return _movement("swallow", Gesture(curve, units | {"mouthRollLower": 0.5 * strength}))


def head_move(onset_s: float, rng: np.random.Generator) -> Movement:
    """A nod, a shake, a tilt, a shift or a lean: 0.3–1 s there, back at once or after a while."""
    size = float(rng.uniform(0.3, 1.0)) * (1 if rng.random() < 0.5 else -1)
    head = [
        {"pitch_deg": 5 * size, "y": 0.06 * size},
        {"yaw_deg": 5 * size, "x": 0.05 * size},
        {"roll_deg": 5 * size, "x": 0.08 * size},
        {"x": 0.2 * size, "y": 0.05 * size},
        {"log_scale": 0.04 * size, "y": 0.05 * size},
    ][rng.integers(5)]
    there, back = rng.uniform(0.25, 0.7, 2)
    stay = float(rng.uniform(2, 8)) if rng.random() < 0.5 else float(rng.uniform(0, 0.2))
    apex_s = onset_s + float(there)
    curve = Curve(onset_s, apex_s, apex_s + stay + float(back), stay)
    offset_s = curve.offset_s if stay < 1 else apex_s + 0.1
    return Movement("head", onset_s, apex_s, offset_s, (Gesture(curve, head=head),))


def light_change(onset_s: float, rng: np.random.Generator) -> Movement:
    """The light steps and stays, as exposure and screens do, or flickers for a few seconds."""
    if rng.random() < 0.6:
        ramp = float(rng.uniform(0.03, 0.4))
        stay = float(rng.uniform(1, 15))
        gain = float(rng.uniform(0.04, 0.15)) * (1 if rng.random() < 0.5 else -1)
        curve = Curve(onset_s, onset_s + ramp, onset_s + 2 * ramp + stay, stay)
        return Movement("light", onset_s, curve.apex_s, curve.apex_s, (Gesture(curve, gain=gain),))
    period, gain = 1 / float(rng.uniform(4, 12)), float(rng.uniform(0.01, 0.04))
    starts = onset_s + period * np.arange(int(rng.uniform(1, 4) / period))
    gestures = tuple(Gesture(Curve(at, at + period / 2, at + period), gain=gain) for at in starts.tolist())
    end_s = gestures[-1].curve.offset_s
    return Movement("light", onset_s, (onset_s + end_s) / 2, end_s, gestures)


def _expression(
    kind: Kind, curve: Curve, emotion: str, aus: tuple[str, ...], side: Side, amplitude: float, rng: np.random.Generator
) -> Movement:
    """Action units that move by like amounts, one of them most."""
    shapes = load_shapes()
    units: dict[str, float] = {}
    shares = rng.permutation(np.append(1.0, rng.uniform(0.4, 1.0, len(aus) - 1)))
    for au, share in zip(aus, shares.tolist(), strict=True):
        weights = unit_weights([au])
        scale = share / peak_iod(shapes.mix(weights))
        for name, weight in weights.items():
            units[name] = units.get(name, 0.0) + scale * weight
    return _movement(kind, Gesture(curve, units, side, amplitude), aus, emotion)


def _movement(kind: Kind, gesture: Gesture, aus: tuple[str, ...] = (), emotion: str = "") -> Movement:
    curve = gesture.curve
    return Movement(
        kind, curve.onset_s, curve.apex_s, curve.offset_s, (gesture,), aus, gesture.side, gesture.amplitude_iod or 0.0,
        emotion,
    )  # fmt: skip


def _named(units: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(f"AU{number}" for number in units)


_TABLES: tuple[tuple[Emotion, Mapping[tuple[int, ...], float], bool], ...] = (
    ("negative", COMBINATIONS["negative"], False),
    ("negative", CONTEMPT, True),
    ("positive", COMBINATIONS["positive"], False),
    ("surprise", COMBINATIONS["surprise"], False),
)
_WEIGHTS = {
    Combination(emotion, _named(units), one_sided): weight
    for emotion, table, one_sided in _TABLES
    for units, weight in table.items()
}
