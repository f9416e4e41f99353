"""Events as tiers of labelled spans that do not overlap: what ELAN and Praat annotate with.

Each face has a tier for each thing that is said of its events. Events of one face that overlap lie on further tiers
("face 0, overlap 2 …"). A point in time, such as a mark without an end, is a span of 1 ms.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from realtime.export.labels import milliseconds, one_line, regions_of
from realtime.export.material import Material
from realtime.results import action_units_of, emotion_of
from realtime.session import Annotation, StoredEvent

T = TypeVar("T")
Span: TypeAlias = tuple[int, int, str]
"""Start and end in ms, and a label."""


@dataclass(frozen=True, slots=True)
class Tier:
    """Spans in the order of time."""

    name: str
    spans: tuple[Span, ...]


def tiers(material: Material) -> list[Tier]:
    """Every tier of a session; those that nothing is known for are there and empty."""
    built = []
    for face in sorted({stored.event.face for stored in material.events}) or [0]:
        own = [stored for stored in material.events if stored.event.face == face]
        for name, lane in _named(f"face {face}", _lanes(own, _bounds)):
            built += [
                Tier(f"{name} {what}", tuple(span for stored in lane for span in spans(stored)))
                for what, spans in _TOLD.items()
            ]
    marks = _named("marks", _lanes(material.session.annotations(), _extent))
    return built + [Tier(name, tuple((*_extent(mark), one_line(mark.text)) for mark in lane)) for name, lane in marks]


def _bounds(stored: StoredEvent) -> tuple[int, int]:
    return milliseconds(stored.event.onset_s, stored.event.offset_s)


def _extent(mark: Annotation) -> tuple[int, int]:
    return milliseconds(mark.time_s, mark.time_s if mark.end_s is None else mark.end_s)


def _whole(tell: Callable[[StoredEvent], str]) -> Callable[[StoredEvent], list[Span]]:
    def spans(stored: StoredEvent) -> list[Span]:
        label = tell(stored)
        return [(*_bounds(stored), label)] if label else []

    return spans


def _phases(stored: StoredEvent) -> list[Span]:
    """From onset to apex and from there to offset: the apex is where they meet."""
    start_ms, end_ms = _bounds(stored)
    apex_ms = min(max(round(1000 * stored.event.apex_s), start_ms), end_ms)
    both = (start_ms, apex_ms, "onset–apex"), (apex_ms, end_ms, "apex–offset")
    return [span for span in both if span[0] < span[1]]


_TOLD: dict[str, Callable[[StoredEvent], list[Span]]] = {
    "events": _whole(lambda stored: f"event {stored.id}, score {stored.event.score:.2f}"),
    "phases": _phases,
    "emotion": _whole(lambda stored: emotion_of(stored.event)),
    "action units": _whole(lambda stored: "+".join(action_units_of(stored.event))),
    "regions": _whole(lambda stored: ", ".join(regions_of(stored.event))),
    "status": _whole(lambda stored: stored.status.value),
    "note": _whole(lambda stored: one_line(stored.note)),
}


def _lanes(things: Sequence[T], extent: Callable[[T], tuple[int, int]]) -> list[list[T]]:
    """Things in as few lanes as there are at a time, none overlapping another in its lane; at least one lane."""
    lanes: list[list[T]] = [[]]
    for thing in sorted(things, key=extent):
        free = (lane for lane in lanes if not lane or extent(lane[-1])[1] <= extent(thing)[0])
        lane = next(free, None)
        if lane is None:
            lanes.append([thing])
        else:
            lane.append(thing)
    return lanes


def _named(name: str, lanes: Sequence[list[T]]) -> Iterator[tuple[str, list[T]]]:
    for number, lane in enumerate(lanes, 1):
        yield (name if number == 1 else f"{name}, overlap {number}"), lane
