"""The trace in a session, and the second pass over it: the same however it came; nothing reported changes."""

import csv
import json
import sqlite3
from dataclasses import replace
from itertools import repeat

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from typer.testing import CliRunner

from gui.cli import app
from realtime.export import export_sessions, formats_named
from realtime.session import SessionInfo, SessionWriter, Status, open_session
from realtime.session.recorder import Recorder
from realtime.session.rows import place_of
from realtime.session.trace import UNIT_PCT, decode, encode
from realtime.spotting.grid import Steps
from realtime.spotting.responses import GRID_HZ
from realtime.training.second_pass import second_pass
from realtime.types import Event
from tests.traces import movements_of, readings_of, restless_face, write_trace

SECONDS = 24.0


@pytest.fixture(scope="module")
def trace() -> Steps:
    """A face that makes small movements of its own all the time."""
    return restless_face(SECONDS, seed=3)


@pytest.fixture(scope="module")
def movements(trace) -> list[Event]:
    return movements_of(trace)


def at_random():
    rng = np.random.default_rng(0)
    while True:
        yield int(rng.integers(0, 5))


@pytest.fixture(scope="module")
def write(trace, movements):
    return lambda path, sizes=None: write_trace(path, trace, movements, sizes)


@settings(deadline=None, max_examples=20)
@given(arrays(np.float32, (7, 450), elements=st.floats(-8000, 8000, width=32)))
def test_a_block_of_the_trace_is_read_as_it_was_written_to_within_half_a_unit(values):
    assert np.abs(decode(encode(values), 7) - values).max() <= UNIT_PCT / 2 + 1e-3


@pytest.mark.parametrize("damage", [lambda b: b[:-9], lambda b: b"no block", lambda b: encode(np.zeros((60, 450)))])
def test_a_damaged_part_of_the_trace_costs_that_part(write, trace, tmp_path, damage):
    path = write(tmp_path / "a.medn")
    with sqlite3.connect(path) as database:
        # the block that begins at 4 s, and a size that is none of its own
        [[block]] = database.execute("SELECT patches FROM trace ORDER BY start_s LIMIT 1 OFFSET 2")
        database.execute("UPDATE trace SET patches = ?, steps = 59 WHERE patches = ?", (damage(block), block))
    database.close()
    with open_session(path) as session:
        stretches = [steps for _, steps in session.traces()]
        assert [len(steps) for steps in stretches] == [120, len(trace) - 180]
        assert "trace" in session.damage
        assert len(session.events()) == 2


def test_the_second_pass_gives_the_same_scores_however_the_frames_came_and_changes_nothing_else(
    write, movements, tmp_path
):
    paths = write(tmp_path / "a.medn"), write(tmp_path / "b.medn", at_random())
    with open_session(paths[0]) as one, open_session(paths[1]) as other:
        [[_, first]], [[_, second]] = one.traces(), other.traces()
        assert np.array_equal(first.values, second.values)
        expected = second_pass(other)
        before, candidates = one.events(), one.candidates()
    result = CliRunner().invoke(app, ["second-pass", str(paths[0]), "--json"])
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["movements"] == len(movements)
    with open_session(paths[0]) as session:
        assert session.second_scores() == expected
        assert expected.keys() == {place_of(one) for one in movements}
        assert expected[place_of(movements[-1])] == 0
        assert all(0 <= score <= 1 for score in expected.values())
        assert len(set(expected.values())) > 5
        assert [replace(stored, second_score=None) for stored in session.events()] == before
        assert session.candidates() == candidates
        assert all(stored.second_score is not None for stored in session.events())
        # a candidate that a person makes an event keeps its second score
        number = session.promote(candidates[0])
        [promoted] = [stored for stored in session.events() if stored.id == number]
        assert promoted.second_score == expected[place_of(candidates[0])]
        assert promoted.status is Status.CONFIRMED
    [exported] = export_sessions([paths[0]], formats_named("csv"), tmp_path)
    rows = list(csv.DictReader(exported.files[0].open(encoding="utf-8")))
    assert {row["second_score"] for row in rows} == {
        str(round(expected[place_of(m)], 6)) for m in movements if m.accepted
    } | {str(round(expected[place_of(candidates[0])], 6))}


def test_a_session_without_a_trace_or_too_short_a_one_is_refused_in_one_sentence(write, tmp_path, trace):
    early = write(tmp_path / "early.medn")
    with sqlite3.connect(early) as database:
        database.executescript("DROP TABLE trace; DROP TABLE second_scores")
    database.close()
    with open_session(early) as session:  # as an early session is
        assert not session.damage
        assert session.events()[0].second_score is None
    short = tmp_path / "short.medn"
    with SessionWriter(short, SessionInfo(source="a")) as session:
        for analysis, frame in readings_of(trace.part(0, 90), repeat(1)):
            session.on_analysis(analysis, frame)
    result = CliRunner().invoke(app, ["second-pass", str(early), str(short)])
    assert result.exit_code == 2
    lines = [line for line in result.stderr.splitlines() if line.startswith("medn: ")]
    assert "early.medn: it holds no trace" in lines[0]
    assert "short.medn: it holds 3 s of a face, and 20 s are needed" in lines[1]


def test_a_recording_that_begins_within_a_run_has_the_trace_from_its_first_frame_on(trace, tmp_path):
    recorder = Recorder()
    began = False
    for analysis, frame in readings_of(trace, repeat(1)):
        if frame.time_s > 10.31 and not began:
            recorder.start(tmp_path / "a.medn", SessionInfo(source="a"))
            began, zero_s = True, frame.time_s
        recorder.on_analysis(analysis, frame)
    recorder.stop()
    with open_session(tmp_path / "a.medn") as session:
        [[_, steps]] = session.traces()
    assert 0 <= steps.first_s < 1 / GRID_HZ
    later = trace.part(len(trace) - len(steps), len(trace))
    assert steps.first_s == pytest.approx(later.first_s - zero_s, abs=1e-6)
    assert np.abs(steps.values - later.values).max() <= UNIT_PCT / 2 + 1e-3


def test_the_definitions_of_all_tables_fit_on_the_first_page(write, tmp_path):
    path = write(tmp_path / "a.medn")
    head = path.read_bytes()[:8192]
    assert int.from_bytes(head[16:18]) == 8192
    assert head[100] == 13  # a leaf: the table of definitions has no further page
    for name in (b"session", b"frames", b"events", b"candidates", b"trace", b"second_scores", b"transcript"):
        assert b"CREATE TABLE " + name in head
