"""What other coders found in a recording, or judged of its events: ELAN, Praat, BORIS, subtitles, tables, sessions.

A file that MEDN exported is read back with classes, action units, apex and review. In another one each label is a
movement that the coder found; its class and action units are read from its text where that names them.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from medn.contract import AU_CLAIMED_AT, AU_NAMES, EMOTIONS
from medn.data.databases.action_units import UNKNOWN as UNITS_UNKNOWN
from medn.data.databases.action_units import parse_action_units
from medn.data.databases.clip import EMOTION3, emotion_word
from realtime.export.context import ADDED
from realtime.labels import (
    DURATION,
    END,
    START,
    TEXT,
    UNKNOWN,
    Label,
    LabelError,
    chosen_labels,
    column_named,
    read_labels,
    require_file,
    rows_of,
    seconds_in,
)
from realtime.session import Coding, Status, open_session
from realtime.session.rows import coding_of_event
from realtime.types import UNCERTAIN

APEX = ("apex", "apex_s", "apex_ms")
CLASS = ("emotion", "class", "estimated emotion")
UNITS = ("aus", "action_units", "action units", "au")
STATUS = ("status", "verdict", "judgement", "judgment")
TABLES = (".csv", ".tsv", ".txt")

_OWN_TIER = re.compile(r"(face \d+(?:, overlap \d+)?) (events|phases|emotion|action units|regions|status|note)")
_BESIDE = re.compile(r"(marks|said|coded)\b.*")
"""Tiers of MEDN's own exports that hold other things than events."""
_OWN_LINE = re.compile(
    r"(?:face \d+: |micro-expression; )(?P<found>.*?)score \d\.\d\d(?:; (?P<status>confirmed|rejected))?"
    rf"(?:; {ADDED})?(?:; (?P<note>.*?))??(?:; “.*”)?"
)
"""The label of an event in subtitles and BORIS: see `realtime.export.context.label_of`."""
_OWN_SUBJECT = re.compile(r"face \d+")
_NAMED_UNITS = re.compile(r"(?:AU\s*\d|[LR]?\d+[A-E]?\s*\+).*", re.IGNORECASE | re.DOTALL)
"""A text that speaks of action units without a column or tier that says so: a lone number may be anything."""
_SILENT = re.compile(rf"micro-expression|{ADDED}")
"""Parts of MEDN's own labels that are no judgement."""


def read_codings(path: Path, tiers: Sequence[str] = ()) -> list[Coding]:
    """Read one coder's file in the order of time, of certain `tiers` (subjects, speakers) or of all.

    Labels of the same span are one coding. Raises `UserError` in one sentence: also where a file that MEDN did not
    write has several tiers and none is chosen, and where nothing is left.
    """
    if path.suffix.lower() == ".medn":
        found = _of_session(path)
    elif path.suffix.lower() in TABLES:
        require_file(path)
        found = _of_table(path)
    else:
        found = _of_labels(path, read_labels(path), tiers)
    if not found:
        raise LabelError(f"{path} holds nothing that a coder found or judged.")
    return sorted(found, key=lambda coded: (coded.onset_s, coded.offset_s))


def coding_of(text: str, onset_s: float, offset_s: float, apex_s: float | None = None) -> Coding:
    """What a label says, part by part between semicolons: class, action units, review; what remains is its text."""
    status, emotion, rest = Status.CONFIRMED, None, []
    units: list[str] = []
    for part in filter(None, map(str.strip, text.split(";"))):
        word = part.lower()
        if word in {each.value for each in Status}:
            status = Status(word)
        elif (named := class_named(word)) is not None:
            emotion = named
        elif _NAMED_UNITS.fullmatch(part) and (found := units_named(part)) is not None:
            units += found
        elif not _SILENT.fullmatch(word):
            rest.append(part)
    return Coding(onset_s, offset_s, apex_s, status, emotion, tuple(dict.fromkeys(units)) or None, "; ".join(rest))


def class_named(text: str) -> str | None:
    """The class of the three that a word of a coder stands for; None if it stands for none."""
    word = text.strip().lower().removeprefix(UNCERTAIN)
    return word if word in EMOTIONS else EMOTION3.get(emotion_word(word))


def units_named(text: str) -> tuple[str, ...] | None:
    """The certain action units in a coder's notation, such as 4+L7 or AU12; None where none can be read."""
    try:
        units = parse_action_units(text)
    except ValueError:
        return None
    return None if units is None else tuple(f"AU{unit.number}" for unit in units if unit.certain)


def _of_session(path: Path) -> list[Coding]:
    with open_session(path) as session:
        return [coding_of_event(stored, stored.status, stored.note) for stored in session.events()]


def _of_labels(path: Path, labels: Sequence[Label], tiers: Sequence[str]) -> list[Coding]:
    if not tiers and (own := [label for label in labels if _OWN_TIER.fullmatch(label.tier)]):
        return _of_own_tiers(own)
    own = [
        label for label in labels if _OWN_LINE.fullmatch(label.text.rstrip("; ")) or _OWN_SUBJECT.fullmatch(label.tier)
    ]
    if not tiers and own:
        return list(_joined(own))
    chosen = chosen_labels(path, labels, tiers)
    if not tiers:
        chosen = [label for label in chosen if not _BESIDE.fullmatch(label.tier)]
    several = {label.tier for label in chosen}
    if path.suffix.lower() in (".eaf", ".textgrid") and not tiers and len(several) > 1:
        raise LabelError(f"{path} has the tiers {', '.join(sorted(several))}; name the coder's with --tier.")
    return list(_joined(chosen))


