"""The detector of movements that stand out from what this face does anyway: speech and head motion are background.

An adaptive matched filter (AMF, Robey et al. 1992) with a coherence normalisation (ACE, Kraut & Scharf 1999). With y
the bump responses of all patches in units of each patch's own scale, C their correlation for this face around this
moment, and s the pattern that an action unit of 1 % iod draws in the same units,

    statistic = sᵀC⁻¹y / √(sᵀC⁻¹s),    normalised by √(1 + 3 · (yᵀC⁻¹y − statistic²) / channels)

means the same on every face, and a movement of a % iod stands out by z = a · √(sᵀC⁻¹s): see `limit.py`. Scales are
those of the moment, with the moment itself left out; C mixes the correlation of many people with this face's own.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from realtime.spotting.background import AHEAD, BANK, REACH, REFERENCE, Background
from realtime.spotting.grid import Grid, Steps
from realtime.spotting.patterns import Patterns, shipped_patterns
from realtime.spotting.responses import DURATIONS_S, GRID_HZ

LENGTHS = len(DURATIONS_S)
WARM_UP_S = 3.0
"""Nothing is detected before the face's own scales are known."""
REST_WEIGHT = 3.0
LEADERS = 2
"""Patterns of each part and length whose denominator is computed exactly at each step."""
REFRESHED = 4
"""Further patterns whose denominator is brought up to date at each step, in turn."""
PEAK_S = 0.2
"""A peak is the highest statistic this far on either side."""
LEAST_STATISTIC = 1.5

_PEAK = round(PEAK_S * GRID_HZ)
_X = 3 * REACH + AHEAD + _PEAK + 1  # values that a peak's course may need
_LENGTHS = np.arange(LENGTHS)
DELAY_S = (REACH + AHEAD + _PEAK) / GRID_HZ
"""From a moment to the step on which a peak there is returned."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What the detector computed for one moment of the grid; upper and lower face (parts) apart, for a brow that moves
    while a mouth speaks must not hide behind it."""

    time_s: float
    statistic: NDArray[np.float32]
    """(parts, lengths) the normalised statistic of the best pattern of each part and length."""
    pattern: NDArray[np.int64]
    """(parts, lengths) that pattern."""
    raw: NDArray[np.float32]
    """(parts, lengths) its statistic before normalisation."""
    per_pct: NDArray[np.float32]
    """(parts, lengths) √(sᵀC⁻¹s): by how much 1 % iod of it stands out."""
    energy: NDArray[np.float32]
    """(lengths,) yᵀC⁻¹y."""
    limit: NDArray[np.float32]
    """(patterns,) √(sᵀC⁻¹s) of each pattern at the reference length."""
    responses: NDArray[np.float32]
    """(lengths, channels) y in % iod."""
    scales: NDArray[np.float32]
    """(lengths, channels) % iod."""
    longs: NDArray[np.float32]
    """(channels,) scale over half a minute at the reference length, % iod."""


@dataclass(frozen=True, slots=True)
class Peak:
    """A moment at which the statistic of one part of the face peaks, and the course of the face around it."""

    moment: Moment
    part: int
    """0: upper face, 1: lower face."""
    duration_s: float
    """Lengths weighted by exp(1.5 · statistic)."""
    course: NDArray[np.float32]
    """(2 n + 1,) the patches projected on C⁻¹s / √(sᵀC⁻¹s) of the part's best pattern and length, in units of the
    statistic; `GRID_HZ` a second, the moment in the middle."""


class _Held(NamedTuple):
    """A moment whose neighbours are not all there yet."""

    moment: Moment
    best: list[float]
    """The highest statistic of each part."""
    inverse: NDArray[np.float32]
    """C⁻¹ at the moment."""


