"""What a window needs beyond the newest frame: recent past, moments, magnification, advice, playback, recorder."""

import csv
import shutil
import time
from dataclasses import replace

import cv2
import numpy as np
import pytest
from recordings import grey, write_video

from medn.face.aligned import eye_distance_px
from medn.synthetic.puppet import HeadMotion
from realtime.drivers import Tally, run_replay
from realtime.export import export_sessions, formats_named
from realtime.faces.detector import Detections
from realtime.pipeline import Pipeline
from realtime.session import SessionInfo, open_session
from realtime.session.recorder import Recorder
from realtime.sources import Dropped, Generated, SourceError, VideoFile
from realtime.sources.source import Cause
from realtime.types import LIMIT_DELAY_S, Analysis, Event, FaceReading, Frame
from realtime.viewing.advice import Advisor
from realtime.viewing.event_clips import MAX_CLIPS, EventClips, square_around
from realtime.viewing.history import History, Trace
from realtime.viewing.magnify import difference, magnify
from realtime.viewing.playback import Playback


def reading(points, face=0, motion=0.1, yaw=0.0):
    values = np.full(6, motion, np.float32)
    iod = eye_distance_px(points)
    return FaceReading(face, points, values, np.full(6, 0.4, np.float32), (yaw, 0.0, 0.0), iod, calibrated=True)


def event(onset_s=1.0, frame=30, face=0):
    times = {"onset_s": onset_s, "apex_s": onset_s + 0.1, "offset_s": onset_s + 0.2}
    frames = {"onset_frame": frame, "apex_frame": frame + 3, "offset_frame": frame + 6}
    return Event(
        face=face, **times, **frames, score=0.9, regions={"glabella": 1.0}, evidence={}, algorithmic_ms=1, compute_ms=1
    )


def run(sink, portrait, seconds, *, motion=0.1, image=None, points=None, rate_hz=30, **more):
    image = portrait.image if image is None else image
    points = portrait.points if points is None else points
    for index in range(int(seconds * rate_hz)):
        frame = Frame(index, index / rate_hz, image)
        sink.on_analysis(Analysis(index, frame.time_s, (reading(points, motion=motion, **more),)), frame)


def test_the_history_holds_the_last_seconds_of_each_face_and_forgets_who_left(portrait):
    history = History(2.0)
    frame = Frame(0, 0.0, portrait.image)
    history.on_analysis(Analysis(0, 0.0, (reading(portrait.points, face=7),)), frame)
    assert history.trace(7) is not None
    run(history, portrait, 5)
    trace, limits = history.trace(0)
    assert np.all(limits.times_s == trace.times_s - LIMIT_DELAY_S)
    assert limits.limit_pct.shape == (len(trace.times_s), 2)
    assert history.faces == [0]
    assert trace.times_s[-1] - trace.times_s[0] == pytest.approx(2.0, abs=0.05)
    assert trace.motion.shape == trace.threshold.shape == (len(trace.times_s), 6)
    assert np.all(trace.motion == np.float32(0.1))
    assert np.all(trace.threshold == np.float32(0.4))
    assert history.trace(7) is None


def test_a_long_trace_is_thinned_without_losing_a_peak():
    motion = np.zeros((100_000, 6), np.float32)
    motion[77_777, 2] = 5
    times_s = np.arange(100_000) / 30
    thinned = Trace(times_s, motion, motion).between(0, 4000, 1000)
    assert len(thinned.times_s) <= 1001
    assert thinned.motion[:, 2].max() == 5
    part = Trace(times_s, motion, motion).between(10, 11, 1000)
    assert part.times_s[0] <= 10
    assert part.times_s[-1] >= 11
    assert len(Trace(times_s[:0], motion[:0], motion[:0]).between(0, 1, 10).times_s) == 0


