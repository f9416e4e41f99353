"""Frames of a session are read many at a time: the same rows, and the same faults, as each read by itself."""

from collections import Counter
from dataclasses import fields

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from realtime.session import check
from realtime.session.frames import Frames, frames
from realtime.session.rows import frame_row
from realtime.sources import Cause

MEASURED = 6 + 6 + 3 + 1 + 1 + 2 + 2
"""Motion, thresholds, pose, eye distance, calibrated, limits, place."""
SOUND = (3, 0.5, None, 0, [1.0] * MEASURED)
numbers = st.one_of(st.floats(-100, 100), st.integers(-5, 200))
odd = st.sampled_from([None, float("inf"), -1, 1e12, 2**62, "a text", b"bytes", ""])
values = st.one_of(numbers, numbers, numbers, odd)
rows = st.tuples(
    st.one_of(st.integers(0, 2**31), odd),
    st.one_of(st.floats(0, 1e4), odd),
    st.one_of(st.none(), st.sampled_from([Cause.OVERRUN.value, "no cause", 7])),
    st.one_of(st.none(), st.integers(0, 3), odd),
    st.one_of(st.just([None] * MEASURED), st.lists(numbers, min_size=MEASURED, max_size=MEASURED),
              st.lists(values, min_size=MEASURED, max_size=MEASURED)),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(rows, min_size=1, max_size=5))
@example([SOUND, SOUND])
@example([SOUND, (4, 0.6, None, 0, [float("inf"), *[1.0] * (MEASURED - 1)])])
@example([SOUND, (4, 0.6, None, 0, [*[1.0] * (MEASURED - 2), None, 1.0])])
@example([SOUND, (4, 0.6, Cause.OVERRUN.value, None, [None] * MEASURED), (5, -0.1, None, 0, [1.0] * MEASURED)])
def test_frames_read_many_at_a_time_are_those_read_one_by_one(drawn):
    stored = [(*head, *measured) for *head, measured in drawn]
    expected, faults = [], Counter()
    for row in stored:
        try:
            expected.append(frame_row(row))
        except check.DamagedRowError as damage:
            faults[str(damage)] += 1
    found_faults: Counter[str] = Counter()
    found = frames(stored, found_faults)
    for column in fields(Frames):
        np.testing.assert_array_equal(getattr(found, column.name), getattr(Frames.of(expected), column.name))
    assert found_faults == faults
