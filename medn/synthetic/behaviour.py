"""What people do beside speaking: expressions, nods and turns of the head, blinks, glances. Rates are our reading."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from medn.synthetic.movements import Gesture, Movement, blink, gaze, head_move
from medn.synthetic.timing import Curve, macro_curve


@dataclass(frozen=True)
class Person:
    """How one person behaves in one recording."""

    speech_share: float
    """Share of the time spent speaking, 0–0.7."""
    syllables_hz: float
    """While speaking, pauses left out."""
    articulation: float
    """How far jaw and lips move in speech, relative to the average person."""
    liveliness: float
    """Size of the skin's restlessness and frequency of expressions, likewise."""
    head: float
    """Size of the head's motion, likewise."""


def expressions(
    turns: Sequence[tuple[float, float]], duration_s: float, person: Person, rng: np.random.Generator
) -> list[Movement]:
    """Smiles, brow raises, frowns and pressed lips; more of the brows' while speaking."""
    spoken_min = sum(end - start for start, end in turns) / 60
    silent_min = duration_s / 60 - spoken_min
    found: list[Movement] = []
    for make, speaking, listening in ((_smile, 2.0, 2.0), (_brows, 8.0, 2.5), (_lips, 1.0, 7.0)):
        count = rng.poisson(person.liveliness * (speaking * spoken_min + listening * silent_min))
        share = speaking * spoken_min / max(speaking * spoken_min + listening * silent_min, 1e-9)
        for _ in range(count):
            at = _moment_in(turns, rng) if turns and rng.random() < share else float(rng.uniform(0.3, duration_s - 0.5))
            found.append(make(at, rng))
    return [movement for movement in found if movement.offset_s < duration_s]


def _smile(onset_s: float, rng: np.random.Generator) -> Movement:
    size, cheeks = float(np.exp(rng.uniform(*np.log([0.03, 0.18])))), float(rng.uniform(0.1, 0.35))
    uneven = float(rng.uniform(0.75, 1.0))
    left, right = (1.0, uneven) if rng.random() < 0.5 else (uneven, 1.0)
    units = {
        "mouthSmileLeft": left, "mouthSmileRight": right, "cheekSquintLeft": cheeks * left,
        "cheekSquintRight": cheeks * right, "eyeSquintLeft": cheeks, "eyeSquintRight": cheeks,
    }  # fmt: skip
    curve = macro_curve(onset_s, float(np.exp(rng.uniform(*np.log([0.8, 6.0])))), rng)
    return _macro(curve, units, size, ("AU6", "AU12"))


def _brows(onset_s: float, rng: np.random.Generator) -> Movement:
    curve = macro_curve(onset_s, float(np.exp(rng.uniform(*np.log([0.4, 2.5])))), rng)
    size = float(np.exp(rng.uniform(*np.log([0.01, 0.09]))))
    if rng.random() < 0.3:
        return _macro(curve, {"browDownLeft": 1.0, "browDownRight": float(rng.uniform(0.7, 1.0))}, size, ("AU4",))
    outer = float(rng.uniform(0.2, 1.0))
    units = {"browInnerUp": 1.0, "browOuterUpLeft": outer, "browOuterUpRight": outer * float(rng.uniform(0.5, 1.0))}
    return _macro(curve, units, size, ("AU1", "AU2"))


def _lips(onset_s: float, rng: np.random.Generator) -> Movement:
    """The lips part and close, to breathe or about to speak, or press together."""
    curve = macro_curve(onset_s, float(rng.uniform(0.4, 2.0)), rng)
    if rng.random() < 0.5:
        units = {"jawOpen": 1.0, "mouthLowerDownLeft": 0.5, "mouthLowerDownRight": 0.5}
        return _macro(curve, units, float(np.exp(rng.uniform(*np.log([0.02, 0.12])))), ("AU25", "AU26"))
    units = {"mouthPressLeft": 1.0, "mouthPressRight": float(rng.uniform(0.6, 1.0))}
    units |= {"mouthRollLower": float(rng.uniform(0, 1)), "mouthShrugLower": float(rng.uniform(0, 0.5))}
    return _macro(curve, units, float(rng.uniform(0.01, 0.06)), ("AU24",))


