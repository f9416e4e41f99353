"""What a rejected candidate looks like, in the words that a user reads: an explanation, never the decision."""

from collections.abc import Callable, Mapping

Evidence = Mapping[str, float]

SIGNS: tuple[tuple[Callable[[Evidence], bool], str], ...] = (
    (lambda e: e["eyes shut"] > 0.05, "a blink: the lids move by {eyes pct:.1f} % of the eye distance"),
    (
        lambda e: max(e["head x"], e["head y"]) > 0.06,
        "head motion: {head x:.2f} eye distances across, {head y:.2f} down",
    ),
    (lambda e: e["jaw before"] + e["jaw after"] > 0.05, "speech: the jaw moves before or after"),
    (
        lambda e: max(e["mouth pct before"], e["brows pct before"]) > 0.9 * e["amplitude pct"],
        "part of a longer movement: as much moves before it",
    ),
    (lambda e: max(e["gaze x"], e["gaze y"]) > 0.3, "a glance: the gaze moves"),
)


def looks_like(evidence: Evidence) -> str:
    """The first sign that applies, or that the movement is too faint to tell."""
    found = next((words for applies, words in SIGNS if applies(evidence)), None)
    return (
        found.format_map(evidence)
        if found
        else "chance: {amplitude pct:.2f} % of the eye distance".format_map(evidence)
    )
