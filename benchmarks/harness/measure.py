"""How benchmarks measure: rounds in turn, figures with their spread, and a check of what else the machine did."""

import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import mean, median, stdev
from typing import Any, Literal, Self, TypeVar

Better = Literal["higher", "lower", "neither"]
Progress = Callable[[str], None]
"""Takes a short text on what is being measured."""
Outcome = TypeVar("Outcome")

MAX_VARIATION = 0.1
"""A figure whose coefficient of variation is larger is marked as noisy."""
MAX_TYPICAL_VARIATION = 0.05
"""The same for the median over all figures of a run."""
MAX_OTHER_LOAD_CORES = 0.1
"""CPU time that other programs may use during a quiet run, in cores."""


class ImpossibleError(Exception):
    """A benchmark that cannot run on this machine; its text is one sentence for the user."""


class Effort(StrEnum):
    """How long to measure: the whole set takes minutes, about an hour, or hours."""

    QUICK = "quick"
    NORMAL = "normal"
    THOROUGH = "thorough"


@dataclass(frozen=True, slots=True)
class Measure:
    """One quantity of one subject, measured once in each round."""

    subject: str
    """What was measured: a contestant, a stage, a rate."""
    quantity: str
    """What of it: "frames a second", "p99"."""
    unit: str
    """"ms", "× bare loop", "MB"; empty for plain counts."""
    values: tuple[float, ...]
    """One for each round; never empty."""
    better: Better = "lower"

    @property
    def median(self) -> float:
        """The median of the rounds."""
        return median(self.values)

    @property
    def variation(self) -> float:
        """The coefficient of variation (standard deviation / mean); NaN from a single round or around zero."""
        if len(self.values) < 2 or not mean(self.values):
            return math.nan
        return stdev(self.values) / abs(mean(self.values))

    @property
    def noisy(self) -> bool:
        """Whether the coefficient of variation is above `MAX_VARIATION`."""
        return self.variation > MAX_VARIATION


@dataclass(frozen=True, slots=True)
class Plot:
    """The data of a plot; "line" plots have one x per value, "bars" one label per value."""

    title: str
    x_label: str
    y_label: str
    kind: Literal["line", "bars", "stacked bars"]
    x: tuple[float, ...] | tuple[str, ...]
    series: Mapping[str, tuple[float, ...]]
    """One y for each x; NaN where there is none."""


@dataclass(frozen=True, slots=True)
class Result:
    """Everything that one benchmark found."""

    benchmark: str
    question: str
    """The question that it answers, in one sentence."""
    conditions: Mapping[str, str]
    measures: tuple[Measure, ...]
    notes: tuple[str, ...] = ()
    """What a reader needs to read the figures correctly: a sentence each."""
    plots: tuple[Plot, ...] = ()
    disturbances: tuple[str, ...] = field(default=())
    """Why this run is noisy: a sentence each; empty if it was quiet."""

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """The result from the JSON of its `dataclasses.asdict`. Raises KeyError or TypeError if fields are wrong."""
        measures = tuple(Measure(**measure | {"values": tuple(measure["values"])}) for measure in record["measures"])
        plots = tuple(Plot(**plot) for plot in record["plots"])
        return cls(**{**record, "measures": measures, "plots": plots})


def in_turn(
    contestants: Mapping[str, Callable[[], Outcome]], rounds: int, progress: Progress, warm_up: int = 1
) -> dict[str, list[Outcome]]:
    """What each contestant returned in each round, in the order A B C, C B A, A B C …

    So a machine that slowly changes its speed favours none of them. The outcomes of the `warm_up` rounds are dropped.
    """
    outcomes: dict[str, list[Outcome]] = {name: [] for name in contestants}
    order = list(contestants)
    for number in range(-warm_up, rounds):
        for name in order:
            progress(f"{name}: {'warm-up' if number < 0 else f'round {number + 1} of {rounds}'}")
            outcome = contestants[name]()
            if number >= 0:
                outcomes[name].append(outcome)
        order.reverse()
    return outcomes


def quantiles(
    subject: str, rounds_ms: Sequence[Mapping[str, float]], names: Sequence[str] = ("p50", "p90", "p99", "max")
) -> list[Measure]:
    """One measure in ms for each named quantile, from each round's quantiles by name."""
    return [Measure(subject, name, "ms", tuple(round_ms[name] for round_ms in rounds_ms)) for name in names]


def ratios(subject: str, unit: str, above: Sequence[float], below: Sequence[float]) -> Measure:
    """`above` / `below`, round by round: a disturbance that slows a whole round cancels."""
    values = tuple(a / b for a, b in zip(above, below, strict=True))
    return Measure(subject, "ratio", unit, values, "higher")


class LoadCheck:
    """Whether the machine was quiet: make it when a benchmark begins, call `disturbances` when it has ended."""

    def __init__(self) -> None:
        self.cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self._began_s, self._all_s, self._own_s = time.monotonic(), _busy_s(), _own_s()

    def disturbances(self, measures: Sequence[Measure]) -> tuple[str, ...]:
        """Why the figures are not reliable, a sentence each; empty after a quiet run."""
        others = (_busy_s() - self._all_s - (_own_s() - self._own_s)) / (time.monotonic() - self._began_s)
        variations = [measure.variation for measure in measures if not math.isnan(measure.variation)]
        typical = median(variations) if variations else 0.0
        return tuple(
            sentence
            for disturbed, sentence in (
                (others > MAX_OTHER_LOAD_CORES, f"Other programs took {others:.1f} of {self.cores} cores meanwhile."),
                (
                    typical > MAX_TYPICAL_VARIATION,
                    f"The typical figure varied by {100 * typical:.0f} % from round to round.",
                ),
            )
            if disturbed
        )


def _busy_s() -> float:
    """CPU time that the whole machine has used, in s."""
    import psutil  # not at the top: the recognizer's cold start is timed in a process that imports this module

    times = psutil.cpu_times()
    return sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0)


def _own_s() -> float:
    """CPU time that this process and its ended children have used, in s."""
    import psutil

    own = psutil.Process().cpu_times()
    return sum((own.user, own.system, own.children_user, own.children_system))
