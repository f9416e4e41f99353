"""A report to read or print: one HTML file that needs no network, no script and no other file.

Summary with what was judged and the limit of detection, time line, events with their pictures if these were stored,
marks, and what made it. Everything that a person or a file supplied is text: see `realtime.export.page`.
"""

from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from realtime.export.context import ADDED, ExportContext, regions_of
from realtime.export.made_by import made_by
from realtime.export.page import page, table, tag
from realtime.export.timeline_svg import courses, stripes, timeline
from realtime.report import clock, hindered_line
from realtime.session import SessionInfo, Status, StoredEvent
from realtime.session.judged import JudgedTime, judged_time
from realtime.types import FACE_PARTS, action_units_of, class_words, emotion_of

CAUTION = (
    "Each event is a moment for a person to look at. It says that a face moved, not what somebody felt or whether "
    "they spoke the truth. What was not judged is not the same as nothing seen."
)
LEGEND = (
    "Upper face above the line, lower face below; height is displacement, up to 6 % of the distance between the eyes. "
    "Grey line: motion. Blue: movements smaller than this are found less than half of the time. Hatched: not judged. "
    "Bands: events, with number and class (N negative, P positive, S surprise). Below: marks."
)
NO_LIMITS = "This session is from before limits of detection were stored: what could be seen in it is not known."
STYLE = """
body { margin: 0; background: #fff; color: #15181b; font: 14px/1.45 system-ui, sans-serif; }
body { font-variant-numeric: tabular-nums }
main { max-width: 1040px; margin: 0 auto; padding: 24px }
h1 { font-size: 24px; margin: 0 0 4px }
h2 { font-size: 17px; margin: 28px 0 8px; break-after: avoid }
p { margin: 4px 0 8px; max-width: 75ch }
.quiet { color: #5b646d }
.warning { border-left: 4px solid #f59e0b; padding-left: 12px }
table { border-collapse: collapse; width: 100%; margin: 8px 0 }
th, td { text-align: left; vertical-align: top; padding: 4px 8px; border-bottom: 1px solid #dfe3e7 }
td { overflow-wrap: anywhere }
th { color: #5b646d; font-weight: 600 }
tr, .timeline g { break-inside: avoid }
thead { display: table-header-group }
.facts { width: auto }
.events td:nth-child(1), .events td:nth-child(3) { white-space: nowrap }
.events td:nth-child(4) { overflow-wrap: normal }
.pictures { white-space: nowrap }
figure { display: inline-block; margin: 0 4px 0 0 }
figure img { display: block; width: 72px; height: auto }
figcaption { font-size: 11px; color: #5b646d }
.stripes { position: absolute }
.timeline { width: 100%; height: auto; display: block }
.axis { stroke: #9aa3ad; stroke-width: 0.6 }
.tick { stroke: #dfe3e7; stroke-width: 0.6 }
.motion { fill: none; stroke: #40484f; stroke-width: 0.8 }
.limit { fill: #90c2f9; fill-opacity: 0.55 }
.unjudged { fill: url(#not-judged) }
.time { font-size: 9px; fill: #5b646d }
.number { font-size: 10px; font-weight: 600 }
.mark { fill: #0d9488 }
@page { margin: 15mm }
@media print {
  body { font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact }
  main { padding: 0; max-width: none }
}
"""


def write_report(context: ExportContext, path: Path) -> None:
    """Write the page; faces without an event are not drawn, but for the one that was seen longest."""
    found = courses(context.frame_blocks())
    judged = judged_time(context.frame_blocks())
    ends_s = [judged.duration_s, *(stored.event.offset_s for stored in context.events)]
    length_s = max([*ends_s, *(float(course.times_s[-1]) for course in found.values())])
    marks = context.session.annotations()
    longest = max(found, key=lambda face: len(found[face].times_s), default=0)
    drawn = sorted({longest, *(stored.event.face for stored in context.events)})
    lines = []
    for face in drawn:
        own = [stored for stored in context.events if stored.event.face == face]
        lines += [
            tag("h3", f"Face {face}") if len(drawn) > 1 else None,
            timeline(found.get(face), own, marks, length_s),
        ]
    sections = [
        _head(context.info, context.name),
        _summary(context, judged),
        tag("section", tag("h2", "Time line"), stripes(), *lines, tag("p", LEGEND, class_="quiet")),
        _events(context),
        tag("section", tag("h2", "Marks"), table(("time", "to", "text"), [
            (clock(mark.time_s), "" if mark.end_s is None else clock(mark.end_s), mark.text) for mark in marks
        ])) if marks else None,
        _origin(context),
    ]  # fmt: skip
    written = page(f"{context.name} – MEDN", STYLE, *(section for section in sections if section is not None))
    path.write_text(written, encoding="utf-8")


