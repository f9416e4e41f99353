"""Traces of faces, drawn instead of filmed, and sessions with them."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import repeat
from pathlib import Path

import numpy as np

from realtime.session import SessionInfo, SessionWriter
from realtime.spotting.grid import Steps
from realtime.spotting.patterns import shipped_patterns
from realtime.spotting.responses import GRID_HZ
from realtime.training.trace_peaks import INPUTS, find_peaks
from realtime.types import Analysis, Event, FaceReading, Frame

PICTURE = np.zeros((2, 2, 3), np.uint8)


def restless_face(seconds: float, seed: int) -> Steps:
    """A face that makes a small movement about every 0.7 s, beside the noise of measuring."""
    rng, patterns = np.random.default_rng(seed), shipped_patterns()
    count = round(seconds * GRID_HZ)
    values = rng.normal(0, 0.12, (count, 450))
    t = np.arange(count) / GRID_HZ
    at_s = 0.3
    while at_s < seconds:
        length_s, size_pct = rng.uniform(0.2, 0.5), rng.uniform(0.2, 1.2)
        course = np.where(np.abs(t - at_s) < length_s / 2, np.cos(np.pi * (t - at_s) / length_s) ** 2, 0)
        values[:, patterns.channels] += size_pct * course[:, None] * patterns.patterns[rng.integers(43)]
        at_s += rng.uniform(0.3, 1.1)
    return Steps(1 / GRID_HZ, values.astype(np.float32))


def movements_of(trace: Steps) -> list[Event]:
    """A trace's peaks as the pipeline would store them, two of them reported, and one that was too long."""
    peaks, _ = find_peaks(trace)
    found = []
    for number, ((onset_s, offset_s), inputs) in enumerate(zip(peaks.spans_s.tolist(), peaks.inputs, strict=True)):
        apex_s = (onset_s + offset_s) / 2
        frames = [round(30 * at_s) for at_s in (onset_s, apex_s, offset_s)]
        evidence = {f"peak_{name}": float(value) for name, value in zip(INPUTS, inputs, strict=True)} | {"micro": 0.5}
        score, reason = (0.7, "") if number in (1, 4) else (0.2, "score 0.20")
        event = Event(0, onset_s, apex_s, offset_s, *frames, score, {"brows": 1.0}, evidence, 900.0, 1.0, reason)
        found.append(replace(event, accepted=not reason))
    long = replace(found[0], offset_s=found[0].onset_s + 1, score=0.0, reason="macro-expression: it lasts 1.00 s")
    return [*found, long]


def readings_of(trace: Steps, sizes: Iterator[int]) -> Iterator[tuple[Analysis, Frame]]:
    """The trace in parts of so many steps, a frame each."""
    start = 0
    while start < len(trace):
        size = next(sizes)
        steps, start = trace.part(start, start + size), start + size
        time_s = steps.end_s - 0.4 / GRID_HZ
        face = FaceReading(
            0, np.zeros((478, 3), np.float32), np.zeros(6, np.float32), np.ones(6, np.float32), (0, 0, 0), 60, True,
            trace=steps,
        )  # fmt: skip
        yield Analysis(0, time_s, (face,)), Frame(round(time_s * 1000), time_s, PICTURE)


def write_trace(path: Path, trace: Steps, movements: list[Event], sizes: Iterator[int] | None = None) -> Path:
    """A session of a trace, a step a frame unless `sizes` are given, with events and candidates."""
    with SessionWriter(path, SessionInfo(source="a")) as session:
        for analysis, frame in readings_of(trace, sizes or repeat(1)):
            session.on_analysis(analysis, frame)
        events = tuple(one for one in movements if one.accepted)
        candidates = tuple(one for one in movements if not one.accepted)
        session.on_analysis(Analysis(0, trace.end_s, (), events, candidates), None)
    return path
