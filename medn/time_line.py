"""The time line of a video file, from its earliest picture or sound on: players, ELAN and Praat count from there."""

from collections.abc import Iterable

import av


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
