"""Recognizer: MEDN on every runtime that can run here, in the terms of MLPerf Inference (Reddi et al., ISCA 2020).

SingleStream: one window after another, told by its 90th percentile. MultiStream: queries of eight windows, the 99th.
Offline: windows a second where all are there at once. Each runtime has a process of its own for each round; its cold
start, from the process's start to its first answer, stands apart. Shorter than MLPerf asks, so these are its terms, not
its results.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.harness import Effort, Measure, Plot, Result, Tell, in_turn
from benchmarks.recognizer_probe import Probe, probe
from medn.runtime import RUNTIMES, Weights, explain_choice
from medn.runtime.parity import parity
from medn.runtime.reference import reference_windows

BATCHES = (1, 2, 4, 8, 16)
EXACT = "pytorch"
"""In fp32 on the CPU: what the others' answers are held against."""
WINDOWS = 48


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int
    seconds: float
    """Of each scenario in each round."""


SIZES = {Effort.QUICK: Size(1, 0.5), Effort.NORMAL: Size(3, 1.5), Effort.THOROUGH: Size(5, 10)}


def measure(size: Size, tell: Tell, weights: Weights) -> Result:
    """Probe every runtime that can run these weights; the others are named with the reason."""
    tell("filming the windows")
    windows = reference_windows(WINDOWS)
    choices = explain_choice(weights, RUNTIMES)
    contestants: dict[str, Callable[[], Probe]] = {
        choice.runtime: partial(probe, choice.runtime, weights, windows, BATCHES, size.seconds)
        for choice in choices
        if choice.available
    }
    probes = in_turn(contestants, size.rounds, tell, warm_up=0)
    return Result(
        benchmark="recognizer",
        question="How long does MEDN take on each runtime, in the terms of MLPerf?",
        conditions={
            "weights": weights.name,
            "windows": f"{WINDOWS}, the built-in portrait making synthetic movements",
            "devices": ", ".join(f"{name}: {rounds[0].device}" for name, rounds in probes.items()),
            "rounds": f"{size.rounds}, in turn, each in a process of its own, {size.seconds:g} s a scenario",
        },
        measures=tuple(_measures(probes)),
        notes=(
            "SingleStream: one window a query; MultiStream: eight; Offline: sixteen at a time. "
            f"Difference: the largest of any probability from {EXACT}'s.",
            *(f"{choice.runtime}: not measured ({choice.reason})." for choice in choices if not choice.available),
        ),
        plots=(_plot(probes),),
    )


def _measures(probes: Mapping[str, Sequence[Probe]]) -> Iterator[Measure]:
    for name, rounds in probes.items():
        single, multi, offline = ([one.query_ms[batch] for one in rounds] for batch in (1, 8, 16))
        yield Measure(name, "SingleStream p50", "ms", tuple(float(np.median(times)) for times in single))
        yield Measure(name, "SingleStream p90", "ms", tuple(float(np.percentile(times, 90)) for times in single))
        yield Measure(name, "MultiStream p99", "ms", tuple(float(np.percentile(times, 99)) for times in multi))
        per_s = tuple(16_000 / float(np.mean(times)) for times in offline)
        yield Measure(name, "Offline", "windows/s", per_s, "higher")
        yield Measure(name, "cold start", "s", tuple(one.cold_start_s for one in rounds))
        apart = tuple(parity(one.answers, probes[EXACT][0].answers).difference for one in rounds)
        yield Measure(name, "difference", "", apart)
    for name, rounds in probes.items():
        for batch in BATCHES:
            times = tuple(float(np.median(one.query_ms[batch])) / batch for one in rounds)
            yield Measure(f"{name}, p50", f"batch {batch}", "ms/window", times)


def _plot(probes: Mapping[str, Sequence[Probe]]) -> Plot:
    def per_window_ms(rounds: Sequence[Probe], batch: int) -> float:
        return float(np.median([np.median(one.query_ms[batch]) for one in rounds])) / batch

    return Plot(
        title="MEDN by batch",
        x_label="windows in a query",
        y_label="ms a window, p50",
        kind="line",
        x=tuple(map(float, BATCHES)),
        series={name: tuple(per_window_ms(rounds, batch) for batch in BATCHES) for name, rounds in probes.items()},
    )
