"""Exports: the tools read back the contents of the session, no file is overwritten, no file is incomplete."""

import csv
import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from gui.cli import app
from medn.contract import AU_CLAIMED_AT, AU_NAMES, EMOTIONS
from realtime.export import FORMATS, export_sessions, formats_named
from realtime.motion.regions import REGION_NAMES
from realtime.session import SessionInfo, SessionWriter, Status, open_session
from realtime.sources import Cause, Dropped
from realtime.types import REGION_GROUPS, Analysis, Event, FaceReading, Frame
from tests.recordings import grey, write_video

QUICK = ",".join(name for name in FORMATS if name != "video")
PICTURE = np.zeros((2, 2, 3), np.uint8)
EVENT = Event(0, 1.0, 1.1, 1.3, 30, 33, 39, 0.9, {REGION_NAMES[0]: 1.2}, {"blink": 0.1}, 120.0, 0.4)

# a busy machine may be slow to generate examples
any_session = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
fractions = st.floats(0, 1)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


def named(names):
    return st.none() | st.fixed_dictionaries(dict.fromkeys(names, fractions))


@st.composite
def an_event(draw):
    onset, rise, fall = draw(st.tuples(st.floats(0, 60), st.floats(0.02, 0.4), st.floats(0.02, 0.4)))
    onset_frame = int(onset * 30)
    return Event(
        face=draw(st.integers(0, 2)),
        onset_s=onset,
        apex_s=onset + rise,
        offset_s=onset + rise + fall,
        onset_frame=onset_frame,
        apex_frame=onset_frame + 1,
        offset_frame=onset_frame + 3,
        score=draw(fractions),
        regions=draw(st.dictionaries(st.sampled_from(REGION_NAMES), st.floats(0.1, 9), max_size=3)),
        evidence={},
        algorithmic_ms=100.0,
        compute_ms=0.5,
        emotion=draw(named(EMOTIONS)),
        aus=draw(named(AU_NAMES)),
    )


reviews = st.tuples(st.sampled_from(Status), texts)
marks = st.tuples(st.floats(0, 60), texts, st.none() | st.floats(60, 70))
contents = {"found": st.lists(st.tuples(an_event(), reviews), max_size=6), "marked": st.lists(marks, max_size=3)}


def reading(face):
    motion = np.linspace(0, 1, 6, dtype=np.float32)
    return FaceReading(face, np.zeros((478, 3), np.float32), motion, motion + 1, (1.0, -2.0, 0.5), 61.5, face == 0)


def write_session(path, found=((EVENT, (Status.CONFIRMED, "a note")),), marked=(), video=None, frames=3):
    with SessionWriter(path, SessionInfo(source="camera 0", video=video and str(video))) as writer:
        for index in range(frames):
            faces = tuple(map(reading, range(index % 3)))
            writer.on_analysis(Analysis(index, index / 30, faces), Frame(index, index / 30, PICTURE))
        writer.on_drop(Dropped(frames, frames / 30, Cause.OVERRUN))
        writer.on_analysis(Analysis(-1, 0.0, events=tuple(event for event, _ in found)), None)
    with open_session(path) as session:
        for number, (_, (status, note)) in enumerate(found, 1):
            session.review(number, status=status, note=note)
        for time_s, text, end_s in marked:
            session.annotate(time_s, text, end_s)
        return path, session.events(), session.annotations()


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """`written(format, found, marked)`: a session's files in that format, its events and its marks."""

    def write(name, found, marked):
        path, events, annotations = write_session(
            tmp_path_factory.mktemp("export") / "a b.medn", found, marked, "/films/a b.mp4"
        )
        [outcome] = export_sessions([path], formats_named(name))
        assert outcome.error == ""
        return outcome.files, events, annotations

    return write


