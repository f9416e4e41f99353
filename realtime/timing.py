"""Time by stage: a stopwatch for one step, and quantiles in constant memory, so that a run of days costs no more than
one of seconds.

Each stage has a DDSketch (Masson, Rim, Lee: DDSketch, PVLDB 12(12), 2019): a quantile is off by at most 1 % of itself.
2048 buckets span 0.001 ms to over a day; recording costs under 1 µs.
"""

from time import perf_counter

from ddsketch import LogCollapsingLowestDenseDDSketch

QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
ACCURACY = 0.01
BUCKETS = 2048


class Stopwatch:
    """`lap("stage")` counts the time since the lap before; stages that come several times (once a face) add up."""

    def __init__(self) -> None:
        self.stages_ms: dict[str, float] = {}
        self._before_ms = 0.0
        self._started = self._lapped = perf_counter()

    def lap(self, stage: str) -> None:
        """All since the last lap, or since the stopwatch was made, was this stage."""
        now = perf_counter()
        self._count(stage, 1000 * (now - self._lapped))
        self._lapped = now

    def add(self, stage: str, ms: float) -> None:
        """Count time that this stage took before the stopwatch was made, or elsewhere."""
        self._count(stage, ms)
        self._before_ms += ms

    def elapsed_ms(self) -> float:
        """Time since the stopwatch was made, and what was added."""
        return self._before_ms + 1000 * (perf_counter() - self._started)

    def _count(self, stage: str, ms: float) -> None:
        self.stages_ms[stage] = self.stages_ms.get(stage, 0.0) + ms


class Latencies:
    """Times in ms by stage.

    Each stage may be recorded by one thread, and all be read from any.
    """

    def __init__(self) -> None:
        self._stages: dict[str, _Stage] = {}

    def record(self, stage: str, ms: float) -> None:
        """Add one time of a stage."""
        known = self._stages.get(stage)
        if known is None:
            known = self._stages[stage] = _Stage()
        known.sketch.add(ms)
        if ms > known.longest_ms:
            known.longest_ms = ms

    def add(self, others: "Latencies") -> None:
        """Add the times of another run."""
        for stage, other in others._stages.items():
            known = self._stages.setdefault(stage, _Stage())
            known.sketch.merge(other.sketch)
            known.longest_ms = max(known.longest_ms, other.longest_ms)

    def quantiles_ms(self) -> dict[str, dict[str, float]]:
        """p50, p90, p99 and max in ms of each stage that was recorded, in the order of their first record."""
        return {stage: _quantiles_ms(known) for stage, known in list(self._stages.items())}


class _Stage:
    __slots__ = ("longest_ms", "sketch")

    def __init__(self) -> None:
        self.sketch = LogCollapsingLowestDenseDDSketch(ACCURACY, BUCKETS)
        self.longest_ms = 0.0


def _quantiles_ms(stage: _Stage) -> dict[str, float]:
    values = {name: stage.sketch.get_quantile_value(quantile) or 0.0 for name, quantile in QUANTILES.items()}
    # a bucket's centre may lie above the longest time in it
    return {name: min(value, stage.longest_ms) for name, value in values.items()} | {"max": stage.longest_ms}
