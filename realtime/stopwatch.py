"""Times the stages of one step."""

from time import perf_counter


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
