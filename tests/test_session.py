"""Session files: written data can be read back; an unusable file is reported in one sentence."""

import math
import os
import sqlite3
import sys
import time
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medn.contract import AU_NAMES, EMOTIONS
from realtime.drivers import run_replay
from realtime.session import SessionError, SessionWriter, Status, delete_session, open_session
from realtime.session.paths import free_path
from realtime.session.recorder import Recorder
from realtime.sources import Cause, Dropped, Generated, Notice, NoticeKind
from realtime.types import LIMIT_DELAY_S, REGION_GROUPS, Analysis, Event, Frame
from tests.readings import INFO, PICTURE, Still, an_event, reading

seconds = st.floats(0, 1e5)
fractions = st.floats(0, 1)
named = st.dictionaries(st.sampled_from(["brows", "mouth", "blink"]), fractions, max_size=3)
events = st.builds(
    Event,
    face=st.integers(0, 3),
    onset_s=seconds,
    apex_s=seconds,
    offset_s=seconds,
    onset_frame=st.integers(0, 10**6),
    apex_frame=st.integers(0, 10**6),
    offset_frame=st.integers(0, 10**6),
    score=fractions,
    regions=named,
    evidence=named,
    algorithmic_ms=seconds,
    compute_ms=seconds,
    reason=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
    emotion=st.none() | st.dictionaries(st.sampled_from(EMOTIONS), fractions),
    aus=st.none() | st.dictionaries(st.sampled_from(AU_NAMES), fractions),
    accepted=st.booleans(),
)


@settings(max_examples=15, deadline=None)
@given(found=st.lists(events, max_size=5), rejected=st.lists(events, max_size=5), faces=st.lists(st.integers(0, 3)))
def test_written_data_is_read_back(tmp_path_factory, found, rejected, faces):
    found = [replace(event, accepted=True) for event in found]
    rejected = [replace(event, accepted=False) for event in rejected]
    path = tmp_path_factory.mktemp("session") / "a b?#.medn"
    with SessionWriter(path, INFO) as writer:
        writer.on_analysis(Analysis(0, 0.0, tuple(map(reading, faces))), Frame(0, 0.0, PICTURE))
        writer.on_drop(Dropped(1, 0.033, Cause.OVERRUN))
        writer.on_notice(Notice(0.04, NoticeKind.LOST, "It went."))
        writer.on_analysis(Analysis(-1, 0.0, events=tuple(found), rejected=tuple(rejected)), None)
    with open_session(path) as session:
        assert {name: getattr(session.info, name) for name in ("source", "video", "parameters", "consent")} == {
            name: getattr(INFO, name) for name in ("source", "video", "parameters", "consent")
        }
        *rows, drop = session.frames()
        assert [row.face for row in rows] == (faces or [None])
        assert (drop.frame, drop.dropped, drop.face) == (1, Cause.OVERRUN, None)
        for row in rows if faces else ():
            assert row.motion == tuple(range(len(REGION_GROUPS)))
            assert row.threshold == (0.375,) * 6
            assert row.yaw_pitch_roll_deg == (1.0, -2.0, 0.5)
            assert (row.eye_distance_px, row.calibrated) == (61.5, row.face == 0)
        assert session.notices() == [Notice(0.04, NoticeKind.LOST, "It went.")]
        assert sorted(map(str, (stored.event for stored in session.events()))) == sorted(map(str, found))
        assert sorted(map(str, session.candidates())) == sorted(map(str, rejected))


def test_frames_come_in_the_order_of_time_with_and_without_faces(tmp_path):
    with SessionWriter(tmp_path / "a.medn", INFO) as writer:
        for index in range(6):
            faces = (reading(0),) if index % 2 else ()
            writer.on_analysis(Analysis(index, index / 30, faces), Frame(index, index / 30, PICTURE))
    with open_session(tmp_path / "a.medn") as session:
        assert [row.frame for row in session.frames()] == list(range(6))


@pytest.mark.parametrize("rate_hz", [24, 30, 200])
def test_a_limit_of_detection_is_read_at_the_frame_that_it_is_about(tmp_path, rate_hz):
    # each limit is the time that it is about; the second face is computed on every second frame
    with SessionWriter(tmp_path / "a.medn", INFO) as writer:
        for index in range(3 * rate_hz):
            time_s = index / rate_hz
            about_s = time_s - LIMIT_DELAY_S
            limit = (about_s, about_s + 10) if about_s >= 0 else (math.nan, math.nan)
            faces = [reading(0, limit_pct=limit)] + [reading(1, limit_pct=(limit[0], math.nan))] * (index % 2)
            writer.on_analysis(Analysis(index, time_s, tuple(faces)), Frame(index, time_s, PICTURE))
            writer.on_drop(Dropped(index, time_s, Cause.OVERRUN))
    with open_session(tmp_path / "a.medn") as session:
        rows = list(session.frames())
    assert [row.frame for row in rows] == sorted(row.frame for row in rows)
    end_s = 3 - LIMIT_DELAY_S - 2 / rate_hz
    for row in rows:
        if row.face is None or row.time_s >= end_s:
            continue
        upper, lower = row.limit_pct
        assert 0 <= upper - row.time_s <= (row.face + 1) / rate_hz + 1e-9
        assert lower is None if row.face else lower == pytest.approx(upper + 10)
    assert all(row.limit_pct == (None, None) for row in rows if row.time_s > 3 - LIMIT_DELAY_S)


