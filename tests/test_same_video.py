"""A session recognizes its own video: also one that was encoded anew, and no other."""

import sqlite3

import cv2
import numpy as np
import pytest

from realtime.drivers import run_replay
from realtime.session import SessionInfo, SessionWriter, open_session
from realtime.sources import VideoFile
from realtime.viewing.playback import pace
from realtime.viewing.same_video import compare_video
from tests.recordings import write_video
from tests.test_film import Slow


def _scene(seed, count=90, size=(240, 320)):
    """A scene with something that moves in it."""
    rng = np.random.default_rng(seed)
    still = cv2.resize(rng.integers(0, 256, (9, 12, 3), np.uint8), size[::-1], interpolation=cv2.INTER_CUBIC)
    for index in range(count):
        picture = still.copy()
        cv2.circle(picture, (60 + index, 120), 25, (255, 255, 255), cv2.FILLED)
        yield picture


def _times_ms(count=90, rate_hz=30):
    return [round(1000 * index / rate_hz) for index in range(count)]


@pytest.fixture
def video(tmp_path):
    return write_video(tmp_path / "own.mp4", _scene(1), _times_ms())


@pytest.fixture
def analyzed(tmp_path, video):
    """A session of the video, as an analysis leaves it."""
    path = tmp_path / "s.medn"
    with SessionWriter(path, SessionInfo(source="own.mp4", video=str(video))) as writer:
        writer.close(run_replay(VideoFile(video), Slow(0), [writer]))
    return path


def _compare(session, video):
    with open_session(session) as opened:
        return compare_video(opened, video)


def test_the_video_itself_is_recognized_and_so_is_a_copy_that_was_encoded_anew(analyzed, video, tmp_path):
    assert _compare(analyzed, video).differences == ()
    copy = write_video(tmp_path / "copy.mkv", (f.image for f in VideoFile(video)), _times_ms(), codec="mpeg4")
    assert _compare(analyzed, copy) == _compare(analyzed, video)


@pytest.mark.parametrize(
    ("pictures", "times_ms", "named"),
    [
        (_scene(2), _times_ms(), "3 of 3 pictures that were compared look different"),
        (_scene(1, 60), _times_ms(60), "it ends at 2.0 s, the session at 3.0 s"),
        (_scene(1, 120), _times_ms(120), "it ends at 4.0 s, the session at 3.0 s"),
        (_scene(1, 72), _times_ms(72, 24), "it has 24.0 frames a second, the session 30.0"),
        (_scene(1, size=(360, 480)), _times_ms(), "its pictures are 480×360 px, the session's 320×240"),
    ],
    ids=["other pictures", "shorter", "longer", "another rate", "another size"],
)
def test_another_video_is_named_with_its_difference(analyzed, tmp_path, pictures, times_ms, named):
    other = write_video(tmp_path / "other.mp4", pictures, times_ms)
    assert named in _compare(analyzed, other).differences


def test_a_session_that_ends_before_its_video_does_is_of_that_video(tmp_path, video):
    path = tmp_path / "s.medn"
    with SessionWriter(path, SessionInfo(source="own.mp4", video=str(video))) as writer:
        writer.close(run_replay(VideoFile(video), Slow(0), [writer], seconds=1.2))
    assert _compare(path, video).differences == ()
    short = write_video(tmp_path / "short.mp4", _scene(1, 15), _times_ms(15))
    assert _compare(path, short).differences == ("it ends at 0.5 s, the session at 1.2 s",)


def test_what_an_early_session_did_not_store_is_named(analyzed, video):
    with sqlite3.connect(analyzed) as database:
        database.execute("DROP TABLE fingerprints")
    database.close()
    compared = _compare(analyzed, video)
    assert compared.differences == ()
    assert compared.not_compared == ("picture size and pictures",)
    with open_session(analyzed) as session:
        list(session.frames())
        assert session.damage == ""


def test_the_pace_of_a_video_names_its_rate_and_its_gaps():
    times_s = np.arange(60) / 30
    assert pace(times_s) == "30 fps"
    assert pace(np.delete(times_s, [20, 21, 22])) == "30 fps, 1 gap, the longest 0.13 s"
    assert pace(np.delete(times_s, [20, 21, 40, 41, 42])) == "30 fps, 2 gaps, the longest 0.13 s"
    assert pace(times_s[:1]) == "1 frame"
