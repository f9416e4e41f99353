"""From pictures of a real face that moves by known amounts to events, through the real landmarker."""

import gc
import weakref
from dataclasses import asdict, replace

import numpy as np
import pytest

from medn.face.aligned import eye_axis
from medn.synthetic.puppet import HeadMotion
from realtime.motion import kernel
from realtime.pipeline import Pipeline, PipelineParameters, _event
from realtime.recognition.classifier import Verdict
from realtime.recognition.recognizer import Recognized
from realtime.session import SessionInfo, SessionWriter, open_session
from realtime.spotting.bumps import bumps
from realtime.types import REGION_GROUPS, Analysis, Candidate, Frame

ONSET_S, APEX_S, OFFSET_S = 3.0, 3.15, 3.4


def course(t: float) -> float:
    ease = np.clip(min((t - ONSET_S) / (APEX_S - ONSET_S), (OFFSET_S - t) / (OFFSET_S - APEX_S)), 0, 1)
    return float(ease**2 * (3 - 2 * ease))


@pytest.fixture(scope="module")
def raised_brows(act, shapes):
    """4.5 s with brows that are raised by 2.5 % of the eye distance for 0.4 s."""
    unit = shapes.action_units(["AU1", "AU2"])
    unit = unit * 0.025 / np.linalg.norm(unit[:, :2], axis=1).max()
    return act(np.arange(0, 4.5, 1 / 30), lambda t: unit * course(t), lambda t: HeadMotion(x=0.02 * np.sin(2 * t)))


def test_a_movement_under_way_at_the_first_frame_begins_there_and_is_read_from_its_session(tmp_path):
    candidate = Candidate(0, -0.007, 1.05, 2.07, 0, 32, 62, {"brows": 1.0}, {}, {}, algorithmic_ms=900.0)
    event = _event(candidate, Recognized(), Verdict(0.0, "macro-expression: it lasts 2.08 s"), compute_ms=1.0)
    with SessionWriter(tmp_path / "s.medn", SessionInfo(source="camera 0")) as writer:
        writer.on_analysis(Analysis(62, 2.1, rejected=(event,)), None)
    with open_session(tmp_path / "s.medn") as session:
        [stored] = session.candidates()
        assert (stored.onset_s, stored.apex_s) == (0.0, 1.05)
        assert not session.damage


def analyse(frames, **parameters):
    """All events, and what each step returned."""
    with Pipeline(PipelineParameters(**parameters)) as pipeline:
        analyses, events = [], []
        for frame in frames:
            analyses.append(pipeline.step(frame))
            events += analyses[-1].events
        return [*events, *pipeline.flush().events], analyses


def without_latency(events):
    return [asdict(replace(event, compute_ms=0.0)) for event in events]


def test_raised_brows_become_one_event_with_its_times_and_region(raised_brows):
    [event], analyses = analyse(raised_brows)
    assert event.onset_s == pytest.approx(ONSET_S, abs=0.07)
    assert event.apex_s == pytest.approx(APEX_S, abs=0.05)
    assert event.offset_s == pytest.approx(OFFSET_S, abs=0.09)
    assert all("brow" in name or name == "glabella" for name, pct in event.regions.items() if pct > 1)
    first = next(analysis for analysis in analyses if analysis.events)
    assert event.algorithmic_ms == pytest.approx(1000 * (first.time_s - event.apex_s))
    peak = max(analyses, key=lambda analysis: analysis.faces[0].motion.max())
    assert peak.time_s == pytest.approx(APEX_S, abs=0.1)
    assert REGION_GROUPS[int(peak.faces[0].motion.argmax())] == "brows"


def test_what_a_pipeline_held_is_free_at_once_so_that_many_recordings_take_no_more_memory_than_one(raised_brows):
    gc.collect()
    gc.disable()
    try:
        with Pipeline() as pipeline:
            for frame in raised_brows[:10]:
                pipeline.step(frame)
        held = [weakref.ref(each) for each in (pipeline, pipeline.recognizer, pipeline.recognizer.runtime)]
        del pipeline
        assert [each() for each in held] == [None, None, None]
    finally:
        gc.enable()


def test_the_same_frames_give_the_same_events_again_and_after_a_reset(raised_brows):
    first, _ = analyse(raised_brows)
    with Pipeline() as pipeline:
        for frame in raised_brows[:50]:
            pipeline.step(frame)
        pipeline.reset()
        events = [event for frame in raised_brows for event in pipeline.step(frame).events]
        events += pipeline.flush().events
    assert without_latency(events) == without_latency(first) != []


def test_the_same_frames_at_a_variable_rate_give_the_events_at_the_shifted_times(act, shapes):
    unit = shapes.action_units(["AU12"])
    unit = unit * 0.03 / np.linalg.norm(unit[:, :2], axis=1).max()
    rng = np.random.default_rng(5)
    times_s = np.cumsum(rng.choice([1 / 30, 1 / 30, 1 / 24, 2 / 30], 150))
    frames = act(times_s[times_s < 4.5], lambda t: unit * course(t))
    [event], _ = analyse(frames)
    [later], _ = analyse([replace(frame, time_s=frame.time_s + 1000.25) for frame in frames])
    assert event.apex_s == pytest.approx(APEX_S, abs=0.07)
    assert later.apex_s - 1000.25 == pytest.approx(event.apex_s, abs=1e-3)
    assert (later.onset_frame, later.apex_frame, later.offset_frame) == (
        event.onset_frame,
        event.apex_frame,
        event.offset_frame,
    )


