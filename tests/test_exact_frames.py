"""Every jump lands on the exact frame: frames with their numbers in the picture, whatever the rate and the coding."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PyQt6.QtCore import QEvent, QPointF, Qt
from PyQt6.QtGui import QMouseEvent
from PyQt6.QtWidgets import QApplication

from realtime.report import clock
from realtime.session import SessionInfo, SessionWriter
from realtime.sources import VideoFile
from realtime.types import Analysis, Frame
from realtime.viewing.filmstrip import HEIGHT_PX, MOST, STEP_FRAMES, Filmstrip, wanted_frames
from realtime.viewing.playback import Playback
from tests.gui_driver import an_event, press, until
from tests.recordings import write_video

BITS, SIDE = 10, 16
FRAMES = 200
KEY = Qt.Key


def numbered(number):
    """A picture with its number as black and white squares."""
    bits = [255 * (number >> place & 1) for place in range(BITS)]
    return np.ascontiguousarray(
        np.broadcast_to(np.repeat(bits, SIDE)[None, :, None], (2 * SIDE, BITS * SIDE, 3)), np.uint8
    )


def number_in(image):
    squares = image[SIDE, SIDE // 2 :: SIDE, 0][:BITS]
    return sum(int(level > 128) << place for place, level in enumerate(squares))


def times_ms(variable):
    steps = np.random.default_rng(0).integers(5, 120, FRAMES) if variable else np.full(FRAMES, 40)
    return np.cumsum(steps) - steps[0]


CODINGS = {
    "short groups": ("short.mp4", False, {}),
    "variable rate": ("variable.mp4", True, {}),
    "one long group": ("long.mp4", True, {"keyframe_every": 1000}),
    "open groups": ("open.mp4", False, {"open_groups": True}),
    "Matroska": ("variable.mkv", True, {"open_groups": True}),
    "late picture": ("late.mp4", True, {"sound": np.zeros(48000, np.float32)}),
    "transport stream": ("camcorder.mts", False, {}),
    "AVI": ("capture.avi", False, {}),
    "AVI, one long group": ("long.avi", False, {"keyframe_every": 1000}),
    "AVI, open groups": ("open.avi", False, {"open_groups": True}),
    "AVI, frames left out": ("variable.avi", True, {}),
    "AVI, short groups": ("short.avi", False, {"keyframe_every": 6}),
    "AVI, interlaced": ("television.avi", False, {"interlaced": True}),
}


@pytest.fixture(scope="module", params=CODINGS)
def film(request, tmp_path_factory):
    name, variable, how = CODINGS[request.param]
    late_ms = 700 if "sound" in how else 0
    path = tmp_path_factory.mktemp("numbered") / name
    return write_video(path, map(numbered, range(FRAMES)), times_ms(variable) + late_ms, **how)


@settings(max_examples=10, deadline=None)
@given(places=st.lists(st.integers(0, FRAMES - 1), min_size=1, max_size=6))
def test_any_frame_is_found_from_any_other(film, places):
    with Playback(film) as playback:
        assert len(playback.times_s) == FRAMES
        for place in places:
            at_s = float(playback.times_s[place])
            assert number_in(playback.frame(playback.index_at(at_s)).image) == place


def test_small_pictures_cover_the_recording_each_with_the_time_of_its_frame(film):
    strip = Filmstrip(film)
    until(lambda: strip.done)
    with VideoFile(film) as analysed:
        times_s = [frame.time_s for frame in analysed]
    side = HEIGHT_PX // 2
    for still in strip.stills:
        levels = still.image[side, side // 2 :: side, 0][:BITS]
        number = sum(int(level > 128) << place for place, level in enumerate(levels))
        assert still.time_s == pytest.approx(times_s[number], abs=1e-6)
    assert len(strip.stills) == len(range(0, FRAMES, STEP_FRAMES))
    strip.close()


def test_of_long_recordings_key_frames_are_made_small_from_all_over_it_first_and_of_broken_ones_nothing(tmp_path):
    times_s, keys = np.arange(90_000) / 30, np.arange(0, 90_000, 250)
    wanted = wanted_frames(SimpleNamespace(times_s=times_s, keys=keys))
    assert len(set(wanted)) == len(wanted) == MOST
    assert set(wanted) <= set(keys.tolist())
    assert np.diff(sorted(wanted[:15])).max() <= 90_000 / 12
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    for recording in (broken, tmp_path / "gone.mp4"):
        strip = Filmstrip(recording)
        strip.close()
        assert (strip.stills, strip.at(1.0)) == ((), None)


def test_frames_have_the_times_that_the_analysis_gave_them(film):
    with Playback(film) as playback, VideoFile(film) as analysed:
        frames = list(analysed)
        assert playback.times_s == pytest.approx([frame.time_s for frame in frames], abs=1e-6)
        assert [number_in(frame.image) for frame in frames] == list(range(FRAMES))


@pytest.mark.parametrize("film", ["one long group", "Matroska"], indirect=True)
def test_review_shows_the_exact_frame_of_an_event(window, home, film):
    with VideoFile(film) as analysed:
        times_s = [frame.time_s for frame in analysed]
    path = home / "sessions" / "numbered.medn"
    at = (30, 170, 90)
    with SessionWriter(path, SessionInfo(source="numbered", video=str(film))) as writer:
        for index, time_s in enumerate(times_s):
            writer.on_analysis(Analysis(index, time_s, ()), Frame(index, time_s, numbered(index)))
        events = tuple(exact_event(place, times_s, number) for place, number in enumerate(at))
        writer.on_analysis(Analysis(-1, 0.0, (), events), None)
    window.open_session(path)
    review = window.review
    until(lambda: review.viewer.video.times_s is not None)
    for number in sorted(at):
        for key, shown in ((KEY.Key_A, number + 3), (KEY.Key_O, number), (KEY.Key_Right, number + 1)):
            press(review, key)
            until(lambda shown=shown: review.viewer.image is not None and number_in(review.viewer.image) == shown)
            assert not review.viewer.playing
        press(review, KEY.Key_K)
    overview, peek, strip = review.timeline._overview, review.timeline.peek, review.viewer.video.filmstrip
    until(lambda: strip.done)
    assert not peek.isVisible()
    at_s = strip.stills[2].time_s
    place, none = QPointF(overview.x_at(at_s), 10), Qt.MouseButton.NoButton
    move = QMouseEvent(QEvent.Type.MouseMove, place, place, none, none, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(overview, move)
    assert peek.isVisible()
    assert peek.caption.text().startswith(clock(at_s)[:4])
    assert peek._shown is strip.stills[2]
    QApplication.sendEvent(overview, QEvent(QEvent.Type.Leave))
    assert not peek.isVisible()
    review.model.close()
    assert not strip._thread.is_alive()


def exact_event(place, times_s, number):
    from dataclasses import replace

    event = an_event(place, times_s[number], number)
    return replace(event, onset_s=times_s[number], apex_s=times_s[number + 3], offset_s=times_s[number + 9])
