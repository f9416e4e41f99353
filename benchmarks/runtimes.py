"""The runtimes side by side: one window at a time, one CPU thread, and how far the answers lie from PyTorch's."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.harness import Effort, Measure, Result, Tell, in_turn
from benchmarks.runtime_probe import BATCH, Probe, probe
from medn.runtime import RUNTIMES, Weights, explain_choice
from medn.runtime.parity import parity
from medn.runtime.reference import reference_windows

EXACT = "pytorch"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int
    windows: int


SIZES = {Effort.QUICK: Size(1, 200), Effort.NORMAL: Size(3, 200), Effort.THOROUGH: Size(5, 1000)}


def measure(size: Size, tell: Tell, weights: Weights) -> Result:
    """Every runtime that can run `weights` here; the others are in the notes as not measured, with the reason."""
    tell("filming the windows")
    windows = reference_windows(size.windows)
    choices = explain_choice(weights, RUNTIMES)
    contestants: dict[str, Callable[[], Probe]] = {
        choice.runtime: lambda name=choice.runtime: probe(name, weights, windows)  # type: ignore[misc]
        for choice in choices
        if choice.available
    }
    probes = in_turn(contestants, size.rounds, tell, warm_up=0)
    return Result(
        benchmark="runtimes",
        question="How long does a window take on each runtime, how soon is it ready, and does it say the same?",
        conditions={
            "weights": weights.name,
            "windows": f"{size.windows}, from the built-in portrait with synthetic movements",
            "devices": ", ".join(f"{name}: {rounds[0].device}" for name, rounds in probes.items()),
            "rounds": f"{size.rounds}, in turn, each in a process of its own",
        },
        measures=tuple(figure for name in probes for figure in _measures(name, probes)),
        notes=(
            "Start: from the process's start to the first answer, imports, loading and warming up included. "
            f"Difference: the largest of any probability from {EXACT}'s (fp32, CPU).",
            *(f"{choice.runtime}: not measured ({choice.reason})." for choice in choices if not choice.available),
        ),
    )


def _measures(name: str, probes: dict[str, list[Probe]]) -> Iterator[Measure]:
    rounds = probes[name]
    for quantile in (50, 99):
        values = tuple(float(np.percentile(one.window_ms, quantile)) for one in rounds)
        yield Measure(name, f"window p{quantile}", "ms", values)
    yield Measure(name, f"{BATCH} windows p50", "ms", tuple(float(np.median(one.batch_ms)) for one in rounds))
    yield Measure(name, "start", "s", tuple(one.start_s for one in rounds))
    apart = [parity(one.answers, probes[EXACT][0].answers) for one in rounds]
    yield Measure(name, "largest difference", "", tuple(each.difference for each in apart))
    yield Measure(name, "same class", "", tuple(each.agreement for each in apart), "higher")
