"""Seams: at fixed times of a recording's own clock every face is begun anew, so that an analysis may also begin there.

What the pipeline knows of a face goes back to the face's first frame: where landmarks were, against which picture
motion is measured, how much the face moves anyway. A part of a recording could therefore never be analysed by itself.
So at a seam the pipeline hands over to a course that began `overlap_s` earlier and knows nothing older, as a pipeline
that began on that frame would not; parts that meet at seams are the whole, by the way it is made.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from realtime.spotting.join import SAME_IOU, Span, overlap

SETTLE_S = 3.0
"""How long the course before a seam goes on behind it, for its movements to be decided."""
NEAR_S = 0.25
"""Both courses' movements with an apex so near a seam are looked at: each may have it on another side."""


@dataclass(frozen=True, slots=True)
class Seams:
    """Where a recording's seams are: every `every_s` of its time, with courses that begin `overlap_s` before."""

    every_s: float = math.inf
    overlap_s: float = 0.0

    def __post_init__(self) -> None:
        """ValueError where a course would begin before the seam before its own is settled."""
        if not 0 <= self.overlap_s < self.every_s - SETTLE_S:
            raise ValueError(f"seams every {self.every_s:g} s cannot have an overlap of {self.overlap_s:g} s")

    def begun(self, time_s: float) -> int:
        """The number of the newest seam whose course has begun at a time; 0 before the first."""
        return math.floor((time_s + self.overlap_s) / self.every_s)

    def at_s(self, seam: int) -> float:
        """When a seam is."""
        return seam * self.every_s

    def shown_s(self, section: "Section") -> tuple[float, float]:
        """From when on and until when a section shows faces."""
        return (
            self.at_s(section.first) if section.first else -math.inf,
            math.inf if section.last is None else self.at_s(section.last),
        )

    def needed_s(self, section: "Section") -> tuple[float, float]:
        """From when on and until when its frames are needed."""
        begin_s, end_s = self.shown_s(section)
        return begin_s - self.overlap_s, end_s + SETTLE_S


NO_SEAMS = Seams()


@dataclass(frozen=True, slots=True)
class Section:
    """The part of a recording between two seams, by their numbers; a whole one has none at either end.

    It is analyzed from where the course of its first seam begins to where that of its last one is settled.
    """

    first: int = 0
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Last:
    """What a course last saw of a face."""

    place: tuple[float, float, float]
    """Time of its landmarks, and x and y of their first point in px: two courses see the same at the same time."""
    step_s: float = math.nan
    """Time of the newest step of its trace."""
    step: NDArray[np.float32] | None = None
    """(450,) that step."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a course stands on the last frame before a seam."""

    faces: Mapping[int, Last] = field(default_factory=dict)
    """By number."""
    time_s: float = -math.inf
    frame: int = -1
    """Of that frame."""
    used: int = 0
    """Numbers up to this were given to faces."""


@dataclass(frozen=True, slots=True)
class Handover:
    """How faces go on behind a seam."""

    numbers: Mapping[int, int]
    """The number that a face has from now on, by that in its own course."""
    lifts: Mapping[int, NDArray[np.float32]]
    """(450,) what makes its trace go on where that of the course before ended, by the number in its own course."""
    next_number: int
    """Of the next face."""

    def number(self, own: int) -> int:
        """The number that a face has from now on, also one that came later."""
        known = self.numbers.get(own)
        return self.next_number + own - len(self.numbers) if known is None else known

    def standing(self, own: Standing) -> Standing:
        """How its course stands, by the numbers and with the traces that faces have from now on."""
        faces = {}
        for number, last in own.faces.items():
            lift = self.lifts.get(number)
            lifted = last if lift is None or last.step is None else replace(last, step=last.step + lift)
            faces[self.number(number)] = lifted
        used = max(self.next_number, *(number + 1 for number in faces), 0)
        return replace(own, faces=faces, used=used)


def hand_over(before: Standing, after: Standing) -> Handover:
    """Recognise the faces of the course before a seam in those of the course after it, by where they were last."""
    places = {last.place: number for number, last in before.faces.items()}
    numbers, lifts, next_number = {}, {}, before.used
    for own in range(after.used):
        last = after.faces.get(own)
        known = places.pop(last.place, None) if last else None
        if known is None or last is None:
            numbers[own] = next_number
            next_number += 1
            continue
        numbers[own] = known
        old = before.faces[known]
        if last.step is not None and old.step is not None and last.step_s == old.step_s:
            lifts[own] = old.step - last.step
    return Handover(numbers, lifts, next_number)


class Found(Span, Protocol):
    """A movement of a face that was decided."""

    @property
    def face(self) -> int:
        """The face's number."""

    @property
    def accepted(self) -> bool:
        """Whether it is an event."""


def seen_twice(event: Found, before: Iterable[Found]) -> bool:
    """Whether a movement found behind a seam is one that the course before it found; a rejection stands for none."""
    return any(
        event.face == other.face and overlap(event, other) >= SAME_IOU and (other.accepted or not event.accepted)
        for other in before
    )
