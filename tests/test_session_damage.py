"""Damaged, hand-edited and hostile sessions: one sentence, no other error, and what can be read is read."""

import os
import random
import socket
import sqlite3
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from realtime.cli import app
from realtime.export import export_sessions, formats_named
from realtime.session import (
    Coding,
    RecordedFile,
    SessionError,
    SessionInfo,
    SessionWriter,
    delete_session,
    open_session,
)
from realtime.session.schema import TRANSCRIPT
from realtime.sources import Cause, Dropped, Notice, NoticeKind, SourceError
from realtime.types import Analysis, Event, FaceReading, Frame
from realtime.viewing.event_clips import clip_of_ends
from realtime.viewing.playback import Playback

RECORDED = RecordedFile(1234, 5678, "ab" * 32)
COPIES = 450
PAGE = 8192
EXPORTED = 50
FORMATS = formats_named("csv,long,elan,boris,textgrid,webvtt,openface,bids,html")
PICTURE = np.zeros((2, 2, 3), np.uint8)
JPEG = cv2.imencode(".jpg", np.full((16, 16, 3), 90, np.uint8))[1].tobytes()


def an_event(at_s):
    frame = round(at_s * 30)
    return Event(
        0, at_s, at_s + 0.1, at_s + 0.3, frame, frame + 3, frame + 9, 0.9, {"glabella": 1.2}, {"blink": 0.1}, 99.0, 0.4,
        emotion={"negative": 0.7, "positive": 0.2, "surprise": 0.1}, aus={"AU4": 0.9},
    )  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A session with something in every table, as bytes."""
    path = tmp_path_factory.mktemp("whole") / "a.medn"
    info = SessionInfo(
        "camera 0", parameters={"spotter": {"floor_pct": 0.25}}, versions={"medn": "0.1.0"}, file=RECORDED
    )
    with SessionWriter(path, info) as writer:
        for index in range(360):
            motion = np.linspace(0, 1, 6, dtype=np.float32)
            face = FaceReading(0, np.zeros((478, 3), np.float32), motion, motion, (1.0, 2.0, 3.0), 60.0, True)
            writer.on_analysis(Analysis(index, index / 30, (face,)), Frame(index, index / 30, PICTURE))
        writer.on_drop(Dropped(360, 12.0, Cause.OVERRUN))
        writer.on_notice(Notice(1.0, NoticeKind.LOST, "It went."))
        writer.add_event(an_event(1.0), {"onset": JPEG, "apex": JPEG})
        writer.on_analysis(Analysis(-1, 0.0, events=(an_event(2.0), an_event(3.0)), rejected=(an_event(2.5),)), None)
    with open_session(path) as session:
        session.annotate(1.5, "a mark", 2.0)
        session.replace_codings("Bo", [Coding(1.0, 1.3, 1.1, emotion="negative", aus=("AU4",), text="a frown")])
    return path.read_bytes()


@pytest.fixture
def edited(whole, tmp_path):
    """`edited(statements)`: the session with changes that any SQLite client can make."""

    def edit(statements):
        path = tmp_path / "edited.medn"
        path.write_bytes(whole)
        with sqlite3.connect(path) as database:
            database.executescript(statements)
        database.close()
        return path

    return edit


def read_everything(path):
    with open_session(path) as session:
        events = session.events()
        counts = Counter(
            frames=len(list(session.frames())), events=len(events), candidates=len(session.candidates()),
            notices=len(session.notices()), codings=len(session.codings()), annotations=len(session.annotations()),
        )  # fmt: skip
        assert session.info.source is not None
        for stored in events:
            clip_of_ends(stored.event, session.pictures(stored.id))
        return counts, session.damage


def damaged(whole, seed):
    """The session with one to twenty bytes changed, a stretch of zeros, or its end cut off."""
    rng, data = random.Random(seed), bytearray(whole)
    match seed % 5:
        case 0 | 1:
            for _ in range(rng.randint(1, 20)):
                data[rng.randrange(100, len(data))] ^= 1 << rng.randrange(8)
        case 2:  # within what is used of the pages, whose ends are filled first
            used = [place for place in range(100, len(data)) if data[place]]
            for place in rng.sample(used, 12):
                data[place] = rng.randrange(256)
        case 3:
            start = rng.randrange(100, len(data))
            data[start : start + 500] = bytes(len(data[start : start + 500]))
        case _:
            del data[rng.randrange(100, len(data)) :]
    return bytes(data)


def test_a_damaged_session_raises_a_session_error_or_is_read_and_exported_as_far_as_it_goes(whole, tmp_path):
    read = partly = 0
    for seed in range(COPIES):
        path = tmp_path / f"{seed}.medn"
        path.write_bytes(damaged(whole, seed))
        try:
            _, damage = read_everything(path)
        except SessionError as error:
            sentence = str(error)
        else:
            read, partly, sentence = read + 1, partly + bool(damage), damage or "1.medn"
        assert ".medn" in sentence
        assert sentence.isprintable()
        if seed < EXPORTED:
            list(export_sessions([path], FORMATS, tmp_path / "out"))
    assert read > 0.7 * COPIES
    assert partly > 0.4 * COPIES


def test_a_whole_session_reports_no_damage(whole, tmp_path):
    path = tmp_path / "a.medn"
    path.write_bytes(whole)
    counts, damage = read_everything(path)
    assert counts == {"frames": 361, "events": 3, "candidates": 1, "notices": 1, "codings": 1, "annotations": 1}
    assert damage == ""


@pytest.mark.parametrize(
    ("change", "table", "left"),
    [
        ("UPDATE events SET emotion = '[1, 2]' WHERE id = 2", "events", 2),
        ("""UPDATE events SET emotion = '{"negative": 1e999}' WHERE id = 2""", "events", 2),
        ("UPDATE events SET regions = '{\"a\": ' WHERE id = 2", "events", 2),
        (f"UPDATE events SET evidence = '{'[' * 100_000}' WHERE id = 2", "events", 2),
        ("UPDATE events SET aus = '{\"mouth\": 0.5}' WHERE id = 1", "events", 2),
        ("UPDATE events SET onset_s = 9e999 WHERE id = 3", "events", 2),
        ("UPDATE events SET apex_s = -1", "events", 0),
        ("UPDATE events SET onset_frame = -5 WHERE id = 1", "events", 2),
        ("UPDATE events SET note = CAST(x'ff00' AS TEXT) WHERE id = 1", "events", 3),
        ("UPDATE candidates SET score = 1e999", "candidates", 0),
        ("UPDATE frames SET dropped = 'boredom' WHERE dropped IS NOT NULL", "frames", 360),
        ("UPDATE frames SET time_s = 9e999 WHERE frame < 10", "frames", 351),
        ("UPDATE notices SET kind = 'gossip'", "notices", 0),
        ("UPDATE annotations SET end_s = -3", "annotations", 0),
        ("ALTER TABLE frames DROP COLUMN brows", "frames", 0),
        ("ALTER TABLE annotations DROP COLUMN text", "annotations", 0),
        ("DROP TABLE notices", "notices", 0),
    ],
)
def test_a_damaged_row_or_table_is_left_out_and_reported_and_the_rest_is_read(edited, change, table, left):
    path = edited(change)
    counts, damage = read_everything(path)
    assert counts[table] == left
    others = {"frames": 361, "events": 3, "candidates": 1, "notices": 1, "annotations": 1}
    assert {name: counts[name] for name in others if name != table} == {
        name: count for name, count in others.items() if name != table
    }
    if change.startswith("UPDATE events SET note"):
        return  # text that is no UTF-8 is still text
    assert table in damage
    assert damage.count(". ") == 1
    outcomes = list(export_sessions([path], FORMATS))
    assert [outcome.error for outcome in outcomes if outcome.format] == [""] * len(FORMATS)
    if table not in ("candidates", "notices"):  # no format holds them
        assert "is damaged" in outcomes[-1].error


@pytest.mark.parametrize(
    "change", ["DELETE FROM session", "UPDATE session SET parameters = '[]', summary = '{', created_utc = ''"]
)
def test_a_session_without_a_readable_description_still_gives_its_events(edited, change):
    path = edited(change)
    counts, damage = read_everything(path)
    assert counts["events"] == 3
    assert "description" in damage


HUGE = "1" + "0" * 400


@pytest.mark.parametrize(
    "change",
    [
        """UPDATE session SET versions = '{"medn": {}}'""",
        """UPDATE session SET summary = '{"first_frame_utc": {"a": 1}}'""",
        f"""UPDATE session SET summary = '{{"complete": 0, "duration_s": {HUGE}, "length_s": {HUGE},
            "hindered_s": {{"no face": {HUGE}}}}}'""",
        f"""UPDATE session SET summary = '{{"limit": {{"upper": {{"judged_share": 1, "median_pct": {HUGE}}},
            "lower": {{"judged_share": 0, "median_pct": null}}}}}}'""",
        """INSERT INTO codings SELECT coder || ' ', onset_s, apex_s, offset_s, status, emotion, aus, text, judged_face,
                judges_event
            FROM codings""",
        """INSERT INTO transcript VALUES (1, 2, 'one' || char(10, 10) || '-->' || char(0), 'A' || char(10, 10)),
            (1, 2, 'two', 'A')""",
    ],
)
def test_whatever_a_description_or_a_name_holds_every_format_and_a_study_are_written(edited, tmp_path, change):
    path = edited(f"{TRANSCRIPT} {change}")
    outcomes = list(export_sessions([path], {**FORMATS, **formats_named("parquet")}, tmp_path / "out"))
    assert [outcome.error for outcome in outcomes if outcome.format] == [""] * (len(FORMATS) + 1)
    done = CliRunner().invoke(app, ["study", str(tmp_path), "--out", str(tmp_path / "study")])
    assert done.exit_code == 0, done.output