def test_a_session_of_the_first_version_is_read_as_not_judged(tmp_path):
    path = tmp_path / "old.medn"
    with SessionWriter(path, INFO) as writer:
        for index in range(3):
            analysis = Analysis(index, index / 30, (reading(0, limit_pct=(1.0, 2.0)),), (an_event(),))
            writer.on_analysis(analysis, Frame(index, index / 30, PICTURE))
    old = sqlite3.connect(path)
    for part in ("upper", "lower"):
        old.execute(f"ALTER TABLE frames DROP COLUMN {part}_limit_pct")
    old.execute("PRAGMA user_version = 1")
    old.close()
    with open_session(path) as session:
        assert [(row.frame, row.motion[5], row.limit_pct) for row in session.frames()] == [
            (index, 5.0, (None, None)) for index in range(3)
        ]
        assert len(session.events()) == 3


def test_a_run_leaves_one_single_file_with_its_summary_that_any_sqlite_client_reads(tmp_path):
    path = tmp_path / "run.medn"
    with SessionWriter(path, INFO) as writer:
        source = Generated(lambda _: PICTURE, [i / 30 for i in range(50)])
        writer.close(run_replay(source, Still(), [writer]))
    assert [p.name for p in tmp_path.iterdir()] == ["run.medn"]
    plain = sqlite3.connect(path)
    assert plain.execute("SELECT count(*), max(mouth) FROM frames").fetchone() == (50, 4.0)
    assert plain.execute("SELECT json_extract(summary, '$.frames_processed') FROM session").fetchone() == (50,)
    assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert open_session(path).info.closed_utc


def test_no_picture_is_stored(tmp_path):
    path = tmp_path / "run.medn"
    picture = np.frombuffer(b"secret face!", np.uint8).reshape(2, 2, 3)
    with SessionWriter(path, INFO) as writer:
        writer.on_analysis(Analysis(0, 0.0, (reading(0),)), Frame(0, 0.0, picture))
    assert b"secret face" not in path.read_bytes()


def test_pictures_of_an_event_with_consent_are_read_with_the_event_and_deleted_with_the_session(tmp_path):
    path = tmp_path / "run.medn"
    onset, apex = (cv2.imencode(".jpg", np.full((16, 16, 3), level, np.uint8))[1].tobytes() for level in (40, 90))
    with SessionWriter(path, INFO) as writer:
        writer.on_analysis(Analysis(-1, 0.0, events=(an_event(1.0),)), None)
        writer.add_event(an_event(2.0), {"onset": onset, "apex": apex})
    with open_session(path) as stored:
        plain, pictured = stored.events()
        assert stored.pictures(plain.id) == {}
        assert stored.pictures(pictured.id) == {"onset": onset, "apex": apex}
    delete_session(path)
    assert list(tmp_path.iterdir()) == []


def test_an_early_session_without_a_table_of_pictures_still_opens(tmp_path):
    path = tmp_path / "run.medn"
    with SessionWriter(path, INFO) as writer:
        writer.on_analysis(Analysis(-1, 0.0, events=(an_event(1.0),)), None)
    with sqlite3.connect(path) as early:
        early.execute("DROP TABLE pictures")
    with open_session(path) as stored:
        [kept] = stored.events()
        assert stored.pictures(kept.id) == {}


def test_a_running_session_can_be_read_and_reviewed(tmp_path):
    path = tmp_path / "run.medn"
    with SessionWriter(path, INFO) as writer:
        writer.on_analysis(Analysis(-1, 0.0, events=(an_event(),)), None)
        with open_session(path) as session:
            while not (stored := session.events()):
                time.sleep(0.05)
            session.review(stored[0].id, status=Status.CONFIRMED)
            writer.on_analysis(Analysis(-1, 0.0, events=(an_event(2.0),)), None)
            writer.close()
            assert [e.status for e in session.events()] == [Status.CONFIRMED, Status.UNREVIEWED]