def test_a_moment_holds_the_face_around_the_event_and_old_moments_make_room(portrait):
    moments = EventClips()
    run(moments, portrait, 1.6)
    found = event(onset_s=1.0)
    moments.on_analysis(Analysis(-1, 0.0, events=(found,)), None)
    moment = moments.of(found)
    assert moment.times_s[0] == pytest.approx(0.75, abs=0.04)
    assert moment.times_s[-1] == pytest.approx(1.45, abs=0.04)
    expected = square_around(portrait.points).cut(portrait.image)
    assert moment.images[0].shape == expected.shape
    assert cv2.absdiff(moment.images[0], expected).mean() < 3  # JPEG
    assert moment.times_s[moment.index_at(1.1)] == pytest.approx(1.1, abs=0.02)
    moments.on_analysis(Analysis(-1, 0.0, events=tuple(event() for _ in range(MAX_CLIPS))), None)
    assert moments.of(found) is None


def test_a_moment_of_a_fast_camera_is_thinned_to_what_a_screen_shows(portrait):
    moments = EventClips()
    run(moments, portrait, 1.6, rate_hz=200)
    found = event(onset_s=1.0)
    moments.on_analysis(Analysis(-1, 0.0, events=(found,)), None)
    assert len(moments.of(found).times_s) <= 0.7 * 67


def test_a_face_at_the_edge_of_the_picture_is_cut_out_whole(portrait):
    points = portrait.points.copy()
    points[:, :2] -= points[:, :2].min(axis=0)
    cut = square_around(points).cut(portrait.image)
    assert cut.shape[0] == cut.shape[1]


@pytest.fixture(scope="module")
def brows_raised(act, shapes, portrait):
    """A face cut out at rest, and with brows raised by 1.5 % of the eye distance while the head has moved by 2 px;
    its landmarks, and how far each moved, both in px of the cut.
    """
    unit = shapes.action_units(["AU1", "AU2"])
    unit = unit * 0.015 / np.linalg.norm(unit[:, :2], axis=1).max()
    frames = act([0.0, 1.0], lambda t: t * unit, lambda t: HeadMotion(x=0.02 * t), noise=0.5)
    eyes = portrait.points[[33, 133, 362, 263], :2].mean(axis=0)
    points = portrait.points.copy()
    points[:, :2] = (points[:, :2] - eyes) * 90 / portrait.iod_px + [240, 360 * 0.42]
    square = square_around(points)
    points[:, :2] -= (square.left, square.top)
    return [square.cut(frame.image) for frame in frames], points[:, :2].round().astype(int), unit[:, :2] * 90


def flow_at(places, before, after):
    greys = [cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) for picture in (before, after)]
    return cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(*greys, None)[places[:, 1], places[:, 0]]


def test_a_magnified_movement_is_several_times_larger_and_the_head_holds_still(brows_raised):
    (rest, moved), places, shift_px = brows_raised
    magnified = magnify([rest, moved], 0, 6.0)
    assert cv2.absdiff(magnified[0], rest).max() <= 1
    seen_px = flow_at(places, rest, magnified[1])
    brows, chin = [105, 334, 66, 296], [199, 200, 175]
    assert 3 < seen_px[brows, 1].mean() / shift_px[brows, 1].mean() < 7  # smoothing takes some of the factor 6
    assert np.linalg.norm(seen_px[chin], axis=1).max() < 1.0


def test_a_factor_that_would_shrink_is_refused(brows_raised):
    with pytest.raises(ValueError, match="at least 1"):
        magnify(brows_raised[0], 0, 0.5)


def test_the_difference_shows_where_a_face_moved_and_no_change_of_light(brows_raised):
    (rest, moved), places, _ = brows_raised
    brighter = np.clip(rest.astype(int) + 12, 0, 255).astype(np.uint8)
    assert difference(rest, brighter).mean() < 3
    change = difference(rest, moved)
    brow, nose = places[105, 1] - 12, places[4, 1]
    assert change[brow - 20 : brow + 20].mean() > 3 * change[nose : nose + 40].mean()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, None),
        ({"rate_hz": 14}, "14 fps reached, 25 needed"),
        ({"yaw": 31.0}, "face the camera"),
        ({"scale": 0.3}, "come closer"),
        ({"light": 0.2}, "add light"),
        ({"light": 0.2, "rate_hz": 14}, "Add light"),
    ],
)
def test_advice_names_what_to_do_and_only_if_something_is_to_be_done(portrait, change, words):
    advisor = Advisor()
    image = (portrait.image * change.pop("light", 1.0)).astype(np.uint8)
    scale = change.pop("scale", 90 / portrait.iod_px)
    points = portrait.points * np.float32(scale)
    image = cv2.resize(image, None, fx=scale, fy=scale)
    run(advisor, portrait, 3, image=image, points=points, **change)
    assert bool(advisor.sentences) == (words is not None)
    assert words is None or words in " ".join(advisor.sentences)


