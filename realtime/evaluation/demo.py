"""The demo: the built-in synthetic sample, and its planted micro-expressions compared with the events found."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from numpy.typing import NDArray
from rich.table import Table

from medn.evaluation.spotting_metrics import match
from medn.synthetic.film import make_sample, sample_script
from medn.synthetic.movements import Movement
from realtime.sources import SourceError
from realtime.types import Event, action_units_of, emotion_of

SAMPLE = "medn-sample-v1.mp4"
"""Renamed whenever the sample changes, so that an old copy in the cache is not used."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Planted micro-expressions and the events that match them."""

    found: tuple[tuple[Movement, Event], ...]
    """Pairs that overlap with IoU ≥ 0.5, each planted micro-expression and each event once."""
    missed: tuple[Movement, ...]
    false_alarms: tuple[Event, ...]

    @property
    def classes_right(self) -> int:
        """Number of found micro-expressions whose recognized class is the planted one."""
        return sum(emotion_of(event) == movement.emotion for movement, event in self.found)

    def sentence(self) -> str:
        """Return the comparison in one line."""
        planted = len(self.found) + len(self.missed)
        return (
            f"{len(self.found)} of {planted} planted micro-expressions found, {len(self.missed)} missed, "
            f"false alarms: {len(self.false_alarms)} (a hit overlaps the planted one with IoU ≥ 0.5); "
            f"class right on {self.classes_right} of {len(self.found)}."
        )


def sample_video() -> Path:
    """Return the sample in the user's cache; it is rendered on first use, which takes some seconds.

    Raises `SourceError` where the cache cannot be written.
    """
    folder = platformdirs.user_cache_path("medn", appauthor=False)
    path = folder / SAMPLE
    try:
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_stem(f"{path.stem}-unfinished")
            make_sample(unfinished)
            unfinished.replace(path)
    except OSError as error:
        reason = error.strerror or error
        raise SourceError(
            f"The sample cannot be written to {folder}: {reason}. Set XDG_CACHE_HOME to a folder that can be written."
        ) from error
    return path


def compare(events: Sequence[Event]) -> Comparison:
    """Compare events found in the sample with the planted micro-expressions."""
    planted = sample_script().micro
    pairs = match(_intervals(planted), _intervals(events))
    hit, used = {true for true, _ in pairs}, {spotted for _, spotted in pairs}
    return Comparison(
        found=tuple((planted[true], events[spotted]) for true, spotted in pairs),
        missed=tuple(movement for i, movement in enumerate(planted) if i not in hit),
        false_alarms=tuple(event for i, event in enumerate(events) if i not in used),
    )


def comparison_record(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison as a JSON object of the command line."""
    return {
        "type": "comparison",
        "planted": len(comparison.found) + len(comparison.missed),
        "found": len(comparison.found),
        "classes_right": comparison.classes_right,
        "missed_onset_s": [movement.onset_s for movement in comparison.missed],
        "false_alarms_onset_s": [event.onset_s for event in comparison.false_alarms],
    }


def comparison_table(comparison: Comparison) -> Table:
    """Return planted and found micro-expressions side by side, as a table for a terminal."""
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
