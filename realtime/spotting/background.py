"""What a face does anyway: the scale of each channel's bump responses around a moment, and how channels go together.

* Scale now: √(0.2² + max(local, 0.6 · long)²); local = root mean square of the responses in the last 4 s and the next
  0.35 s, the moment itself left out; long = 1.48 · median |response| over the last 30 s.
* Correlation C: 0.4 · that of many people + 0.6 · this face's own over the last half minute. Off its diagonal it counts
  as far as both channels move, √(1 − 0.2² / scale²) of each, for the measurement's noise goes with no other channel's.
  0.3 is added to the diagonal. That of the 0.36 s responses serves all lengths.

Scales are each step's own: their sums of squares slide. C⁻¹ is renewed every half second, a piece at each step, so that
no frame waits for it.
"""

import numpy as np
from numpy.typing import NDArray

from medn.compiled import compiled
from realtime.spotting.responses import DURATIONS_S, GRID_HZ, filter_bank

REFERENCE = DURATIONS_S.index(0.36)
"""The length whose responses the correlation is of."""
FLOOR_PCT = 0.2
"""Least scale of a channel: the noise of the measurement."""
LOCAL_S = 4.0
AHEAD_S = 0.35
LONG_S = 30.0
LONG_SHARE = 0.6
"""A channel's scale is at least this share of its scale over `LONG_S`."""
OWN_SHARE = 0.6
"""Share of the face's own correlation; the rest is the population's."""
LOADING = 0.3
"""Added to the correlation's diagonal."""
OWN_TAU_S = 15.0
RENEW_STEPS = 15
"""Grid steps between renewals of C⁻¹ and of the scales over long: half a second."""

BANK = filter_bank()
REACH = BANK.shape[1] // 2
"""Steps by which the newest response lags behind the newest value."""
AHEAD = round(AHEAD_S * GRID_HZ)
"""Steps by which the moment lags behind the newest response."""

_LENGTHS = len(DURATIONS_S)
_ROWS = round(LOCAL_S * GRID_HZ) + AHEAD + 1
_LEFT_OUT = tuple(round(0.8 * duration_s * GRID_HZ) for duration_s in DURATIONS_S)
_LONG_EVERY = 3
_LEARN_EVERY = 2
_THIRDS = 3  # in which the correlation is inverted
_MIN_OWN_SAMPLES = 30  # with fewer, the population's correlation counts alone
_KEEP = float(np.exp(-_LEARN_EVERY / (OWN_TAU_S * GRID_HZ)))