def test_rows_before_and_after_a_damaged_page_are_read(whole, edited):
    path = edited("")
    leaves = [place for place in range(PAGE, len(whole), PAGE) if whole[place] == 0x0D]  # pages of rows
    found = []
    for place in leaves:
        data = bytearray(whole)
        data[place : place + 8] = b"\xff" * 8
        path.write_bytes(data)
        counts, damage = read_everything(path)
        if 0 < counts["frames"] < 361:
            found.append(counts["frames"])
            assert "its table frames cannot be read (a part of the file is damaged)" in damage
    assert len(found) >= 2
    assert sum(found) > 361  # each time most of the frames are still there


def test_an_elan_file_can_be_read_whatever_the_name_of_the_recording_holds(edited, tmp_path):
    path = edited("UPDATE session SET video = '/films/a' || char(1, 10) || 'ü b#1.mp4'")
    (outcome,) = (one for one in export_sessions([path], formats_named("elan"), tmp_path) if one.format)
    [media] = ElementTree.parse(outcome.files[0]).iter("MEDIA_DESCRIPTOR")
    assert media.get("RELATIVE_MEDIA_URL").endswith("films/a%01%0Aü b#1.mp4")


def stating(height, width):
    """A small JPEG that states another size."""
    header = JPEG.index(b"\xff\xc0") + 5
    return JPEG[:header] + height.to_bytes(2) + width.to_bytes(2) + JPEG[header + 4 :]


