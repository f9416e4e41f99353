"""Agreement on marks by time unit: κ of what a worked example gives, and what cannot be compared is left out."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.session import Annotation
from realtime.study.agreement import cohens_kappa
from realtime.study.time_units import UNIT_S, mark_agreements


def mark(start, end, text, coder):
    return Annotation(0, start * UNIT_S, None if end is None else end * UNIT_S, text, coder)


@settings(max_examples=60, deadline=None)
@given(
    spans=st.tuples(*[st.lists(st.tuples(st.integers(0, 30), st.integers(0, 8)), min_size=1, max_size=5)] * 2),
)
def test_kappa_is_that_of_the_units_one_by_one(spans):
    marks = [
        mark(begin, begin + length if length else None, "smile", coder)
        for coder, some in zip("AB", spans, strict=True)
        for begin, length in some
    ]
    [found] = mark_agreements(marks, "A", "B", ("A", "B"), 40 * UNIT_S)
    covered = [{unit for begin, length in some for unit in range(begin, begin + max(length, 1))} for some in spans]
    pairs = [tuple("yes" if unit in one else "no" for one in covered) for unit in range(40)]
    assert found.units.moments == 40
    assert found.units.kappa == pytest.approx(cohens_kappa(pairs), nan_ok=True)


def test_each_label_is_compared_for_itself_and_everybodys_marks_count_for_nobody():
    marks = [
        mark(0, 10, "smile", "A"), mark(0, 10, "smile", "B"), mark(20, 30, "nod", "A"), mark(20, 30, "shake", "B"),
        mark(35, 36, "phone", ""),
    ]  # fmt: skip
    either, nod, shake, smile = mark_agreements(marks, "A", "B", ("Ada", "Bo"), 39.9 * UNIT_S)
    assert [each.label for each in (either, nod, shake, smile)] == ["any mark", "nod", "shake", "smile"]
    assert (either.units.both_yes, either.units.kappa) == (20, 1.0)
    assert (nod.units.only_a, shake.units.only_b) == (10, 10)
    assert nod.units.kappa == 0 == shake.units.kappa
    assert smile.units.kappa == 1
    assert smile.units.expected == pytest.approx((10 * 10 + 30 * 30) / 40**2)
    assert (smile.units.coder_a, smile.units.coder_b) == ("Ada", "Bo")
    assert mark_agreements(marks, "A", "C", ("A", "C"), 4.0) == []


def test_where_nothing_is_marked_but_everything_kappa_is_not_defined():
    [found] = mark_agreements([mark(0, 40, "x", "A"), mark(0, 40, "x", "B")], "A", "B", ("A", "B"), 4.0)
    assert math.isnan(found.units.kappa)
    assert found.units.agreement == 1
