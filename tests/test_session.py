"""Session files: what is written can be read, whatever happens to the process; bad files get one sentence."""

import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.drivers import run_replay
from realtime.faces.watch import Sight
from realtime.frame import Frame
from realtime.results import REGION_GROUPS, Analysis, Event, FaceReading
from realtime.session import SessionError, SessionInfo, SessionWriter, Status, delete_session, open_session
from realtime.sources import Cause, Dropped, Generated, Notice, NoticeKind

PICTURE = np.zeros((2, 2, 3), np.uint8)
INFO = SessionInfo(
    source="camera 0",
    video="/somewhere/v.mp4",
    parameters={"spotter": {"threshold": 0.38}},
    versions={"medn": "0.1.0"},
    weights_sha256="ab" * 32,
    consent="A. Person agreed to be recorded.",
)

seconds = st.floats(0, 1e5)
fractions = st.floats(0, 1)
named = st.dictionaries(st.sampled_from(["brows", "mouth", "AU1", "blink"]), fractions, max_size=3)
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
    emotion=st.none() | named,
    aus=st.none() | named,
)


def reading(face, level=1.0):
    return FaceReading(
        face=face,
        points=np.zeros((478, 3), np.float32),
        motion=np.arange(6, dtype=np.float32) * level,
        threshold=np.full(6, 0.375, np.float32),
        yaw_pitch_roll_deg=(1.0, -2.0, np.float32(0.5)),
        eye_distance_px=61.5,
        calibrated=face == 0,
    )


def an_event(onset_s=1.0):
    return Event(0, onset_s, onset_s + 0.1, onset_s + 0.2, 30, 33, 36, 0.9, {"brows": 1.2}, {"blink": 0.1}, 120.0, 0.4)


@settings(max_examples=15, deadline=None)
@given(found=st.lists(events, max_size=5), rejected=st.lists(events, max_size=5), faces=st.lists(st.integers(0, 3)))
def test_what_is_written_is_read_back(tmp_path_factory, found, rejected, faces):
    path = tmp_path_factory.mktemp("session") / "a b?#.medn"
    with SessionWriter(path, INFO) as writer:
        writer.on_analysis(Frame(0, 0.0, PICTURE), Analysis(0, 0.0, tuple(map(reading, faces))))
        writer.on_drop(Dropped(1, 0.033, Cause.OVERRUN))
        writer.on_notice(Notice(0.04, NoticeKind.LOST, "It went."))
        writer.on_events(found)
        writer.on_rejected(rejected)
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
            writer.on_analysis(Frame(index, index / 30, PICTURE), Analysis(index, index / 30, faces))
    with open_session(tmp_path / "a.medn") as session:
        assert [row.frame for row in session.frames()] == list(range(6))


class Still:
    """The smallest pipeline."""

    analysis = Analysis(-1, 0.0)

    def look(self, frame):
        return Sight(None, 0.0)

    def step(self, frame, sight=None):
        self.analysis = Analysis(frame.index, frame.time_s, (reading(0),))
        return [an_event(frame.time_s)] if frame.index == 5 else []

    def flush(self):
        return []


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
    picture = np.frombuffer(b"secret face", np.uint8)
    with SessionWriter(path, INFO) as writer:
        writer.on_analysis(Frame(0, 0.0, picture), Analysis(0, 0.0, (reading(0),)))
    assert b"secret face" not in path.read_bytes()


def test_pictures_of_an_event_that_were_allowed_come_back_with_that_event_and_go_with_the_session(tmp_path):
    path = tmp_path / "run.medn"
    with SessionWriter(path, INFO) as writer:
        writer.on_events([an_event(1.0)])
        writer.add_event(an_event(2.0), {"onset": b"first", "apex": b"second"})
    with open_session(path) as stored:
        plain, pictured = stored.events()
        assert stored.pictures(plain.id) == {}
        assert stored.pictures(pictured.id) == {"onset": b"first", "apex": b"second"}
    delete_session(path)
    assert list(tmp_path.iterdir()) == []


