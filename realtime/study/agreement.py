"""Agreement between two people who coded the same recording: Cohen's κ by event.

What is judged are moments: the events of the session, and the movements that either coder found beside them. A coder
who found a movement with IoU ≥ 0.5 there says yes to a moment, one who found none says no; a moment that a coder left
unreviewed is not counted. No instant without a moment is counted either, or κ would rest on how long the recording is.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from medn.evaluation.spotting_metrics import match
from realtime.session import Coding, Status, StoredEvent
from realtime.study import REVIEW


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of the moments that both judged: how many each said yes to."""

    coder_a: str
    coder_b: str
    both_yes: int
    only_a: int
    only_b: int
    both_no: int
    classes: tuple[tuple[str, str], ...] = ()
    """The class by each, of moments that both said yes to and gave a class."""

    @property
    def moments(self) -> int:
        """All that both judged."""
        return self.both_yes + self.only_a + self.only_b + self.both_no

    @property
    def agreement(self) -> float:
        """The share of the moments on which both say the same; NaN without any."""
        return (self.both_yes + self.both_no) / self.moments if self.moments else math.nan

    @property
    def positive_agreement(self) -> float:
        """2 both / (all that a found + all that b found): needs no moments to which both say no. NaN without any."""
        found = 2 * self.both_yes + self.only_a + self.only_b
        return 2 * self.both_yes / found if found else math.nan

    @property
    def expected(self) -> float:
        """The agreement that chance alone would bring, with each coder's own share of yes; NaN without any."""
        return expected_agreement(self._table)

    @property
    def kappa(self) -> float:
        """Cohen's κ; NaN where both say the same of everything, so that no agreement beyond chance can be seen."""
        return kappa_of_table(self._table)

    @property
    def class_kappa(self) -> float:
        """Cohen's κ of the classes."""
        return cohens_kappa(self.classes)

    @property
    def _table(self) -> dict[tuple[str, str], int]:
        counts = (self.both_yes, self.only_a, self.only_b, self.both_no)
        return dict(zip((("yes", "yes"), ("yes", "no"), ("no", "yes"), ("no", "no")), counts, strict=True))

    def plus(self, other: "Agreement") -> "Agreement":
        """The counts of two sessions by the same coders, added up."""
        return Agreement(
            self.coder_a, self.coder_b, self.both_yes + other.both_yes, self.only_a + other.only_a,
            self.only_b + other.only_b, self.both_no + other.both_no, self.classes + other.classes,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment of a session, and what two coders found there; None for one who found nothing."""

    onset_s: float
    offset_s: float
    first: Coding | None
    second: Coding | None
    event: StoredEvent | None
    """The session's event; None for a movement that a coder found beside the events."""

    @property
    def says(self) -> tuple[Status, Status]:
        """What each says: one who found nothing rejects it."""
        return _status(self.first), _status(self.second)

    @property
    def judged(self) -> bool:
        """Whether both judged it."""
        return Status.UNREVIEWED not in self.says


def cohens_kappa(pairs: Sequence[tuple[str, str]]) -> float:
    """κ of pairs of categories (Cohen 1960); NaN without pairs, or where chance alone explains all of the agreement."""
    return kappa_of_table(Counter(pairs))


def kappa_of_table(table: Mapping[tuple[str, str], int]) -> float:
    """κ of how often each pair of categories came; NaN as in `cohens_kappa`."""
    total = sum(table.values())
    chance = expected_agreement(table)
    if not total or chance >= 1:
        return math.nan
    observed = sum(count for (a, b), count in table.items() if a == b) / total
    return (observed - chance) / (1 - chance)


def expected_agreement(table: Mapping[tuple[str, str], int]) -> float:
    """The share on which two coders would agree by chance, each with their own frequencies; NaN without any."""
    total = sum(table.values())
    if not total:
        return math.nan
    first, second = Counter[str](), Counter[str]()
    for (a, b), count in table.items():
        first[a] += count
        second[b] += count
    return sum((count / total) * (second[name] / total) for name, count in first.items())


def coders_of(
    events: Sequence[StoredEvent], codings: Mapping[str, Sequence[Coding]], reviewer: str = REVIEW
) -> dict[str, list[Coding]]:
    """What each person found or judged in a session: the first reviewer, if there is one, and the other coders.

    Who has not judged anything yet, but perhaps written notes, is none of them.
    """
    reviewed = [stored for stored in events if stored.status is not Status.UNREVIEWED]
    coders: dict[str, list[Coding]] = {}
    # the class in a session is the program's, not that of a person who judged its events
    if reviewed:
        coders[reviewer] = [
            Coding(*_span(stored), stored.event.apex_s, stored.status, text=stored.note, face=stored.event.face)
            for stored in events
        ]
    others = {
        name: [one if one.face is None else replace(one, emotion=None, aus=None) for one in found]
        for name, found in codings.items()
        if any(one.status is not Status.UNREVIEWED for one in found)
    }
    return coders | others


def moments_of(
    events: Sequence[StoredEvent], coders: Mapping[str, Sequence[Coding]], a: str, b: str
) -> Iterator[Moment]:
    """The events of a session, and the movements that either of two of its coders found beside them."""
    spans = [_span(stored) for stored in events]
    (first, extra_a), (second, extra_b) = (_at_and_beside(events, coders[coder]) for coder in (a, b))
    for span, stored, one, other in zip(spans, events, first, second, strict=True):
        yield Moment(*span, one, other, stored)
    shared = dict(match(_spans(extra_a), _spans(extra_b)))
    for place, one in enumerate(extra_a):
        both = extra_b[shared[place]] if place in shared else None
        yield Moment(one.onset_s, one.offset_s, one, both, None)
    taken = set(shared.values())
    for place, one in enumerate(extra_b):
        if place not in taken:
            yield Moment(one.onset_s, one.offset_s, None, one, None)


def agree(events: Sequence[StoredEvent], coders: Mapping[str, Sequence[Coding]], a: str, b: str) -> Agreement:
    """Compare two of a session's coders."""
    return agreement_of(list(moments_of(events, coders, a, b)), a, b)


def agreement_of(moments: Sequence[Moment], a: str, b: str) -> Agreement:
    """Count what two coders say of moments."""
    known = [moment for moment in moments if moment.judged]
    says = [tuple(status is Status.CONFIRMED for status in moment.says) for moment in known]
    both = [(moment.first, moment.second) for moment, yes in zip(known, says, strict=True) if all(yes)]
    classes = ((one.emotion, other.emotion) for one, other in both if one and other and one.emotion and other.emotion)
    yes, no = True, False
    return Agreement(
        a, b, says.count((yes, yes)), says.count((yes, no)), says.count((no, yes)), says.count((no, no)), tuple(classes)
    )


def _at_and_beside(events: Sequence[StoredEvent], found: Sequence[Coding]) -> tuple[list[Coding | None], list[Coding]]:
    """What a coder says of each event, None where they found nothing, and what they found at none of the events.

    Who judged an event of the program judged exactly that; another movement is at the event that it overlaps.
    """
    moments = [_span(stored) for stored in events]
    places = defaultdict[tuple[int, float, float], list[int]](list)
    for place, stored in enumerate(events):
        places[stored.event.face, *moments[place]].append(place)
    at: dict[int, Coding] = {}
    others = []
    for one in found:
        if one.face is not None and (same := places[one.face, one.onset_s, one.offset_s]):
            at[same.pop(0)] = one
        else:
            others.append(one)
    left = [place for place in range(len(moments)) if place not in at]
    pairs = match([moments[place] for place in left], _spans(others))
    at |= {left[row]: others[column] for row, column in pairs}
    taken = {column for _, column in pairs}
    beside = [one for place, one in enumerate(others) if place not in taken and one.status is Status.CONFIRMED]
    return [at.get(place) for place in range(len(moments))], beside


def _span(stored: StoredEvent) -> tuple[float, float]:
    return stored.event.onset_s, stored.event.offset_s


def _status(one: Coding | None) -> Status:
    return Status.REJECTED if one is None else one.status


def _spans(found: Sequence[Coding]) -> list[tuple[float, float]]:
    return [(one.onset_s, one.offset_s) for one in found]
