"""A recording that begins while a run goes on."""

import csv
import math
import shutil
import time
from dataclasses import replace

import cv2
import numpy as np
import pytest

from realtime.drivers import Tally
from realtime.export import export_sessions, formats_named
from realtime.session import SessionInfo, open_session
from realtime.session.recorder import Recorder
from realtime.sources import Dropped, VideoFile
from realtime.sources.source import Cause
from realtime.types import Analysis, Frame
from realtime.viewing.event_clips import EventClips
from tests.readings import an_event, face_at
from tests.recordings import grey, write_video


def test_a_recording_that_joins_a_run_counts_from_its_own_first_frame(tmp_path, portrait):
    path, film = tmp_path / "s.medn", tmp_path / "s.mp4"
    recorder = Recorder()
    recorder.start(path, SessionInfo(source="camera 0", video=str(film), consent="Ada agreed."), film=True)
    for index in range(40, 70):
        picture = grey(3 * index, (120, 160))
        frame = Frame(index, index / 30, picture)
        recorder.on_capture(frame)
        recorder.on_analysis(Analysis(index, frame.time_s, (face_at(portrait.points),)), frame)
    recorder.on_drop(Dropped(70, 70 / 30, Cause.OVERRUN))
    recorder.on_analysis(
        Analysis(-1, 0.0, events=(an_event(onset_s=1.0, frame=30), an_event(onset_s=50 / 30, frame=50))), None
    )
    lost = recorder.frames_not_filmed
    assert recorder.stop() == path
    assert recorder.stop() is None
    with open_session(path) as session:
        [stored] = session.events()
        assert stored.event.onset_frame == 10
        assert stored.event.onset_s == pytest.approx(10 / 30)
        rows = list(session.frames())
        assert (rows[0].frame, rows[0].time_s) == (0, 0.0)
        assert (rows[-1].frame, rows[-1].dropped) == (30, Cause.OVERRUN)
        assert session.info.consent == "Ada agreed."
    frames = list(VideoFile(film))
    assert len(frames) + lost == 30
    assert frames[10].time_s == pytest.approx(10 / 30, abs=0.002)
    assert frames[10].image.mean() == pytest.approx(3 * 50, abs=6)


def test_no_picture_from_before_the_recording_began_is_kept_with_an_event_at_its_start(tmp_path, portrait):
    began_s = 30 / 30
    clips, recorder, path = EventClips(), Recorder(), tmp_path / "s.medn"
    for index in range(60):
        # the face is away at the onset, so that the picture nearest to it is the last one before the recording
        faces = () if 30 <= index < 32 else (face_at(portrait.points),)
        picture = np.full_like(portrait.image, 200 if index < 30 else 40)
        frame, analysis = Frame(index, index / 30, picture), Analysis(index, index / 30, faces)
        clips.on_analysis(analysis, frame)
        if index == 30:
            info = SessionInfo(source="camera 0", consent="Ada agreed to be recorded with pictures of the events.")
            recorder.start(path, info, pictures=clips)
        recorder.on_analysis(analysis, frame)
    at_once = an_event(onset_s=began_s)
    for sink in (clips, recorder):
        sink.on_analysis(Analysis(-1, 0.0, events=(at_once,)), None)
    recorder.stop()
    with open_session(path) as session:
        [stored] = session.events()
        pictures = session.pictures(stored.id)
    assert pictures.keys() == {"onset", "apex"}
    for jpeg in pictures.values():
        assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).mean() == pytest.approx(40, abs=5)


def test_a_session_of_a_recording_that_is_played_keeps_its_times_and_films_nothing(tmp_path, portrait):
    played = write_video(tmp_path / "v.mp4", [grey(9)] * 3, [0, 40, 80])
    size = played.stat().st_size
    recorder, path = Recorder(), tmp_path / "s.medn"
    recorder.start(path, SessionInfo(source="v.mp4", video=str(played)))
    recorder.on_analysis(Analysis(40, 1.5, (face_at(portrait.points),)), Frame(40, 1.5, grey(9)))
    recorder.on_analysis(
        Analysis(-1, 0.0, events=(an_event(onset_s=1.0, frame=30), an_event(onset_s=1.6, frame=48))), None
    )
    recorder.stop()
    with open_session(path) as session:
        assert [stored.event.onset_s for stored in session.events()] == [1.6]
        assert next(session.frames()).time_s == 1.5
    assert played.stat().st_size == size


