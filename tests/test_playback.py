"""Any frame of a recording, as its analysis saw it."""

import errno
import os
from dataclasses import replace

import av
import cv2
import numpy as np
import pytest

from gui.review.playing import stop_at
from realtime.sources import SourceError, VideoFile
from realtime.viewing import kept
from realtime.viewing.playback import Playback, pace
from tests.gui_driver import until, write_session
from tests.readings import an_event
from tests.recordings import grey, write_video


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


def test_an_events_clip_is_cut_from_a_video_around_the_face(tmp_path, act):
    frames = act(np.arange(0, 1.5, 1 / 30), lambda t: np.zeros((478, 2)))
    path = write_video(tmp_path / "v.mp4", [f.image for f in frames], [round(1000 * f.time_s) for f in frames])
    with Playback(path) as playback:
        clip = playback.event_clip(replace(an_event(onset_s=0.6, frame=18), face=0))
        assert len(clip.images) == pytest.approx(21, abs=2)
        assert len(playback.faces(10)) == 1


def test_what_was_kept_of_a_recording_counts_as_not_there_where_it_is_damaged(home, tmp_path):
    video = tmp_path / "v.mp4"
    video.write_bytes(b"any")
    times = np.cumsum(np.random.default_rng(0).integers(1, 5, 2000))
    kept.keep(video, "times", {"times": times})
    [file] = kept.kept_folder().iterdir()
    whole = file.read_bytes()
    for place in range(0, len(whole), len(whole) // 30):
        file.write_bytes(whole[:place] + b"\xff" * 16 + whole[place + 16 :])
        there = kept.kept(video, "times")
        assert there is None or there["times"].tolist() == times.tolist()


def test_of_more_files_than_are_kept_the_longest_unused_go(home, tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "MOST_FILES", 2)
    videos = [tmp_path / f"{number}.mp4" for number in range(3)]
    for number, video in enumerate(videos):
        video.write_bytes(b"any")
        before = set(kept.kept_folder().glob("*"))
        kept.keep(video, "times", {"times": np.arange(number)})
        [file] = set(kept.kept_folder().glob("*")) - before
        os.utime(file, (number + 1, number + 1))
    assert [kept.kept(video, "times") is not None for video in videos] == [False, True, True]


def test_a_pace_names_gaps_that_are_not_of_the_usual_step():
    times_s = np.arange(100) / 25
    assert pace(times_s) == "25 fps"
    times_s[50:] += 0.4
    times_s[80:] += 0.07
    assert pace(times_s) == "25 fps, 2 gaps, the longest 0.44 s"
    assert pace(times_s[:1]) == "1 frame"


def test_nothing_stays_of_what_a_full_disk_could_not_keep(home, tmp_path, monkeypatch):
    def full(file, **_):
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    video = tmp_path / "v.mp4"
    video.write_bytes(b"any")
    monkeypatch.setattr(np, "savez_compressed", full)
    kept.keep(video, "times", {"times": np.arange(3)})
    assert not list(kept.kept_folder().iterdir())


def test_a_stretch_that_cannot_be_decoded_costs_its_frames_only(window, home):
    times_ms = [33 * index for index in range(150)]
    path = write_video(home / "damaged.mp4", [grey(index) for index in range(150)], times_ms, keyframe_every=1)
    session = write_session(home / "sessions" / "a.medn", 4.9, [0.5, 3.2], path)
    with av.open(str(path)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    content = bytearray(path.read_bytes())
    for place, size in packets[40:110]:
        content[place : place + size] = bytes(size)
    path.write_bytes(content)
    window.open_session(session)
    viewer, model = window.review.viewer, window.review.model
    for at_s, shown in ((1.0, True), (3.2, False), (4.5, True)):
        stop_at(viewer, at_s)
        until(lambda shown=shown: (viewer.image is not None) == shown)
        assert ("cannot be decoded" in viewer._message.text()) is not shown
    model.choose(model.record.events[1].id)
    until(lambda: "cannot be decoded" in window.review.inspector._no_pictures.text())
    assert viewer.video.problem == ""
