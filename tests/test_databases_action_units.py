"""Action units are read as coders write them, and written so that they are read back."""

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medn.data.databases.action_units import ActionUnit, au_labels, format_action_units, parse_action_units

units = st.builds(
    ActionUnit,
    number=st.integers(1, 99),
    side=st.sampled_from(["L", "R", "both"]),
    intensity=st.sampled_from([None, "A", "B", "C", "D", "E"]),
    certain=st.booleans(),
)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1+2", (ActionUnit(1), ActionUnit(2))),
        ("L12+R4", (ActionUnit(12, "L"), ActionUnit(4, "R"))),
        ("4B", (ActionUnit(4, intensity="B"),)),
        ("4+L7A", (ActionUnit(4), ActionUnit(7, "L", "A"))),
        ("AU12", (ActionUnit(12),)),
        ("AU04", (ActionUnit(4),)),
        ("au12r", (ActionUnit(12, "R"),)),
        ("R12B", (ActionUnit(12, "R", "B"),)),
        ("12B + 25C", (ActionUnit(12, intensity="B"), ActionUnit(25, intensity="C"))),
        ("1,2, 5", (ActionUnit(1), ActionUnit(2), ActionUnit(5))),
        ("4?", (ActionUnit(4, certain=False),)),
        ("R12 or R15", (ActionUnit(12, "R", certain=False), ActionUnit(15, "R", certain=False))),
        ("4+12A or 14B", (ActionUnit(4), ActionUnit(12, "both", "A", False), ActionUnit(14, "both", "B", False))),
        ("?", None),
        ("", None),
        ("/", None),
    ],
)
def test_published_notations_are_read_in_full(text, read):
    assert parse_action_units(text) == read


@given(st.lists(units, max_size=6))
def test_what_is_written_is_read_back(coded):
    assert parse_action_units(format_action_units(coded)) == (tuple(coded) or None)


@given(st.lists(units, min_size=1, max_size=6), st.sampled_from(["+", " + ", ",", ", ", "，", ";", " and "]))
def test_blanks_and_separators_do_not_matter(coded, between):
    assert parse_action_units(f" {between.join(map(str, coded))} ") == tuple(coded)


@given(st.text(max_size=12))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(ValueError):
        read = parse_action_units(text)
        assert parse_action_units(format_action_units(read)) == read


@pytest.mark.parametrize("text", ["smile", "0", "123", "L12R", "12F", "4++7", "1-2", "L"])
def test_what_is_no_action_unit_is_quoted(text):
    with pytest.raises(ValueError, match=r"is no action unit such as 12, L12, 4B or AU12\."):
        parse_action_units(text)


@given(st.lists(units, max_size=6))
def test_labels_are_certain_or_unknown(coded):
    names = [f"AU{n}" for n in range(1, 100)]
    labels = au_labels(coded, names)
    assert set(np.flatnonzero(labels == 1) + 1) == {u.number for u in coded if u.certain}
    doubted = {u.number for u in coded if not u.certain} - {u.number for u in coded if u.certain}
    assert set(np.flatnonzero(np.isnan(labels)) + 1) == doubted


def test_nothing_coded_is_not_the_same_as_coded_absent():
    assert np.isnan(au_labels(None, ["AU1", "AU2"])).all()
    assert au_labels(parse_action_units("2"), ["AU1", "AU2"]).tolist() == [0, 1]


def full_width(text: str) -> str:
    return "".join("\u3000" if c == " " else chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


@given(st.lists(units, min_size=1, max_size=6), st.sampled_from(["+", ",", ";", " ", "  ", "/", "-"]))
def test_full_width_characters_of_any_cell_mean_what_plain_ones_mean(coded, between):
    def read(text):
        try:
            return parse_action_units(text)
        except ValueError:
            return "refused"

    cell = between.join(map(str, coded))
    assert read(full_width(cell)) == read(cell)


@given(st.lists(units, min_size=1, max_size=6), st.booleans(), st.sampled_from([" ", "  ", "\u3000"]))
def test_blanks_alone_separate_units(coded, prefixed, blank):
    cell = blank.join(f"{'AU' if prefixed else ''}{unit}" for unit in coded)
    assert parse_action_units(cell) == tuple(coded)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("AU 12", (ActionUnit(12),)),
        ("L 12", (ActionUnit(12, "L"),)),
        ("4 B", (ActionUnit(4, intensity="B"),)),
        ("AU 4 AU 7", (ActionUnit(4), ActionUnit(7))),
        ("4+7？", (ActionUnit(4), ActionUnit(7, certain=False))),
        ("R12；17", (ActionUnit(12, "R"), ActionUnit(17))),
        ("1、2 4", (ActionUnit(1), ActionUnit(2), ActionUnit(4))),
        ("？", None),
        ("／", None),
    ],
)
def test_a_blank_within_a_unit_does_not_split_it_and_wide_signs_are_read(text, read):
    assert parse_action_units(text) == read


@pytest.mark.parametrize("text", ["12 L 14", "4²"])
def test_what_may_mean_two_things_is_refused_not_guessed(text):
    with pytest.raises(ValueError, match="is no action unit"):
        parse_action_units(text)
