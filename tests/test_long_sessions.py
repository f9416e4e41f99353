"""Sessions of hours and folders of hundreds: what is read of them, and that nobody waits for it."""

import csv
import math
import sys
import threading
import time
from dataclasses import replace
from itertools import repeat

import numpy as np
import pytest
from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QMenu

from gui.review import library
from gui.review.record import Record
from realtime.explain import explain
from realtime.export import context, export_sessions, formats_named
from realtime.export.openface import _Units
from realtime.session import (
    Session,
    SessionInfo,
    SessionWriter,
    Status,
    StoredEvent,
    limits,
    open_session,
    reader,
    tables,
    writer,
)
from realtime.sources import Cause, Dropped
from realtime.spotting.grid import Steps
from realtime.types import LIMIT_DELAY_S, Analysis, FaceReading, Frame
from realtime.viewing.limits import Stretch, limits_at, sampled
from tests.gui_driver import an_event, live_for, press, until, write_session

PICTURE, POINTS = np.zeros((2, 2, 3), np.uint8), np.zeros((478, 3), np.float32)
FEW = 100


@pytest.fixture
def few_at_a_time(monkeypatch):
    """So few rows are saved and read at a time that a session of a minute has as many parts as one of hours."""
    for module in (limits, reader, tables, writer):
        monkeypatch.setattr(module, "MAX_COMMIT_ROWS", FEW)
    monkeypatch.setattr(writer, "COMMIT_EVERY_S", 0.005)
    monkeypatch.setattr(tables, "BLOCK_ROWS", 70)


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


@pytest.mark.parametrize("name", ["csv", "parquet", "openface", "html"])
def test_an_export_of_hours_is_stopped_in_the_middle_of_its_frames_and_leaves_nothing(tmp_path, monkeypatch, name):
    monkeypatch.setattr(context, "ROWS_AT_A_TIME", FEW)
    path = write_session(tmp_path / "a.medn", 20.0, [3.0])
    stop, ticks = threading.Event(), []

    def tick(done):
        ticks.append(done.done_s)
        if len(ticks) == 3:
            stop.set()

    [outcome] = export_sessions([path], formats_named(name), tmp_path / "out", tick=tick, stop=stop)
    assert "stopped before its end" in outcome.error
    assert len(ticks) == 3
    assert ticks == sorted(ticks)
    assert list((tmp_path / "out").iterdir()) == []


def test_overlapping_events_of_two_faces_are_in_the_frames_of_an_openface_table(tmp_path):
    units = {0: ("AU1",), 1: ("AU4", "AU12")}
    events = [
        replace(an_event(0, at, round(at * 30)), face=face, aus=dict.fromkeys(units[face], 0.9), offset_frame=last)
        for face, at, last in ((0, 1.0, 45), (1, 1.2, 40), (0, 1.1, 36), (1, 3.0, 95))
    ]
    ones = np.ones(6, np.float32)
    readings = [FaceReading(face, POINTS, ones, ones, (0.0, 0.0, 0.0), 60.0, True) for face in (0, 1)]
    with SessionWriter(tmp_path / "a.medn", SessionInfo("camera 0")) as session:
        for index in range(120):
            session.on_analysis(Analysis(index, index / 30, tuple(readings)), Frame(index, index / 30, PICTURE))
        session.on_analysis(Analysis(-1, 0.0, events=tuple(reversed(events))), None)
    [outcome] = export_sessions([tmp_path / "a.medn"], formats_named("openface"), tmp_path)
    with outcome.files[0].open(newline="") as file:
        for row in csv.DictReader(file):
            face, frame = int(row["face_id"]), int(row["frame"]) - 1
            going = [one for one in events if one.face == face and one.onset_frame <= frame <= one.offset_frame]
            wanted = {unit for one in going for unit in one.aus}
            assert {f"AU{int(name[2:4])}" for name, said in row.items() if said == "1" and name[:2] == "AU"} == wanted


def test_hundreds_of_events_are_not_looked_through_for_every_frame_of_an_openface_table():
    compared = 0

    class Counted(int):
        def __le__(self, other):
            nonlocal compared
            compared += 1
            return int(self) <= other

        def __ge__(self, other):
            nonlocal compared
            compared += 1
            return int(self) >= other

    events = [
        StoredEvent(at, replace(an_event(0, at, at), onset_frame=Counted(10 * at), offset_frame=Counted(10 * at + 4)),
                    Status.CONFIRMED, "")
        for at in range(300)
    ]  # fmt: skip
    units = _Units(events, 0)
    assert sum(bool(units.at(frame)) for frame in range(3000)) == 1500
    assert compared < 3 * 3000


