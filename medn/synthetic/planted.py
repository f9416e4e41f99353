"""Plans of long videos in which every movement is known: micro-expressions among all else that a face does.

Synthetic throughout: the timing is that of real micro-expressions, the rates of the rest those of people who watch and
talk. `medn.synthetic.film` turns a plan into a video.
"""

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

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
)  # fmt: skip

CALIBRATION_S = 3.0
"""No micro-expression begins earlier: a spotter may learn the face at rest first."""
MICRO_RATE = (0.4, 4.0)
"""Micro-expressions a minute, minimum and maximum, where no rate is given."""
MAX_MICRO = 40.0
"""A minute holds no more of them, with rest between."""
TRUTH_HEADER = ("video", "onset_s", "apex_s", "offset_s", "emotion", "aus", "amplitude_percent_iod", "side", "context")
MOVEMENTS_HEADER = (
    "video", "kind", "onset_s", "apex_s", "offset_s", "emotion", "aus", "side", "amplitude_percent_iod", "disturbed",
    "context",
)  # fmt: skip


@dataclass(frozen=True)
class Rates:
    """How often things happen, a minute."""

    micro: float = 3.0
    blink: float = 15.0
    gaze: float = 19.0
    macro: float = 3.2
    speech: float = 1.2
    head: float = 3.3
    swallow: float = 1.0
    light: float = 1.0


@dataclass(frozen=True)
class Camera:
    """How the scene is taken."""

    iod_px: float = 110.0
    """At 720 lines; other sizes in proportion."""
    eyes: tuple[float, float] = (0.5, 0.42)
    """Where the point between the eyes is, in parts of the picture's width and height."""
    noise: float = 2.0
    """Standard deviation of the sensor's noise, in levels of 255."""
    exposure: float = 0.4
    """Part of the frame interval for which the shutter is open."""
    kbit_s: float = 2000.0
    """Of H.264 at 1280×720 and 30 frames a second; other sizes and rates in proportion to their pixels."""
    jitter: float = 0.05
    """Standard deviation of a frame's time, in frame intervals."""
    dropped: float = 0.003
    """Part of the frames that never arrive."""
    glasses: bool = False
    size_px: tuple[int, int] = (1280, 720)
    """Width and height, both even."""
    fps: float = 30.0
    codec: Literal["h264", "vp8"] = "h264"
    frozen: float = 0.0
    """Stretches of 0.1–0.4 s a minute in which no frame arrives."""


@dataclass(frozen=True)
class Script:
    """All that happens in one video, in order of time."""

    seed: int
    duration_s: float
    movements: tuple[Movement, ...]
    sway: tuple[tuple[str, float, float, float], ...]
    """Slow motion of the head as sines: axis (`HEAD_AXES`), amplitude (iod, degrees), frequency in Hz, phase."""
    camera: Camera = Camera()

    @property
    def micro(self) -> tuple[Movement, ...]:
        """The micro-expressions: what a spotter should find, and nothing else."""
        return tuple(movement for movement in self.movements if movement.kind == "micro")


def plan(
    seed: int,
    duration_s: float,
    rates: Rates | None = None,
    amplitude_iod: tuple[float, float] = (0.006, 0.035),
    camera: Camera | None = None,
    micro_rate: tuple[float, float] = MICRO_RATE,
) -> Script:
    """A script drawn from a seed.

    Without `rates`, micro-expressions a minute between the two of `micro_rate`, 10–20 blinks, and the rest as in
    `Rates`; without `camera`, one as webcams are. Raises ValueError if the video is too short to hold anything, or
    `micro_rate` cannot be.
    """
    if duration_s < CALIBRATION_S + 2:
        raise ValueError(f"a planted video lasts at least {CALIBRATION_S + 2:.0f} s, not {duration_s:g} s")
    if not 0 <= micro_rate[0] <= micro_rate[1] <= MAX_MICRO:
        asked = f"micro-expressions a minute from {micro_rate[0]:g} to {micro_rate[1]:g}"
        raise ValueError(f"{asked}: give the fewest and the most, between 0 and {MAX_MICRO:g}")
    rng = np.random.default_rng(seed)
    rates = rates or Rates(micro=float(rng.uniform(*micro_rate)), blink=float(rng.uniform(10, 20)))
    taken: list[Movement] = []
    # rate, earliest, gap kept to what is there already, how often that gap is ignored: those placed first find room
    for rate, from_s, gap_s, ignored, make in (
        (rates.micro, CALIBRATION_S, 0.5, 0.0, lambda at: micro(at, rng, amplitude_iod)),
        (rates.macro, 0.5, 0.4, 0.05, lambda at: macro(at, rng)),
        (rates.speech, 0.5, 0.4, 0.05, lambda at: speech(at, rng)),
        (rates.head, 0.5, 0.2, 0.1, lambda at: head_move(at, rng)),
        (rates.swallow, 0.5, 0.3, 0.1, lambda at: swallow(at, rng)),
        (rates.blink, 0.5, 0.1, 0.15, lambda at: blink(at, rng)),
    ):
        for _ in range(_count(rate, duration_s, rng)):
            taken += _fit_in(taken, make, gap_s, ignored, (from_s, duration_s - 0.3), rng)
    lights = [light_change(at, rng) for at in _moments(rates.light, duration_s, rng)]
    looks = _moments(rates.gaze, duration_s, rng)
    gazes = [
        gaze(at, min(until, at + float(rng.uniform(0.3, 4.0))), rng)
        for at, until in zip(looks, [*looks[1:], duration_s], strict=True)
        if until - at > 0.2
    ]
    disturbing = [m for m in taken if m.kind in ("blink", "macro", "speech", "head")]
    movements = [
        replace(m, disturbed=any(_meet(m, other, 0.05) for other in disturbing)) if m.kind == "micro" else m
        for m in (*taken, *lights, *gazes)
    ]
    ordered = tuple(sorted(movements, key=lambda m: m.onset_s))
    return Script(seed, duration_s, ordered, sway(rng), camera or _webcam(rng))


