"""Joins the candidates of the two first stages: bumps of the regions, and peaks of the matched filter.

Bumps separate micro-expressions from blinks and macro-expressions better, and serve still faces; the matched filter
serves people who talk and move. Where both found a movement it is one candidate with both kinds of features, and the
peak's bounds, which are nearer to the truth (docs/spotting.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from realtime.motion.regions import REGION_NAMES
from realtime.ring import Window
from realtime.spotting.bounds import region_peaks_pct
from realtime.spotting.detector import DELAY_S, Peak
from realtime.spotting.parameters import FAULTS, MAX_MICRO_S
from realtime.spotting.patterns import Patterns
from realtime.spotting.peak_bounds import shipped_peak_bounds
from realtime.spotting.peak_features import peak_features
from realtime.types import Candidate

WAIT_S = DELAY_S + 0.25
"""A candidate waits so long after its apex for what the other stage found there."""
SAME_IOU = 0.3
"""Candidates of one face that overlap this much are one movement."""
SAME_APEX_S = 0.12
"""A bump and a peak are one movement, too, if their apexes are this close."""
CONTEXT_S = 1.3


class Span(Protocol):
    """A movement in time."""

    @property
    def onset_s(self) -> float:
        """When it begins."""

    @property
    def offset_s(self) -> float:
        """When it ends."""


def overlap(one: Span, other: Span) -> float:
    """Intersection over union of two movements in time, 0–1."""
    shared_s = min(one.offset_s, other.offset_s) - max(one.onset_s, other.onset_s)
    return max(shared_s, 0.0) / (max(one.offset_s, other.offset_s) - min(one.onset_s, other.onset_s))


@dataclass(frozen=True, slots=True, eq=False)
class Movement:
    """What either stage found of one movement, or both."""

    candidate: Candidate
    """It as one candidate."""
    bump: Candidate | None
    peak: Candidate | None


def movements_of(bumps: Sequence[Candidate], peaks: Sequence[Candidate]) -> list[Movement]:
    """What both stages found as movements: of the pairs that may be one, those of the strongest peaks are.

    A strong movement has weak peaks beside it, whose bounds are wrong and whose evidence says little.
    """
    pairs = [
        (peak.peak["statistic"], overlap(bump, peak), b, p)
        for b, bump in enumerate(bumps)
        for p, peak in enumerate(peaks)
        if _same(bump, peak)
    ]
    of_bump: dict[int, int] = {}
    for _, _, b, p in sorted(pairs, reverse=True):
        if b not in of_bump and p not in of_bump.values():
            of_bump[b] = p
    joined = [(bumps[b], peaks[p]) for b, p in of_bump.items()]
    return [
        *(Movement(replace(peak, regions=bump.regions, features=bump.features), bump, peak) for bump, peak in joined),
        *(Movement(bump, bump, None) for b, bump in enumerate(bumps) if b not in of_bump),
        *(Movement(peak, None, peak) for p, peak in enumerate(peaks) if p not in of_bump.values()),
    ]


class Join:
    """One face's candidates of both stages; `flush` at the end, `reset` to forget."""

    def __init__(self, face: int, patterns: Patterns) -> None:
        self._face, self._patterns = face, patterns
        self._bounds = shipped_peak_bounds()
        self.faults: list[str] = []
        """Why candidates were lost, a sentence each; whoever reports them empties the list."""
        self.reset()

    def reset(self) -> None:
        """Forget what waits."""
        self._waiting: list[Movement] = []

    def __call__(
        self, now_s: float, bumps: Sequence[Candidate], peaks: Sequence[Peak], trace: Window
    ) -> list[Candidate]:
        """Take in what both stages found on a frame; the candidates that nothing can join any more.

        Bumps that are too long to be a micro-expression come back at once.
        """
        due = [bump for bump in bumps if bump.offset_s - bump.onset_s > MAX_MICRO_S]
        self._add(
            [bump for bump in bumps if bump.offset_s - bump.onset_s <= MAX_MICRO_S], self._candidates(peaks, trace)
        )
        unripe = [one.candidate for one in self._waiting if one.candidate.apex_s > now_s - WAIT_S]
        # candidates of one movement are decided together, so that the most probable one is reported
        waiting = [one for one in self._waiting if any(overlap(one.candidate, other) >= SAME_IOU for other in unripe)]
        ripe = [one for one in self._waiting if one not in waiting]
        self._waiting = waiting
        return due + [_confirmed(one.candidate, now_s) for one in ripe]

    def flush(self, now_s: float, bumps: Sequence[Candidate], peaks: Sequence[Peak], trace: Window) -> list[Candidate]:
        """All that still waits, with what both stages found at the end."""
        found = self(now_s, bumps, peaks, trace)
        left = [_confirmed(one.candidate, now_s) for one in self._waiting]
        self.reset()
        return found + left

    def _add(self, bumps: Sequence[Candidate], peaks: Sequence[Candidate]) -> None:
        if bumps or peaks:
            held = self._waiting
            self._waiting = movements_of(
                [*(one.bump for one in held if one.bump), *bumps], [*(one.peak for one in held if one.peak), *peaks]
            )

    def _candidates(self, peaks: Sequence[Peak], trace: Window) -> list[Candidate]:
        found = []
        for peak in peaks:
            try:
                candidate = self._candidate(peak, trace)
            except FAULTS as error:
                self.faults.append(f"at {peak.moment.time_s:.2f} s: {error}")
                continue
            if candidate is not None:
                found.append(candidate)
        return found

    def _candidate(self, peak: Peak, trace: Window) -> Candidate | None:
        onset_s, apex_s, offset_s = self._bounds(peak)
        first, last = np.searchsorted(trace.times_s, (apex_s - CONTEXT_S, apex_s + CONTEXT_S))
        near = Window(trace.times_s[first:last], trace.frames[first:last], trace.values[first:last])
        if not len(near.times_s):
            return None
        frames = [int(near.frames[np.abs(near.times_s - at).argmin()]) for at in (onset_s, apex_s, offset_s)]
        moved_pct = region_peaks_pct(near, onset_s, apex_s, offset_s)
        least_pct = max(0.5 * float(moved_pct.max()), 0.2)
        return Candidate(
            face=self._face,
            onset_s=onset_s,
            apex_s=apex_s,
            offset_s=offset_s,
            onset_frame=frames[0],
            apex_frame=frames[1],
            offset_frame=frames[2],
            regions={name: float(pct) for name, pct in zip(REGION_NAMES, moved_pct, strict=True) if pct >= least_pct},
            features={},
            peak=peak_features(peak, self._patterns, near.times_s, near.values),
            algorithmic_ms=0.0,
        )


def _same(bump: Candidate, peak: Candidate) -> bool:
    return abs(bump.apex_s - peak.apex_s) <= SAME_APEX_S or overlap(bump, peak) >= SAME_IOU


def _confirmed(candidate: Candidate, now_s: float) -> Candidate:
    return replace(candidate, algorithmic_ms=1000 * (now_s - candidate.apex_s))
