"""Tables of judgements: those that MEDN exported (events, long, BIDS), and a coder's own."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from medn.contract import AU_CLAIMED_AT, AU_NAMES, EMOTIONS
from medn.data.databases.action_units import UNKNOWN as UNITS_UNKNOWN
from realtime.codings.words import class_named, coding_of, units_named
from realtime.labels import (
    COUNTED_FROM,
    DURATION,
    END,
    START,
    TEXT,
    TIER,
    UNKNOWN,
    Label,
    LabelError,
    chosen_labels,
    column_named,
    csv_text,
    number_in,
    rows_of,
    seconds_in,
    whole_rows,
)
from realtime.session import Coding, Status
from realtime.types import MAX_TIME_S

APEX = ("apex", "apex_s", "apex_ms")
CLASS = ("emotion", "class", "estimated emotion")
UNITS = ("aus", "action_units", "action units", "au")
STATUS = ("status", "verdict", "judgement", "judgment")
TABLES = (".csv", ".tsv", ".txt")


def read_table(path: Path, tiers: Sequence[str]) -> list[Coding]:
    """Rows of a table with a column for the onset: MEDN's own (events, long, BIDS), or a coder's."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = rows_of(file)
            names = {name: name for name in ((name or "").strip().lower() for name in table.fieldnames or ())}
            rows = [
                {(name or "").strip().lower(): "" if cell in UNKNOWN else cell for name, cell in row.items()}
                for row in whole_rows(path, table)
            ]
        start = column_named(names, START)
        if start is None:
            raise LabelError(f"{path} needs a column for the onset: {', '.join(START)}.")
        if tiers:
            rows = _chosen_rows(path, rows, column_named(names, TIER), tiers)
        if {"kind", "name", "value"} <= set(names):
            rows = _widened(rows)
            names = {name: name for row in rows for name in row}
        of_events = (row for row in rows if row[start].strip() and row.get("trial_type") not in ("mark",))
        found = [_of_row(row, names, start) for row in of_events]
    except UnicodeError:
        raise LabelError(f"{path} is no UTF-8 text; save it as UTF-8.") from None
    except OSError as error:
        raise LabelError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, TypeError, csv.Error) as error:
        raise LabelError(f"{path} cannot be read as a table of judgements ({error}).") from error
    for coded in found:
        if not 0 <= coded.onset_s <= coded.offset_s <= MAX_TIME_S:
            raise LabelError(f"{path} has a movement from {coded.onset_s:g} to {coded.offset_s:g} s; {COUNTED_FROM}.")
        lasts = coded.onset_s < coded.offset_s  # else its end is not known
        first_s, last_s = (coded.onset_s, coded.offset_s) if lasts else (0.0, MAX_TIME_S)
        if coded.apex_s is not None and not first_s <= coded.apex_s <= last_s:
            raise LabelError(f"{path} has a movement from {coded.onset_s:g} s on with its apex at {coded.apex_s:g} s.")
    return found if "decided_by" in names else _merged(found)


def _merged(codings: Iterable[Coding]) -> list[Coding]:
    """A coder's rows of the same span as one movement, with the units of all."""
    found: dict[tuple[float, float], Coding] = {}
    for one in codings:
        first = found.setdefault((one.onset_s, one.offset_s), one)
        if first is not one:
            found[one.onset_s, one.offset_s] = replace(
                first,
                apex_s=one.apex_s if first.apex_s is None else first.apex_s,
                status=first.status if one.status is Status.CONFIRMED else one.status,
                emotion=first.emotion or one.emotion,
                aus=tuple(dict.fromkeys((*(first.aus or ()), *(one.aus or ())))) or None,
                text="; ".join(dict.fromkeys(filter(None, (first.text, one.text)))),
            )
    return list(found.values())


def _chosen_rows(
    path: Path, rows: Sequence[dict[str, str]], column: str | None, tiers: Sequence[str]
) -> list[dict[str, str]]:
    """The rows of certain speakers or tiers. Raises `LabelError` for one that is not there."""
    named = [(row.get(column or "", "").strip(), row) for row in rows]
    chosen_labels(path, [Label(0, 0, "", tier) for tier, _ in named], tiers)
    return [row for tier, row in named if tier in tiers]


def _of_row(row: Mapping[str, str], names: Mapping[str, str], start: str) -> Coding:
    def cell(known: Sequence[str]) -> str:
        column = column_named(names, known)
        return "" if column is None else row.get(column, "").strip()

    onset_s = seconds_in(row, start)
    offset_s = onset_s
    if cell(END):
        offset_s = seconds_in(row, column_named(names, END) or "")
    elif cell(DURATION):
        offset_s += seconds_in(row, column_named(names, DURATION) or "")
    apex = column_named(names, APEX)
    status = cell(STATUS).lower()
    if status and status not in {each.value for each in Status}:
        raise ValueError(f"the status {status} is none of {', '.join(each.value for each in Status)}")
    own = "decided_by" in names
    said = coding_of("" if own else csv_text(cell(TEXT)), onset_s, offset_s)
    note = csv_text(cell(("note", "text") if own else ("note",)))  # of an event, which BIDS calls its text
    return Coding(
        onset_s,
        offset_s,
        seconds_in(row, apex) if apex and row.get(apex, "").strip() else None,
        Status(status) if status else said.status,
        class_named(cell(CLASS)) or _most_probable(row) or said.emotion,
        _coded_units(cell(UNITS)) or _probable_units(row) or said.aus,
        "; ".join(filter(None, (said.text, note))),
        judges_event=bool(cell(("decided_by",))),
    )


def _coded_units(cell: str) -> tuple[str, ...] | None:
    if not cell or cell.lower() in UNITS_UNKNOWN:
        return None
    units = units_named(cell)
    if units is None:
        raise ValueError(f"'{cell}' holds no action units such as 12, L12, 4B or AU12")
    return units


def _most_probable(row: Mapping[str, str]) -> str | None:
    """The class of MEDN's own probabilities."""
    known = {name: number_in(row[f"emotion_{name}"]) for name in EMOTIONS if row.get(f"emotion_{name}")}
    return max(known, key=lambda name: known[name]) if known else None


def _probable_units(row: Mapping[str, str]) -> tuple[str, ...] | None:
    return tuple(name for name in AU_NAMES if number_in(row.get(name.lower()) or "0") >= AU_CLAIMED_AT) or None


def _widened(rows: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """A row for each event of the long table."""
    events: dict[tuple[str, str], dict[str, str]] = {}
    for row in rows:
        wide = events.setdefault((row.get("session", ""), row.get("event", "")), {
            name: cell for name, cell in row.items() if name not in ("kind", "name", "value", "unit")
        })  # fmt: skip
        if row["kind"] == "emotion":
            wide[f"emotion_{row['name']}"] = row["value"]
        elif row["kind"] == "action unit":
            wide[row["name"].lower()] = row["value"]
    return list(events.values())
