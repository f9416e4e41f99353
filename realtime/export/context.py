"""The input of every format: a session with the events to export, and labels of its events for people to read."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from medn.errors import UserError
from realtime.labels import Label, texts_at
from realtime.report import hindered_line
from realtime.session import Session, SessionInfo, Status, StoredEvent
from realtime.session.frames import Frames
from realtime.types import Event, action_units_of, class_words

ADDED = "added by the coder"
"""Of a candidate that the program had rejected."""
ROWS_AT_A_TIME = 2000
"""Rows of frames that are written between two looks at whether to stop: hours of them take half a minute."""
MAX_REGIONS = 3
"""Regions that a label names."""


class ExportError(UserError):
    """An export that is not possible."""


@dataclass(frozen=True, slots=True)
class ExportContext:
    """A session, and those of its events that are to be exported."""

    name: str
    """The session's file name without its suffix."""
    folder: Path
    """The folder in which the finished files will lie."""
    session: Session
    info: SessionInfo
    events: tuple[StoredEvent, ...]
    """In the order of time."""
    transcript: tuple[Label, ...]
    """What was said, in the order of time; empty where nothing was imported."""
    tick: Callable[[float, float | None], None]
    """Called by slow formats with the s of the recording that are done, and its length in s if that is known."""
    stop: threading.Event
    """Set to stop the export; slow formats then raise `ExportError`."""
    selection: str = "all"
    """Which events were chosen, in a word: all, a status, or filtered."""

    def frame_blocks(self) -> Iterator[Frames]:
        """Yield the session's frames, and report how far they have come. Raises `ExportError` once `stop` is set."""
        length_s, _ = self.session.extent()
        for block in self.session.frame_blocks():
            for first in range(0, len(block), ROWS_AT_A_TIME):
                if self.stop.is_set():
                    raise ExportError(f"The export of {self.name} was stopped before its end; it is not kept.")
                self.tick(float(block.time_s[first]), length_s)
                yield block.part(slice(first, first + ROWS_AT_A_TIME))

    def said_at(self, event: Event) -> str:
        """What was said during an event; empty if nothing was, or no transcript was imported."""
        return texts_at(self.transcript, event.onset_s, event.offset_s)


def label_of(stored: StoredEvent, said: str = "") -> str:
    """One line: action units or regions, class, score, the person's review and note, and what was said."""
    event = stored.event
    movement = "+".join(action_units_of(event)) or ", ".join(regions_of(event))
    review = "" if stored.status is Status.UNREVIEWED else stored.status.value
    quoted = f"“{one_line(said)}”" if said else ""
    added = ADDED if stored.promoted else ""
    parts = (movement, class_words(event), f"score {event.score:.2f}", review, added, one_line(stored.note), quoted)
    return "; ".join(part for part in parts if part)


def remarks(info: SessionInfo) -> list[str]:
    """Sentences about a session as a whole: that it is partial, and what kept small movements from being found."""
    partial = f"Partial: {info.partial}." if info.partial else ""
    return [sentence for sentence in (partial, hindered_line(info.hindered_s)) if sentence]


def regions_of(event: Event) -> list[str]:
    """The regions that moved most, the largest movement first."""
    return sorted(event.regions, key=lambda name: -event.regions[name])[:MAX_REGIONS]


def one_line(text: str) -> str:
    """A person's text without line breaks and other characters that XML and subtitles cannot hold."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def milliseconds(start_s: float, end_s: float) -> tuple[int, int]:
    """Start and end in whole ms; at least 1 ms long, because annotation tools refuse empty intervals."""
    start_ms = round(1000 * start_s)
    return start_ms, max(round(1000 * end_s), start_ms + 1)
