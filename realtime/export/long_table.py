"""Long CSV for R: a row for each value of each event (tidy data), NA where there is none.

`kind` is emotion, action unit or region, `name` which of them, and `value` its probability or, for a region, its peak
displacement in % of the eye distance. What belongs to the whole event is repeated on each of its rows.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from medn.contract import AU_NAMES, EMOTIONS
from realtime.export.context import ExportContext
from realtime.export.tables import Cell, csv_cell
from realtime.motion.regions import REGION_NAMES
from realtime.types import Event

COLUMNS = (
    "session", "source", "face", "event", "onset_s", "apex_s", "offset_s", "duration_s", "score", "status",
    "decided_by", "partial", "kind", "name", "value", "unit", "second_score",
)  # fmt: skip
MISSING = "NA"


def write_long(context: ExportContext, path: Path) -> None:
    """Write every emotion, action unit and region of every event."""
    with path.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(COLUMNS)
        for stored in context.events:
            event = stored.event
            head = (
                context.name, context.info.source, event.face, stored.id, event.onset_s, event.apex_s, event.offset_s,
                event.offset_s - event.onset_s, event.score, stored.status.value,
                "coder" if stored.promoted else "program", context.info.partial or None,
            )  # fmt: skip
            lines.writerows([_cell(cell) for cell in (*head, *value, stored.second_score)] for value in _values(event))


def _values(event: Event) -> Iterator[tuple[Cell, ...]]:
    emotion, aus = event.emotion or {}, event.aus or {}
    yield from (("emotion", name, emotion.get(name), "probability") for name in EMOTIONS)
    yield from (("action unit", name, aus.get(name), "probability") for name in AU_NAMES)
    yield from (("region", name, event.regions.get(name), "% of the eye distance") for name in REGION_NAMES)


def _cell(cell: Cell) -> Cell:
    written = csv_cell(cell)
    return MISSING if written is None else written