def test_a_recording_that_joins_a_run_has_the_time_of_day_of_its_own_first_frame(tmp_path, portrait):
    recorder, tally = Recorder(), Tally()
    tally.first_frame_utc = "2026-01-31T12:00:00.250+00:00"
    recorder.on_clock(tally.first_frame_utc)
    recorder.start(tmp_path / "s.medn", SessionInfo(source="camera 0"))
    for index in (45, 46):
        frame = Frame(index, index / 30, grey(0))
        analysis = Analysis(index, frame.time_s, (), (an_event(onset_s=1.5, frame=45),) if index == 46 else ())
        recorder.on_analysis(analysis, frame)
    with open_session(tmp_path / "s.medn") as stored:
        while not stored.events():
            time.sleep(0.05)
        shutil.copy(tmp_path / "s.medn", tmp_path / "killed.medn")  # as a killed process leaves it
        shutil.copy(tmp_path / "s.medn-wal", tmp_path / "killed.medn-wal")
    recorder.stop(tally.summary("camera 0"))
    outcomes = list(export_sessions([tmp_path / "s.medn", tmp_path / "killed.medn"], formats_named("csv")))
    assert len(outcomes) == 2
    for outcome in outcomes:
        with outcome.files[0].open() as file:
            [row] = csv.DictReader(file)
        assert row["first_frame_utc"] == "2026-01-31T12:00:01.750+00:00"
        assert float(row["onset_s"]) == 0


def test_a_recording_that_joins_a_run_counts_only_its_own_hindrances(tmp_path):
    recorder, tally = Recorder(), Tally()
    for index in range(120):
        if index == 60:
            recorder.start(tmp_path / "s.medn", SessionInfo(source="camera 0"))
        frame = Frame(index, index / 30, grey(0))
        analysis = Analysis(index, frame.time_s)
        tally.processed(frame, analysis, 1.0)
        recorder.on_analysis(analysis, frame)
    summary = tally.summary("camera 0")
    recorder.stop(summary)
    with open_session(tmp_path / "s.medn") as stored:
        assert stored.info.hindered_s["no face"] == pytest.approx(59 / 30, abs=0.02)
    assert summary.hindered_s["no face"] == pytest.approx(119 / 30, abs=0.02)


def test_a_recording_that_joins_a_run_sums_up_its_own_frames_events_and_limits_only(tmp_path, portrait):
    recorder, tally = Recorder(), Tally()
    for index in range(120):
        if index == 60:
            recorder.start(tmp_path / "s.medn", SessionInfo(source="camera 0"))
        if index % 20 == 19:
            dropped = Dropped(index, index / 30, Cause.OVERRUN)
            tally.dropped(dropped)
            recorder.on_drop(dropped)
            continue
        frame = Frame(index, index / 30, grey(0))
        face = replace(face_at(portrait.points), limit_pct=(math.nan if index < 60 else 1.5, 2.0))
        # the second began before the recording
        events = (an_event(frame.time_s - 5 / 30, index - 5),) if index in (10, 62, 70) else ()
        analysis = Analysis(index, frame.time_s, (face,), events, stages_ms={"landmarks": 6.0})
        tally.processed(frame, analysis, 1.0)
        tally.decided(analysis)
        recorder.on_analysis(analysis, frame)
    run = tally.summary("camera 0")
    recorder.stop(run)
    with open_session(tmp_path / "s.medn") as stored:
        kept = stored.info.summary
        assert kept["frames_processed"] == sum(row.dropped is None for row in stored.frames()) == 57
        assert kept["events"] == len(stored.events()) == 1
        assert stored.info.limit["upper"] == {"judged_share": 1.0, "median_pct": pytest.approx(1.5, rel=0.02)}
    assert kept["frames_dropped"] == {"overrun": 3}
    assert kept["frames_offered"] == 60
    assert kept["duration_s"] == pytest.approx(59 / 30)
    assert kept["fps"] * kept["wall_s"] == pytest.approx(57)
    assert kept["stages_ms"] == run.stages_ms  # of the driver, which measures them


def test_frames_that_were_filmed_but_not_analyzed_are_dropped_frames_of_the_recordings_summary(tmp_path, portrait):
    recorder, tally, film = Recorder(), Tally(), tmp_path / "s.mp4"
    recorder.start(tmp_path / "s.medn", SessionInfo(source="camera 0", video=str(film), consent="Ada."), film=True)
    frames = [Frame(index, index / 30, grey(9)) for index in range(20)]
    for frame in frames:
        recorder.on_capture(frame)
    for frame in frames[:15]:
        recorder.on_analysis(Analysis(frame.index, frame.time_s, (face_at(portrait.points),)), frame)
    recorder.stop(tally.summary("camera 0"))
    with open_session(tmp_path / "s.medn") as stored:
        kept = stored.info.summary
    assert (kept["frames_offered"], kept["frames_processed"], kept["frames_dropped"]) == (20, 15, {"stopped": 5})
