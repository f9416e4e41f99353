"""Whether the machine was left alone while it was measured: what else computed, and how much the rounds differ."""

import os
import time
from collections.abc import Sequence
from statistics import median

import psutil

from benchmarks.harness.measure import Measure

OTHERS = 0.1
"""Other programs may take this share of one core."""
RESTLESS = 0.05
"""The typical figure of a quiet run varies less than this from round to round (coefficient of variation)."""


class Quiet:
    """Made when a benchmark begins; `disturbances` when it has ended."""

    def __init__(self) -> None:
        self.cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self._began_s, self._all_s, self._own_s = time.monotonic(), _busy_s(), _own_s()

    def disturbances(self, measures: Sequence[Measure]) -> tuple[str, ...]:
        """Why the figures are not to be relied on, a sentence each; empty after a quiet run."""
        others = (_busy_s() - self._all_s - (_own_s() - self._own_s)) / (time.monotonic() - self._began_s)
        variations = [measure.variation for measure in measures if measure.variation == measure.variation]
        restless = median(variations) if variations else 0.0
        return tuple(
            sentence
            for disturbed, sentence in (
                (others > OTHERS, f"Other programs took {others:.1f} of {self.cores} cores meanwhile."),
                (restless > RESTLESS, f"The typical figure varied by {100 * restless:.0f} % from round to round."),
            )
            if disturbed
        )


def _busy_s() -> float:
    """CPU time that the whole machine has spent, in s."""
    times = psutil.cpu_times()
    return sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0)


def _own_s() -> float:
    """CPU time that this process and its ended children have spent, in s."""
    own = psutil.Process().cpu_times()
    return sum((own.user, own.system, own.children_user, own.children_system))
