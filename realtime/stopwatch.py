"""Times the stages of one step."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter


class Stopwatch:
    """`with watch("stage"):` adds to that stage; stages that run several times in a step (once a face) add up."""

    def __init__(self) -> None:
        self.stages_ms: dict[str, float] = {}
        self._before_ms = 0.0
        self._started = perf_counter()

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Time the block as this stage."""
        begun = perf_counter()
        try:
            yield
        finally:
            self._count(stage, 1000 * (perf_counter() - begun))

    def add(self, stage: str, ms: float) -> None:
        """Count time that this stage took before the stopwatch was made, or elsewhere."""
        self._count(stage, ms)
        self._before_ms += ms

    def elapsed_ms(self) -> float:
        """Time since the stopwatch was made, and what was added."""
        return self._before_ms + 1000 * (perf_counter() - self._started)

    def _count(self, stage: str, ms: float) -> None:
        self.stages_ms[stage] = self.stages_ms.get(stage, 0.0) + ms