def _of_own_tiers(labels: Sequence[Label]) -> list[Coding]:
    """The events of MEDN's own tiers: labels of the same span in the tiers of a face."""
    by_face: defaultdict[str, dict[str, list[Label]]] = defaultdict(lambda: defaultdict(list))
    for label in labels:
        if named := _OWN_TIER.fullmatch(label.tier):
            by_face[named[1]][named[2]].append(label)
    found = []
    for kinds in by_face.values():
        for event in kinds["events"]:
            said = {kind: _at(event, kinds[kind]) for kind in ("emotion", "action units", "status", "note")}
            note = said.pop("note")
            rising = (label for label in kinds["phases"] if label.text == "onset–apex")
            apex_s = next((label.end_s for label in rising if _span(label)[0] == _span(event)[0]), None)
            coded = coding_of("; ".join(said.values()), event.start_s, event.end_s, apex_s)
            found.append(replace(coded, text=note))
    return found


def _at(event: Label, labels: Sequence[Label]) -> str:
    return next((label.text for label in labels if _span(label) == _span(event)), "")


def _joined(labels: Iterable[Label]) -> Iterator[Coding]:
    """Labels of the same span and tier as one coding; a point called apex within one is its apex."""
    spans: defaultdict[tuple[str, int, int], list[Label]] = defaultdict(list)
    apexes: list[Label] = []
    for label in labels:
        if label.text.lower().startswith("apex") and label.start_s == label.end_s:
            apexes.append(label)
        else:
            spans[label.tier, *_span(label)].append(label)
    apex_of = _apexes_of([same[0] for same in spans.values()], apexes)
    for same in spans.values():
        first = same[0]
        own = next(filter(None, (_OWN_LINE.fullmatch(label.text.rstrip("; ")) for label in same)), None)
        text = own["found"] if own else "; ".join(label.text for label in same)
        coded = coding_of(text, first.start_s, first.end_s, apex_of.get(first))
        if own:
            coded = replace(coded, status=Status(own["status"] or "unreviewed"), text=own["note"] or "")
        yield coded


def _apexes_of(spans: Sequence[Label], points: Sequence[Label]) -> dict[Label, float]:
    """The apex of each span that has one: the point within it that has its modifiers, else any.

    Where spans overlap, the one with the least choice takes its point first.
    """
    inside = {}
    for span in spans:
        within = [p for p in points if p.tier == span.tier and span.start_s <= p.start_s <= span.end_s]
        same = [p for p in within if p.modifiers == span.modifiers]
        inside[span] = sorted(p.start_s for p in same or within)
    found: dict[Label, float] = {}
    taken: set[tuple[str, float]] = set()
    for span in sorted(spans, key=lambda each: (len(inside[each]), each.start_s)):
        free_s = next((at_s for at_s in inside[span] if (span.tier, at_s) not in taken), None)
        if free_s is not None:
            found[span] = free_s
            taken.add((span.tier, free_s))
    return found


def _span(label: Label) -> tuple[int, int]:
    return round(1000 * label.start_s), round(1000 * label.end_s)


def _of_table(path: Path) -> list[Coding]:
    """Rows of a table with a column for the onset: MEDN's own (events, long, BIDS), or a coder's."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [
                {(name or "").strip().lower(): "" if cell in UNKNOWN else cell for name, cell in row.items()}
                for row in rows_of(file)
            ]
        names = {name: name for name in (rows[0] if rows else ())}
        start = column_named(names, START)
        if start is None:
            raise LabelError(f"{path} needs a column for the onset: {', '.join(START)}.")
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
        if not 0 <= coded.onset_s <= coded.offset_s < float("inf"):
            raise LabelError(f"{path} has a movement from {coded.onset_s:g} to {coded.offset_s:g} s.")
    return found


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
    said = Coding(onset_s, offset_s, text=cell(("note",)))
    if "note" not in names and "decided_by" not in names:  # a coder's own words, not a note on an event
        said = coding_of(cell(TEXT), onset_s, offset_s)
    return Coding(
        onset_s,
        offset_s,
        seconds_in(row, apex) if apex and row.get(apex, "").strip() else None,
        Status(status) if status else said.status,
        class_named(cell(CLASS)) or _most_probable(row) or said.emotion,
        _coded_units(cell(UNITS)) or _probable_units(row) or said.aus,
        said.text or cell(("note", "text")),
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
    known = {name: float(row[f"emotion_{name}"]) for name in EMOTIONS if row.get(f"emotion_{name}")}
    return max(known, key=lambda name: known[name]) if known else None


def _probable_units(row: Mapping[str, str]) -> tuple[str, ...] | None:
    return tuple(name for name in AU_NAMES if float(row.get(name.lower()) or 0) >= AU_CLAIMED_AT) or None


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