class Background:
    """One face's background. `take` each step of the grid; what it holds then is of the moment `REACH + AHEAD` before.

    `population`: (channels, channels) correlation of many people's responses.
    """

    def __init__(self, population: NDArray[np.float32]) -> None:
        self._population = population
        channels = len(population)
        self._y = np.zeros((_LENGTHS, _ROWS, channels), np.float32)
        self._squares = np.zeros((2, _LENGTHS, channels))
        self._held = np.zeros((_LENGTHS, channels, round(LONG_S * GRID_HZ) // _LONG_EVERY), np.float32)
        self._own = np.zeros((channels, channels), np.float32)
        self._samples = np.zeros((RENEW_STEPS // _LEARN_EVERY + 1, channels), np.float32)
        self._work = np.zeros((channels, channels), np.float32)
        self.scales = np.zeros((_LENGTHS, channels), np.float32)
        """(lengths, channels) around the moment, % iod; rewritten at each step."""
        self.long = np.zeros((_LENGTHS, channels), np.float32)
        """(lengths, channels) scale over `LONG_S`, % iod; rewritten."""
        self.reset()

    def reset(self) -> None:
        """Forget the face."""
        for array in (self._y, self._squares, self._own, self.long):
            array[:] = 0
        self._steps = 0
        self._held_count = 0
        self._sampled = 0
        self._own_weight = 0.0
        self._renewing = False
        self.inverse: NDArray[np.float32] | None = None
        """(channels, channels) C⁻¹, never written to again; None in the first second."""

    @property
    def responses(self) -> NDArray[np.float32]:
        """(lengths, channels) bump responses at the moment in % iod; a view that later steps overwrite."""
        return self._y[:, (self._steps - 1 - AHEAD) % _ROWS]

    def take(self, recent: NDArray[np.float32]) -> None:
        """Take in a step: the newest (2 `REACH` + 1, channels) values in % iod, the newest last."""
        newest = self._steps % _ROWS
        take_responses(BANK, recent, newest, self._y, self._squares)
        self._steps += 1
        if self._steps % _LONG_EVERY == 0:
            self._held[:, :, self._held_count % self._held.shape[2]] = np.abs(self._y[:, newest])
            self._held_count += 1
        take_scales(self._squares, self._counts(), self.long, self.scales)
        self._renew()
        if self._steps % _LEARN_EVERY == 0 and self._steps > AHEAD + REACH:
            self._sample(self.responses[REFERENCE] / self.scales[REFERENCE])

    def _counts(self) -> NDArray[np.int64]:
        """(lengths,) responses in the local window without those that are left out."""
        filled = min(self._steps, _ROWS)
        at = filled - 1 - AHEAD
        return np.array([max(at - out, 0) + filled - min(max(at + out + 1, 0), filled) for out in _LEFT_OUT])

    def _sample(self, z: NDArray[np.float32]) -> None:
        """Keep a moment for the face's own correlation, robustly: what stands out counts little."""
        self._samples[self._sampled] = z / np.sqrt(1 + np.mean(z * z))
        self._sampled += 1

    def _renew(self) -> None:
        part = self._steps % RENEW_STEPS
        if part < _LENGTHS:
            self._renew_long(part)
            return
        part -= _LENGTHS
        if part == 0:
            self._learn()
            self._renewing = True
        elif not self._renewing:
            return
        elif part == 1:
            own_share = OWN_SHARE if self._own_weight >= _MIN_OWN_SAMPLES else 0.0
            mix_correlation(self._population, self._own, own_share, self.scales[REFERENCE], self._work)
        elif part < 2 + _THIRDS:
            first, after = (len(self._work) * each // _THIRDS for each in (part - 2, part - 1))
            sweep(self._work, first, after)
        elif part == 2 + _THIRDS:
            self.inverse = swept(self._work)

    def _renew_long(self, length: int) -> None:
        count = min(self._held_count, self._held.shape[2])
        if count:
            # np.median takes twenty times as long
            middle = np.partition(self._held[length, :, :count], count // 2, axis=1)[:, count // 2]
            self.long[length] = np.float32(1.48) * middle

    def _learn(self) -> None:
        """Take what was sampled into the face's own covariance; older samples fade."""
        fade = (_KEEP ** np.arange(self._sampled)[::-1]).astype(np.float32)
        samples = self._samples[: self._sampled] * np.sqrt(fade)[:, None]
        kept = _KEEP**self._sampled
        self._own *= np.float32(kept)
        self._own += samples.T @ samples
        self._own_weight = kept * self._own_weight + float(fade.sum())
        self._sampled = 0


@compiled()
def take_responses(
    bank: NDArray[np.float32],
    recent: NDArray[np.float32],
    newest: int,
    y: NDArray[np.float32],
    squares: NDArray[np.float64],
) -> None:
    """Write row `newest` of the ring `y` (lengths, rows, channels) and slide the sums of its squares.

    `bank` (lengths, taps), `recent` (taps, channels). `squares` (2, lengths, channels): sums over the whole ring, and
    over the rows around the moment, `AHEAD` rows back, that its scale leaves out.
    """
    rows = y.shape[1]
    for length in range(y.shape[0]):
        out = _LEFT_OUT[length]
        enters = (newest - AHEAD + min(out, AHEAD)) % rows
        leaves = (newest - AHEAD - out - 1) % rows
        for c in range(y.shape[2]):
            old = np.float64(y[length, newest, c])
            new = np.float32(0)
            for tap in range(bank.shape[1]):
                new += bank[length, tap] * recent[tap, c]
            y[length, newest, c] = new
            squares[0, length, c] += np.float64(new) * np.float64(new) - old * old
            entered, left = np.float64(y[length, enters, c]), np.float64(y[length, leaves, c])
            squares[1, length, c] += entered * entered - left * left


@compiled()
def take_scales(
    squares: NDArray[np.float64], counts: NDArray[np.int64], long: NDArray[np.float32], scales: NDArray[np.float32]
) -> None:
    """Write (lengths, channels) scales in % iod from the sums of `take_responses` and the scales over long."""
    for length in range(scales.shape[0]):
        for c in range(scales.shape[1]):
            local = max(squares[0, length, c] - squares[1, length, c], 0.0) / max(counts[length], 1)
            least = LONG_SHARE * long[length, c]
            scales[length, c] = np.sqrt(FLOOR_PCT * FLOOR_PCT + max(local, least * least))


@compiled()
def mix_correlation(
    population: NDArray[np.float32],
    own: NDArray[np.float32],
    own_share: float,
    scales: NDArray[np.float32],
    mixed: NDArray[np.float32],
) -> None:
    """Write the population's correlation mixed with that of the covariance `own`, and `LOADING` on the diagonal.

    `scales` (channels,) in % iod say how much of each channel is motion.
    """
    channels = len(own)
    spread, motion = np.empty(channels, np.float32), np.empty(channels, np.float32)
    for i in range(channels):
        spread[i] = 1 / np.sqrt(own[i, i] + 1e-9)
        motion[i] = np.sqrt(max(1 - (FLOOR_PCT / max(scales[i], FLOOR_PCT)) ** 2, 0.0))
    for i in range(channels):
        scale = np.float32(own_share) * spread[i]
        for j in range(channels):
            mixed[i, j] = np.float32(1 - own_share) * population[i, j] + scale * spread[j] * own[i, j]
            if i != j:
                mixed[i, j] *= motion[i] * motion[j]
        mixed[i, i] += np.float32(LOADING)


@compiled()
def sweep(lower: NDArray[np.float32], first: int, after: int) -> None:
    """Sweep the rows from `first` up to `after` of the lower triangle of a matrix, in place (Goodnight 1979).

    After all rows it is that of the negative inverse. Without a search for pivots, which a positive definite matrix
    with a loaded diagonal does not need. LAPACK is as quick and as exact, but loading SciPy for it would take a tenth
    of the program's start.
    """
    size = len(lower)
    column = np.empty(size, np.float32)
    for k in range(first, after):
        scale = np.float32(1) / lower[k, k]
        for i in range(size):
            column[i] = lower[k, i] if i < k else lower[i, k]
        column[k] = 0
        for i in range(size):
            factor = column[i] * scale
            row = lower[i]
            for j in range(i + 1):
                row[j] -= factor * column[j]
        for i in range(k):
            lower[k, i] = column[i] * scale
        for i in range(k + 1, size):
            lower[i, k] = column[i] * scale
        lower[k, k] = -scale


@compiled()
def swept(lower: NDArray[np.float32]) -> NDArray[np.float32]:
    """The inverse, a new symmetric matrix, from the lower triangle of which all rows were swept."""
    size = len(lower)
    whole = np.empty((size, size), np.float32)
    for i in range(size):
        for j in range(i + 1):
            whole[i, j] = -lower[i, j]
            whole[j, i] = -lower[i, j]
    return whole
