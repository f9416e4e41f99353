"""The spotter: rows of the trace in, candidates out, as a small state machine in the manner of silero-vad's iterator.

Causal: a call sees the frame at hand and earlier ones only. A bump opens a candidate; when no better one has come for
`settle_s` its onset, apex and offset are measured; `evidence_after_s` later what happened around it is gathered and the
candidate is returned. High recall comes first: what is a micro-expression is decided in `realtime.recognition`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.motion.regions import REGION_NAMES
from realtime.ring import MAX_RATE_HZ, Ring, Window
from realtime.spotting.bounds import Bounds, Bump, measure
from realtime.spotting.bumps import bumps
from realtime.spotting.columns import MOTION_COLUMNS, WIDTH
from realtime.spotting.features import gather
from realtime.spotting.parameters import FAULTS, MAX_MICRO_S, SpotterParameters
from realtime.types import Candidate


@dataclass(slots=True)
class _Lane:
    """Brief and long movements are looked for side by side: a macro-expression may hold a micro-expression."""

    durations: slice
    """Its rows of the bumps."""
    open: Bump | None = None
    last_offset_s: float = -np.inf


class Spotter:
    """One face's spotter. Call it with each frame's row; `flush` at the end returns what is still open."""

    def __init__(
        self,
        face: int,
        parameters: SpotterParameters | None = None,
        noise_pct: NDArray[np.float64] | None = None,
    ) -> None:
        self._face = face
        self.parameters = parameters or SpotterParameters()
        self.faults: list[str] = []
        """Why candidates were lost, a sentence each; whoever reports them empties the list."""
        p = self.parameters
        self._durations_s = np.array(p.durations_s + p.long_durations_s)
        held_s = self._durations_s.max() + 2 * p.context_s + 1.0
        self._raw = Ring(int((2 * p.smooth_s + 0.2) * MAX_RATE_HZ), (WIDTH,), np.float32)
        self._trace = Ring(int(held_s * MAX_RATE_HZ), (WIDTH,), np.float32)  # smoothed
        shape = (len(self._durations_s), len(REGION_NAMES))
        self._values = np.zeros(shape, np.float32)
        self._peaks = np.zeros(shape, np.float32)
        self._apexes = np.zeros(shape, np.int64)
        self.reset()
        if noise_pct is not None:  # known from a stretch at rest
            self._set_noise(noise_pct.copy())

    def reset(self) -> None:
        """Forget the trace and the face at rest."""
        self._raw.clear()
        self._trace.clear()
        self._smoothed_s = -np.inf
        self._started_s: float | None = None
        self._rest: list[NDArray[np.float32]] = []
        self._noise_pct: NDArray[np.float64] | None = None
        self.threshold_pct = np.full(len(REGION_NAMES), self.parameters.floor_pct)
        """(regions,) what a bump must exceed now, % iod."""
        brief = len(self.parameters.durations_s)
        self._lanes = (_Lane(slice(0, brief)), _Lane(slice(brief, None)))
        self._pending: list[Bounds] = []

    @property
    def trace(self) -> Window:
        """The smoothed rows that are held, see `columns`."""
        return self._trace.newest()

    @property
    def noise_pct(self) -> NDArray[np.float64] | None:
        """(regions,) running median of the shortest bumps, % iod; None before the face at rest has been learned."""
        return self._noise_pct

    @property
    def calibrated(self) -> bool:
        """Whether the face at rest has been learned."""
        return self._noise_pct is not None

    def __call__(self, time_s: float, frame: int, row: NDArray[np.float32]) -> list[Candidate]:
        """Add one frame's row ((WIDTH,), see `trace`); the candidates that are ripe, undecided."""
        if self._started_s is None:
            self._started_s = time_s
        self._raw.append(time_s, frame, row)
        raw = self._raw.newest()
        ripe: list[Candidate] = []
        for i in range(int(np.searchsorted(raw.times_s, self._smoothed_s, "right")), len(raw.times_s)):
            if raw.times_s[i] + self.parameters.smooth_s > time_s:
                break
            ripe += self._advance(raw, i, time_s)
        return ripe

    def _advance(self, raw: Window, i: int, now_s: float) -> list[Candidate]:
        """Take the i-th raw row into the smoothed trace and look for bumps that end there."""
        p = self.parameters
        time_s = float(raw.times_s[i])
        near = slice(*np.searchsorted(raw.times_s, (time_s - p.smooth_s, time_s + p.smooth_s)))
        row = raw.values[i].copy()
        row[MOTION_COLUMNS] = raw.values[near, MOTION_COLUMNS].mean(axis=0)
        step_s = time_s - self._smoothed_s if len(self._trace) else 0.0
        self._trace.append(time_s, int(raw.frames[i]), row)
        self._smoothed_s = time_s
        end_s = time_s - p.flank_s
        window = self._trace.newest()
        bumps(
            window.times_s,
            window.values,
            len(REGION_NAMES),
            end_s,
            self._durations_s,
            p.flank_s,
            p.gap_share,
            p.flank_share,
            self._values,
            self._peaks,
            self._apexes,
        )
        self._learn_rest(time_s, step_s)
        if self.calibrated:
            for lane in self._lanes:
                self._look(lane, window, end_s)
                if lane.open and end_s - lane.open.end_s >= p.settle_s:
                    self._close(lane)
        return self._ripe(time_s, now_s)

    def flush(self) -> list[Candidate]:
        """All candidates that are still open, with the evidence that there is."""
        for lane in self._lanes:
            if lane.open:
                self._close(lane)
        return self._ripe(np.inf, self._raw.newest_s if len(self._raw) else 0.0)

    def _learn_rest(self, time_s: float, step_s: float) -> None:
        """Follow the running median of each region's shortest bumps by moving it up or down by a share of itself."""
        seen = self._peaks[0]
        if not seen.any():
            return
        p = self.parameters
        if self._noise_pct is not None:
            share = min(step_s / p.noise_tau_s, 1.0)  # a gap in the frames teaches no more than one time constant
            self._set_noise(self._noise_pct * np.exp(np.sign(seen - self._noise_pct) * share))
            return
        self._rest.append(seen.copy())
        if self._started_s is not None and time_s - self._started_s >= p.calibration_s:
            self._set_noise(np.median(self._rest, axis=0).astype(np.float64) + 1e-3)
            self._rest = []

    def _set_noise(self, noise_pct: NDArray[np.float64]) -> None:
        self._noise_pct = noise_pct
        self.threshold_pct = np.maximum(self.parameters.floor_pct, self.parameters.noise_factor * noise_pct)

    def _look(self, lane: _Lane, window: Window, end_s: float) -> None:
        ratios = self._values[lane.durations] / self.threshold_pct
        d, r = np.unravel_index(int(ratios.argmax()), ratios.shape)
        ratio = float(ratios[d, r])
        apex_s = float(window.times_s[self._apexes[lane.durations][d, r]])
        if ratio < 1 or apex_s <= lane.last_offset_s:
            return
        if lane.open is None or ratio > lane.open.ratio:
            duration_s = float(self._durations_s[lane.durations][d])
            lane.open = Bump(ratio, int(r), end_s - duration_s, end_s, apex_s)

    def _close(self, lane: _Lane) -> None:
        assert lane.open is not None
        bump, lane.open = lane.open, None
        try:
            bounds = measure(self._trace.newest(), bump, self.threshold_pct, self.parameters)
        except FAULTS as error:
            self.faults.append(f"at {bump.apex_s:.2f} s: {error}")
            lane.last_offset_s = bump.end_s
            return
        lane.last_offset_s = bounds.offset_s
        if lane is self._lanes[0] or bounds.offset_s - bounds.onset_s > MAX_MICRO_S:
            self._pending.append(bounds)

    def _ripe(self, time_s: float, now_s: float) -> list[Candidate]:
        ended_s = time_s - self.parameters.evidence_after_s
        due = [bounds for bounds in self._pending if bounds.offset_s <= ended_s]
        self._pending = [bounds for bounds in self._pending if bounds.offset_s > ended_s]
        candidates: list[Candidate] = []
        for bounds in due:
            try:
                candidates.append(self._candidate(bounds, now_s))
            except FAULTS as error:
                self.faults.append(f"at {bounds.apex_s:.2f} s: {error}")
        return candidates

    def _candidate(self, bounds: Bounds, now_s: float) -> Candidate:
        window = self._trace.newest()
        times_s = (bounds.onset_s, bounds.apex_s, bounds.offset_s)
        onset, apex, offset = (int(window.frames[np.abs(window.times_s - t).argmin()]) for t in times_s)
        features = gather(window, bounds, self.parameters.context_s)
        if not np.isfinite((*times_s, *features.values())).all():
            raise ArithmeticError("a measurement of the movement is no finite number")
        return Candidate(
            face=self._face,
            onset_s=bounds.onset_s,
            apex_s=bounds.apex_s,
            offset_s=bounds.offset_s,
            onset_frame=onset,
            apex_frame=apex,
            offset_frame=offset,
            regions={
                name: float(peak)
                for name, peak, least in zip(REGION_NAMES, bounds.peaks_pct, self.threshold_pct, strict=True)
                if peak >= least
            },
            features=features,
            peak={},
            algorithmic_ms=1000 * (now_s - bounds.apex_s),
        )
