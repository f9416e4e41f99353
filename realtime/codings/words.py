"""What a coder's label says: class, action units, review; the rest is its text."""

import re

from medn.contract import EMOTIONS
from medn.data.databases.action_units import parse_action_units
from medn.data.databases.clip import EMOTION3, emotion_word
from realtime.export.context import ADDED
from realtime.session import Coding, Status
from realtime.types import UNCERTAIN

_NAMED_UNITS = re.compile(r"(?:AU\s*\d|[LR]?\d+[A-E]?\s*\+).*", re.IGNORECASE | re.DOTALL)
"""A text that speaks of action units without a column or tier that says so: a lone number may be anything."""
_SILENT = re.compile(rf"micro-expression|{ADDED}")
"""Parts of MEDN's own labels that are no judgement."""


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
