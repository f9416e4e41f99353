"""Recognition in the stream: each candidate becomes a window, and MEDN says what moved in it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from medn.face.window import Window, window
from medn.model import AU_NAMES, EMOTIONS
from medn.runtime import WindowBatch, load_runtime
from medn.runtime.runtime import Notice
from medn.weights import read_weights
from realtime.results import Event
from realtime.ring import Ring
from realtime.spotting.decision import LONGEST_S

MOST_AT_ONCE = 16
UNREAD = 0.5
"""What stands for MEDN's "is a micro-expression" where a candidate has no window: it is too long, or its start gone."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An undecided event, and the ring that holds its face."""

    event: Event
    crops: Ring


class Recognizer:
    """Adds emotion, action units and MEDN's "is a micro-expression" ("micro" in the evidence) to candidates.

    Candidates that fall due together are read as one batch. Buffers are made once. Raises RuntimeUnavailableError if a
    runtime is asked for by name that cannot run here, unless another may stand in: then `notice` is told.
    """

    def __init__(self, runtime: str = "auto", notice: Notice = lambda _: None, *, or_another: bool = False) -> None:
        self.weights = read_weights()
        """The checkpoint: name, hash, card."""
        self.runtime = load_runtime(runtime, self.weights, notice=notice, or_another=or_another)
        self.runtime.warm_up()
        self._batch = WindowBatch.empty(MOST_AT_ONCE)

    def __call__(self, candidates: Sequence[Candidate]) -> list[Event]:
        """The candidates' events with what MEDN says of them, in their order."""
        told = []
        for start in range(0, len(candidates), MOST_AT_ONCE):
            told += self._read(candidates[start : start + MOST_AT_ONCE])
        return told

    def _read(self, candidates: Sequence[Candidate]) -> list[Event]:
        rows: list[int] = []
        for number, candidate in enumerate(candidates):
            seen = _window(candidate)
            if seen is not None:
                self._batch.put(len(rows), seen)
                rows.append(number)
        said = self.runtime(self._batch.part(0, len(rows)))
        told = [replace(c.event, evidence={**c.event.evidence, "micro": UNREAD}) for c in candidates]
        for row, number in enumerate(rows):
            told[number] = replace(
                told[number],
                evidence={**told[number].evidence, "micro": float(said.micro[row])},
                emotion=dict(zip(EMOTIONS, said.emotion[row].tolist(), strict=True)),
                aus=dict(zip(AU_NAMES, said.aus[row].tolist(), strict=True)),
            )
        return told


def _window(candidate: Candidate) -> Window | None:
    """Its window from onset to apex, straight from the ring; None if it is too long or not wholly held."""
    event, held = candidate.event, candidate.crops.newest()
    if event.offset_s - event.onset_s > LONGEST_S or event.onset_s < held.times_s[0]:
        return None
    return window(held.values, held.times_s, event.onset_s, event.apex_s)
