"""A session as four tables: its events, its frames, the person's marks, and what could be judged; as CSV or Parquet.

The column `partial` says in each row why a session holds only a part of its recording; it is empty for a whole one.

CSV: comma-separated UTF-8 with a header line; missing values are empty. Text is on one line, without control
characters, and has an apostrophe before what a spreadsheet would run as a formula. Parquet: text as it is, typed
columns at full precision, and the session's parameters and versions in the file's metadata.
"""

import csv
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TypeAlias

from medn.contract import AU_NAMES, EMOTIONS
from medn.extras import way_to
from realtime.export.context import ExportContext, ExportError
from realtime.export.made_by import made_by
from realtime.labels import FORMULA_SIGNS
from realtime.motion.regions import REGION_NAMES
from realtime.types import FACE_PARTS, REGION_GROUPS, Event

Cell: TypeAlias = str | int | float | bool | None
TABLES = ("events", "frames", "marks", "judged")
CSV_DECIMALS = 6
"""Times to the microsecond."""
ROWS_PER_WRITE = 50_000
"""Rows that Parquet writes at a time, so that hours of frames need not fit in memory."""


@dataclass(frozen=True, slots=True)
class Table:
    """Columns with their types, and rows that are generated while they are read."""

    columns: Mapping[str, type]
    rows: Iterable[tuple[Cell, ...]]


def write_csv(context: ExportContext, *paths: Path) -> None:
    """Write each table to its own file."""
    for table, path in zip(tables(context), paths, strict=True):
        write_csv_table(table, path)


def write_parquet(context: ExportContext, *paths: Path) -> None:
    """Write each table to its own file. The session's properties are JSON under the metadata key `medn`.

    Raises `ExportError` if pyarrow is not installed.
    """
    try:
        import pyarrow  # noqa: F401
    except ModuleNotFoundError:
        raise ExportError(f"Parquet needs the package pyarrow: {way_to('export')}.") from None
    properties = made_by(context, "Parquet")
    for name, table, path in zip(TABLES, tables(context), paths, strict=True):
        write_parquet_table(table, path, json.dumps({**properties, "table": name}))


def write_csv_table(table: Table, path: Path) -> None:
    """Write a table as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(table.columns)
        lines.writerows([csv_cell(cell) for cell in row] for row in table.rows)


def write_parquet_table(table: Table, path: Path, properties: str) -> None:
    """Write a table as Parquet, with `properties` under the metadata key `medn`. Needs pyarrow."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    types = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    fields = [(name, types[column_type]) for name, column_type in table.columns.items()]
    schema = pa.schema(fields, metadata={"medn": properties})
    rows = iter(table.rows)
    with ParquetWriter(path, schema) as file:
        while batch := list(islice(rows, ROWS_PER_WRITE)):
            columns = zip(*batch, strict=True)
            arrays = [pa.array(column, kind) for column, (_, kind) in zip(columns, fields, strict=True)]
            file.write_table(pa.Table.from_arrays(arrays, schema=schema))


def tables(context: ExportContext) -> tuple[Table, ...]:
    """Return the tables in the order of `TABLES`; missing values are None."""
    return (
        Table(_EVENT_COLUMNS, _event_rows(context)),
        Table(_FRAME_COLUMNS, _frame_rows(context)),
        Table(_MARK_COLUMNS, _mark_rows(context)),
        Table(_JUDGED_COLUMNS, _judged_rows(context)),
    )


_FORMULA = re.compile(rf"(^|;)(\s*)(?=[{FORMULA_SIGNS}])")
"""Also after a semicolon, which is where spreadsheets of many languages end a cell."""


def csv_cell(cell: Cell) -> Cell:
    """A cell as it is written into a CSV file."""
    match cell:
        case str():
            shown = "".join(character if character.isprintable() else " " for character in cell)
            return _FORMULA.sub(r"\1\2'", shown)
        case bool():
            return int(cell)
        case float():
            return round(cell, CSV_DECIMALS) if math.isfinite(cell) else None
        case _:
            return cell


