"""The spotter: rows of the trace in, candidates out, as a small state machine in the manner of silero-vad's iterator.

Causal: a call sees the frame at hand and earlier ones only. A bump opens a candidate; when no better one has come for
`settle_s` its onset, apex and offset are measured; `evidence_after_s` later what happened around it is gathered and the
candidate is decided. High recall comes first: everything that is rejected is returned too, with its reason.
"""

import numpy as np
from numpy.typing import NDArray

from realtime.motion.regions import REGION_NAMES
from realtime.results import Event
from realtime.ring import Ring, Window
from realtime.spotting.bounds import Bounds, Bump, measure
from realtime.spotting.bumps import bumps
from realtime.spotting.evidence import gather
from realtime.spotting.parameters import SpotterParameters
from realtime.spotting.trace import WIDTH
from realtime.spotting.vetoes import why_not

HIGHEST_RATE_HZ = 250
"""Rate up to which the trace holds all that the evidence asks for."""


class Spotter:
    """One face's spotter. Call it with each frame's row; `flush` at the end decides what is still open."""

    def __init__(self, face: int, parameters: SpotterParameters | None = None) -> None:
        self._face = face
        self.parameters = parameters or SpotterParameters()
        p = self.parameters
        self._durations_s = np.array(p.durations_s + p.long_durations_s)
        held_s = self._durations_s.max() + 2 * p.context_s + 1.0
        self._trace = Ring(int(held_s * HIGHEST_RATE_HZ), (WIDTH,), np.float32)
        shape = (len(self._durations_s), len(REGION_NAMES))
        self._values = np.zeros(shape, np.float32)
        self._peaks = np.zeros(shape, np.float32)
        self._apexes = np.zeros(shape, np.int64)
        self.reset()

    def reset(self) -> None:
        """Forget the trace and the face at rest."""
        self._trace.clear()
        self._started_s: float | None = None
        self._rest: list[NDArray[np.float32]] = []
        self._noise_pct: NDArray[np.float64] | None = None
        self._open: Bump | None = None
        self._pending: list[Bounds] = []
        self._last_offset_s = -np.inf

    @property
    def calibrated(self) -> bool:
        """Whether the face at rest has been learned."""
        return self._noise_pct is not None

    @property
    def threshold_pct(self) -> NDArray[np.float64]:
        """(regions,) what a bump must exceed now, % iod."""
        noise = np.zeros(len(REGION_NAMES)) if self._noise_pct is None else self._noise_pct
        return np.maximum(self.parameters.floor_pct, self.parameters.noise_factor * noise)

    def __call__(self, time_s: float, frame: int, row: NDArray[np.float32]) -> list[Event]:
        """Add one frame's row ((WIDTH,), see `trace`); the candidates decided on it, accepted and rejected."""
        step_s = time_s - self._trace.newest_s if len(self._trace) else 0.0
        if self._started_s is None:
            self._started_s = time_s
        self._trace.append(time_s, frame, row)
        p = self.parameters
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
        self._learn_rest(time_s - self._started_s, step_s)
        if self.calibrated:
            self._look(window, end_s)
            if self._open and end_s - self._open.end_s >= p.settle_s:
                self._close()
        return self._decide(time_s)

    def flush(self) -> list[Event]:
        """Decide all that is still open with what is known."""
        if self._open:
            self._close()
        return self._decide(np.inf)

    def _learn_rest(self, age_s: float, step_s: float) -> None:
        """Follow the running median of each region's shortest bumps by moving it up or down by a share of itself."""
        seen = self._peaks[0]
        if not seen.any():
            return
        p = self.parameters
        if self._noise_pct is not None:
            self._noise_pct *= np.exp(np.sign(seen - self._noise_pct) * step_s / p.noise_tau_s)
            return
        self._rest.append(seen.copy())
        if age_s >= p.calibration_s:
            self._noise_pct = np.median(self._rest, axis=0).astype(np.float64) + 1e-3
            self._rest = []

    def _look(self, window: Window, end_s: float) -> None:
        ratios = self._values / self.threshold_pct
        d, r = np.unravel_index(int(ratios.argmax()), ratios.shape)
        ratio = float(ratios[d, r])
        apex_s = float(window.times_s[self._apexes[d, r]])
        if ratio < 1 or apex_s <= self._last_offset_s:
            return
        if self._open is None or ratio > self._open.ratio:
            self._open = Bump(ratio, int(r), end_s - float(self._durations_s[d]), end_s, apex_s)

    def _close(self) -> None:
        assert self._open is not None
        bounds = measure(self._trace.newest(), self._open, self.threshold_pct, self.parameters)
        self._open = None
        self._last_offset_s = bounds.offset_s
        self._pending.append(bounds)

    def _decide(self, now_s: float) -> list[Event]:
        ripe = now_s - self.parameters.evidence_after_s
        due = [bounds for bounds in self._pending if bounds.offset_s <= ripe]
        self._pending = [bounds for bounds in self._pending if bounds.offset_s > ripe]
        return [self._event(bounds) for bounds in due]

    def _event(self, bounds: Bounds) -> Event:
        window = self._trace.newest()
        times_s = (bounds.onset_s, bounds.apex_s, bounds.offset_s)
        onset, apex, offset = (int(window.frames[np.abs(window.times_s - t).argmin()]) for t in times_s)
        evidence = gather(window, bounds, self.parameters.context_s)
        moved = {
            name: float(peak)
            for name, peak, least in zip(REGION_NAMES, bounds.peaks_pct, self.threshold_pct, strict=True)
            if peak >= least
        }
        return Event(
            face=self._face,
            onset_s=bounds.onset_s,
            apex_s=bounds.apex_s,
            offset_s=bounds.offset_s,
            onset_frame=onset,
            apex_frame=apex,
            offset_frame=offset,
            score=bounds.bump.ratio / (1 + bounds.bump.ratio),
            regions=moved,
            evidence=evidence,
            algorithmic_ms=1000 * (float(window.times_s[-1]) - bounds.apex_s),
            compute_ms=0.0,
            reason=why_not(evidence, moved),
        )
