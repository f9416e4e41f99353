"""Action units as FACS coders write them: "L12+R4", "4B", "4+L7A", "AU12", "R12 or R15", "17?", "?".

One unit is a number with, as the coder chose, a side before or behind it (L, R; none means both sides) and an intensity
from A (trace) to E (maximum) (Ekman, Friesen & Hager 2002). Coders mark doubt by "?" and leave a choice with "or".
Between units stands a sign or a blank. Full-width characters of East Asian keyboards are read as the plain ones.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Side = Literal["L", "R", "both"]
Intensity = Literal["A", "B", "C", "D", "E"]


@dataclass(frozen=True, slots=True)
class ActionUnit:
    """One coded action unit; `str` gives the notation that `parse_action_units` reads."""

    number: int
    side: Side = "both"
    """The person's own left or right where only that side moved."""
    intensity: Intensity | None = None
    """A (trace) to E (maximum); None where it was not coded."""
    certain: bool = True
    """False where the coder wrote "?", or "or" between this unit and another."""

    def __str__(self) -> str:
        side = "" if self.side == "both" else self.side
        return f"{side}{self.number}{self.intensity or ''}{'' if self.certain else '?'}"


UNKNOWN = frozenset({"", "?", "/", "-", "n/a", "na", "nan", "none", "null", "unknown"})
"""What sheets hold where no action unit was coded, in lower case."""

_SIDES: dict[str, Side] = {"": "both", "L": "L", "R": "R"}
_INTENSITIES: dict[str, Intensity | None] = {"": None, "A": "A", "B": "B", "C": "C", "D": "D", "E": "E"}
_UNIT = re.compile(r"(?:AU)?\s*([LR]?)\s*0?([1-9]\d?)\s*([A-E]?)\s*([LR]?)\s*(\?*)", re.IGNORECASE)
# a blank separates only what is a unit before it from what begins one behind it: not "AU 12", "L 12" or "4 B"
_BETWEEN_UNITS = re.compile(
    r"\s*[+,;&、]\s*|\s+and\s+|(?:(?<=[0-9A-E?])|(?<=[0-9A-E][LR]))\s+(?=AU\s*[LR]?\d|[LR]?\d)", re.IGNORECASE
)
_BETWEEN_CHOICES = re.compile(r"\s+or\s+", re.IGNORECASE)
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " "}
"""Unicode's full-width forms of the ASCII characters, and the ideographic blank."""


def half_width(text: str) -> str:
    """The text with the full-width forms of ASCII characters, as East Asian keyboards type them, made plain."""
    return text.translate(_FULL_WIDTH)


def parse_action_units(text: str) -> tuple[ActionUnit, ...] | None:
    """The units of one cell, in the order written; None if the cell states that none were coded.

    Of "12 or 14" both are given, neither certain. Raises ValueError, quoting the part that cannot be read.
    """
    text = half_width(text)
    if text.strip().lower() in UNKNOWN:
        return None
    units = []
    for part in _BETWEEN_UNITS.split(text.strip()):
        choices = _BETWEEN_CHOICES.split(part)
        units += [_unit(choice, text, certain=len(choices) == 1) for choice in choices]
    return tuple(units)


def format_action_units(units: Sequence[ActionUnit] | None) -> str:
    """The notation that `parse_action_units` reads back; "?" for None and for no units."""
    return "+".join(map(str, units)) if units else "?"


def au_labels(units: Sequence[ActionUnit] | None, names: Sequence[str]) -> NDArray[np.float32]:
    """(K,) for unit names such as "AU12": 1 coded on either side, 0 not coded, NaN unknown or in doubt."""
    if units is None:
        return np.full(len(names), np.nan, np.float32)
    doubted = {f"AU{unit.number}": np.nan for unit in units if not unit.certain}
    coded = doubted | {f"AU{unit.number}": 1.0 for unit in units if unit.certain}
    return np.array([coded.get(name, 0.0) for name in names], np.float32)


def _unit(text: str, whole: str, certain: bool) -> ActionUnit:
    read = _UNIT.fullmatch(text.strip())
    if not read or (read[1] and read[4]):
        raise ValueError(f"'{text.strip()}' in '{whole}' is no action unit such as 12, L12, 4B or AU12.")
    before, number, intensity, behind, doubt = read.groups()
    return ActionUnit(
        number=int(number),
        side=_SIDES[(before or behind).upper()],
        intensity=_INTENSITIES[intensity.upper()],
        certain=certain and not doubt,
    )
