"""Limits of detection at the frames that they are about: they are stored with the later frame that showed them."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from realtime.session.rows import FrameRow
from realtime.types import LIMIT_DELAY_S

MAX_WAIT_S = 0.5
"""A face that is away for longer has lost what its limit was computed from."""


def with_limits_at_their_frames(rows: Iterable[FrameRow]) -> Iterator[FrameRow]:
    """Yield the rows with each limit moved from the frame on which it was computed to the frame that it is about.

    A frame's limit is that of the first row of the same face that is `LIMIT_DELAY_S` later, if there is one within
    `MAX_WAIT_S` after that.
    """
    waiting: deque[FrameRow] = deque()
    without_limit: defaultdict[int | None, deque[int]] = defaultdict(deque)  # numbers of waiting rows, by face
    limits: dict[int, tuple[float | None, float | None]] = {}
    yielded = 0
    for number, row in enumerate(rows):
        lacking = without_limit[row.face]
        while row.face is not None and lacking and waiting[lacking[0] - yielded].time_s <= row.time_s - LIMIT_DELAY_S:
            limits[lacking.popleft()] = row.limit_pct
        waiting.append(row)
        lacking.append(number)
        while waiting[0].time_s < row.time_s - LIMIT_DELAY_S - MAX_WAIT_S:
            yield _released(waiting, without_limit, limits, yielded)
            yielded += 1
    while waiting:
        yield _released(waiting, without_limit, limits, yielded)
        yielded += 1


def _released(
    waiting: deque[FrameRow],
    without_limit: Mapping[int | None, deque[int]],
    limits: dict[int, tuple[float | None, float | None]],
    number: int,
) -> FrameRow:
    row = waiting.popleft()
    lacking = without_limit[row.face]
    if lacking and lacking[0] == number:
        lacking.popleft()
    return replace(row, limit_pct=limits.pop(number, (None, None)))
