"""The time line of one face as SVG: motion, limit of detection, events and marks, in rows of equal length."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from realtime.export.page import tag
from realtime.report import clock
from realtime.session import Annotation, StoredEvent
from realtime.session.frames import Frames
from realtime.types import PART_OF_REGION, emotion_of

ROWS_S = {10: 2, 30: 5, 60: 10, 120: 20, 300: 60, 600: 120, 1200: 300, 1800: 300, 3600: 600, 7200: 1200}
"""Possible lengths of a row, with the time between the ticks on it."""
MAX_ROWS = 12
MOST_BINS, SHORTEST_BIN_S = 500, 0.1
"""Points of a row's curves; each shows the largest motion of its time, which spans frames even at 10 a second."""
WIDTH, HEIGHT, LEFT, TOP = 1000, 80, 8, 14
"""Of a row, in units of the picture; events are named in the part above `TOP`."""
MIDDLE, REACH = TOP + 26, 24
"""The line of no motion, and the height of `HIGHEST_PCT` above and below it."""
HIGHEST_PCT = 6.0
"""Larger motion is speech or a macro-expression, and is cut off."""
CLASS_COLOURS = {"negative": "#c4322a", "positive": "#1e8a45", "surprise": "#b7791f", "": "#5b646d"}
_UPPER = np.array([part == "upper" for part in PART_OF_REGION])


@dataclass(frozen=True, slots=True, eq=False)
class FaceCourse:
    """Readings of one face at n moments."""

    times_s: NDArray[np.float64]
    """(n,)"""
    motion_pct: NDArray[np.float64]
    """(n, 2) largest displacement in the upper and the lower face, % iod."""
    limit_pct: NDArray[np.float64]
    """(n, 2) limits of detection of both, % iod; NaN: not judged."""


def courses(blocks: Iterable[Frames]) -> dict[int, FaceCourse]:
    """The readings by face of a session's frames (`Session.frame_blocks`)."""
    parts: dict[int, list[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]]] = {}
    for block in blocks:
        for face, own in block.by_face().items():
            motion_pct = np.stack([own.motion[:, half].max(axis=1) for half in (_UPPER, ~_UPPER)], axis=1)
            parts.setdefault(face, []).append((own.time_s, motion_pct, own.limit_pct.copy()))
    return {face: FaceCourse(*map(np.concatenate, zip(*some, strict=True))) for face, some in parts.items()}


def timeline(
    course: FaceCourse | None, events: Sequence[StoredEvent], marks: Sequence[Annotation], length_s: float
) -> Element:
    """Draw a session of `length_s`; without a `course` (no readings of the face) only events and marks."""
    row_s = next((row_s for row_s in ROWS_S if length_s <= MAX_ROWS * row_s), max(ROWS_S))
    rows = max(int(np.ceil(length_s / row_s)), 1)
    drawn = [_row(course, events, marks, number * row_s, row_s, number * HEIGHT) for number in range(rows)]
    return tag(
        "svg", *drawn,
        viewBox=f"0 0 {WIDTH + 2 * LEFT} {rows * HEIGHT}", role="img", aria_label="Time line", class_="timeline",
        xmlns="http://www.w3.org/2000/svg",
    )  # fmt: skip


def stripes() -> Element:
    """What is not judged is filled with; once on a page, where every time line finds it."""
    pattern = tag(
        "pattern",
        tag("path", d="M-1 5 L5 -1 M-1 1 L1 -1 M3 5 L5 3", stroke="#9aa3ad", stroke_width="0.7"),
        id="not-judged", width=4, height=4, patternUnits="userSpaceOnUse",
    )  # fmt: skip
    return tag("svg", tag("defs", pattern), width=0, height=0, class_="stripes", xmlns="http://www.w3.org/2000/svg")


