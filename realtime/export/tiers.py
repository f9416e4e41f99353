"""Events as tiers of labelled intervals that do not overlap, written as ELAN (.eaf) or Praat TextGrid.

Each face has a tier for each property of its events. Events of one face that overlap lie on further tiers ("face 0,
overlap 2 …"). A point in time, such as a mark without an end, is an interval of 1 ms.
"""

import mimetypes
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeVar
from urllib.parse import quote

from praatio.data_classes.interval_tier import IntervalTier
from praatio.data_classes.textgrid import Textgrid
from pympi.Elan import Eaf

from realtime.export.context import ADDED, ExportContext, milliseconds, one_line, regions_of
from realtime.export.made_by import made_by_line
from realtime.labels import Label
from realtime.report import hindered_line
from realtime.session import Annotation, Coding, Status, StoredEvent
from realtime.types import action_units_of, emotion_of

T = TypeVar("T")
Interval: TypeAlias = tuple[int, int, str]
"""Start and end in ms, and a label."""


@dataclass(frozen=True, slots=True)
class Tier:
    """Intervals in the order of time."""

    name: str
    intervals: tuple[Interval, ...]


def write_elan(context: ExportContext, path: Path) -> None:
    """Write an ELAN annotation document, linked to the recording if there is one."""
    document = Eaf(author="MEDN")
    document.add_property("made by", made_by_line(context, "ELAN"))
    if context.info.partial:
        document.add_property("partial", context.info.partial)
    if hindered := hindered_line(context.info.hindered_s):
        document.add_property("hindered", hindered)
    if context.info.video:
        video = Path(context.info.video)
        mime_type = mimetypes.guess_type(video.name)[0] or "unknown"
        document.add_linked_file(video.absolute().as_uri(), _relative_url(video, context.folder), mime_type)
    for tier in tiers(context):
        document.add_tier(tier.name)
        for start_ms, end_ms, label in tier.intervals:
            document.add_annotation(tier.name, start_ms, end_ms, label)
    document.remove_tier("default")
    document.to_file(str(path))


def write_textgrid(context: ExportContext, path: Path) -> None:
    """Write a Praat TextGrid in the long format, from 0 to the session's end in s.

    Gaps are filled with empty intervals, as Praat requires.
    """
    session_tiers = tiers(context)
    last_ms = max((end_ms for tier in session_tiers for _, end_ms, _ in tier.intervals), default=1)
    length_s = max(last_ms / 1000, context.session.extent()[0])
    grid = Textgrid(0, length_s)
    for tier in session_tiers:
        intervals = [(start_ms / 1000, end_ms / 1000, label) for start_ms, end_ms, label in tier.intervals]
        grid.addTier(IntervalTier(tier.name, intervals, 0, length_s))
    grid.save(str(path), "long_textgrid", includeBlankSpaces=True)


def tiers(context: ExportContext) -> list[Tier]:
    """Return every tier of a session, each with a name of its own; a tier without data is empty."""
    result: list[Tier] = []
    for face in sorted({stored.event.face for stored in context.events}) or [0]:
        own = [stored for stored in context.events if stored.event.face == face]
        for name, lane in _named(f"face {face}", _lanes(own, _bounds)):
            result += [
                Tier(f"{name} {title}", tuple(interval for stored in lane for interval in intervals(stored)))
                for title, intervals in _EVENT_TIERS.items()
            ]
    marks = _named("marks", _lanes(context.session.annotations(), _extent))
    result += [Tier(name, tuple((*_extent(mark), one_line(mark.text)) for mark in lane)) for name, lane in marks]
    for coder, codings in context.session.codings().items():
        held = [coded for coded in codings if coded.status is not Status.UNREVIEWED]
        coded_lanes = _named(f"coded by {one_line(coder)}", _lanes(held, _coded_span))
        result += [
            Tier(name, tuple((*_coded_span(one), _coded_label(one)) for one in some)) for name, some in coded_lanes
        ]
    for speaker in sorted({label.tier for label in context.transcript}):
        spoken = [label for label in context.transcript if label.tier == speaker]
        lanes = _named(f"said by {one_line(speaker)}" if speaker else "said", _lanes(spoken, _span))
        result += [Tier(name, tuple((*_span(label), one_line(label.text)) for label in said)) for name, said in lanes]
    names = [tier.name for tier in result]
    numbers = [names[:place].count(name) + 1 for place, name in enumerate(names)]  # coders differ by spaces alone
    return [
        tier if number == 1 else Tier(f"{tier.name} ({number})", tier.intervals)
        for tier, number in zip(result, numbers, strict=True)
    ]