def test_a_machine_that_is_too_busy_is_distinguished_from_a_slow_camera(portrait):
    advisor = Advisor()
    face = reading(portrait.points * np.float32(90 / portrait.iod_px))
    for index in range(90):
        if index % 3:
            advisor.on_drop(Dropped(index, index / 30, Cause.OVERRUN))
        else:
            advisor.on_analysis(Analysis(index, index / 30, (face,)), Frame(index, index / 30, portrait.image))
    assert "too busy: 10 fps reached" in advisor.sentences[0]


def test_an_empty_picture_is_reported_after_a_second_and_the_advice_goes_when_the_face_is_back(portrait):
    advisor = Advisor()
    for index in range(60):
        advisor.on_analysis(Analysis(index, index / 30), Frame(index, index / 30, portrait.image))
    assert "No face" in advisor.sentences[0]
    face = reading(portrait.points * np.float32(90 / portrait.iod_px))
    for index in range(60, 120):
        advisor.on_analysis(Analysis(index, index / 30, (face,)), Frame(index, index / 30, portrait.image))
    assert not any("No face" in sentence for sentence in advisor.sentences)


def test_a_recording_that_joins_a_run_counts_from_its_own_first_frame(tmp_path, portrait):
    path, film = tmp_path / "s.medn", tmp_path / "s.mp4"
    recorder = Recorder()
    recorder.start(path, SessionInfo(source="camera 0", video=str(film), consent="Ada agreed."), film=True)
    for index in range(40, 70):
        picture = grey(3 * index, (120, 160))
        frame = Frame(index, index / 30, picture)
        recorder.on_capture(frame)
        recorder.on_analysis(Analysis(index, frame.time_s, (reading(portrait.points),)), frame)
    recorder.on_drop(Dropped(70, 70 / 30, Cause.OVERRUN))
    recorder.on_analysis(
        Analysis(-1, 0.0, events=(event(onset_s=1.0, frame=30), event(onset_s=50 / 30, frame=50))), None
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
    moments, recorder, path = EventClips(), Recorder(), tmp_path / "s.medn"
    for index in range(60):
        # the face is away at the onset, so that the picture nearest to it is the last one before the recording
        faces = () if 30 <= index < 32 else (reading(portrait.points),)
        picture = np.full_like(portrait.image, 200 if index < 30 else 40)
        frame, analysis = Frame(index, index / 30, picture), Analysis(index, index / 30, faces)
        moments.on_analysis(analysis, frame)
        if index == 30:
            info = SessionInfo(source="camera 0", consent="Ada agreed to be recorded with pictures of the events.")
            recorder.start(path, info, pictures=moments)
        recorder.on_analysis(analysis, frame)
    at_once = event(onset_s=began_s)
    for sink in (moments, recorder):
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
    recorder.on_analysis(Analysis(40, 1.5, (reading(portrait.points),)), Frame(40, 1.5, grey(9)))
    recorder.on_analysis(Analysis(-1, 0.0, events=(event(onset_s=1.0, frame=30), event(onset_s=1.6, frame=48))), None)
    recorder.stop()
    with open_session(path) as session:
        assert [stored.event.onset_s for stored in session.events()] == [1.6]
        assert next(session.frames()).time_s == 1.5
    assert played.stat().st_size == size


def test_playback_gives_any_frame_as_the_analysis_saw_it(tmp_path):
    times_ms = np.cumsum(np.random.default_rng(1).choice([33, 34, 40, 66], 120)).tolist()
    pictures = [np.tile(np.linspace(i, 255 - i, 160).astype(np.uint8)[None, :, None], (120, 1, 3)) for i in range(120)]
    path = write_video(tmp_path / "v.mp4", pictures, times_ms)
    seen = list(VideoFile(path))
    with Playback(path) as playback:
        assert playback.times_s == pytest.approx([frame.time_s for frame in seen], abs=1e-3)
        for index in (0, 50, 49, 48, 119, 3, 110, 60):
            frame = playback.frame(index)
            assert cv2.absdiff(frame.image, seen[index].image).max() <= 3
            assert playback.index_at(frame.time_s) == index
        assert playback.index_at(1e9) == 119
        assert playback.index_at(-1) == 0


def test_playback_turns_a_phones_video_as_the_analysis_does(tmp_path):
    picture = grey(20)
    picture[:40, :60] = 220
    path = write_video(tmp_path / "v.mp4", [picture] * 5, range(0, 200, 40), rotation_deg=90)
    with Playback(path) as playback:
        assert cv2.absdiff(playback.frame(2).image, next(iter(VideoFile(path))).image).mean() < 2


def test_a_file_that_is_no_video_is_refused_in_one_sentence(tmp_path):
    path = tmp_path / "notes.mp4"
    path.write_text("not a video")
    with pytest.raises(SourceError, match=r"notes\.mp4 cannot be read"):
        Playback(path)


def test_sensitivity_and_calibration_change_from_the_next_frame_on(act):
    frames = act(np.arange(0, 3.0, 1 / 30), lambda t: np.zeros((478, 2)))
    calibrated = []
    with Pipeline() as pipeline:
        for frame in frames:
            if frame.index == 75:
                pipeline.set_score_threshold(0.9)
            if frame.index == 80:
                pipeline.recalibrate()
            calibrated.append(pipeline.step(frame).faces[0].calibrated)
        assert pipeline.parameters.score_threshold == 0.9
    assert calibrated[79]
    assert not calibrated[80]


def test_a_runs_clock_is_set_for_a_live_run_only():
    from realtime.drivers import Tally

    tally = Tally()

    class Still:
        def detect(self, frame):
            return Detections(None, 0.0)

        def step(self, frame, detections=None):
            return Analysis(frame.index, frame.time_s)

        def flush(self):
            return Analysis(-1, 0.0)

    run_replay(Generated(lambda _: grey(0), [0.0, 0.1]), Still(), tally=tally)
    assert np.isnan(tally.zero_s)


def test_an_events_moment_is_cut_from_a_video_around_the_face(tmp_path, act):
    frames = act(np.arange(0, 1.5, 1 / 30), lambda t: np.zeros((478, 2)))
    path = write_video(tmp_path / "v.mp4", [f.image for f in frames], [round(1000 * f.time_s) for f in frames])
    with Playback(path) as playback:
        moment = playback.event_clip(replace(event(onset_s=0.6, frame=18), face=0))
        assert len(moment.images) == pytest.approx(21, abs=2)
        assert len(playback.faces(10)) == 1


def test_a_trace_at_rest_lies_below_its_threshold_however_the_pose_drifts_and_a_brief_movement_stands_out():
    times_s = np.arange(0, 10, 1 / 30)
    drift = 1.0 + 0.3 * times_s
    bump = 1.2 * np.clip(1 - np.abs(times_s - 5.0) / 0.2, 0, None)
    motion = np.repeat((drift + bump)[:, None], 6, axis=1).astype(np.float32)
    brief = Trace(times_s, motion, np.full((len(times_s), 6), 0.6, np.float32)).brief()
    over = (brief.motion > brief.threshold).all(axis=1)
    assert over.any()
    assert np.abs(times_s[over] - 5.0).max() < 0.2
    assert brief.motion.max() == pytest.approx(1.2, abs=0.2)


def test_a_recording_that_joins_a_run_has_the_time_of_day_of_its_own_first_frame(tmp_path, portrait):
    recorder, tally = Recorder(), Tally()
    tally.first_frame_utc = "2026-01-31T12:00:00.250+00:00"
    recorder.on_clock(tally.first_frame_utc)
    recorder.start(tmp_path / "s.medn", SessionInfo(source="camera 0"))
    for index in (45, 46):
        frame = Frame(index, index / 30, grey(0))
        analysis = Analysis(index, frame.time_s, (), (event(onset_s=1.5, frame=45),) if index == 46 else ())
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