def test_at_30_fps_landmarks_on_every_third_frame_find_what_landmarks_on_each_find(raised_brows):
    [sparse], analyses = analyse(raised_brows)
    [dense], _ = analyse(raised_brows, landmark_interval_s=0.0)
    looked = sum("landmarks" in analysis.stages_ms for analysis in analyses)
    assert looked == pytest.approx(len(raised_brows) / 3, abs=1)
    for edge in ("onset_s", "apex_s", "offset_s"):
        assert getattr(sparse, edge) == pytest.approx(getattr(dense, edge), abs=0.05)


def test_at_a_high_rate_landmarks_come_on_some_frames_and_the_event_is_still_found(act, shapes):
    unit = shapes.action_units(["AU4"])
    unit = unit * 0.025 / np.linalg.norm(unit[:, :2], axis=1).max()
    frames = act(np.arange(0, 4.2, 1 / 120), lambda t: unit * course(t), lambda t: HeadMotion(x=0.05 * np.sin(3 * t)))
    events, analyses = analyse(frames)
    assert [event.apex_s for event in events] == [pytest.approx(APEX_S, abs=0.05)]
    looked = sum("landmarks" in analysis.stages_ms for analysis in analyses)
    assert looked == pytest.approx(len(frames) / 9, abs=3)
    assert all(len(analysis.faces) == 1 for analysis in analyses)


def test_between_landmarks_the_shown_points_move_with_the_head(act):
    def x_iod(t):
        return 0.3 * np.sin(6 * t)

    still = np.zeros((478, 3), np.float32)
    _, analyses = analyse(act(np.arange(0, 2, 1 / 120), lambda t: still, lambda t: HeadMotion(x=x_iod(t))))
    off_px = {True: [], False: []}
    for analysis in analyses[60:]:
        (face,) = analysis.faces
        off_px["landmarks" in analysis.stages_ms].append(eye_axis(face.points).x - 90 * x_iod(analysis.time_s))
    assert np.std(off_px[False]) < np.std(off_px[True]) + 0.5
    assert np.median(off_px[False]) == pytest.approx(np.median(off_px[True]), abs=0.3)


def test_no_kernel_is_compiled_while_frames_wait(raised_brows):
    kernels = (bumps, kernel.cell_sums, kernel.fit_head, kernel.region_motion)
    with Pipeline() as pipeline:
        known = [list(each.signatures) for each in kernels]
        assert all(known)
        for frame in raised_brows[:15]:
            pipeline.step(frame)
    assert [list(each.signatures) for each in kernels] == known


def test_a_film_without_a_face_is_an_honest_empty_result():
    picture = np.full((240, 320, 3), 90, np.uint8)
    events, analyses = analyse([Frame(i, i / 30, picture) for i in range(30)])
    assert events == []
    assert all(analysis.faces == () for analysis in analyses)


def test_a_face_that_leaves_and_comes_back_keeps_its_number_and_is_learned_anew(act):
    still = np.zeros((478, 2))
    there = act(np.arange(0, 2.5, 1 / 30), lambda t: still)
    gone = [Frame(75 + i, 2.5 + i / 30, np.full_like(there[0].image, 90)) for i in range(45)]
    back = [replace(frame, index=frame.index + 120, time_s=frame.time_s + 4.0) for frame in there]
    events, analyses = analyse([*there, *gone, *back])
    assert events == []
    numbers = [tuple(reading.face for reading in analysis.faces) for analysis in analyses]
    assert set(numbers[:75]) == {(0,)}
    assert set(numbers[80:118]) == {()}
    assert set(numbers[123:]) == {(0,)}
    assert analyses[74].faces[0].calibrated
    assert not analyses[125].faces[0].calibrated


def test_two_faces_that_cross_keep_their_numbers(act, portrait):
    still = np.zeros((478, 2))
    [frame] = act([0.0], lambda t: still, iod_px=60, size_px=(320, 320))
    face = frame.image[40:260, 60:260]
    other = np.ascontiguousarray(face[:, ::-1] // 2 + 60)  # mirrored and paler: somebody else
    frames = []
    for i in range(75):
        scene = np.full((360, 960, 3), 90, np.uint8)
        x = round(20 + 6 * i)
        scene[10:230, 720 - x : 920 - x] = face
        scene[140:360, x : x + 200] = other
        frames.append(Frame(i, i / 30, scene))
    _, analyses = analyse(frames)
    middle_x = {
        i: {reading.face: float(reading.points[:, 0].mean()) for reading in analyses[i].faces} for i in (20, 74)
    }
    left_then, right_then = sorted(middle_x[20], key=middle_x[20].get)
    left_now, right_now = sorted(middle_x[74], key=middle_x[74].get)
    assert (left_now, right_now) == (right_then, left_then)


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
