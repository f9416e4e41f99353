"""The ring buffer hands out whole, right windows or says that it cannot."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.ring import NotHeldError, Ring


def filled(count: int, capacity: int = 10) -> Ring:
    ring = Ring(capacity, (2,), np.float32)
    for i in range(count):
        ring.append(i / 10, i, np.array([i, -i], np.float32))
    return ring


@given(st.integers(1, 57), st.integers(1, 12))
def test_the_newest_values_come_back_in_order_however_often_the_ring_went_round(count: int, capacity: int):
    window = filled(count, capacity).newest()
    expected = np.arange(max(0, count - capacity), count)
    assert window.values[:, 0].tolist() == expected.tolist()
    assert window.frames.tolist() == expected.tolist()
    assert np.allclose(window.times_s, expected / 10)


@given(st.integers(11, 40), st.integers(1, 9), st.integers(1, 9))
def test_a_window_by_time_is_the_window_by_frames(count: int, a: int, b: int):
    ring = filled(count)
    first, last = sorted((count - 10 + a, count - 10 + b))
    by_time = ring.between(first / 10 - 0.01, last / 10)
    assert by_time.frames.tolist() == ring.frames(first, last).frames.tolist() == list(range(first, last + 1))


def test_a_window_is_a_view_and_cannot_be_written_to():
    ring = filled(25)
    window = ring.newest(10)
    assert window.values.base is not None
    assert window.values.flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        window.values[0] = 1


def test_what_was_overwritten_or_has_not_come_is_refused_with_what_is_held():
    ring = filled(25)
    with pytest.raises(NotHeldError, match=r"the ring holds 1\.500–2\.400 s"):
        ring.between(1.0, 2.0)
    with pytest.raises(NotHeldError, match="holds 15–24"):
        ring.frames(14, 20)
    with pytest.raises(NotHeldError, match=r"2\.400 s"):
        ring.between(2.0, 2.5)
    with pytest.raises(NotHeldError, match="nothing"):
        Ring(4, (1,), np.uint8).between(0, 1)
    with pytest.raises(NotHeldError, match="11 values were asked for, 10 are held"):
        ring.newest(11)


def test_time_must_increase():
    ring = filled(3)
    with pytest.raises(ValueError, match="must increase"):
        ring.append(0.2, 3, np.zeros(2, np.float32))
