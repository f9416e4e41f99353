"""The vetoes: explicit reasons why a candidate is no micro-expression, in the words that a user reads.

Simple on purpose; hand-made gates cost recall, so a learned second stage is to take their place.
"""

from collections.abc import Callable, Mapping

LONGEST_S = 0.7
"""Published micro-expressions last up to 0.5–0.6 s (MMEW); what is measured longer than this is a macro-expression."""

Evidence = Mapping[str, float]

VETOES: tuple[tuple[Callable[[Evidence], bool], str], ...] = (
    (lambda e: e["duration s"] > LONGEST_S, "macro-expression: it lasts {duration s:.2f} s"),
    (
        lambda e: e["blink"] > 0.05 and e["lids pct"] > 0.7,
        "blink: the lids move {lids pct:.1f} % of the eye distance",
    ),
    (lambda e: e["head"] > 0.1, "head motion: {head:.2f} eye distances during the movement"),
    (lambda e: e["jaw outside"] > 0.05 and e["mouth pct"] > 0.4, "speech: the jaw moves before or after"),
    (
        lambda e: e["outside pct"] > 0.9 * e["amplitude pct"],
        "part of a longer movement: {outside pct:.1f} % of the eye distance before or after",
    ),
)


def why_not(evidence: Evidence, moved: Mapping[str, float]) -> str:
    """The first reason that applies, or nothing."""
    if not moved:
        return "too small: no region stays above its threshold at the apex"
    return next((words.format_map(evidence) for applies, words in VETOES if applies(evidence)), "")