def _bounds(stored: StoredEvent) -> tuple[int, int]:
    return milliseconds(stored.event.onset_s, stored.event.offset_s)


def _extent(mark: Annotation) -> tuple[int, int]:
    return milliseconds(mark.time_s, mark.time_s if mark.end_s is None else mark.end_s)


def _span(label: Label) -> tuple[int, int]:
    return milliseconds(label.start_s, label.end_s)


def _coded_span(coded: Coding) -> tuple[int, int]:
    return milliseconds(coded.onset_s, coded.offset_s)


def _coded_label(coded: Coding) -> str:
    """As `realtime.codings.coding_of` reads it back."""
    parts = (coded.status.value, coded.emotion or "", "+".join(coded.aus or ()), one_line(coded.text))
    return "; ".join(filter(None, parts))


def _whole(label_of: Callable[[StoredEvent], str]) -> Callable[[StoredEvent], list[Interval]]:
    def intervals(stored: StoredEvent) -> list[Interval]:
        label = label_of(stored)
        return [(*_bounds(stored), label)] if label else []

    return intervals


def _phases(stored: StoredEvent) -> list[Interval]:
    """Onset to apex, and apex to offset."""
    start_ms, end_ms = _bounds(stored)
    apex_ms = min(max(round(1000 * stored.event.apex_s), start_ms), end_ms)
    both = (start_ms, apex_ms, "onset–apex"), (apex_ms, end_ms, "apex–offset")
    return [interval for interval in both if interval[0] < interval[1]]


_EVENT_TIERS: dict[str, Callable[[StoredEvent], list[Interval]]] = {
    "events": _whole(lambda stored: f"event {stored.id}, score {stored.event.score:.2f}"),
    "phases": _phases,
    "emotion": _whole(lambda stored: emotion_of(stored.event)),
    "action units": _whole(lambda stored: "+".join(action_units_of(stored.event))),
    "regions": _whole(lambda stored: ", ".join(regions_of(stored.event))),
    "status": _whole(lambda stored: f"{stored.status.value}; {ADDED}" if stored.promoted else stored.status.value),
    "note": _whole(lambda stored: one_line(stored.note)),
}


def _lanes(items: Sequence[T], extent: Callable[[T], tuple[int, int]]) -> list[list[T]]:
    """Distribute items to as few lanes as possible, without overlap within a lane; at least one lane."""
    lanes: list[list[T]] = [[]]
    for item in sorted(items, key=extent):
        free = (lane for lane in lanes if not lane or extent(lane[-1])[1] <= extent(item)[0])
        lane = next(free, None)
        if lane is None:
            lanes.append([item])
        else:
            lane.append(item)
    return lanes


def _named(name: str, lanes: Sequence[list[T]]) -> Iterator[tuple[str, list[T]]]:
    for number, lane in enumerate(lanes, 1):
        yield (name if number == 1 else f"{name}, overlap {number}"), lane


def _relative_url(video: Path, folder: Path) -> str | None:
    """The video's path relative to a folder, so that both can be moved together; None on another drive."""
    try:
        relative = Path(os.path.relpath(video, folder)).as_posix()
    except ValueError:
        return None
    return "./" + "".join(character if character.isprintable() else quote(character) for character in relative)
