"""Results as text: times, durations, classes, action units. One place, so that all views agree."""

from operator import itemgetter

from realtime.report import clock
from realtime.types import Event, action_units_of, is_uncertain
from realtime.viewing.limits import PartLimits

CLASSES: dict[str, str] = {"negative": "N", "positive": "P", "surprise": "S"}
"""Class → letter: colour is never the only sign."""
SCORE_HELP = "Score, 0 to 1: how likely this is a micro-expression."
PART_NAMES = ("brows", "mouth")
"""The upper and the lower face, in short."""
CLASS_HELP = "The most probable of the three classes and its probability; with a question mark below 67 %."
AU_DESCRIPTIONS = {
    "AU1": "inner brow raiser", "AU2": "outer brow raiser", "AU4": "brow lowerer", "AU5": "upper lid raiser",
    "AU6": "cheek raiser", "AU7": "lid tightener", "AU9": "nose wrinkler", "AU10": "upper lip raiser",
    "AU12": "lip corner puller", "AU14": "dimpler", "AU15": "lip corner depressor", "AU17": "chin raiser",
}  # fmt: skip


def length(time_s: float) -> str:
    """Format a length to the second: 00:12:41."""
    whole = int(time_s)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def class_of(event: Event) -> tuple[str, float] | None:
    """Return the most probable class with its probability; None where no recognizer ran."""
    if not event.emotion:
        return None
    name, probability = max(event.emotion.items(), key=itemgetter(1))
    return name, float(probability)


def letter(event: Event) -> str:
    """Return the class's letter, with a question mark where it is uncertain; a dash where there is no class."""
    found = class_of(event)
    if found is None:
        return "–"
    return CLASSES.get(found[0], "") + ("?" if is_uncertain(event) else "")


def class_text(event: Event) -> str:
    """Describe the class: "negative, 72 %", or "uncertain: negative, 61 %"."""
    found = class_of(event)
    if found is None:
        return "not classified"
    return f"{'uncertain: ' if is_uncertain(event) else ''}{found[0]}, {found[1]:.0%}"


def tone(event: Event) -> str:
    """Return the colour token of an event."""
    found = class_of(event)
    return found[0] if found and found[0] in CLASSES else "accent"


def regions_of(event: Event, most: int = 3) -> list[tuple[str, float]]:
    """Return the regions that moved most, with their displacement in % of the eye distance."""
    return sorted(event.regions.items(), key=lambda item: -item[1])[:most]


def moved_text(event: Event) -> str:
    """Return the regions that moved most with their displacement: "chin 4.7 %; upper lip 2.2 %"."""
    return "; ".join(f"{name} {pct:.1f} %" for name, pct in regions_of(event, 4)) or "no region moved"


def units_or_regions(event: Event) -> str:
    """Return the action units, or where none was recognized, the regions that moved most."""
    return " ".join(action_units_of(event)) or ", ".join(name for name, _ in regions_of(event, 2)) or "no region"


def timing(event: Event) -> str:
    """Format rise, fall and duration in ms; the rounded parts add up to the rounded whole."""
    rise_ms, whole_ms = (round(1000 * (time_s - event.onset_s)) for time_s in (event.apex_s, event.offset_s))
    return f"{rise_ms} + {whole_ms - rise_ms} = {whole_ms} ms"


def limit_text(limit_pct: PartLimits) -> str:
    """Format limits of detection: "brows from 1.2 % · mouth not judged"."""
    sizes = ("not judged" if pct is None else f"from {pct:.1f} %" for pct in limit_pct)
    return " · ".join(f"{name} {size}" for name, size in zip(PART_NAMES, sizes, strict=True))


def screen_reader_text(event: Event) -> str:
    """Describe an event in one line for a screen reader."""
    times = f"Event at {clock(event.onset_s)}: {class_text(event)}; {units_or_regions(event)}; {timing(event)}"
    return f"{times}; score {event.score:.2f}"