def test_a_session_that_an_analysis_replaces_while_it_is_shown_is_opened_again_at_the_same_time(window, home):
    path = write_session(home / "sessions" / "a.medn", 5.0, [1.0])
    window.open_session(path)
    review = window.review
    until(lambda: review.model._readings_loaded)
    review.viewer.seek(2.5)
    review.viewer.play(on=False)
    write_session(home / "new.medn", 5.0, [1.0, 3.0]).replace(path)
    until(lambda: len(review.model.record.events) == 2, 5)
    assert review.viewer.position_s == pytest.approx(2.5)
    assert "analysed again" in window.banner._text.text()


def test_who_writes_a_note_is_not_interrupted_by_a_session_that_takes_its_place(window, home):
    path = write_session(home / "sessions" / "a.medn", 5.0, [1.0])
    window.open_session(path)
    press(window.review, Qt.Key.Key_E)
    write_session(home / "new.medn", 5.0, [1.0, 3.0]).replace(path)
    live_for(1.3)
    assert len(window.review.model.record.events) == 1


def test_a_replaced_session_is_shown_at_the_same_time_also_before_its_hours_are_read(window, home, monkeypatch):
    path = write_session(home / "sessions" / "a.medn", 9.0, [1.0])
    window.open_session(path)
    review, read, go_on = window.review, Record._read, threading.Event()
    until(lambda: review.model._readings_loaded)
    review._seek(7.5)
    monkeypatch.setattr(Record, "_read", lambda record: (go_on.wait(20), read(record)))
    write_session(home / "new.medn", 9.0, [1.0, 3.0]).replace(path)
    until(lambda: len(review.model.record.events) == 2, 5)
    assert (review.viewer.position_s, review.model.record.readings) == (pytest.approx(7.5), None)
    go_on.set()


def test_a_session_that_was_replaced_by_a_file_that_cannot_be_opened_says_so_once(window, home):
    path = write_session(home / "sessions" / "a.medn", 5.0, [1.0])
    window.open_session(path)
    (home / "new.medn").write_bytes(b"no session")
    (home / "new.medn").replace(path)
    until(lambda: "a.medn" in window.banner.text, 5)
    assert "This is its new session" not in window.banner.text
    window.banner.dismiss()
    live_for(1.3)
    assert window.banner.text == ""
    assert len(window.review.model.record.events) == 1
    write_session(home / "good.medn", 5.0, [1.0, 3.0]).replace(path)
    window.open_session(path)
    assert window.review._following.isActive()


def test_a_note_that_could_not_be_saved_stays_with_the_reason_when_a_session_was_replaced(window, home):
    path = write_session(home / "sessions" / "a.medn", 5.0, [1.0])
    window.open_session(path)
    inspector = window.review.inspector
    press(window.review, Qt.Key.Key_E)
    QTest.keyClicks(inspector._note, "brows, then nose")
    write_session(home / "new.medn", 5.0, [1.0, 3.0]).replace(path)
    press(inspector._note, Qt.Key.Key_Tab)
    live_for(1.3)
    assert window.banner.text.startswith("Not saved: the recording was analysed again")
    assert inspector._note.toPlainText() == "brows, then nose"


def test_a_menu_over_the_list_of_sessions_outlives_a_replaced_session(window, home, monkeypatch):
    faults = []
    monkeypatch.setattr(sys, "excepthook", lambda *fault: faults.append(fault))
    path = write_session(home / "sessions" / "a.medn", 5.0, [1.0])
    window.open_session(path)
    listed = window.review.library
    new = write_session(home / "new.medn", 5.0, [1.0, 3.0])

    def use():
        [menu] = [each for each in listed.findChildren(QMenu) if each.isVisible()]
        next(action for action in menu.actions() if action.text() == "Open").trigger()
        menu.close()

    QTimer.singleShot(0, lambda: new.replace(path))
    QTimer.singleShot(1300, use)
    listed._menu(listed._list.visualItemRect(listed._list.item(0)).center())
    assert len(window.review.model.record.events) == 2
    assert not faults


def test_many_recordings_are_queued_and_stopped_at_once(window, tmp_path, monkeypatch):
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    for number in range(60):
        (recordings / f"{number:03}.mp4").touch()
    analyze = window.analyze
    analyze.queue.pause()
    shown, show = [], analyze._refresh
    monkeypatch.setattr(analyze.queue, "_changed", lambda: (shown.append(len(analyze.queue.entries)), show()))
    analyze.add([str(recordings), str(recordings)])
    assert analyze.table.rows.rowCount() == 60
    analyze.table.selectAll()
    analyze._stop_chosen()
    assert {entry.stage.value for entry in analyze.queue.entries} == {"stopped"}
    assert shown == [60] * len(shown)
    assert len(shown) < 5
