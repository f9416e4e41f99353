"""The recent past of a live run: traces of each face, and the clip of an event."""

import cv2
import numpy as np
import pytest

from realtime.types import LIMIT_DELAY_S, Analysis, Frame
from realtime.viewing.event_clips import MAX_CLIPS, EventClips, square_around
from realtime.viewing.history import History, Trace
from tests.readings import an_event, analyse_portrait, face_at


def test_the_history_holds_the_last_seconds_of_each_face_and_forgets_who_left(portrait):
    history = History(2.0)
    frame = Frame(0, 0.0, portrait.image)
    history.on_analysis(Analysis(0, 0.0, (face_at(portrait.points, face=7),)), frame)
    assert history.trace(7) is not None
    analyse_portrait(history, portrait, 5)
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


def test_a_clip_holds_the_face_around_the_event_and_old_clips_make_room(portrait):
    clips = EventClips()
    analyse_portrait(clips, portrait, 1.6)
    found = an_event(onset_s=1.0)
    clips.on_analysis(Analysis(-1, 0.0, events=(found,)), None)
    clip = clips.of(found)
    assert clip.times_s[0] == pytest.approx(0.75, abs=0.04)
    assert clip.times_s[-1] == pytest.approx(1.45, abs=0.04)
    expected = square_around(portrait.points).cut(portrait.image)
    assert clip.images[0].shape == expected.shape
    assert cv2.absdiff(clip.images[0], expected).mean() < 3  # JPEG
    assert clip.times_s[clip.index_at(1.1)] == pytest.approx(1.1, abs=0.02)
    clips.on_analysis(Analysis(-1, 0.0, events=tuple(an_event() for _ in range(MAX_CLIPS))), None)
    assert clips.of(found) is None


def test_a_clip_of_a_fast_camera_is_thinned_to_what_a_screen_shows(portrait):
    clips = EventClips()
    analyse_portrait(clips, portrait, 1.6, rate_hz=200)
    found = an_event(onset_s=1.0)
    clips.on_analysis(Analysis(-1, 0.0, events=(found,)), None)
    assert len(clips.of(found).times_s) <= 0.7 * 67


def test_a_face_at_the_edge_of_the_picture_is_cut_out_whole(portrait):
    points = portrait.points.copy()
    points[:, :2] -= points[:, :2].min(axis=0)
    cut = square_around(points).cut(portrait.image)
    assert cut.shape[0] == cut.shape[1]
