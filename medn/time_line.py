"""The time line of a video file, from its earliest picture or sound on: players, ELAN and Praat count from there."""

from collections.abc import Iterable, Iterator

import av
from av.container import InputContainer

AVI = "avi"
"""FFmpeg's name of a format that counts frames and stores no times."""


def origin_s(streams: Iterable[av.stream.Stream]) -> float:
    """The streams' own time at which the time line of their file begins; 0 where none says when it starts."""
    starts_s = [float(each.start_time * each.time_base) for each in streams if each.start_time is not None]
    # a sound's lead-in for its decoder lies before 0 and is not played
    return max(0.0, min(starts_s, default=0.0))


def begins_s(stream: av.stream.Stream, streams: Iterable[av.stream.Stream]) -> float:
    """When a stream begins on the time line of its file, whose pictures and sounds are `streams`; 0 where unknown."""
    if stream.start_time is None:
        return 0.0
    return max(0.0, float(stream.start_time * stream.time_base) - origin_s(streams))


def timed(container: InputContainer, frames: Iterable[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    """Yield the decoded frames of a file with the times, `pts`, that they are shown at.

    Those that FFmpeg guesses for AVI are wrong where frames are stored in another order than they are shown. There a
    frame gets the time of the packet at which the decoder returned it: the time it is shown at, later by a constant.
    """
    last, step = None, 1
    for frame in frames:
        if container.format.name == AVI:
            # the last frames are returned after the last packet
            frame.pts = last + step if frame.dts is None and last is not None else frame.dts
            if frame.pts is not None and last is not None:
                step = frame.pts - last
            last = frame.pts
        yield frame