def _head(info: SessionInfo, name: str) -> Element:
    partial = tag("p", f"Partial: {info.partial}.", class_="warning") if info.partial else None
    described = f"{info.source}, analysed {info.created_utc} (UTC)"
    return tag(
        "header", tag("h1", name), tag("p", described, class_="quiet"), partial, tag("p", CAUTION, class_="warning")
    )


def _summary(context: ExportContext, judged: JudgedTime) -> Element:
    info, events = context.info, context.events
    by_status = Counter(stored.status for stored in events)
    reviewed = ", ".join(f"{by_status[status]} {status.value}" for status in Status if by_status[status])
    classes = Counter(emotion_of(stored.event) or "without a class" for stored in events)
    chosen = "" if context.selection == "all" else f" (those chosen: {context.selection})"
    rows: list[tuple[str, str]] = [
        ("Length", _minutes(judged.duration_s)),
        ("Events", f"{len(events)}{chosen}{f': {reviewed}' if reviewed else ''}"),
    ]
    if events:
        rows.append(("Classes", ", ".join(f"{count} {name}" for name, count in classes.most_common())))
    if context.session.stores_limits:
        for part, seconds in zip(FACE_PARTS, (judged.upper_s, judged.lower_s), strict=True):
            rows.append((f"{part.capitalize()} face judged", _judged(seconds, judged.duration_s, info, part)))
    else:
        rows.append(("Judged", NO_LIMITS))
    if hindered := hindered_line(info.hindered_s):
        rows.append(("Hindered", hindered.removeprefix("Hindered: ")))
    return tag("section", tag("h2", "Summary"), _facts(rows))


def _judged(seconds: float, duration_s: float, info: SessionInfo, part: str) -> str:
    text = f"{_minutes(seconds)} of {_minutes(duration_s)}"
    if duration_s > 0:
        text += f" ({100 * seconds / duration_s:.0f} %), {_minutes(max(duration_s - seconds, 0.0))} not judged"
    median_pct = info.limit[part]["median_pct"] if info.limit else None
    if seconds > 0 and median_pct is not None:
        text += f"; half of all movements found from {median_pct:.1f} % of the eye distance"
    return text


def _events(context: ExportContext) -> Element:
    if not context.events:
        return tag("section", tag("h2", "Events"), tag("p", "None."))
    pictures = {stored.id: context.session.pictures(stored.id) for stored in context.events}
    shown = any(pictures.values())
    said = bool(context.transcript)
    head = ["no.", "onset, apex, offset", "length", "class", "action units; regions", "score", "review"]
    head += ["said"] * said + ["onset, apex"] * shown
    rows: list[list[Element | str]] = []
    for stored in context.events:
        row: list[Element | str] = [*_event_cells(stored)]
        row += [context.said_at(stored.event)] * said + [_pictures(pictures[stored.id])] * shown
        rows.append(row)
    return tag("section", tag("h2", "Events"), table(head, rows, class_="events"))


def _event_cells(stored: StoredEvent) -> Iterator[str]:
    event, name = stored.event, emotion_of(stored.event)
    several = f" (face {event.face})" if event.face else ""
    yield f"{stored.id}{several}"
    yield ", ".join(map(clock, (event.onset_s, event.apex_s, event.offset_s)))
    yield f"{1000 * (event.offset_s - event.onset_s):.0f} ms"
    yield f"{class_words(event)} {(event.emotion or {}).get(name, 0.0):.2f}" if name else "–"
    yield "; ".join(filter(None, (" ".join(action_units_of(event)), ", ".join(regions_of(event))))) or "–"
    yield f"{event.score:.2f}"
    yield "; ".join(filter(None, (stored.status.value, ADDED if stored.promoted else "", stored.note)))


def _pictures(stored: Mapping[str, bytes]) -> Element:
    figures = (
        tag(
            "figure",
            tag("img", src=f"data:image/jpeg;base64,{b64encode(stored[moment]).decode()}", alt=f"The face at {moment}"),
            tag("figcaption", moment),
        )
        for moment in ("onset", "apex")
        if moment in stored
    )
    return tag("div", *figures, class_="pictures")


def _origin(context: ExportContext) -> Element:
    """What made it: each setting, version and hash on a row."""
    rows = [row for row in _flat(made_by(context, "Report")) if not row[0].startswith("summary.")]
    return tag("section", tag("h2", "What made this"), _facts(rows))


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        elif value not in (None, ""):
            yield f"{before}{name}", ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _facts(rows: list[tuple[str, str]]) -> Element:
    body = tag("tbody", *(tag("tr", tag("th", name, scope="row"), tag("td", text)) for name, text in rows))
    return tag("table", body, class_="facts")


def _minutes(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds / 60:.1f} min"
