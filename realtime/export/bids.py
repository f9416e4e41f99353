"""BIDS events: a tab-separated table with a row for each event and mark, and a JSON file that describes its columns.

After the Brain Imaging Data Structure's task events: `onset` and `duration` in s, `trial_type`, "n/a" where unknown.
A session named by BIDS entities, such as sub-01_task-interview, gives files that a BIDS data set takes as they are.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from realtime.export.context import ExportContext, one_line
from realtime.export.made_by import made_by
from realtime.session import Status
from realtime.types import action_units_of, emotion_of

DECIMALS = 6
"""Times to the microsecond."""
UNKNOWN = "n/a"
EVENT, MARK = "micro-expression", "mark"

Row: TypeAlias = Mapping[str, str | int | float | None]

COLUMNS: Mapping[str, Mapping[str, Any]] = {
    "onset": {"Description": "Begin of the event, from the start of the recording", "Units": "s"},
    "duration": {"Description": "From the event's onset to its offset; 0 for a mark at a point in time", "Units": "s"},
    "trial_type": {
        "Description": "What the row is",
        "Levels": {EVENT: "A brief movement that the program or a coder found", MARK: "A person's mark"},
    },
    "apex": {"Description": "Peak of the movement, from the start of the recording", "Units": "s"},
    "event": {"Description": "Number of the event or the mark in the session"},
    "face": {"Description": "Number of the face in the recording, from 0"},
    "score": {"Description": "How likely a micro-expression, 0 to 1"},
    "emotion": {"Description": "The most probable of negative, positive and surprise; n/a where no recognizer ran"},
    "action_units": {"Description": "Facial action units (FACS) taken as present, joined by +"},
    "status": {
        "Description": "A person's review of the event",
        "Levels": {
            Status.UNREVIEWED.value: "Nobody looked at it",
            Status.CONFIRMED.value: "Taken as right",
            Status.REJECTED.value: "Taken as wrong",
        },
    },
    "decided_by": {
        "Description": "Who made it an event",
        "Levels": {"program": "The program", "coder": "A person: the program had rejected it"},
    },
    "text": {"Description": "The person's note on the event, or the text of the mark"},
    "said": {"Description": "What was said during the event"},
    "second_score": {
        "Description": "Score of a second pass that learned this recording, 0 to 1; n/a where none was made"
    },
}


def write_bids(context: ExportContext, table: Path, description: Path) -> None:
    """Write the table in the order of time, and its description with what made it."""
    rows = sorted((*_events(context), *_marks(context)), key=lambda row: (row["onset"], row["duration"]))
    lines = ["\t".join(COLUMNS), *("\t".join(_cell(row.get(name)) for name in COLUMNS) for row in rows)]
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    described = {**COLUMNS, "MEDN": made_by(context, "BIDS events")}
    description.write_text(json.dumps(described, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _events(context: ExportContext) -> Iterator[Row]:
    for stored in context.events:
        event = stored.event
        yield {
            "onset": event.onset_s,
            "duration": event.offset_s - event.onset_s,
            "trial_type": EVENT,
            "apex": event.apex_s,
            "event": stored.id,
            "face": event.face,
            "score": event.score,
            "emotion": emotion_of(event),
            "action_units": "+".join(action_units_of(event)),
            "status": stored.status.value,
            "decided_by": "coder" if stored.promoted else "program",
            "text": stored.note,
            "said": context.said_at(event),
            "second_score": stored.second_score,
        }


def _marks(context: ExportContext) -> Iterator[Row]:
    for mark in context.session.annotations():
        duration_s = 0.0 if mark.end_s is None else mark.end_s - mark.time_s
        yield {
            "onset": mark.time_s, "duration": duration_s, "trial_type": MARK, "event": mark.id, "text": mark.text,
        }  # fmt: skip


def _cell(value: str | int | float | None) -> str:
    if isinstance(value, float):
        return f"{value:.{DECIMALS}f}"
    text = UNKNOWN if value is None else one_line(str(value)) or UNKNOWN
    doubled = text.replace('"', '""')
    return f'"{doubled}"' if text.startswith('"') else text  # else readers look for its end in later rows
