"""Whether a file is the video of a session, by length, frame rate, and size and fingerprints of some frames."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime.session import Session
from realtime.session.fingerprint import Fingerprint, fingerprint
from realtime.session.frames import Frames
from realtime.viewing.playback import Playback

LENGTH_S, RATE_SHARE, SIZE_PX = 0.5, 0.05, 1
"""Smaller differences have other causes: a copy that was encoded anew, frames that the film lacks, odd sides."""
OTHER_PICTURE_BITS = 12
"""Pictures whose fingerprints differ by more are not the same: compression changes a few bits, another person half."""
MOST_PICTURES = 6
"""Each needs a jump within the file."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a video and a session have in common; phrases for the user."""

    differences: tuple[str, ...]
    not_compared: tuple[str, ...]
    """What the session does not know of its video."""


def compare_video(session: Session, video: Path) -> Comparison:
    """Compare a file with what a session stored of its video. Raises `SourceError` or `SessionError`."""
    frames = Frames.joined(session.frame_blocks())
    times_s = frames.time_s[np.unique(frames.frame, return_index=True)[1]]
    fingerprints = session.fingerprints()
    with Playback(video) as playback:
        differences = [
            *_times(times_s, playback.times_s, whole=not session.info.partial),
            *_pictures(fingerprints, playback),
        ]
    unknown = [] if len(times_s) > 1 else ["length and frame rate"]
    unknown += [] if fingerprints else ["picture size and pictures"]
    return Comparison(tuple(differences), tuple(unknown))


def _times(stored_s: NDArray[np.float64], found_s: NDArray[np.float64], *, whole: bool) -> list[str]:
    """Compare the times of all frames; a session that is not whole may be shorter than its video."""
    if len(stored_s) < 2:
        return []
    differences = []
    longer_s = found_s[-1] - stored_s[-1]
    if longer_s < -LENGTH_S or (whole and longer_s > LENGTH_S):
        differences.append(f"it ends at {found_s[-1]:.1f} s, the session at {stored_s[-1]:.1f} s")
    stored_fps, found_fps = _rate(stored_s), _rate(found_s[found_s <= stored_s[-1] + LENGTH_S])
    if abs(found_fps - stored_fps) > RATE_SHARE * stored_fps:
        differences.append(f"it has {found_fps:.1f} frames a second, the session {stored_fps:.1f}")
    return differences


def _rate(times_s: NDArray[np.float64]) -> float:
    span_s = float(times_s[-1] - times_s[0]) if len(times_s) > 1 else 0.0
    return (len(times_s) - 1) / span_s if span_s > 0 else 0.0


def _pictures(stored: list[Fingerprint], playback: Playback) -> list[str]:
    compared = stored[:: -(-len(stored) // MOST_PICTURES)] if stored else []
    found = []
    for one in compared:
        frame = playback.frame(int(np.abs(playback.times_s - one.time_s).argmin()))
        found.append(fingerprint(frame.time_s, frame.image))
    differences = []
    for one, other in zip(compared[:1], found[:1], strict=True):
        if max(abs(one.width - other.width), abs(one.height - other.height)) > SIZE_PX:
            differences.append(
                f"its pictures are {other.width}×{other.height} px, the session's {one.width}×{one.height}"
            )
    others = sum(one.differs_by(other) > OTHER_PICTURE_BITS for one, other in zip(compared, found, strict=True))
    if others:
        differences.append(f"{others} of {len(compared)} pictures that were compared look different")
    return differences
