"""A session as three tables: its events, its frames and a person's marks. CSV and Parquet hold the same ones."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from medn.model import AU_NAMES, EMOTIONS
from realtime.export.material import Material
from realtime.motion.regions import REGION_NAMES
from realtime.results import REGION_GROUPS, Event

Cell: TypeAlias = str | int | float | bool | None
TABLES = ("events", "frames", "marks")


@dataclass(frozen=True, slots=True)
class Table:
    """Columns with their types, and rows that are made while they are read."""

    columns: Mapping[str, type]
    rows: Iterable[tuple[Cell, ...]]


def tables(material: Material) -> tuple[Table, Table, Table]:
    """The tables in the order of `TABLES`; what is not known is None."""
    return (
        Table(_EVENT_COLUMNS, _event_rows(material)),
        Table(_FRAME_COLUMNS, _frame_rows(material)),
        Table(_MARK_COLUMNS, _mark_rows(material)),
    )


_EMOTIONS = {f"emotion_{name}": float for name in EMOTIONS}
_ACTION_UNITS = dict.fromkeys(AU_NAMES, float)
_REGIONS = {f"{_name.replace(' ', '_')}_pct": float for _name in REGION_NAMES}
_EVENT_COLUMNS: dict[str, type] = {
    "session": str, "source": str, "event": int, "face": int,
    "onset_s": float, "apex_s": float, "offset_s": float,
    "onset_frame": int, "apex_frame": int, "offset_frame": int,
    "duration_s": float, "frames": int,
    "score": float, **_EMOTIONS, **_ACTION_UNITS, "status": str, "note": str, **_REGIONS,
    "algorithmic_ms": float, "compute_ms": float,
}  # fmt: skip
_FRAME_COLUMNS: dict[str, type] = {
    "session": str, "frame": int, "time_s": float, "dropped": str, "face": int,
    **{f"{name}_pct": float for name in REGION_GROUPS},
    **{f"{name}_threshold_pct": float for name in REGION_GROUPS},
    "yaw_deg": float, "pitch_deg": float, "roll_deg": float, "eye_distance_px": float, "calibrated": bool,
}  # fmt: skip
_MARK_COLUMNS: dict[str, type] = {"session": str, "mark": int, "time_s": float, "end_s": float, "text": str}


def _event_rows(material: Material) -> Iterator[tuple[Cell, ...]]:
    for stored in material.events:
        event = stored.event
        yield (
            material.name, material.info.source, stored.id, event.face,
            event.onset_s, event.apex_s, event.offset_s,
            event.onset_frame, event.apex_frame, event.offset_frame,
            event.offset_s - event.onset_s, event.offset_frame - event.onset_frame + 1,
            event.score, *_probabilities(event), stored.status.value, stored.note,
            *(event.regions.get(name) for name in REGION_NAMES),
            event.algorithmic_ms, event.compute_ms,
        )  # fmt: skip


def _probabilities(event: Event) -> Iterator[float | None]:
    emotion, aus = event.emotion or {}, event.aus or {}
    yield from (emotion.get(name) for name in EMOTIONS)
    yield from (aus.get(name) for name in AU_NAMES)


def _frame_rows(material: Material) -> Iterator[tuple[Cell, ...]]:
    no_face = (None,) * (len(_FRAME_COLUMNS) - 4)
    for row in material.session.frames():
        head = (material.name, row.frame, row.time_s, row.dropped.value if row.dropped else None)
        if row.face is None:
            yield (*head, *no_face)
        else:
            pose = (*row.yaw_pitch_roll_deg, row.eye_distance_px, row.calibrated)
            yield (*head, row.face, *row.motion, *row.threshold, *pose)


def _mark_rows(material: Material) -> Iterator[tuple[Cell, ...]]:
    for mark in material.session.annotations():
        yield (material.name, mark.id, mark.time_s, mark.end_s, mark.text)
