"""How results are put into words: times, durations, classes, action units. One place, so that all views agree."""

from collections.abc import Mapping

from realtime.results import Event, action_units_of

CLASSES: dict[str, str] = {"negative": "N", "positive": "P", "surprise": "S"}
"""Class → letter: colour is never the only sign."""
AU_WORDS = {
    "AU1": "inner brow raiser", "AU2": "outer brow raiser", "AU4": "brow lowerer", "AU5": "upper lid raiser",
    "AU6": "cheek raiser", "AU7": "lid tightener", "AU9": "nose wrinkler", "AU10": "upper lip raiser",
    "AU12": "lip corner puller", "AU14": "dimpler", "AU15": "lip corner depressor", "AU17": "chin raiser",
}  # fmt: skip


def clock(time_s: float) -> str:
    """A time of a recording: 0:12.48, 1:02:03.50."""
    sign, time_s = ("−", -time_s) if time_s < 0 else ("", time_s)
    hours, rest = divmod(round(time_s * 100), 360_000)
    minutes, hundredths = divmod(rest, 6000)
    seconds = f"{hundredths // 100:02d}.{hundredths % 100:02d}"
    return f"{sign}{hours}:{minutes:02d}:{seconds}" if hours else f"{sign}{minutes}:{seconds}"


def length(time_s: float) -> str:
    """A length to the second: 00:12:41."""
    whole = int(time_s)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def class_of(event: Event) -> tuple[str, float] | None:
    """The most probable class with its probability; None where no recognizer ran."""
    if not event.emotion:
        return None
    name = max(event.emotion, key=lambda key: event.emotion[key] if event.emotion else 0.0)
    return name, float(event.emotion[name])


def letter(event: Event) -> str:
    """The class's letter, or a dash."""
    found = class_of(event)
    return CLASSES.get(found[0], "?") if found else "–"


def tone(event: Event) -> str:
    """The colour token of an event."""
    found = class_of(event)
    return found[0] if found and found[0] in CLASSES else "accent"


def regions_of(event: Event, most: int = 3) -> list[tuple[str, float]]:
    """The regions that moved most, with their displacement in % of the eye distance."""
    return sorted(event.regions.items(), key=lambda item: -item[1])[:most]


def what_moved(event: Event) -> str:
    """Action units where known, regions otherwise."""
    return " ".join(action_units_of(event)) or ", ".join(name for name, _ in regions_of(event, 2)) or "no region"


def timing(event: Event) -> str:
    """Rise, fall and whole duration in ms."""
    rise, fall = event.apex_s - event.onset_s, event.offset_s - event.apex_s
    return f"{1000 * rise:.0f} + {1000 * fall:.0f} = {1000 * (rise + fall):.0f} ms"


def spoken(event: Event) -> str:
    """One line for a screen reader."""
    found = class_of(event)
    kind = f"{found[0]}, {found[1]:.0%}" if found else "not classified"
    return f"Event at {clock(event.onset_s)}: {kind}; {what_moved(event)}; {timing(event)}; score {event.score:.2f}"


def evidence_lines(evidence: Mapping[str, float]) -> list[tuple[str, str]]:
    """The evidence as name and value."""
    return [(name, f"{value:.3g}") for name, value in evidence.items()]
