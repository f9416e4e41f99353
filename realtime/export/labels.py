"""Events in words, for formats whose labels people read."""

from realtime.results import Event
from realtime.session import Status, StoredEvent

AU_PRESENT = 0.5
"""An action unit at least this probable is said to be there."""
REGIONS_NAMED = 3


def emotion_of(event: Event) -> str:
    """The most probable class; empty where no recognizer ran."""
    return max(event.emotion.items(), key=lambda item: item[1])[0] if event.emotion else ""


def action_units_of(event: Event) -> list[str]:
    """The action units that are probably there ("AU1" …), by number; none where no recognizer ran."""
    there = [name for name, probability in (event.aus or {}).items() if probability >= AU_PRESENT]
    return sorted(there, key=lambda name: int(name.removeprefix("AU")))


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
