"""Two reports compared: which figures changed by more than the noise of either."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from benchmarks.harness.measure import Measure
from benchmarks.harness.report import Run, format_measure

MIN_CHANGE = 0.03
"""Medians closer than this (relative) count as equal, however steady the rounds were."""
MIN_CHANGE_SINGLE_ROUND = 0.15
"""The same where either run has a single round, whose spread is unknown."""


@dataclass(frozen=True, slots=True)
class Change:
    """One quantity in both runs."""

    benchmark: str
    before: Measure
    after: Measure

    @property
    def relative(self) -> float:
        """(after − before) / before, of the medians; infinite from zero."""
        if self.before.median == 0:
            return 0.0 if self.after.median == 0 else math.copysign(math.inf, self.after.median)
        return (self.after.median - self.before.median) / abs(self.before.median)

    @property
    def beyond_noise(self) -> bool:
        """Whether no round of one run lies within the rounds of the other, and the medians are far enough apart.

        Far enough: 3 %, and twice the larger coefficient of variation; 15 % where either has a single round.
        """
        first, second = self.before.values, self.after.values
        if max(first) >= min(second) and max(second) >= min(first):
            return False
        least = MIN_CHANGE if min(len(first), len(second)) > 1 else MIN_CHANGE_SINGLE_ROUND
        spreads = [2 * measure.variation for measure in (self.before, self.after) if len(measure.values) > 1]
        return all(abs(self.relative) > distance for distance in (least, *spreads) if not math.isnan(distance))

    @property
    def verdict(self) -> str:
        """ "better", "worse", "different" (where neither direction is better) or "equal" (within the noise)."""
        if not self.beyond_noise:
            return "equal"
        if self.before.better == "neither":
            return "different"
        return "better" if (self.relative > 0) == (self.before.better == "higher") else "worse"


def changes(before: Run, after: Run) -> list[Change]:
    """Every quantity that both runs measured, in the order of the first."""
    later = {_key(benchmark, measure): measure for benchmark, measure in _measures(after)}
    return [
        Change(benchmark, measure, later[key])
        for benchmark, measure in _measures(before)
        if (key := _key(benchmark, measure)) in later
    ]


def differences(before: Run, after: Run) -> list[str]:
    """Why the two runs may not be comparable: a sentence each."""
    first, second = before.machine, after.machine
    pairs = {
        "processor": (f"{first.processor}, {first.cores} cores", f"{second.processor}, {second.cores} cores"),
        "GPU": (first.gpu, second.gpu),
        "threads": (dict(first.threads), dict(second.threads)),
        "packages": (dict(first.packages), dict(second.packages)),
        "Python": (first.python, second.python),
    }
    sentences = [f"The {name} differs: {a} before, {b} after." for name, (a, b) in pairs.items() if a != b]
    noisy = {"before": before, "after": after}
    sentences += [
        f"{result.benchmark} was noisy {when}: {' '.join(result.disturbances)}"
        for when, run in noisy.items()
        for result in run.results
        if result.disturbances
    ]
    settings = {result.benchmark: result.conditions for result in before.results}
    sentences += [
        f"{result.benchmark} was measured under other conditions."
        for result in after.results
        if settings.get(result.benchmark, result.conditions) != result.conditions
    ]
    return sentences


def comparison_table(before: Run, after: Run) -> RenderableType:
    """What changed beyond noise, for a terminal."""
    compared = changes(before, after)
    changed = [change for change in compared if change.verdict != "equal"]
    table = Table(title=f"{before.machine.revision} → {after.machine.revision}", title_justify="left")
    for heading in ("", "quantity", "before", "after", "change", ""):
        table.add_column(heading, justify="right" if heading in ("before", "after", "change") else "left")
    style = {"better": "green", "worse": "red", "different": ""}
    for change in changed:
        measure = change.before
        table.add_row(
            f"{change.benchmark}: {measure.subject}",
            ", ".join(filter(None, (measure.quantity, measure.unit))),
            format_measure(measure),
            format_measure(change.after),
            f"{100 * change.relative:+.0f} %",
            Text(change.verdict, style[change.verdict]),
        )
    total = f"{len(changed)} of {len(compared)} figures changed by more than their noise."
    warnings = [Text(sentence, style="yellow") for sentence in differences(before, after)]
    return Group(*([table] if changed else []), Text(total, style="bold"), *warnings)


def change_record(change: Change) -> dict[str, Any]:
    """One quantity in both runs as the command line's JSON object; `change` is null where it was zero before."""
    relative = change.relative
    return {
        "type": "comparison",
        "benchmark": change.benchmark,
        "subject": change.before.subject,
        "quantity": change.before.quantity,
        "unit": change.before.unit,
        "before": change.before.median,
        "after": change.after.median,
        "change": relative if math.isfinite(relative) else None,
        "verdict": change.verdict,
    }


def _measures(run: Run) -> Iterator[tuple[str, Measure]]:
    return ((result.benchmark, measure) for result in run.results for measure in result.measures)


def _key(benchmark: str, measure: Measure) -> tuple[str, ...]:
    return benchmark, measure.subject, measure.quantity, measure.unit
