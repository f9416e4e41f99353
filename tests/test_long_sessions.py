"""Sessions of hours and folders of hundreds: what is read of them, and that nobody waits for it."""

import math
import time
from itertools import repeat

import numpy as np
import pytest
from PyQt6.QtCore import Qt

from gui.review import library
from realtime.explain import explain
from realtime.session import Session, SessionInfo, SessionWriter, limits, open_session, reader, tables, writer
from realtime.sources import Cause, Dropped
from realtime.spotting.grid import Steps
from realtime.types import LIMIT_DELAY_S, Analysis, FaceReading, Frame
from realtime.viewing.limits import Stretch, limits_at, sampled
from tests.gui_driver import press, until, write_session

PICTURE, POINTS = np.zeros((2, 2, 3), np.uint8), np.zeros((478, 3), np.float32)
FEW = 100


@pytest.fixture
def few_at_a_time(monkeypatch):
    """So few rows are saved and read at a time that a session of a minute has as many parts as one of hours."""
    for module in (limits, reader, tables, writer):
        monkeypatch.setattr(module, "MAX_COMMIT_ROWS", FEW)
    monkeypatch.setattr(writer, "COMMIT_EVERY_S", 0.005)
    monkeypatch.setattr(tables, "BLOCK_ROWS", FEW)


def write_minutes(path, seconds, trace=False):
    """Two faces, the second on every other frame; some frames are dropped, and limits say what they are about."""
    with SessionWriter(path, SessionInfo("camera 0", parameters={"score_threshold": 0.6})) as session:
        for index in range(seconds * 30):
            time_s = index / 30
            if index % 13 == 5:
                session.on_drop(Dropped(index, time_s, Cause.OVERRUN))
                continue
            steps = Steps(time_s, np.zeros((1, 450), np.float32)) if trace and index % 60 == 0 else Steps.none()
            about_s = time_s - LIMIT_DELAY_S
            limit_pct = (about_s, math.nan) if about_s >= 0 else (math.nan, math.nan)
            ones = np.ones(6, np.float32)
            faces = [
                FaceReading(face, POINTS, ones, ones, (0.0, 0.0, 0.0), 60.0, True, limit_pct, steps)
                for face in range(1 + index % 2)
            ]
            session.on_analysis(Analysis(index, time_s, tuple(faces)), Frame(index, time_s, PICTURE))
    return path


def work(session, look):
    """What SQLite does while something is looked up, in steps of its machine."""
    steps = 0

    def count():
        nonlocal steps
        steps += 1

    session._tables._database.set_progress_handler(count, 50)
    look()
    session._tables._database.set_progress_handler(None, 50)
    return steps


def test_frames_that_are_saved_and_read_in_parts_come_in_order_with_the_limits_at_their_frames(
    tmp_path, few_at_a_time, monkeypatch
):
    monkeypatch.setattr(writer, "COMMIT_EVERY_S", 0.05)  # as many at a time as there may be
    path = write_minutes(tmp_path / "a.medn", 60)
    with open_session(path) as session:
        rows = list(session.frames())
        assert len(list(session.frame_blocks())) > 10
    assert [row.frame for row in rows] == sorted(row.frame for row in rows)
    assert {row.frame for row in rows} == set(range(1800))
    for row in rows:
        if row.face is not None and row.time_s < 60 - LIMIT_DELAY_S - 0.2:
            assert 0 <= row.limit_pct[0] - row.time_s <= 0.14
        elif row.face is not None and row.time_s > 60 - LIMIT_DELAY_S:
            assert row.limit_pct == (None, None)


def test_why_nothing_was_reported_is_looked_up_in_hours_as_quickly_as_in_minutes(tmp_path, few_at_a_time):
    worked = []
    for seconds in (30, 240):
        with open_session(write_minutes(tmp_path / f"{seconds}.medn", seconds)) as session:
            found = explain(session, 15.0)
            assert any("moved most" in sentence for sentence in found.sentences)
            rows = list(session.frames((14.0, 16.0)))
            assert {row.frame for row in rows} == set(range(420, 481))
            worked.append(work(session, lambda opened=session: explain(opened, 15.0)))
    assert worked[1] < 1.5 * worked[0]


