"""Two coders of one session side by side: on what they agree, where they differ, and how differences were settled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from realtime.session import Annotation, Coding, Status, StoredEvent
from realtime.session.schema import SETTLED
from realtime.study import REVIEW
from realtime.study.agreement import Agreement, Moment, agreement_of, coders_of, moments_of
from realtime.study.time_units import MarkAgreement, mark_agreements

AGREED = "agreed"
"""The text of what was not settled, because both said the same."""
WORDS = {Status.CONFIRMED: "yes", Status.REJECTED: "no"}


@dataclass(frozen=True, slots=True)
class Judgements:
    """What all coders of a session judged and marked."""

    events: Sequence[StoredEvent]
    """With the first coder's judgements."""
    codings: Mapping[str, Sequence[Coding]]
    """Of the other coders, and how differences were settled."""
    marks: Sequence[Annotation]
    first: str
    """The first coder; empty without a name."""
    length_s: float

    @property
    def coders(self) -> list[str]:
        """Who judged, coded or marked something, the first coder first."""
        people = coders_of(self.events, self.codings, self.first or REVIEW)
        marked = {mark.coder for mark in self.marks if mark.coder}
        names = [*people, *sorted(marked - set(people))]
        return [name for name in names if not name.startswith(SETTLED)]

    def settled_of(self, coder: str) -> Sequence[Coding]:
        """How a coder settled differences."""
        return self.codings.get(f"{SETTLED}{coder}", ())

    def settled_spans(self) -> dict[tuple[int | None, float, float], dict[str, Coding]]:
        """By `place_of_moment`: how each who settled it did."""
        spans: dict[tuple[int | None, float, float], dict[str, Coding]] = {}
        for name, found in self.codings.items():
            if name.startswith(SETTLED):
                for one in found:
                    if one.text != AGREED:
                        spans.setdefault(_place(one), {})[name.removeprefix(SETTLED)] = one
        return spans


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two coders of a session."""

    moments: Sequence[Moment]
    agreement: Agreement
    marks: Sequence[MarkAgreement]

    @property
    def differences(self) -> list[Moment]:
        """The moments of which one coder says yes and the other no, in the order of time."""
        differing = (moment for moment in self.moments if moment.judged and moment.says[0] is not moment.says[1])
        return sorted(differing, key=lambda moment: moment.onset_s)


def compare(judgements: Judgements, a: str, b: str) -> Comparison:
    """Compare two of a session's coders."""
    first = judgements.first or REVIEW
    people: dict[str, list[Coding]] = {a: [], b: []}
    people |= coders_of(judgements.events, judgements.codings, first)
    moments = list(moments_of(judgements.events, people, a, b)) if people[a] and people[b] else []
    marks = mark_agreements(judgements.marks, a, b, (a, b), judgements.length_s)
    return Comparison(moments, agreement_of(moments, a, b), marks)


def settled(comparison: Comparison, held: Sequence[Coding], moment: Moment, status: Status | None) -> list[Coding]:
    """The judgements of who settles differences, with one more, or with None one less.

    All on which both coders agree now are among them, so that they can be exported and counted like a coder's. The text
    of each tells what it rests on.
    """
    places = {_place(one): one for one in held}
    for each in comparison.moments:
        place = place_of_moment(each)
        if each.judged and each.says[0] is each.says[1]:
            places[place] = _coding(each, each.says[0], AGREED)
        elif place in places and places[place].text == AGREED:
            del places[place]  # they do not agree any more
    chosen = place_of_moment(moment)
    places.pop(chosen, None)
    if status:
        agreement = comparison.agreement
        said = zip((agreement.coder_a, agreement.coder_b), moment.says, strict=True)
        text = "; ".join(f"{name}: {WORDS[one]}" for name, one in said)
        places[chosen] = _coding(moment, status, text)
    return sorted(places.values(), key=lambda one: one.onset_s)


def place_of_moment(moment: Moment) -> tuple[int | None, float, float]:
    """Face, onset and offset, by which a difference and how it was settled are found."""
    return _place(_coding(moment, Status.UNREVIEWED, ""))


def _place(one: Coding) -> tuple[int | None, float, float]:
    return one.face, one.onset_s, one.offset_s


def holds(settling: Coding, comparison: Comparison, moment: Moment) -> bool:
    """Whether a difference is still the one that was settled: both coders say what they said then.

    Those of sessions from before this was stored hold.
    """
    agreement = comparison.agreement
    changed = (
        f"{name}: {WORDS[Status.REJECTED if said is Status.CONFIRMED else Status.CONFIRMED]}"
        for name, said in zip((agreement.coder_a, agreement.coder_b), moment.says, strict=True)
    )
    return settling.text != AGREED and not set(changed).intersection(settling.text.split("; "))


def with_judged(comparison: Comparison, coder: str, stored: StoredEvent) -> Comparison:
    """A comparison in which one of the two coders judged one event anew; quick with thousands of events."""
    agreement, event = comparison.agreement, stored.event
    judged = Coding(event.onset_s, event.offset_s, event.apex_s, stored.status, text=stored.note, face=event.face)
    first = coder == agreement.coder_a
    moments = list(comparison.moments)
    for place, moment in enumerate(moments):
        if moment.event is not None and moment.event.id == stored.id:
            one, other = (judged, moment.second) if first else (moment.first, judged)
            moments[place] = replace(moment, event=stored, first=one, second=other)
    counted = agreement_of(moments, agreement.coder_a, agreement.coder_b)
    return replace(comparison, moments=moments, agreement=counted)


def _coding(moment: Moment, status: Status, text: str) -> Coding:
    if moment.event is not None:
        event = moment.event.event
        return Coding(event.onset_s, event.offset_s, event.apex_s, status, text=text, face=event.face)
    found = moment.first or moment.second
    assert found is not None
    return Coding(found.onset_s, found.offset_s, found.apex_s, status, found.emotion, found.aus, text, found.face)
