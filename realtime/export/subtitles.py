"""WebVTT: each event and each mark as a subtitle, at the event's own time."""

from html import escape
from pathlib import Path

from webvtt import Caption, WebVTT
from webvtt.models import Timestamp

from realtime.export.labels import in_words, milliseconds, one_line
from realtime.export.material import Material


def write_webvtt(material: Material, path: Path) -> None:
    """Write subtitles in the order of time. A cue's identifier is "event" or "mark" with its number in the session."""
    cues = [
        (
            milliseconds(stored.event.onset_s, stored.event.offset_s),
            f"event {stored.id}",
            f"face {stored.event.face}: {in_words(stored)}",
        )
        for stored in material.events
    ]
    cues += [
        (
            milliseconds(mark.time_s, mark.time_s if mark.end_s is None else mark.end_s),
            f"mark {mark.id}",
            one_line(mark.text) or "mark",
        )
        for mark in material.session.annotations()
    ]
    subtitles = WebVTT()
    for (start_ms, end_ms), identifier, text in sorted(cues):
        start, end = (str(Timestamp.from_seconds(time_ms / 1000)) for time_ms in (start_ms, end_ms))
        subtitles.captions.append(Caption(start, end, escape(text, quote=False), identifier))
    with path.open("w", encoding="utf-8") as file:
        subtitles.write(file)
