"""A candidate's bounds: onset, apex and offset between frames, from all regions that take part."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.ring import Window
from realtime.spotting.columns import MOTION_COLUMNS
from realtime.spotting.parameters import SpotterParameters


@dataclass(frozen=True, slots=True)
class Bump:
    """The span in which a movement stands out most."""

    ratio: float
    """How far it exceeds the region's threshold (1 = just)."""
    region: int
    start_s: float
    end_s: float
    apex_s: float


@dataclass(frozen=True, slots=True)
class Bounds:
    """When a movement began, peaked and ended, and how much each region moved."""

    onset_s: float
    apex_s: float
    offset_s: float
    peaks_pct: NDArray[np.float32]
    """(regions,) displacement at the apex from the chord between the span's ends."""
    direction: tuple[float, float]
    """Where the bump's region went, x and y: a unit vector."""
    bump: Bump


def measure(window: Window, bump: Bump, threshold_pct: NDArray[np.float64], parameters: SpotterParameters) -> Bounds:
    """Bounds of a bump in a trace window that holds it.

    Every region's deviation from its chord is projected on its direction at the bump's apex and weighted by its
    threshold; onset and offset lie where the sum has `bound_share` of its peak, moved out by `bound_stretch`.
    Raises ValueError where too few frames are left around the movement to tell its onset from its apex and offset.
    """
    p = parameters
    t = window.times_s
    begin, inside, after, stop = np.searchsorted(
        t, (bump.start_s - p.flank_s, bump.start_s, bump.end_s, bump.end_s + p.flank_s)
    )
    # where frames are missing, the span's ends lie between frames that are further away than the flanks reach
    begin, stop = min(begin, max(inside - 1, 0)), max(stop, min(after + 1, len(t)))
    t = t[begin:stop]
    xy = window.values[begin:stop, MOTION_COLUMNS].reshape(len(t), -1, 2).astype(np.float64)
    first = max(int(np.searchsorted(t, bump.start_s)) - 1, 0)
    last = min(int(np.searchsorted(t, bump.end_s)), len(t) - 1)
    if last - first < 2:
        raise ValueError(f"there are too few frames around {bump.apex_s:.3f} s to measure a movement")
    share = ((t - t[first]) / (t[last] - t[first]))[:, None, None]
    deviation = xy - (xy[first] + share * (xy[last] - xy[first]))
    at_apex = deviation[int(np.abs(t - bump.apex_s).argmin())]
    peaks = np.maximum(np.hypot(*at_apex.T), 1e-9)
    takes_part = peaks >= 0.5 * threshold_pct
    takes_part[bump.region] = True
    direction = at_apex / peaks[:, None] * (takes_part / threshold_pct**2)[:, None]
    course = np.einsum("tri,ri->t", deviation, direction)
    went = at_apex[bump.region] / peaks[bump.region]
    apex = first + int(course[first : last + 1].argmax())
    level = p.bound_share * float(course[apex])
    before_s, after_s = _crossing(t, course, apex, level, -1), _crossing(t, course, apex, level, 1)
    apex_s = _vertex(t, course, apex)
    if not before_s < apex_s < after_s:  # unevenly spaced frames may draw the parabola's peak past a crossing
        apex_s = float(t[apex])
    if not before_s < apex_s < after_s:
        raise ValueError(f"the movement around {apex_s:.3f} s has no onset or no offset among the frames")
    return Bounds(
        onset_s=apex_s - p.bound_stretch * (apex_s - before_s),
        apex_s=apex_s,
        offset_s=apex_s + p.bound_stretch * (after_s - apex_s),
        peaks_pct=np.hypot(*deviation[apex].T).astype(np.float32),
        direction=(float(went[0]), float(went[1])),
        bump=bump,
    )


def region_peaks_pct(window: Window, onset_s: float, apex_s: float, offset_s: float) -> NDArray[np.float32]:
    """(regions,) displacement at the apex from the chord between onset and offset, % iod; the window holds all."""
    t = window.times_s
    xy = window.values[:, MOTION_COLUMNS]
    onset, apex, offset = (int(np.abs(t - at).argmin()) for at in (onset_s, apex_s, offset_s))
    share = (t[apex] - t[onset]) / max(t[offset] - t[onset], 1e-6)
    deviation = xy[apex] - (xy[onset] + share * (xy[offset] - xy[onset]))
    return np.hypot(*deviation.reshape(-1, 2).T).astype(np.float32)


def _crossing(t: NDArray[np.float64], course: NDArray[np.float64], apex: int, level: float, way: int) -> float:
    """When the course, followed from the apex back (way −1) or on (1), falls to the level; else the window's end."""
    i = apex
    while 0 <= i + way < len(t) and course[i] > level:
        i += way
    if course[i] > level or i == apex:
        return float(t[i])
    inner = i - way
    share = (course[inner] - level) / (course[inner] - course[i])
    return float(t[inner] + share * (t[i] - t[inner]))


def _vertex(t: NDArray[np.float64], course: NDArray[np.float64], apex: int) -> float:
    """The peak of the parabola through the apex and its neighbours."""
    if not 0 < apex < len(t) - 1:
        return float(t[apex])
    curve = np.polyfit(t[apex - 1 : apex + 2] - t[apex], course[apex - 1 : apex + 2], 2)
    if curve[0] >= 0:
        return float(t[apex])
    return float(np.clip(t[apex] - curve[1] / (2 * curve[0]), t[apex - 1], t[apex + 1]))