def test_a_session_of_a_time_without_pictures_still_opens(tmp_path):
    path = tmp_path / "run.medn"
    with SessionWriter(path, INFO) as writer:
        writer.on_events([an_event(1.0)])
    with sqlite3.connect(path) as early:
        early.execute("DROP TABLE pictures")
    with open_session(path) as stored:
        [kept] = stored.events()
        assert stored.pictures(kept.id) == {}


WRITE_FOREVER = """
import sys, time
from pathlib import Path
sys.path.insert(0, "tests")
from test_session import *
writer = SessionWriter(Path(sys.argv[1]), INFO)
began_s = time.monotonic()
for i in range(10**9):
    writer.on_analysis(Frame(i, time.monotonic() - began_s, PICTURE), Analysis(i, 0.0, (reading(0),)))
    if i == 20:
        writer.on_events([an_event()])
    print(time.monotonic() - began_s, flush=True)
    time.sleep(0.005)
"""


def test_a_killed_process_leaves_everything_but_the_last_second(tmp_path):
    path = tmp_path / "killed.medn"
    command = [sys.executable, "-c", WRITE_FOREVER, path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]) as process:
        told_s = 0.0
        while told_s < 2.2:
            told_s = float(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        told_s = float((process.stdout.read().splitlines() or [told_s])[-1])
    with open_session(path) as session:
        frames = list(session.frames())
        assert told_s - 1 < frames[-1].time_s <= told_s
        assert [f.frame for f in frames] == list(range(len(frames)))
        assert len(session.events()) == 1
        assert session.info.closed_utc is None
    assert [p.name for p in tmp_path.iterdir()] == ["killed.medn"], "tidied up by the reader"


def test_a_running_session_can_be_read_and_reviewed(tmp_path):
    path = tmp_path / "run.medn"
    with SessionWriter(path, INFO) as writer:
        writer.on_events([an_event()])
        with open_session(path) as session:
            while not (stored := session.events()):
                time.sleep(0.05)
            session.review(stored[0].id, status=Status.CONFIRMED)
            writer.on_events([an_event(2.0)])
            writer.close()
            assert [e.status for e in session.events()] == [Status.CONFIRMED, Status.UNREVIEWED]


def test_review_and_annotations_are_saved_at_once_and_can_be_changed(tmp_path):
    path = tmp_path / "run.medn"
    with SessionWriter(path, INFO) as writer:
        writer.on_events([an_event(1.0), an_event(2.0)])
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
        writer.on_events([an_event()])
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
def test_a_file_that_cannot_be_used_is_told_in_one_sentence(tmp_path, message):
    path = tmp_path / "bad.medn"
    bad_file(path, message)
    with pytest.raises(SessionError, match=message) as raised:
        open_session(path).events()
    assert "bad.medn" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["there.medn", "missing/x.medn", "there.medn/x.medn"])
def test_a_session_that_cannot_be_made_is_told_in_one_sentence_and_nothing_is_overwritten(tmp_path, name):
    (tmp_path / "there.medn").write_text("precious")
    with pytest.raises(SessionError, match=r"exists already|cannot be made"):
        SessionWriter(tmp_path / name, INFO)
    assert (tmp_path / "there.medn").read_text() == "precious"


WRITE_TOO_MUCH = """
import resource, sys, time
from pathlib import Path
sys.path.insert(0, "tests")
from test_session import *
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
try:
    with SessionWriter(Path(sys.argv[1]), INFO) as writer:
        for i in range(20_000):
            writer.on_analysis(Frame(i, i / 30, PICTURE), Analysis(i, 0.0, (reading(0),)))
            if i % 1000 == 0:
                time.sleep(0.6)
except SessionError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of a file by rlimit")
def test_a_full_disk_is_told_in_one_sentence_and_what_was_saved_is_kept(tmp_path):
    path = tmp_path / "full.medn"
    command = [sys.executable, "-c", WRITE_TOO_MUCH, path]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=Path(__file__).parents[1], timeout=60, check=True
    )
    assert done.stderr == ""
    assert "full.medn cannot be written any more" in done.stdout
    assert done.stdout.count("\n") == 1
    with open_session(path) as session:
        assert len(list(session.frames())) > 0