def _row(
    course: FaceCourse | None,
    events: Sequence[StoredEvent],
    marks: Sequence[Annotation],
    start_s: float,
    row_s: int,
    top: int,
) -> Element:
    def at(time_s: float) -> float:
        return round(LEFT + WIDTH * min(max((time_s - start_s) / row_s, 0.0), 1.0), 2)

    parts = [
        tag("line", x1=LEFT, x2=LEFT + WIDTH, y1=MIDDLE, y2=MIDDLE, class_="axis"),
        *_ticks(start_s, row_s),
        *(_curves(course, start_s, row_s) if course is not None else ()),
    ]
    for stored in events:
        event = stored.event
        if event.offset_s >= start_s and event.onset_s < start_s + row_s:
            name = emotion_of(event)
            colour, begin = CLASS_COLOURS.get(name, CLASS_COLOURS[""]), at(event.onset_s)
            shown = {"fill": colour, "fill_opacity": 0.35, "stroke": colour, "stroke_width": 0.6}
            width = max(at(event.offset_s) - begin, 2.0)
            text = f"{stored.id}{f' {name[0].upper()}' if name else ''}"
            parts += [
                tag(
                    "rect", tag("title", f"Event {stored.id}, apex at {clock(event.apex_s)}"),
                    x=begin, y=TOP, width=round(width, 2), height=2 * REACH + 4, **shown,
                ),
                tag("text", text, x=begin, y=TOP - 3, fill=colour, class_="number"),
            ]  # fmt: skip
    bottom = MIDDLE + REACH + 3
    for mark in marks:
        end_s = mark.time_s if mark.end_s is None else mark.end_s
        if end_s >= start_s and mark.time_s < start_s + row_s:
            begin, title = at(mark.time_s), tag("title", f"Mark {mark.id}: {mark.text}")
            if mark.end_s is None:
                parts.append(tag("path", title, d=f"M{begin} {bottom} l3 6 h-6 z", class_="mark"))
            else:
                width = round(max(at(end_s) - begin, 1.0), 2)
                parts.append(tag("rect", title, x=begin, y=bottom + 2, width=width, height=2, class_="mark"))
    return tag("g", *parts, transform=f"translate(0 {top})")


def _ticks(start_s: float, row_s: int) -> Iterator[Element]:
    for second in range(0, row_s + 1, ROWS_S[row_s]):
        place = round(LEFT + WIDTH * second / row_s, 2)
        anchor = "start" if second == 0 else "end" if second == row_s else "middle"
        yield tag("line", x1=place, x2=place, y1=MIDDLE - REACH, y2=MIDDLE + REACH, class_="tick")
        text = clock(start_s + second).removesuffix(".00")
        yield tag("text", text, x=place, y=HEIGHT - 3, text_anchor=anchor, class_="time")


def _curves(course: FaceCourse, start_s: float, row_s: int) -> Iterator[Element]:
    """Of both parts of the face: what was not judged, the band below the limit of detection, and the motion."""
    first, last = np.searchsorted(course.times_s, (start_s, start_s + row_s))
    if first == last:
        return
    count = min(round(row_s / SHORTEST_BIN_S), MOST_BINS)
    bins = np.minimum((course.times_s[first:last] - start_s) / row_s * count, count - 1).astype(int)

    def at(place: float) -> float:
        return round(LEFT + WIDTH * place / count, 2)

    for part, sign in enumerate((-1, 1)):
        motion, limit, judged = (np.full(count, np.nan), np.zeros(count), np.zeros(count))
        np.fmax.at(motion, bins, course.motion_pct[first:last, part])
        known = ~np.isnan(course.limit_pct[first:last, part])
        np.add.at(judged, bins, known)
        np.add.at(limit, bins, np.where(known, course.limit_pct[first:last, part], 0.0))
        seen = ~np.isnan(motion)
        with np.errstate(invalid="ignore", divide="ignore"):
            limit /= judged
        near, far = (MIDDLE - REACH, MIDDLE) if sign < 0 else (MIDDLE, MIDDLE + REACH)
        for begin, end in _runs(seen & (judged == 0)):
            yield tag("rect", x=at(begin), y=near, width=at(end) - at(begin), height=far - near, class_="unjudged")
        for begin, end in _runs(seen & (judged > 0)):
            outline = " ".join(f"L{at(i)} {_y(limit[i], sign)} H{at(i + 1)}" for i in range(begin, end))
            yield tag("path", d=f"M{at(begin)} {MIDDLE} {outline} V{MIDDLE} Z", class_="limit")
        for begin, end in _runs(seen):
            points = " ".join(f"{at(i + 0.5)},{_y(motion[i], sign)}" for i in range(begin, end))
            yield tag("polyline", points=points, class_="motion")


def _y(pct: float, sign: int) -> float:
    return round(MIDDLE + sign * REACH * min(pct, HIGHEST_PCT) / HIGHEST_PCT, 2)


def _runs(there: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """First and end of each run of neighbouring bins of which something is true."""
    for _, group in groupby(enumerate(np.flatnonzero(there)), key=lambda pair: pair[1] - pair[0]):
        places = [int(place) for _, place in group]
        yield places[0], places[-1] + 1