class Detector:
    """One face's detector: call it with each frame's patches; peaks come `DELAY_S` after their moment."""

    def __init__(self, patterns: Patterns | None = None, rest: Steps | None = None) -> None:
        self.patterns = patterns or shipped_patterns()
        self._s = self.patterns.patterns
        self._s2 = np.ascontiguousarray((self._s**2).T)
        self._parts = (np.flatnonzero(self.patterns.upper), np.flatnonzero(~self.patterns.upper))
        self._background = Background(self.patterns.correlation)
        self._x = np.zeros((2 * _X, self._s.shape[1]), np.float32)  # each row twice: any span lies in one piece
        self._ratio = np.ones((LENGTHS, len(self._s)), np.float32)
        self._grid = Grid()
        self.reset()
        if rest is not None:
            self._learn(rest)

    def reset(self) -> None:
        """Forget the face."""
        self._background.reset()
        self._ratio[:] = 1
        self._grid.reset()
        self._first_s: float | None = None
        self._warm_up_s = WARM_UP_S
        self._shift: NDArray[np.float32] | np.float32 = np.float32(0)
        self._seam = False
        self.taken = Steps.none()
        """What the newest frame brought to the grid."""
        self._steps = 0
        self._turn = 0
        self._moments: list[_Held] = []
        self.newest: Moment | None = None
        """The newest moment that could be computed."""

    def __call__(self, time_s: float, patches: NDArray[np.float32]) -> list[Peak]:
        """Take in one frame's patches, (225, 2) displacement in % iod, at a time later than the last; peaks found."""
        if self._first_s is None:
            self._first_s = time_s
        self.taken = self._grid(time_s, patches)
        return [peak for at_s, values in self.taken for peak in self.step(at_s, values)]

    def step(self, time_s: float, values: NDArray[np.float32]) -> list[Peak]:
        """Take in one step of the grid: (450,) displacement in % iod, `1 / GRID_HZ` after the last; peaks found."""
        if self._first_s is None:
            self._first_s = time_s
        now = values[self.patterns.channels]
        if self._steps == 0:
            self._x[:] = now  # nothing moved before the face was there
        elif self._seam:
            self._seam = False
            self._shift = self._x[(self._steps - 1) % _X] - now  # the stretch at rest ends where the face begins
        return self._advance(time_s, now + self._shift)

    def _learn(self, rest: Steps) -> None:
        """Start from what the face does at rest: it is background, and nothing is looked for in it."""
        values = rest.values[:, self.patterns.channels]
        self._x[:] = values[0]
        for row in values:
            self._put(row)
        self._seam = True
        self._warm_up_s = 2 * REACH / GRID_HZ  # no response reaches across the seam

    def flush(self) -> list[Peak]:
        """Peaks among the moments that could be computed; later ones lack what follows them."""
        recent = self._moments[-_PEAK:] if len(self._moments) > _PEAK else []
        places = range(len(self._moments) - len(recent), len(self._moments))
        return [peak for place in places for peak in self._peaks(place)]

    def _advance(self, time_s: float, x: NDArray[np.float32]) -> list[Peak]:
        self._put(x)
        moment_s = time_s - (REACH + AHEAD) / GRID_HZ
        inverse = self._background.inverse
        assert self._first_s is not None
        if inverse is None or moment_s - self._first_s < self._warm_up_s:
            return []
        self.newest = self._moment(moment_s, inverse)
        self._moments.append(_Held(self.newest, self.newest.statistic.max(axis=1).tolist(), inverse))
        del self._moments[: -(2 * _PEAK + 1)]
        if len(self._moments) <= 2 * _PEAK:
            return []
        return self._peaks(_PEAK)

    def _put(self, x: NDArray[np.float32]) -> None:
        slot = self._steps % _X
        self._x[[slot, slot + _X]] = x
        self._steps += 1
        self._background.take(self._x[slot + _X + 1 - len(BANK[0]) : slot + _X + 1])

    def _moment(self, time_s: float, inverse: NDArray[np.float32]) -> Moment:
        y, scales = self._background.responses.copy(), self._background.scales.copy()
        z = y / scales
        g = z @ inverse
        energy = np.einsum("lc,lc->l", z, g)
        numerator = (g / scales) @ self._s.T
        # √(sᵀC⁻¹s) is followed by that of independent channels, times a ratio that changes slowly
        plain: NDArray[np.float32] = np.sqrt((1 / scales**2) @ self._s2)
        per_pct = plain * self._ratio
        self._refresh(scales, plain, per_pct, numerator, inverse)
        raw = numerator / per_pct
        rest = np.maximum(energy[:, None] - raw**2, 0)
        statistic = raw / np.sqrt(1 + REST_WEIGHT * rest / z.shape[1])
        best = np.stack([part[statistic[:, part].argmax(axis=1)] for part in self._parts])
        return Moment(
            time_s=time_s,
            statistic=statistic[_LENGTHS, best],
            pattern=best,
            raw=raw[_LENGTHS, best],
            per_pct=per_pct[_LENGTHS, best],
            energy=energy,
            limit=per_pct[REFERENCE],
            responses=y,
            scales=scales,
            longs=self._background.long[REFERENCE].copy(),
        )

    def _refresh(
        self,
        scales: NDArray[np.float32],
        plain: NDArray[np.floating],
        per_pct: NDArray[np.floating],
        numerator: NDArray[np.floating],
        inverse: NDArray[np.float32],
    ) -> None:
        """Compute √(sᵀC⁻¹s) exactly for the patterns that lead, and for some others in turn."""
        ratio = -numerator / per_pct
        leaders = np.concatenate(
            [part[np.argpartition(ratio[:, part], LEADERS, axis=1)[:, :LEADERS]] for part in self._parts], axis=1
        )
        count = len(self._s)
        turn = (self._turn + np.arange(REFRESHED)) % count
        self._turn = (self._turn + REFRESHED) % count
        rows = np.concatenate([np.repeat(np.arange(LENGTHS), leaders.shape[1]), np.full(REFRESHED, REFERENCE)])
        columns = np.concatenate([leaders.ravel(), turn])
        s = self._s[columns] / scales[rows]
        exact = np.sqrt(np.maximum(np.einsum("nc,nc->n", s @ inverse, s), 1e-9))
        per_pct[rows, columns] = exact
        self._ratio[rows, columns] = exact / plain[rows, columns]
        # the other lengths follow the reference slowly where they do not lead
        self._ratio[:, turn] += np.float32(0.2) * (self._ratio[REFERENCE, turn] - self._ratio[:, turn])

    def _peaks(self, at: int) -> list[Peak]:
        """The peaks of both parts at one of the moments that are held."""
        held, found = self._moments[at], []
        moment = held.moment
        for part in range(len(self._parts)):
            first = max(at - _PEAK, 0)
            near = [each.best[part] for each in self._moments[first : at + _PEAK + 1]]
            if held.best[part] < LEAST_STATISTIC or first + near.index(max(near)) != at:
                continue
            length = int(moment.statistic[part].argmax())
            scale, per_pct = moment.scales[length], moment.per_pct[part, length]
            whitened = (self._s[moment.pattern[part, length]] / scale) @ held.inverse / scale / per_pct
            weight = np.exp(1.5 * (moment.statistic[part] - moment.statistic[part].max()))
            duration_s = float((weight * DURATIONS_S).sum() / weight.sum())
            behind = len(self._moments) - 1 - at + REACH + AHEAD  # steps between the moment and the newest patches
            reach = min(behind, 2 * REACH)
            middle = (self._steps - 1) % _X + _X - behind
            course = self._x[middle - reach : middle + reach + 1] @ whitened
            found.append(Peak(moment, part, duration_s, course))
        return found