def read_csv(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def medn(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@any_session
@given(**contents)
def test_csv_holds_every_event_frame_and_mark(written, found, marked):
    files, events, annotations = written("csv", found, marked)
    rows, frames, marks_read = map(read_csv, files[:3])
    assert len(rows) == len(events)
    for row, stored in zip(rows, events, strict=True):
        event = stored.event
        for name in ("onset_s", "apex_s", "offset_s", "score"):
            assert float(row[name]) == pytest.approx(getattr(event, name), abs=1e-6)
        assert (int(row["event"]), row["status"]) == (stored.id, stored.status.value)
        assert is_harmless_text(row["note"], stored.note)
        assert int(row["frames"]) == event.offset_frame - event.onset_frame + 1
        assert [row[name] == "" for name in AU_NAMES] == [event.aus is None] * len(AU_NAMES)
        for name in EMOTIONS if event.emotion else ():
            assert float(row[f"emotion_{name}"]) == pytest.approx(event.emotion[name], abs=1e-6)
        moved = {name for name in REGION_NAMES if row[f"{name.replace(' ', '_')}_pct"]}
        assert moved == set(event.regions)
    assert [row["face"] for row in frames] == ["", "0", "0", "1", ""]
    assert [row["dropped"] for row in frames] == [""] * 4 + [Cause.OVERRUN.value]
    assert [float(frames[1][f"{group}_pct"]) for group in REGION_GROUPS] == pytest.approx(np.linspace(0, 1, 6))
    assert all(is_harmless_text(row["text"], mark.text) for row, mark in zip(marks_read, annotations, strict=True))


def is_harmless_text(cell, text):
    """Whether a cell holds the text, but no control character and nothing that a spreadsheet takes for a formula."""
    shown = "".join(character if character.isprintable() else " " for character in text)
    parts = [part.lstrip() for part in cell.split(";")]
    return cell.replace("'", "") == shown.replace("'", "") and not any(
        part[:1] in set("=+-@＝＋－＠") for part in parts
    )


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", " =1", "\t=1", "\r\n=1", "a;=1", "a\x1b[31m", "plain"]
)
def test_csv_cells_are_no_formulas_and_hold_no_control_characters(tmp_path, text):
    path, *_ = write_session(tmp_path / "=name.medn", [(EVENT, (Status.CONFIRMED, text))], [(1.0, text, None)])
    [outcome] = export_sessions([path], formats_named("csv"))
    events, frames, marks_read = map(read_csv, outcome.files[:3])
    assert is_harmless_text(events[0]["note"], text)
    assert is_harmless_text(marks_read[0]["text"], text)
    assert {row["session"] for row in (*events, *frames, *marks_read)} == {"'=name"}
    assert all(line.isprintable() for file in outcome.files[:4] for line in file.read_text().splitlines())


@any_session
@given(**contents)
def test_parquet_holds_the_same_events_with_their_types(written, found, marked):
    parquet = pytest.importorskip("pyarrow.parquet")
    (events_file, frames_file, marks_file, _), events, annotations = written("parquet", found, marked)
    rows = parquet.read_table(events_file).to_pylist()
    for name in ("face", "onset_s", "apex_s", "offset_s", "onset_frame", "apex_frame", "offset_frame", "score"):
        assert [row[name] for row in rows] == [getattr(stored.event, name) for stored in events]
    assert [row["AU12"] for row in rows] == [(stored.event.aus or {}).get("AU12") for stored in events]
    assert [row["note"] for row in rows] == [stored.note for stored in events]
    assert parquet.read_table(frames_file).column("calibrated").to_pylist() == [None, True, True, False, None]
    assert parquet.read_table(marks_file).column("end_s").to_pylist() == [mark.end_s for mark in annotations]
    assert b'"source": "camera 0"' in parquet.read_schema(events_file).metadata[b"medn"]


def is_printed(text):
    return any(character.isprintable() and not character.isspace() for character in text)


def assert_tiers_hold(tiers, events, annotations, *, unlabelled=True):
    """`tiers`: name → [(start in ms, end in ms, label)]; Praat has no spans without a label."""

    def spans(ending):
        return sorted(span for name, some in tiers.items() if name.endswith(ending) for span in some)

    bounds = [(round(1000 * s.event.onset_s), round(1000 * s.event.offset_s)) for s in events]
    labels = [(*b, f"event {s.id}, score {s.event.score:.2f}") for b, s in zip(bounds, events, strict=True)]
    assert spans(" events") == sorted(labels)
    assert spans(" status") == sorted((*b, s.status.value) for b, s in zip(bounds, events, strict=True))
    apexes = [round(1000 * s.event.apex_s) for s in events]
    assert sorted(end for _, end, label in spans(" phases") if label == "onset–apex") == sorted(apexes)
    classes = [s.event.emotion and max(s.event.emotion, key=s.event.emotion.get) for s in events]
    assert spans(" emotion") == sorted((*b, c) for b, c in zip(bounds, classes, strict=True) if c)
    starts = [start for name, some in tiers.items() if name.startswith("marks") for start, _, text in some]
    assert sorted(starts) == sorted(
        round(1000 * mark.time_s) for mark in annotations if unlabelled or is_printed(mark.text)
    )
    for some in tiers.values():
        assert all(before[1] <= after[0] for before, after in pairwise(some))


@any_session
@given(**contents)
def test_elan_reads_the_events_of_each_face_and_finds_the_recording(written, found, marked):
    from pympi.Elan import Eaf

    [file], events, annotations = written("elan", found, marked)
    document = Eaf(str(file))
    names = document.get_tier_names()
    assert_tiers_hold(
        {name: sorted(document.get_annotation_data_for_tier(name)) for name in names}, events, annotations
    )
    [media] = document.get_linked_files()
    assert media["MEDIA_URL"] == "file:///films/a%20b.mp4"
    assert (file.parent / media["RELATIVE_MEDIA_URL"]).resolve() == Path("/films/a b.mp4")
    assert media["MIME_TYPE"] == "video/mp4"


@any_session
@given(**contents)
def test_praat_reads_the_events_of_each_face(written, found, marked):
    from praatio.textgrid import openTextgrid

    [file, _], events, annotations = written("textgrid", found, marked)
    grid = openTextgrid(str(file), includeEmptyIntervals=False)

    def spans(tier):
        return [(round(1000 * start), round(1000 * end), label) for start, end, label in tier.entries]

    assert_tiers_hold(
        {name: spans(grid.getTier(name)) for name in grid.tierNames}, events, annotations, unlabelled=False
    )
    assert grid.maxTimestamp >= max((stored.event.offset_s for stored in events), default=0) - 1e-3


def pairs(rows):
    """Starts and stops of BORIS's state events, paired as BORIS does: by subject, behaviour and modifier."""
    open_since, paired = {}, []
    for time_s, *key, _, _ in rows:
        if tuple(key) in open_since:
            paired.append((open_since.pop(tuple(key)), time_s, *key))
        else:
            open_since[tuple(key)] = time_s
    assert not open_since
    return sorted(paired)


def bounds_ms(event):
    """Onset and offset in whole ms, as every annotation format has them."""
    return round(1000 * event.onset_s), round(1000 * event.offset_s)


@any_session
@given(**contents)
def test_boris_pairs_the_start_and_the_end_of_each_event(written, found, marked):
    [file], events, annotations = written("boris", found, marked)
    project = json.loads(file.read_text())
    [observation] = project["observations"].values()
    types = {behaviour["code"]: behaviour["type"] for behaviour in project["behaviors_conf"].values()}
    rows = observation["events"]
    assert {row[2] for row in rows} <= set(types)
    assert {row[1] for row in rows} - {""} <= {subject["name"] for subject in project["subjects_conf"].values()}
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    states = pairs(row for row in rows if types[row[2]] == "State event")
    assert [state for state in states if state[3] == "micro-expression"] == sorted(
        (*(time_ms / 1000 for time_ms in bounds_ms(s.event)), f"face {s.event.face}", "micro-expression", str(s.id))
        for s in events
    )
    units = {stored.id: {au for au, p in (stored.event.aus or {}).items() if p >= AU_CLAIMED_AT} for stored in events}
    assert {(int(n), code) for *_, code, n in states if code in AU_NAMES} == {(n, au) for n in units for au in units[n]}
    assert sum(row[2] in ("mark", "marked span") for row in rows) == sum(1 + (m.end_s is not None) for m in annotations)
    [video] = observation["file"]["1"]
    assert video == "/films/a b.mp4"
    assert observation["media_info"]["length"][video] == pytest.approx(0.1)
    assert observation["media_info"]["fps"][video] == pytest.approx(30, abs=0.1)


def test_openface_csv_marks_action_units_within_events(tmp_path):
    event = replace(EVENT, onset_frame=1, offset_frame=1, aus={"AU1": 0.9, "AU4": 0.2})
    for name, found in (("recognized", event), ("unrecognized", replace(event, aus=None))):
        path, *_ = write_session(tmp_path / f"{name}.medn", [(found, (Status.UNREVIEWED, ""))], frames=3)
        [outcome] = export_sessions([path], formats_named("openface"))
        rows = read_csv(outcome.files[0])
        assert list(rows[0])[:5] == ["frame", "face_id", "timestamp", "confidence", "success"]
        assert [(row["frame"], row["face_id"], row["success"]) for row in rows] == [
            ("1", "0", "0"), ("2", "0", "1"), ("3", "0", "1"), ("3", "1", "1"),
        ]  # fmt: skip
        units = [(row["AU01_c"], row["AU04_c"]) for row in rows]
        assert units == ([("0", "0"), ("1", "0"), ("0", "0"), ("0", "0")] if name == "recognized" else [("", "")] * 4)


@pytest.fixture
def recording(tmp_path):
    """A session of 1 s of grey at uneven times, with an event from 0.2 to 0.5 s."""
    times_ms = sorted({*range(0, 1000, 40), 130, 777})
    video = write_video(tmp_path / "grey.mp4", [grey(120)] * len(times_ms), times_ms)
    event = replace(EVENT, onset_s=0.2, apex_s=0.3, offset_s=0.5)
    path, *_ = write_session(tmp_path / "s.medn", [(event, (Status.CONFIRMED, "ü"))], video=video)
    return path, video, times_ms


def test_the_video_shows_the_event_at_its_time_and_keeps_the_timestamps(recording):
    path, _, times_ms = recording
    ticks = []
    [outcome] = export_sessions([path], formats_named("video"), tick=ticks.append)
    assert outcome.error == ""
    with av.open(str(outcome.files[0])) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        frames = [(round(1000 * frame.time), frame.to_ndarray(format="bgr24")) for frame in container.decode(video=0)]
    assert [time_ms for time_ms, _ in frames] == times_ms
    for time_ms, picture in frames:
        drawn = np.abs(picture[-12:].astype(int) - 120).mean() > 20
        assert drawn == (time_ms >= 200)
        assert np.abs(picture[:80].astype(int) - 120).mean() < 10
    assert {tick.video for tick in ticks} == {str(path)}


def test_without_the_recording_the_video_is_refused_in_one_sentence_and_the_rest_is_written(recording, tmp_path):
    path, video, _ = recording
    video.unlink()
    result = medn("export", path, "--to", "video,elan")
    assert result.exit_code == 3
    assert f"{video} does not exist" in result.stderr
    assert result.stdout.split() == [str(tmp_path / "s.eaf")]
    camera, *_ = write_session(tmp_path / "camera.medn")
    assert "camera" in medn("export", camera, "--to", "video").stderr


def test_a_stopped_export_leaves_nothing_behind(recording):
    path, *_ = recording
    stop = threading.Event()
    before = sorted(path.parent.iterdir())
    outcomes = list(export_sessions([path], formats_named("video,csv"), tick=lambda _: stop.set(), stop=stop))
    assert [bool(outcome.error) for outcome in outcomes] == [True]
    assert sorted(path.parent.iterdir()) == before


@any_session
@given(**contents)
def test_webvtt_shows_each_event_at_its_time(written, found, marked):
    import webvtt

    [file], events, annotations = written("webvtt", found, marked)
    cues = {cue.identifier: cue for cue in webvtt.read(str(file), strict=True)}
    assert len(cues) == len(events) + len(annotations)
    for stored in events:
        cue = cues[f"event {stored.id}"]
        assert cue.start_time.in_milliseconds() == round(1000 * stored.event.onset_s)
        assert cue.end_time.in_milliseconds() == round(1000 * stored.event.offset_s)
        assert f"score {stored.event.score:.2f}" in cue.text


@pytest.mark.parametrize("name", QUICK.split(","))
def test_a_session_without_events_or_frames_can_be_exported(name, written):
    files, *_ = written(name, (), ())
    assert all(file.stat().st_size for file in files)


@pytest.mark.parametrize("name", QUICK.split(","))
def test_nothing_is_overwritten_and_nothing_is_left_behind(name, tmp_path):
    path, *_ = write_session(tmp_path / "s.medn")
    target = tmp_path / "new" / "folder"
    first, second = (next(export_sessions([path], formats_named(name), target)).files for _ in range(2))
    assert [file.name for file in second] == [file.name.replace("s", "s-2", 1) for file in first]
    assert sorted(target.iterdir()) == sorted((*first, *second))


def test_only_confirmed_events_are_exported_where_asked(tmp_path):
    others = [replace(EVENT, onset_s=n, apex_s=n + 0.1, offset_s=n + 0.2) for n in (5.0, 6.0)]
    found = [(EVENT, (Status.CONFIRMED, "")), (others[0], (Status.REJECTED, "")), (others[1], (Status.UNREVIEWED, ""))]
    path, *_ = write_session(tmp_path / "s.medn", found)
    result = medn("export", path, "--to", "csv", "--only", "confirmed", "--out", tmp_path / "out")
    assert result.exit_code == 0
    events_file, *_ = map(Path, result.stdout.split())
    assert [float(row["onset_s"]) for row in read_csv(events_file)] == [1.0]
    assert medn("export", path, "--to", "csv", "--only", "good").exit_code == 2


def test_a_session_whose_process_was_killed_can_be_exported(tmp_path):
    path = tmp_path / "killed.medn"
    script = (
        "import sys, time; from pathlib import Path\n"
        "from tests.test_export import *\n"
        "writer = SessionWriter(Path(sys.argv[1]), SessionInfo(source='camera'))\n"
        "writer.on_analysis(Analysis(-1, 0.0, events=(EVENT,)), None)\n"
        "time.sleep(1.5); print('ready', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, path], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        os.kill(process.pid, signal.SIGKILL)
    outcomes = list(export_sessions([path], formats_named(QUICK)))
    assert [outcome.error for outcome in outcomes] == [""] * len(outcomes)
    assert [row["onset_s"] for row in read_csv(outcomes[0].files[0])] == ["1.0"]


def test_an_unknown_format_gets_one_sentence_that_lists_the_formats(tmp_path):
    path, *_ = write_session(tmp_path / "s.medn")
    result = medn("export", path, "--to", "csv,excel")
    assert result.exit_code == 2
    assert "excel" in result.stderr
    assert all(name in result.stderr for name in FORMATS)
    assert result.stderr.count("\n") == 1
    assert [file.name for file in tmp_path.iterdir()] == ["s.medn"]


def test_a_session_that_cannot_be_read_does_not_stop_the_others(tmp_path):
    path, *_ = write_session(tmp_path / "s.medn")
    (tmp_path / "bad.medn").write_text("text")
    result = medn("export", tmp_path / "bad.medn", path, "--to", "elan,webvtt")
    assert result.exit_code == 3
    assert "bad.medn is not a MEDN session" in result.stderr
    assert result.stdout.split() == [str(tmp_path / "s.eaf"), str(tmp_path / "s.vtt")]
    assert medn("export", tmp_path / "bad.medn", "--to", "elan").exit_code == 2


def test_a_folder_that_cannot_be_written_gives_one_sentence(tmp_path):
    path, *_ = write_session(tmp_path / "s.medn")
    result = medn("export", path, "--to", "csv", "--out", path / "inside")
    assert result.exit_code == 2
    assert "cannot be exported" in result.stderr


def test_an_export_of_which_one_name_is_too_long_leaves_nothing_behind(tmp_path):
    path, *_ = write_session(tmp_path / f"{'x' * 242}.medn")
    [outcome] = export_sessions([path], formats_named("openface"))
    assert "cannot be exported" in outcome.error
    assert list(tmp_path.iterdir()) == [path]