def refuse_others(folder: Path, stems: Iterable[str]) -> None:
    """Raise ValueError where `truth.csv` in a folder is of other videos than these: it would be lost with the new one.

    `stems` are the videos' names without their ending.
    """
    path = folder / "truth.csv"
    if not path.is_file():
        return
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as lines:
        listed = [row.get("video") or "other videos" for row in csv.DictReader(lines)]
    made = set(stems)
    others = [video for video in listed if Path(video).stem not in made]
    if others:
        raise ValueError(f"{path} has the truth of {others[0]}, which would be lost; give another folder.")


def write_truth(scripts: Mapping[str, Script], folder: Path) -> None:
    """`truth.csv` (micro-expressions only) and `movements.csv` (everything planted) of videos by file name."""
    _write(
        folder / "truth.csv",
        TRUTH_HEADER,
        (
            (name, *_times(m), m.emotion, "+".join(m.aus), f"{100 * m.amplitude_iod:.2f}", m.side, m.context)
            for name, script in scripts.items()
            for m in script.micro
        ),
    )
    _write(
        folder / "movements.csv",
        MOVEMENTS_HEADER,
        (
            (
                name,
                m.kind,
                *_times(m),
                m.emotion,
                "+".join(m.aus),
                m.side,
                f"{100 * m.amplitude_iod:.2f}",
                m.disturbed,
                m.context,
            )
            for name, script in scripts.items()
            for m in script.movements
        ),
    )


def sway(rng: np.random.Generator) -> tuple[tuple[str, float, float, float], ...]:
    """Breathing, posture and tremor."""
    sines = [
        ("y", rng.uniform(0.003, 0.015), rng.uniform(0.2, 0.35)),
        ("pitch_deg", rng.uniform(0.05, 0.25), rng.uniform(0.2, 0.35)),
    ]
    for axis, size in (("x", 0.05), ("y", 0.03), ("roll_deg", 1.2), ("yaw_deg", 2.5), ("pitch_deg", 1.5)):
        sines += [(axis, size * rng.uniform(0.2, 1.0), rng.uniform(0.01, 0.1)) for _ in range(2)]
        sines += [(axis, 0.02 * size * rng.uniform(0.2, 1.0), rng.uniform(0.8, 3.0)) for _ in range(2)]
    sines += [("log_scale", rng.uniform(0.002, 0.015), rng.uniform(0.01, 0.1))]
    return tuple((axis, float(size), float(hz), float(rng.uniform(0, 2 * np.pi))) for axis, size, hz in sines)


def _fit_in(
    taken: list[Movement],
    make: Callable[[float], Movement],
    gap_s: float,
    ignored: float,
    span_s: tuple[float, float],
    rng: np.random.Generator,
) -> list[Movement]:
    """One more movement where there is room for it, or none if there is none."""
    for _ in range(60):
        movement = make(float(rng.uniform(*span_s)))
        if movement.offset_s > span_s[1]:
            continue
        meets = [other for other in taken if _meet(movement, other, gap_s)]
        alike = any(other.kind == movement.kind for other in meets)
        if not meets or (not alike and rng.random() < ignored):
            return [movement]
    return []


def _meet(one: Movement, other: Movement, gap_s: float) -> bool:
    return one.onset_s < other.offset_s + gap_s and other.onset_s < one.offset_s + gap_s


def _count(rate: float, duration_s: float, rng: np.random.Generator) -> int:
    return int(rate * duration_s / 60 + rng.random())


def _moments(rate: float, duration_s: float, rng: np.random.Generator) -> list[float]:
    return np.sort(rng.uniform(0.3, duration_s - 0.5, _count(rate, duration_s, rng))).tolist()


def _webcam(rng: np.random.Generator) -> Camera:
    return Camera(
        iod_px=float(rng.uniform(90, 160)),
        eyes=(float(rng.uniform(0.42, 0.58)), float(rng.uniform(0.36, 0.46))),
        noise=float(rng.uniform(0.8, 3.0)),
        exposure=float(rng.uniform(0.2, 0.8)),
        kbit_s=float(rng.uniform(1000, 3000)),
        jitter=float(rng.uniform(0.0, 0.1)),
        dropped=float(rng.choice([0.0, 0.003, 0.01])),
        glasses=bool(rng.random() < 0.2),
    )


def _times(movement: Movement) -> tuple[str, str, str]:
    return f"{movement.onset_s:.3f}", f"{movement.apex_s:.3f}", f"{movement.offset_s:.3f}"


def _write(file: Path, header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    with file.open("w", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(header)
        writer.writerows(rows)
