"""Agreement on marks: Cohen's κ by time unit (Bakeman, Quera & Gnisci 2009, time-unit κ without tolerance).

The recording is cut into units of `UNIT_S`. A unit belongs to a label where a mark with it covers a part of the unit; a
point covers the unit in which it lies. Labels are compared one by one, because marks may overlap.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.session import Annotation
from realtime.study.agreement import Agreement

UNIT_S = 0.1
ROUND = 1e-6
"""Units by which a time may miss the edge of one."""
ANY = "any mark"


@dataclass(frozen=True, slots=True)
class MarkAgreement:
    """On how many time units two coders agree about a label, or about whether anything is marked."""

    label: str
    units: Agreement
    """Its moments are time units."""


def mark_agreements(
    marks: Sequence[Annotation], a: str, b: str, names: tuple[str, str], length_s: float
) -> list[MarkAgreement]:
    """Compare the marks of two coders, as whose they are stored, called by `names`: of any label, then of each.

    Empty where either made none: nothing is known then of how they would have marked.
    """
    first, second = ([mark for mark in marks if mark.coder == coder] for coder in (a, b))
    if not first or not second or a == b:
        return []
    labels = sorted({mark.text for mark in (*first, *second)})
    units = max([math.ceil(length_s / UNIT_S - ROUND), *(_covered(mark)[1] for mark in (*first, *second))])
    found = []
    for label in (ANY, *labels):
        one, other = (_units([mark for mark in some if label in (ANY, mark.text)], units) for some in (first, second))
        yes_yes, only_a, only_b, no_no = (
            int(np.count_nonzero(cells)) for cells in (one & other, one & ~other, ~one & other, ~one & ~other)
        )
        found.append(MarkAgreement(label, Agreement(*names, yes_yes, only_a, only_b, no_no)))
    return found if len(labels) > 1 else found[:1]


def _units(marks: Sequence[Annotation], units: int) -> NDArray[np.bool_]:
    """Which of so many units marks cover."""
    covered = np.zeros(units, np.bool_)
    for mark in marks:
        begin, end = _covered(mark)
        covered[begin:end] = True
    return covered


def _covered(mark: Annotation) -> tuple[int, int]:
    """The first unit that a mark covers, and the one after its last."""
    begin = math.floor(mark.time_s / UNIT_S + ROUND)
    end = begin if mark.end_s is None else math.ceil(mark.end_s / UNIT_S - ROUND)
    return begin, max(end, begin + 1)