_EMOTIONS = {f"emotion_{name}": float for name in EMOTIONS}
_ACTION_UNITS = dict.fromkeys(AU_NAMES, float)
_REGIONS = {f"{_name.replace(' ', '_')}_pct": float for _name in REGION_NAMES}
_EVENT_COLUMNS: dict[str, type] = {
    "session": str, "source": str, "event": int, "face": int,
    "onset_s": float, "apex_s": float, "offset_s": float,
    "onset_frame": int, "apex_frame": int, "offset_frame": int,
    "duration_s": float, "frames": int,
    "score": float, **_EMOTIONS, **_ACTION_UNITS, "status": str, "note": str, **_REGIONS,
    "algorithmic_ms": float, "compute_ms": float, "partial": str, "first_frame_utc": str, "said": str,
    "decided_by": str, "second_score": float,
}  # fmt: skip
_FRAME_COLUMNS: dict[str, type] = {
    "session": str, "frame": int, "time_s": float, "dropped": str, "face": int,
    **{f"{name}_pct": float for name in REGION_GROUPS},
    **{f"{name}_threshold_pct": float for name in REGION_GROUPS},
    "yaw_deg": float, "pitch_deg": float, "roll_deg": float, "eye_distance_px": float, "calibrated": bool,
    **{f"{part}_limit_pct": float for part in FACE_PARTS},
    "partial": str, "eyes_x_px": float, "eyes_y_px": float,
}  # fmt: skip
_MARK_COLUMNS: dict[str, type] = {
    "session": str,
    "mark": int,
    "time_s": float,
    "end_s": float,
    "text": str,
    "partial": str,
}
_JUDGED_COLUMNS: dict[str, type] = {
    "session": str, "what": str, "seconds": float, "share": float, "median_limit_pct": float, "partial": str,
}  # fmt: skip


def _event_rows(context: ExportContext) -> Iterator[tuple[Cell, ...]]:
    # the time of day at time 0 of a camera's session, so that first_frame_utc + apex_s is an event's
    first_frame_utc = context.info.first_frame_utc
    for stored in context.events:
        event = stored.event
        yield (
            context.name, context.info.source, stored.id, event.face,
            event.onset_s, event.apex_s, event.offset_s,
            event.onset_frame, event.apex_frame, event.offset_frame,
            event.offset_s - event.onset_s, event.offset_frame - event.onset_frame + 1,
            event.score, *_probabilities(event), stored.status.value, stored.note,
            *(event.regions.get(name) for name in REGION_NAMES),
            event.algorithmic_ms, event.compute_ms, context.info.partial, first_frame_utc,
            context.said_at(event) or None, "coder" if stored.promoted else "program", stored.second_score,
        )  # fmt: skip


def _probabilities(event: Event) -> Iterator[float | None]:
    emotion, aus = event.emotion or {}, event.aus or {}
    yield from (emotion.get(name) for name in EMOTIONS)
    yield from (aus.get(name) for name in AU_NAMES)


def _frame_rows(context: ExportContext) -> Iterator[tuple[Cell, ...]]:
    no_face = (None,) * (len(_FRAME_COLUMNS) - 7)
    partial = context.info.partial
    for row in chain.from_iterable(block.rows() for block in context.frame_blocks()):
        head = (context.name, row.frame, row.time_s, row.dropped.value if row.dropped else None)
        if row.face is None:
            yield (*head, *no_face, partial, None, None)
        else:
            pose = (*row.yaw_pitch_roll_deg, row.eye_distance_px, row.calibrated, *row.limit_pct)
            yield (*head, row.face, *row.motion, *row.threshold, *pose, partial, *(row.eyes_px or (None, None)))


def _mark_rows(context: ExportContext) -> Iterator[tuple[Cell, ...]]:
    for mark in context.session.annotations():
        yield (context.name, mark.id, mark.time_s, mark.end_s, mark.text, context.info.partial)


def _judged_rows(context: ExportContext) -> Iterator[tuple[Cell, ...]]:
    info = context.info
    for part, limit in (info.limit or {}).items():
        values = (limit["judged_share"], limit["median_pct"])
        yield (context.name, f"{part} face judged", None, *values, info.partial)
    duration_s = (info.summary or {}).get("duration_s")
    for hindrance, seconds in info.hindered_s.items():
        share = min(seconds / duration_s, 1.0) if isinstance(duration_s, (int, float)) and duration_s > 0 else None
        yield (context.name, hindrance, seconds, share, None, info.partial)
