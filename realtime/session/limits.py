"""Limits of detection at the frames that they are about: they are stored with the later frame that showed them."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from realtime.session.frames import NO_FACE, Frames
from realtime.session.schema import MAX_COMMIT_ROWS
from realtime.types import LIMIT_DELAY_S

MAX_WAIT_S = 0.5
"""A face that is away for longer has lost what its limit was computed from."""


def with_limits_at_their_frames(blocks: Iterable[Frames]) -> Iterator[Frames]:
    """Yield the rows in the order of their frames, each limit moved to the frame that it is about.

    A frame's limit is that of the first row of the same face that is `LIMIT_DELAY_S` later, if there is one within
    `MAX_WAIT_S` after that. The rows of each block that may not be in their order yet wait for the next one.
    """
    waiting = Frames.of(())
    for block in blocks:
        rows = _in_order(Frames.joined((waiting, block)))
        waiting, ordered = rows, len(rows) - MAX_COMMIT_ROWS
        if ordered > 0:
            newest_s = np.maximum.accumulate(rows.time_s[:ordered])
            ready = int(np.searchsorted(newest_s, newest_s[-1] - LIMIT_DELAY_S - MAX_WAIT_S))
            if ready:
                yield _with_limits(rows).part(slice(ready))
            waiting = rows.part(slice(ready, None))
    if len(waiting):
        yield _with_limits(waiting)


def _in_order(rows: Frames) -> Frames:
    ordered = (np.diff(rows.frame) >= 0).all()
    return rows if ordered else rows.part(np.argsort(rows.frame, kind="stable"))


def _with_limits(rows: Frames) -> Frames:
    """Rows with each limit at the row that it is about; none where no row holds it."""
    limit_pct = np.full_like(rows.limit_pct, np.nan)
    newest_s = np.maximum.accumulate(rows.time_s)
    gone_s = np.concatenate([[-np.inf], newest_s[:-1]]) - LIMIT_DELAY_S - MAX_WAIT_S
    for face in np.unique(rows.face[rows.face != NO_FACE]).tolist():
        own = np.flatnonzero(rows.face == face)
        times_s = rows.time_s[own]
        later = np.searchsorted(np.maximum.accumulate(times_s) - LIMIT_DELAY_S, times_s)
        found = later < len(own)
        about, stored = own[found], own[later[found]]
        in_time = rows.time_s[about] >= gone_s[stored]
        limit_pct[about[in_time]] = rows.limit_pct[stored[in_time]]
    return replace(rows, limit_pct=limit_pct)
