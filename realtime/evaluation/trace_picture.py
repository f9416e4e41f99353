"""A picture of an evaluated video: its motion, its limit of detection, what was found, missed or falsely reported."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medn.evaluation.spotting_metrics import match
from realtime.evaluation.truth import TrueMovement
from realtime.session.frames import Frames
from realtime.types import REGION_GROUPS, Event
from realtime.viewing.limits import Limits

ROW_S = 60.0
"""Length of a row."""
HIGHEST_PCT = 6.0
"""Top of the axis: larger motion is speech or a macro-expression."""
UPPER = np.array([group in ("brows", "eyes", "cheeks") for group in REGION_GROUPS])
COLOURS = {"found": "#1b8a3b", "missed": "#b06000", "false alarm": "#c62828"}


def draw_trace(
    path: Path,
    title: str,
    seen: Frames,
    limits: Limits,
    movements: Sequence[TrueMovement],
    events: Sequence[Event],
) -> None:
    """Write a PNG of a video's frames with a face, a line of the picture for each minute. Raises OSError."""
    from matplotlib.figure import Figure

    times_s, motion = seen.time_s, seen.motion
    pairs = match(_spans(movements), _spans(events))
    marks = [
        *(("found" if i in {true for true, _ in pairs} else "missed", m.apex_s, m) for i, m in enumerate(movements)),
        *(("false alarm", e.apex_s, None) for i, e in enumerate(events) if i not in {found for _, found in pairs}),
    ]
    last_s = float(times_s[-1]) if len(times_s) else 0.0
    starts_s = np.arange(0.0, max(last_s, 1.0), ROW_S)
    figure = Figure(figsize=(15, 0.6 + 1.7 * len(starts_s)), layout="constrained")
    figure.suptitle(title, fontsize=10)
    for axis, start_s in zip(figure.subplots(len(starts_s), squeeze=False)[:, 0], starts_s, strict=True):
        for sign, part, name in ((1, UPPER, "upper"), (-1, ~UPPER, "lower")):
            axis.plot(times_s, sign * np.minimum(motion[:, part].max(axis=1), HIGHEST_PCT), lw=0.6, color="#455a64")
            limit = limits.limit_pct[:, 0 if sign > 0 else 1]
            axis.fill_between(limits.times_s, 0, sign * limit, color="#90caf9", alpha=0.6, lw=0)
            axis.fill_between(limits.times_s, 0, sign * HIGHEST_PCT, where=np.isnan(limit), color="#e0e0e0", lw=0)
            axis.text(start_s + 0.2, sign * HIGHEST_PCT * 0.85, name, fontsize=7, va="center")
        for kind, apex_s, movement in marks:
            if movement is None:
                axis.axvline(apex_s, color=COLOURS[kind], lw=1.2)
                continue
            size = movement.amplitude_pct or 0.0
            at = {"upper": [size], "lower": [-size]}.get(movement.half, [size, -size])
            axis.scatter(
                [apex_s] * len(at), at, s=34, color=COLOURS[kind], marker="o" if kind == "found" else "x", zorder=3
            )
        axis.set(xlim=(start_s, start_s + ROW_S), ylim=(-HIGHEST_PCT, HIGHEST_PCT))
        axis.set_ylabel("% iod", fontsize=7)
        axis.tick_params(labelsize=7)
    figure.supxlabel(
        "time (s). Blue: smaller movements are not found; grey: not judged. Green dot: found; brown cross: missed; "
        "red line: false alarm.",
        fontsize=8,
    )
    figure.savefig(path, dpi=110)


def _spans(found: Sequence[TrueMovement] | Sequence[Event]) -> NDArray[np.float64]:
    return np.array([(one.onset_s, one.offset_s) for one in found]).reshape(-1, 2)