def test_review_and_annotations_are_saved_at_once_and_can_be_changed(tmp_path):
    path = tmp_path / "run.medn"
    with SessionWriter(path, INFO) as writer:
        writer.on_analysis(Analysis(-1, 0.0, events=(an_event(1.0), an_event(2.0))), None)
    session = open_session(path)
    first, second = (stored.id for stored in session.events())
    session.review(first, status=Status.REJECTED)
    session.review(first, note="a blink")
    session.review(second, note="unsure")
    mark = session.annotate(3.5, "question 2", end_s=4.0)
    away = session.annotate(1.0, "mistake")
    session.remove_annotation(away.id)
    other = open_session(path)
    assert [(e.status, e.note) for e in other.events()] == [(Status.REJECTED, "a blink"), (Status.UNREVIEWED, "unsure")]
    assert other.annotations() == [mark]
    for missing in (lambda: session.review(99, note=""), lambda: session.remove_annotation(99)):
        with pytest.raises(KeyError):
            missing()


def test_deleting_leaves_nothing_and_only_sessions_are_deleted(tmp_path):
    path = tmp_path / "run.medn"
    with SessionWriter(path, INFO) as writer:
        writer.on_analysis(Analysis(-1, 0.0, events=(an_event(),)), None)
    reader = sqlite3.connect(path)
    reader.execute("PRAGMA journal_mode = WAL")  # leaves the files beside it
    reader.execute("DELETE FROM notices")
    other = tmp_path / "thesis.medn"
    other.write_text("my thesis")
    with pytest.raises(SessionError):
        delete_session(other)
    delete_session(path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.medn"]


def bad_file(path, message):
    if "newer" in message:
        SessionWriter(path, INFO).close()
        with sqlite3.connect(path) as database:
            database.execute("PRAGMA user_version = 99")
    elif "not a MEDN session" in message:
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE t (x)")
    elif "malformed" in message:
        SessionWriter(path, INFO).close()
        data = path.read_bytes()
        path.write_bytes(data[:100] + b"\xff" * 2000 + data[2100:])


@pytest.mark.parametrize("message", ["newer MEDN", "not a MEDN session", "malformed", "No such file"])
def test_a_file_that_cannot_be_used_is_reported_in_one_sentence(tmp_path, message):
    path = tmp_path / "bad.medn"
    bad_file(path, message)
    with pytest.raises(SessionError, match=message) as raised:
        open_session(path).events()
    assert "bad.medn" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes")
def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.medn")
    (tmp_path / "folder.medn").mkdir()
    for name in ("pipe.medn", "folder.medn"):
        for use in (open_session, delete_session):
            with pytest.raises(SessionError, match=f"{name} is not a file but a pipe, a device or a folder"):
                use(tmp_path / name)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere file names are text")
def test_a_session_whose_name_is_no_text_is_refused_in_one_sentence(tmp_path):
    path = tmp_path / "s.medn"
    SessionWriter(path, INFO).close()
    path = path.rename(tmp_path / os.fsdecode(b"caf\xe9.medn"))
    with pytest.raises(SessionError, match="has a name that is no UTF-8 text: rename it"):
        open_session(path)


@pytest.mark.parametrize("name", ["there.medn", "missing/x.medn", "there.medn/x.medn"])
def test_a_session_that_cannot_be_created_is_reported_in_one_sentence_and_nothing_is_overwritten(tmp_path, name):
    (tmp_path / "there.medn").write_text("precious")
    with pytest.raises(SessionError, match=r"exists already|cannot be created"):
        SessionWriter(tmp_path / name, INFO)
    assert (tmp_path / "there.medn").read_text() == "precious"


def test_features_of_a_session_of_the_first_releases_are_read_by_todays_names(tmp_path):
    with SessionWriter(tmp_path / "old.medn", INFO) as writer:
        evidence = {"mouth pct before": 1.5, "one-sided": 0.2}
        writer.on_analysis(Analysis(-1, 0.0, events=(replace(an_event(), evidence=evidence),)), None)
    with open_session(tmp_path / "old.medn") as session:
        [stored] = session.events()
    assert stored.event.evidence == {"mouth_pct_before": 1.5, "one_sided": 0.2}


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_sessions_and_films_are_for_their_owner_only(tmp_path):
    before = os.umask(0o022)
    try:
        path = free_path(tmp_path / "new" / "sessions", "a")
        writer = SessionWriter(path, INFO)
        writer.on_drop(Dropped(1, 0.033, Cause.OVERRUN))
        while not (log := path.with_name("a.medn-wal")).exists():
            time.sleep(0.05)
        modes = {log.name: log.stat().st_mode & 0o777}
        writer.close()
        recorder = Recorder()
        recorder.start(path.with_name("b.medn"), replace(INFO, video=str(path.with_name("b.mp4"))), film=True)
        for index in range(3):
            frame = Frame(index, index / 30, np.zeros((64, 64, 3), np.uint8))
            recorder.on_capture(frame)
            recorder.on_analysis(Analysis(index, frame.time_s), frame)
        recorder.stop()
    finally:
        os.umask(before)
    modes |= {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert {"a.medn", "a.medn-wal", "b.medn", "b.mp4"} <= modes.keys()
    assert set(modes.values()) == {0o600}
    assert path.parent.stat().st_mode & 0o777 == 0o700