def _macro(curve: Curve, units: Mapping[str, float], size_iod: float, aus: tuple[str, ...]) -> Movement:
    gesture = Gesture(curve, units, amplitude_iod=size_iod)
    return Movement("macro", curve.onset_s, curve.apex_s, curve.offset_s, (gesture,), aus, amplitude_iod=size_iod)


def head_motion(
    turns: Sequence[tuple[float, float]], duration_s: float, person: Person, rng: np.random.Generator
) -> list[Movement]:
    """A listener's nods, turns with the gaze, and changes of posture."""
    span = (0.3, duration_s - 0.5)
    silent = 1 - person.speech_share
    nods = [_nod(at, person.head, rng) for at in moments(1 + 5 * silent, span, rng) if not speaks(at, turns)]
    turned = [_turn(at, person.head, rng) for at in moments(4.0, span, rng)]
    shifts = [head_move(at, rng) for at in moments(1.5 * person.head, span, rng)]
    return [movement for movement in (*nods, *turned, *shifts) if movement.offset_s < duration_s]


def _nod(onset_s: float, size: float, rng: np.random.Generator) -> Movement:
    """One to four nods at 1.2–2.8 Hz, dying away."""
    period, depth, at = 1 / float(rng.uniform(1.2, 2.8)), size * float(rng.uniform(1.0, 5.0)), onset_s
    gestures = []
    for _ in range(int(rng.integers(1, 5))):
        head = {"pitch_deg": depth, "y": 0.008 * depth}
        gestures.append(Gesture(Curve(at, at + 0.5 * period, at + period), head=head))
        at, depth = at + 0.9 * period, depth * float(rng.uniform(0.5, 1.0))
    end_s = gestures[-1].curve.offset_s
    return Movement("head", onset_s, (onset_s + end_s) / 2, end_s, tuple(gestures))


def _turn(onset_s: float, size: float, rng: np.random.Generator) -> Movement:
    """The head turns aside for a while."""
    yaw = size * float(rng.uniform(2.0, 12.0)) * (1 if rng.random() < 0.5 else -1)
    aslant, roll, pitch = rng.normal(0, (0.01, 0.2, 0.25)).tolist()
    head = {"yaw_deg": yaw, "x": 0.015 * yaw, "y": aslant * yaw, "roll_deg": roll * yaw, "pitch_deg": pitch * yaw}
    there, back = rng.uniform(0.3, 0.9, 2).tolist()
    stay = float(rng.exponential(1.5))
    curve = Curve(onset_s, onset_s + there, onset_s + there + stay + back, stay)
    return Movement("head", onset_s, curve.apex_s, curve.offset_s, (Gesture(curve, head=head),))


def eyes(duration_s: float, rng: np.random.Generator) -> list[Movement]:
    """Blinks and glances."""
    blinks: list[Movement] = []
    for at in moments(float(rng.uniform(12, 30)), (0.4, duration_s - 0.7), rng):
        if not blinks or at > blinks[-1].offset_s + 0.1:
            blinks.append(blink(at, rng))
    looks = moments(19.0, (0.3, duration_s - 0.5), rng)
    glances = [
        gaze(at, min(until, at + float(rng.uniform(0.3, 4.0))), rng)
        for at, until in zip(looks, [*looks, duration_s][1:], strict=True)
        if until - at > 0.2
    ]
    return [*blinks, *glances]


def speaks(time_s: float, turns: Sequence[tuple[float, float]]) -> bool:
    """Whether a time lies in one of the turns."""
    return any(start <= time_s <= end for start, end in turns)


def _moment_in(turns: Sequence[tuple[float, float]], rng: np.random.Generator) -> float:
    lengths = np.array([end - start for start, end in turns])
    start, end = turns[rng.choice(len(turns), p=lengths / lengths.sum())]
    return float(rng.uniform(start, end))


def moments(rate: float, span_s: tuple[float, float], rng: np.random.Generator) -> list[float]:
    """Random moments in order, `rate` a minute on average."""
    count = rng.poisson(rate * (span_s[1] - span_s[0]) / 60)
    return np.sort(rng.uniform(*span_s, count)).tolist()
