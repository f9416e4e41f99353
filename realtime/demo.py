"""The demo: the built-in sample, whose planted micro-expressions are known, analysed and held against the truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from numpy.typing import NDArray
from rich.table import Table

from medn.data.film import make_sample, sample_script
from medn.data.movements import Movement
from medn.evaluation.spotting_metrics import match
from realtime.results import Event, action_units_of, emotion_of

SAMPLE = "medn-sample-v1.mp4"
"""Named anew whenever the sample changes, so that an old copy is not used."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Planted micro-expressions and the events that were found for them."""

    found: tuple[tuple[Movement, Event], ...]
    """Pairs that overlap with IoU ≥ 0.5, each planted movement and each event once."""
    missed: tuple[Movement, ...]
    false_alarms: tuple[Event, ...]

    @property
    def classes_right(self) -> int:
        """How many of those found were given the class that was planted."""
        return sum(emotion_of(event) == movement.emotion for movement, event in self.found)

    def sentence(self) -> str:
        """The comparison in one line."""
        planted = len(self.found) + len(self.missed)
        return (
            f"{len(self.found)} of {planted} planted micro-expressions found, {len(self.missed)} missed, "
            f"false alarms: {len(self.false_alarms)} (a hit overlaps the planted one with IoU ≥ 0.5); "
            f"class right on {self.classes_right} of {len(self.found)}."
        )


def sample_video() -> Path:
    """The sample in the user's cache, made on first use (some seconds)."""
    path = platformdirs.user_cache_path("medn", appauthor=False, ensure_exists=True) / SAMPLE
    if not path.exists():
        unfinished = path.with_stem(f"{path.stem}-unfinished")
        make_sample(unfinished)
        unfinished.replace(path)
    return path


def compare(events: Sequence[Event]) -> Comparison:
    """Hold events found in the sample against what was planted there."""
    planted = sample_script().micro
    pairs = match(_intervals(planted), _intervals(events))
    hit, used = {true for true, _ in pairs}, {spotted for _, spotted in pairs}
    return Comparison(
        found=tuple((planted[true], events[spotted]) for true, spotted in pairs),
        missed=tuple(movement for i, movement in enumerate(planted) if i not in hit),
        false_alarms=tuple(event for i, event in enumerate(events) if i not in used),
    )


def comparison_record(comparison: Comparison) -> dict[str, Any]:
    """The comparison as a JSON object of the command line."""
    return {
        "type": "comparison",
        "planted": len(comparison.found) + len(comparison.missed),
        "found": len(comparison.found),
        "classes_right": comparison.classes_right,
        "missed_onset_s": [movement.onset_s for movement in comparison.missed],
        "false_alarms_onset_s": [event.onset_s for event in comparison.false_alarms],
    }


def comparison_table(comparison: Comparison) -> Table:
    """Planted and found side by side, for a terminal."""
    table = Table(title="Planted and found", title_justify="left", header_style="bold")
    for heading in ("planted, s", "class", "units", "% iod", "found, s", "class", "units"):
        table.add_column(heading, justify="right" if heading.endswith(("s", "iod")) and heading != "units" else "left")
    rows = [*comparison.found, *((movement, None) for movement in comparison.missed)]
    for movement, event in sorted(rows, key=lambda row: row[0].onset_s):
        table.add_row(
            f"{movement.onset_s:.1f}–{movement.offset_s:.1f}",
            movement.emotion,
            " ".join(movement.aus),
            f"{100 * movement.amplitude_iod:.1f}",
            f"{event.onset_s:.1f}–{event.offset_s:.1f}" if event else "missed",
            emotion_of(event) if event else "",
            " ".join(action_units_of(event)) if event else "",
        )
    for event in comparison.false_alarms:
        found = f"{event.onset_s:.1f}–{event.offset_s:.1f}"
        table.add_row("nothing", "", "", "", found, emotion_of(event), " ".join(action_units_of(event)))
    return table


def _intervals(movements: Sequence[Movement] | Sequence[Event]) -> NDArray[np.float64]:
    return np.array([(movement.onset_s, movement.offset_s) for movement in movements], np.float64).reshape(-1, 2)
