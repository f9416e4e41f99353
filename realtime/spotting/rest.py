"""One person's baseline: a stretch in which the face is at rest, which its background starts from."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medn.errors import UserError
from realtime.spotting.detector import WARM_UP_S
from realtime.spotting.grid import Steps, joined


class RestError(UserError):
    """A stretch that no baseline can be taken from."""


@dataclass(frozen=True, slots=True, eq=False)
class Rest:
    """What a face does at rest."""

    trace: Steps
    """What the matched filter's background is fed with first."""
    noise_pct: NDArray[np.float64]
    """(regions,) running noise, which the bump detector's thresholds begin with, % iod."""


def check_stretch(stretch_s: tuple[float, float]) -> None:
    """Raise `RestError` for what is no stretch of a recording, or too short a one."""
    begin_s, end_s = stretch_s
    if not 0 <= begin_s < end_s < np.inf:
        raise RestError(f"The stretch at rest, {begin_s:g} to {end_s:g} s, is none: give where it begins and ends.")
    if end_s - begin_s < WARM_UP_S:
        raise RestError(
            f"The stretch at rest, {begin_s:g} to {end_s:g} s, is too short: {WARM_UP_S:g} s of it are needed."
        )


def rest_of(
    stretch_s: tuple[float, float], traces: Mapping[int, list[Steps]], noise_pct: Mapping[int, NDArray[np.float64]]
) -> Rest:
    """The baseline from what each face did in a stretch. Raises `RestError` unless one face was there throughout."""
    where = f"From {stretch_s[0]:g} to {stretch_s[1]:g} s"
    whole: dict[int, Steps] = {}
    for face, parts in traces.items():
        longest = max(joined(parts), key=len)
        if longest.end_s - longest.first_s >= 0.9 * WARM_UP_S and face in noise_pct:
            whole[face] = longest
    if not whole:
        raise RestError(f"{where} no face is seen for {WARM_UP_S:g} s on end: choose another stretch at rest.")
    if len(whole) > 1:
        raise RestError(f"{where} {len(whole)} faces are seen; a stretch at rest is of one person's recording.")
    [(face, trace)] = whole.items()
    return Rest(trace, noise_pct[face])
