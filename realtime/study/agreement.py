"""Agreement between two people who coded the same recording: Cohen's κ by event.

What is judged are moments: the events of the session, and the movements that either coder found beside them. A coder
who found a movement with IoU ≥ 0.5 there says yes to a moment, one who found none says no; a moment that a coder left
unreviewed is not counted. No instant without a moment is counted either, or κ would rest on how long the recording is.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
    def kappa(self) -> float:
        """Cohen's κ; NaN where both say the same of everything, so that no agreement beyond chance can be seen."""
        yes_no = [("yes", "yes")] * self.both_yes + [("yes", "no")] * self.only_a
        yes_no += [("no", "yes")] * self.only_b + [("no", "no")] * self.both_no
        return cohens_kappa(yes_no)

    @property
    def class_kappa(self) -> float:
        """Cohen's κ of the classes."""
        return cohens_kappa(self.classes)

    def plus(self, other: "Agreement") -> "Agreement":
        """The counts of two sessions by the same coders, added up."""
        return Agreement(
            self.coder_a, self.coder_b, self.both_yes + other.both_yes, self.only_a + other.only_a,
            self.only_b + other.only_b, self.both_no + other.both_no, self.classes + other.classes,
        )  # fmt: skip


def cohens_kappa(pairs: Sequence[tuple[str, str]]) -> float:
    """κ of pairs of categories (Cohen 1960); NaN without pairs, or where chance alone explains all of the agreement."""
    if not pairs:
        return math.nan
    names = {name for pair in pairs for name in pair}
    observed = sum(a == b for a, b in pairs) / len(pairs)
    chance = sum(
        (sum(a == name for a, _ in pairs) / len(pairs)) * (sum(b == name for _, b in pairs) / len(pairs))
        for name in names
    )
    return (observed - chance) / (1 - chance) if chance < 1 else math.nan


def coders_of(
    events: Sequence[StoredEvent], codings: Mapping[str, Sequence[Coding]], reviewer: str = REVIEW
) -> dict[str, list[Coding]]:
    """What each person found or judged in a session: the review, if there is one, and the imported coders."""
    reviewed = [stored for stored in events if stored.status is not Status.UNREVIEWED]
    coders: dict[str, list[Coding]] = {}
    if reviewed:
        # the class in a session is the program's, not the reviewer's
        coders[reviewer] = [
            Coding(stored.event.onset_s, stored.event.offset_s, stored.event.apex_s, stored.status) for stored in events
        ]
    return coders | {name: list(found) for name, found in codings.items()}


def agree(events: Sequence[StoredEvent], coders: Mapping[str, Sequence[Coding]], a: str, b: str) -> Agreement:
    """Compare two of a session's coders."""
    moments = [(stored.event.onset_s, stored.event.offset_s) for stored in events]
    first, second = _judged(moments, coders[a]), _judged(moments, coders[b])
    extra_a, extra_b = _beside(moments, coders[a]), _beside(moments, coders[b])
    shared = match(_spans(extra_a), _spans(extra_b))
    pairs = [
        *zip(first, second, strict=True),
        *((extra_a[i], extra_b[j]) for i, j in shared),
        *((one, None) for i, one in enumerate(extra_a) if i not in {i for i, _ in shared}),
        *((None, one) for j, one in enumerate(extra_b) if j not in {j for _, j in shared}),
    ]
    known = [pair for pair in pairs if Status.UNREVIEWED not in map(_status, pair)]
    says = [tuple(_status(one) is Status.CONFIRMED for one in pair) for pair in known]
    both = [(one, other) for (one, other), yes in zip(known, says, strict=True) if all(yes)]
    classes = ((one.emotion, other.emotion) for one, other in both if one and other and one.emotion and other.emotion)
    yes, no = True, False
    return Agreement(
        a, b, says.count((yes, yes)), says.count((yes, no)), says.count((no, yes)), says.count((no, no)), tuple(classes)
    )


def _judged(moments: Sequence[tuple[float, float]], found: Sequence[Coding]) -> list[Coding | None]:
    """What a coder says of each moment; None where they found nothing."""
    pairs = dict(match(moments, _spans(found)))
    return [found[pairs[place]] if place in pairs else None for place in range(len(moments))]


def _beside(moments: Sequence[tuple[float, float]], found: Sequence[Coding]) -> list[Coding]:
    """What a coder found at none of the moments."""
    taken = {place for _, place in match(moments, _spans(found))}
    return [one for place, one in enumerate(found) if place not in taken and one.status is Status.CONFIRMED]


def _status(one: Coding | None) -> Status:
    return Status.REJECTED if one is None else one.status


def _spans(found: Sequence[Coding]) -> list[tuple[float, float]]:
    return [(one.onset_s, one.offset_s) for one in found]
