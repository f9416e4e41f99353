"""Memory and CPU time of programs with all their processes, looked at from outside while they run."""

import contextlib
import threading
from collections.abc import Sequence
from typing import Self

import psutil

LOOK_EVERY_S = 0.2


class Watched:
    """Watches processes and those below them while its context is open."""

    def __init__(self, processes: Sequence[int]) -> None:
        self.memory_most = 0
        """The most bytes that all held together; pages that they share count in each."""
        self.process_most = 0
        """The most bytes that one of them held."""
        self._processes = processes
        self._first_s: dict[psutil.Process, float] = {}
        self._last_s: dict[psutil.Process, float] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    @property
    def core_s(self) -> float:
        """CPU time that they used meanwhile, but for the last moment of each."""
        return sum(last_s - self._first_s[process] for process, last_s in self._last_s.items())

    def __enter__(self) -> Self:
        self._look(first=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(LOOK_EVERY_S):
            self._look()

    def _look(self, *, first: bool = False) -> None:
        held = 0
        for number in self._processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                parent = psutil.Process(number)
                for process in (parent, *parent.children(recursive=True)):
                    with contextlib.suppress(psutil.NoSuchProcess):
                        used, memory = process.cpu_times(), process.memory_info().rss
                        self._last_s[process] = used.user + used.system
                        self._first_s.setdefault(process, self._last_s[process] if first else 0.0)
                        self.process_most = max(self.process_most, memory)
                        held += memory
        self.memory_most = max(self.memory_most, held)
