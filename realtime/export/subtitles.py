"""WebVTT: each event, each mark and what was said as a subtitle at its own time."""

from html import escape
from pathlib import Path

from webvtt import Caption, WebVTT
from webvtt.models import Timestamp

from realtime.export.context import ExportContext, label_of, milliseconds, one_line, remarks
from realtime.export.made_by import made_by_line
from realtime.labels import texts_at


def write_webvtt(context: ExportContext, path: Path) -> None:
    """Write subtitles in the order of time. A cue's identifier is "event" or "mark" with its number in the session,
    or "said".
    """
    cues = [
        (
            milliseconds(stored.event.onset_s, stored.event.offset_s),
            f"event {stored.id}",
            f"face {stored.event.face}: {label_of(stored)}",
        )
        for stored in context.events
    ]
    cues += [
        (
            milliseconds(mark.time_s, mark.time_s if mark.end_s is None else mark.end_s),
            f"mark {mark.id}",
            one_line(mark.text) or "mark",
        )
        for mark in context.session.annotations()
    ]
    cues += [
        (milliseconds(label.start_s, label.end_s), "said", one_line(texts_at([label], label.start_s, label.end_s)))
        for label in context.transcript
    ]
    subtitles = WebVTT()
    for (start_ms, end_ms), identifier, text in sorted(cues):
        start, end = (str(Timestamp.from_seconds(time_ms / 1000)) for time_ms in (start_ms, end_ms))
        subtitles.captions.append(Caption(start, end, escape(text, quote=False), identifier))
    with path.open("w", encoding="utf-8") as file:
        subtitles.write(file)
        for remark in remarks(context.info):
            file.write(f"\n\nNOTE {one_line(remark)}\n")
        file.write(f"\n\nNOTE Made by: {made_by_line(context, 'WebVTT')}\n")