def test_of_a_long_session_the_list_reads_the_end_and_not_every_frame(tmp_path, few_at_a_time):
    path = write_minutes(tmp_path / "a.medn", 240, trace=True)
    with open_session(path) as session:
        assert session.extent() == (pytest.approx(240 - 1 / 30), [0, 1])
        whole = work(session, lambda: list(session.frames()))
        assert work(session, session.extent) < whole / 10


def test_of_many_limits_one_is_shown_for_each_pixel():
    stretches = [Stretch(at / 2, at / 2 + 0.5, (1.0 + at % 7, None)) for at in range(20_000) if at % 11]
    shown = sampled(stretches, 100.0, 9000.0, 300)
    assert len(shown) <= 300
    for middle_s in 100 + 8900 / 300 * (np.arange(300) + 0.5):
        assert limits_at(shown, middle_s) == limits_at(stretches, middle_s)
    assert sampled(stretches, 100.2, 103.2, 300) == [s for s in stretches if s.end_s > 100.2 and s.start_s < 103.2]


def test_another_session_opens_while_the_readings_of_a_long_one_are_still_read(window, home, monkeypatch):
    folder = home / "sessions"
    long = write_session(folder / "long.medn", 3.0, [1.0])
    short = write_session(folder / "short.medn", 3.0, [1.0])
    given, read = [], Session.frame_blocks

    def hours(session, between_s=None):
        [block] = read(session, between_s)
        for each in repeat(block, 500):
            given.append(each)
            time.sleep(0.01)
            yield each

    monkeypatch.setattr(Session, "frame_blocks", hours)
    window.open_session(long)
    until(lambda: given)
    window.open_session(short)
    assert window.review.model.record.path == short
    assert len(given) < 400


def test_the_film_and_the_chosen_event_are_seen_before_all_readings_are_read(window, session, monkeypatch):
    read, going_on = Session.frame_blocks, []

    def slow(opened, between_s=None):
        while between_s is None and not going_on:
            time.sleep(0.01)
            yield from ()
        yield from read(opened, between_s)

    monkeypatch.setattr(Session, "frame_blocks", slow)
    window.open_session(session)
    review = window.review
    press(review, Qt.Key.Key_K)
    try:
        until(lambda: review.viewer.image is not None and review.viewer.clip is not None)
        assert review.model.record.readings is None
    finally:
        going_on.append(True)
    until(lambda: review.model.record.readings is not None)


def test_a_folder_of_many_sessions_is_read_while_the_window_is_used(window, home, monkeypatch):
    monkeypatch.setattr(library, "AT_ONCE_S", 0.0)
    monkeypatch.setattr(library, "SLICE_S", 0.0)
    for number in range(5):
        write_session(home / "sessions" / f"take {number}.medn", 1.0, [0.3] * (number + 1))
    window.show_workspace(2)
    listed = window.review.library
    assert len(listed.entries) == 1
    assert listed._left.isVisible()
    listed._search.setText("take")
    until(lambda: len(listed.entries) == 5)
    assert {entry.title: entry.events for entry in listed.entries} == {f"take {n}": n + 1 for n in range(5)}
    made = [(-entry.made.timestamp(), entry.title) for entry in listed.entries]
    assert made == sorted(made)
    until(lambda: not listed._left.isVisible())
    write_session(home / "sessions" / "other.medn", 1.0, [0.3])
    write_session(home / "sessions" / "take 9.medn", 1.0, [0.3])
    window.review.refresh()
    until(lambda: not listed._left.isVisible())
    assert {entry.title for entry in listed.entries} == {f"take {number}" for number in (0, 1, 2, 3, 4, 9)}
    assert len(listed.read_all(home / "sessions")) == 7
