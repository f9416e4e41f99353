"""What a benchmark finds: quantities, each measured once a round, so that every figure carries its own spread."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import mean, median, stdev
from typing import Any, Literal, Self

Better = Literal["higher", "lower", "neither"]

NOISY = 0.1
"""A coefficient of variation above this marks a figure as noisy."""


class ImpossibleError(Exception):
    """A benchmark that cannot run on this machine; its text is one sentence for the user."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One quantity of one subject."""

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
        """The middle of the rounds."""
        return median(self.values)

    @property
    def variation(self) -> float:
        """The coefficient of variation (standard deviation / mean); NaN from a single round or around zero."""
        if len(self.values) < 2 or not mean(self.values):
            return math.nan
        return stdev(self.values) / abs(mean(self.values))

    @property
    def noisy(self) -> bool:
        """Whether the rounds differ by more than a figure should."""
        return self.variation > NOISY


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot, as plain numbers; "line" plots have one x per value, "bars" one label per value."""

    title: str
    x_label: str
    y_label: str
    kind: Literal["line", "bars", "stacked bars"]
    x: tuple[float, ...] | tuple[str, ...]
    series: Mapping[str, tuple[float, ...]]
    """One y for each x; NaN where there is none."""


@dataclass(frozen=True, slots=True)
class Result:
    """All that one benchmark found."""

    benchmark: str
    question: str
    """What it answers, in one sentence."""
    conditions: Mapping[str, str]
    measures: tuple[Measure, ...]
    notes: tuple[str, ...] = ()
    """What a reader must know beside the figures: a sentence each."""
    plots: tuple[Plot, ...] = ()
    disturbances: tuple[str, ...] = field(default=())
    """Why this run is noisy: a sentence each; empty if it was quiet."""

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """The result that `dataclasses.asdict` and JSON have been over. Raises KeyError or TypeError if it is none."""
        measures = tuple(Measure(**measure | {"values": tuple(measure["values"])}) for measure in record["measures"])
        plots = tuple(Plot(**plot) for plot in record["plots"])
        return cls(**{**record, "measures": measures, "plots": plots})


def quantiles(
    subject: str, rounds_ms: Sequence[Mapping[str, float]], names: Sequence[str] = ("p50", "p90", "p99", "max")
) -> list[Measure]:
    """One measure in ms for each named quantile, from each round's quantiles by name."""
    return [Measure(subject, name, "ms", tuple(round_ms[name] for round_ms in rounds_ms)) for name in names]


def ratios(subject: str, unit: str, above: Sequence[float], below: Sequence[float]) -> Measure:
    """How many times `below` is `above`, round by round: what disturbs a round disturbs both and cancels."""
    values = tuple(a / b for a, b in zip(above, below, strict=True))
    return Measure(subject, "ratio", unit, values, "higher")
