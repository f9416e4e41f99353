"""Events in words, for formats whose labels people read."""

from realtime.results import Event, action_units_of, emotion_of
from realtime.session import Status, StoredEvent

REGIONS_NAMED = 3


def regions_of(event: Event) -> list[str]:
    """The regions that moved most, the largest movement first."""
    return sorted(event.regions, key=lambda name: -event.regions[name])[:REGIONS_NAMED]


def in_words(stored: StoredEvent) -> str:
    """All in one line: what moved, the class, the score, and what a person said of it."""
    event = stored.event
    moved = "+".join(action_units_of(event)) or ", ".join(regions_of(event))
    said = "" if stored.status is Status.UNREVIEWED else stored.status.value
    parts = (moved, emotion_of(event), f"score {event.score:.2f}", said, one_line(stored.note))
    return "; ".join(part for part in parts if part)


def one_line(text: str) -> str:
    """A person's text without line breaks and other characters that XML and subtitles cannot hold."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def milliseconds(start_s: float, end_s: float) -> tuple[int, int]:
    """A span in whole ms, never empty: annotation tools refuse spans without length."""
    start_ms = round(1000 * start_s)
    return start_ms, max(round(1000 * end_s), start_ms + 1)