@pytest.mark.parametrize(
    "picture",
    [stating(32000, 32000), stating(60000, 1), b"\x89PNG" + JPEG, b"", JPEG[:100]],
    ids=["many pixels", "one column", "another format", "nothing", "a beginning"],
)
def test_a_stored_picture_that_is_no_picture_of_a_face_is_left_out_before_it_fills_the_memory(edited, picture):
    path = edited(f"UPDATE pictures SET jpeg = x'{picture.hex()}' WHERE moment = 'apex'")
    with open_session(path) as session:
        assert set(session.pictures(1)) == {"onset"}
        assert "its table pictures" in session.damage
        assert clip_of_ends(session.events()[0].event, session.pictures(1)) is None


@pytest.mark.parametrize(
    "change",
    [
        "CREATE VIEW summary_of AS SELECT * FROM events",
        """ALTER TABLE notices RENAME TO kept;
        CREATE VIEW notices AS WITH RECURSIVE forever(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM forever)
            SELECT n AS time_s, 'lost' AS kind, '' AS text FROM forever""",
        "CREATE TRIGGER t AFTER UPDATE ON events BEGIN DELETE FROM events; END",
        "CREATE INDEX i ON events (abs(score))",
        """CREATE VIEW v AS SELECT 1; PRAGMA writable_schema = ON;
        UPDATE sqlite_master SET type = 'table', sql = 'CREATE/**/VIEW v AS SELECT 1' WHERE name = 'v'""",
        "CREATE VIRTUAL TABLE words USING fts5 (text)",
        "ALTER TABLE events ADD COLUMN size INTEGER AS (length(regions)) VIRTUAL",
    ],
)
def test_what_would_run_code_of_its_own_is_refused_in_one_sentence(edited, change):
    with pytest.raises(SessionError, match=r"edited\.medn is refused: .*which no session has\.$"):
        open_session(edited(change))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("DROP TABLE events", "its table events is missing"),
        ("ALTER TABLE events DROP COLUMN score", "its table events lacks the column score"),
        ("DROP TABLE session", "its table session is missing"),
        ("PRAGMA user_version = 0", "there is no format 0"),
        ("PRAGMA user_version = 99", "newer MEDN"),
    ],
)
def test_a_session_of_which_nothing_is_left_or_that_is_newer_is_refused_in_one_sentence(edited, change, sentence):
    with pytest.raises(SessionError, match=sentence):
        open_session(edited(change))


def test_a_session_that_names_an_address_or_a_pipe_as_its_video_is_exported_without_asking_there(edited, tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/film.mp4"
        for video in (address, tmp_path / "pipe.mp4"):
            path = edited(f"UPDATE session SET video = '{video}'")
            assert {outcome.error for outcome in export_sessions([path], FORMATS, tmp_path / "out")} == {""}
            with pytest.raises(SourceError):
                Playback(Path(str(video)))
        with pytest.raises(TimeoutError):
            server.accept()


def test_a_damaged_session_can_be_deleted(edited):
    path = edited("DROP TABLE events")
    delete_session(path)
    assert not path.exists()
