"""Recognition in the stream: each candidate becomes a window, in which MEDN recognizes emotion and action units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from medn.contract import AU_NAMES, EMOTIONS
from medn.face.window import Window, window
from medn.runtime import WindowBatch, load_runtime
from medn.runtime.base import Notice
from medn.weights import read_weights
from realtime.recognition.shared import shared_runtime
from realtime.ring import Ring
from realtime.types import Candidate

MAX_BATCH = 16
NO_WINDOW = 0.5
"""Stands for MEDN's "is a micro-expression" where a candidate has no window: it is too long, or its start is gone."""


@dataclass(frozen=True, slots=True)
class Recognized:
    """What MEDN recognized in a candidate; `emotion` and `aus` are None where it had no window."""

    micro: float = NO_WINDOW
    """Probability of a micro-expression."""
    emotion: Mapping[str, float] | None = None
    aus: Mapping[str, float] | None = None


class Recognizer:
    """Runs MEDN on candidates; those that are due together are one batch. Buffers are made once.

    Raises RuntimeUnavailableError if a runtime that was asked for by name cannot run here; with `fallback`, the best
    that can takes its place and `notice` gets a sentence.
    """

    def __init__(self, runtime: str = "auto", notice: Notice = lambda _: None, *, fallback: bool = False) -> None:
        self.weights = read_weights()
        """The checkpoint: name, hash, card."""
        self.runtime = shared_runtime(self.weights, notice) or load_runtime(
            runtime, self.weights, notice=notice, fallback=fallback, reference_windows=_reference_windows
        )
        self.runtime.warm_up()
        self._batch = WindowBatch.empty(MAX_BATCH)

    def __call__(self, candidates: Sequence[tuple[Candidate, Ring]], max_duration_s: float) -> list[Recognized]:
        """What MEDN recognizes in each candidate, given the ring of its face's crops; nothing in longer ones."""
        recognized: list[Recognized] = []
        for start in range(0, len(candidates), MAX_BATCH):
            recognized += self._recognize(candidates[start : start + MAX_BATCH], max_duration_s)
        return recognized

    def _recognize(self, candidates: Sequence[tuple[Candidate, Ring]], max_duration_s: float) -> list[Recognized]:
        places: list[int] = []
        for place, (candidate, crops) in enumerate(candidates):
            made = _window(candidate, crops, max_duration_s)
            if made is not None:
                self._batch.put(len(places), made)
                places.append(place)
        answer = self.runtime(self._batch.part(0, len(places)))
        recognized = [Recognized()] * len(candidates)
        for row, place in enumerate(places):
            recognized[place] = Recognized(
                micro=float(answer.micro[row]),
                emotion=dict(zip(EMOTIONS, answer.emotion[row].tolist(), strict=True)),
                aus=dict(zip(AU_NAMES, answer.aus[row].tolist(), strict=True)),
            )
        return recognized


def _reference_windows() -> WindowBatch:
    # loaded here, because it brings simulated faces and SciPy for what hardly ever happens
    from medn.synthetic.reference_windows import reference_windows

    return reference_windows()


def _window(candidate: Candidate, crops: Ring, max_duration_s: float) -> Window | None:
    """Its window from onset to apex, straight from the ring; None if it is too long, not wholly held or no span."""
    held = crops.newest()
    if candidate.offset_s - candidate.onset_s > max_duration_s:
        return None
    if not held.times_s[0] <= candidate.onset_s < candidate.apex_s <= held.times_s[-1]:
        return None
    return window(held.values, held.times_s, candidate.onset_s, candidate.apex_s)
