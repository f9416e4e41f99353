"""The waveform of a recording's sound: its loudest sample in each stretch of time, computed in the background."""

import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime.viewing.kept import keep, kept
from realtime.viewing.sound import RATE_HZ, open_sound

STEP_S = 0.05
STEP = round(STEP_S * RATE_HZ)
KIND = "waveform"
AT_ONCE = 40
"""Steps that are computed at once: two seconds."""


class Waveform:
    """The waveform of a recording, from the cache or as far as it is computed; any thread may read."""

    def __init__(self, recording: Path) -> None:
        self.peaks: NDArray[np.uint8] = np.zeros(0, np.uint8)
        """(n,) of 255, one for each `STEP_S` from the beginning of the file on. Replaced when it grows."""
        self.done = False
        self._closing = False
        self._thread = threading.Thread(target=self._work, args=(recording,), name="waveform", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop computing."""
        self._closing = True
        self._thread.join()

    def _work(self, recording: Path) -> None:
        there = kept(recording, KIND)
        if there is not None and "peaks" in there:
            self.peaks = there["peaks"].astype(np.uint8)
        else:
            self._compute(recording)
        self.done = True

    def _compute(self, recording: Path) -> None:
        track = open_sound(recording)
        if track is None:
            return
        parts: list[NDArray[np.uint8]] = []
        with track:
            rest, waiting = np.zeros(0, np.float32), 0
            blocks = [rest]
            for block in track.samples(0.0):
                if self._closing:
                    return
                blocks.append(np.abs(block).max(axis=1))
                waiting += len(block)
                if waiting >= AT_ONCE * STEP:
                    joined = np.concatenate(blocks)
                    whole = len(joined) // STEP * STEP
                    parts.append(_peaks(joined[:whole]))
                    blocks, waiting = [joined[whole:]], len(joined) - whole
                    if len(parts) % 60 == 0:
                        self.peaks = np.concatenate(parts)
            last = np.concatenate(blocks)
            parts.append(_peaks(np.pad(last, (0, -len(last) % STEP))))
        self.peaks = np.concatenate(parts)
        keep(recording, KIND, {"peaks": self.peaks})


def _peaks(samples: NDArray[np.float32]) -> NDArray[np.uint8]:
    loudest = samples.reshape(-1, STEP).max(axis=1, initial=0.0)
    return np.asarray(np.round(255 * np.minimum(loudest, 1.0)), np.uint8)


def heights(peaks: NDArray[np.uint8], columns: int, end_s: float) -> NDArray[np.float64]:
    """(columns,) from 0 to 1: the loudest sample in each column of a lane; quiet speech shows beside loud speech."""
    edges = np.linspace(0, end_s / STEP_S, columns + 1)
    first = np.minimum(np.floor(edges[:-1]).astype(int), len(peaks))
    loudest = np.zeros(columns)
    there = first < len(peaks)
    if there.any():
        loudest[there] = np.maximum.reduceat(peaks, first[there])
        loudest[there.nonzero()[0][-1]] = peaks[first[there][-1] : int(np.ceil(edges[-1]))].max(initial=0)
    largest = loudest.max(initial=0)
    return np.sqrt(loudest / largest) if largest else loudest
