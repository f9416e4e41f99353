"""Recordings as cameras and other programs leave them: interlaced, trimmed, begun late, without times; odd names."""

from fractions import Fraction

import av
import cv2
import pytest
from test_exact_frames import number_in, numbered
from typer.testing import CliRunner

from gui.cli import app
from realtime.batch.videos import find_videos
from realtime.batch.work_list import make_work_list
from realtime.pipeline import PipelineParameters
from realtime.sources import Dropped, Notice, SourceError, VideoFile, open_source
from realtime.sources.container import read_container
from realtime.types import Frame
from realtime.viewing.playback import Playback
from tests.recordings import grey, write_video

INTERLACED = {
    "dvd.mpg": ("mpeg2video", {"flags": "+ilme+ildct"}),
    "camcorder.mts": ("libx264", {"flags": "+ilme+ildct", "x264-params": "tff=1", "preset": "ultrafast"}),
    "tape.avi": ("dvvideo", {}),
}


@pytest.fixture(params=INTERLACED)
def interlaced(request, tmp_path, portrait):
    """A recording of two fields a frame: the portrait with a white square that moves on."""
    codec, options = INTERLACED[request.param]
    with av.open(str(tmp_path / request.param), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 720, 576, "yuv420p", 8_000_000
        for index in range(20):
            picture = cv2.resize(portrait.image, (720, 576))
            picture[:64, 32 * index : 32 * index + 32] = 255
            frame = av.VideoFrame.from_ndarray(picture, "bgr24").reformat(format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return tmp_path / request.param


def test_an_interlaced_recording_is_analysed_and_reviewed_as_it_looks(interlaced):
    with av.open(str(interlaced)) as container:
        shown = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    with VideoFile(interlaced) as recording:
        analysed = [item.image for item in recording if isinstance(item, Frame)]
    with Playback(interlaced) as playback:
        reviewed = [playback.frame(index).image for index in reversed(range(len(playback.times_s)))]
    assert len(analysed) == len(reviewed) == len(shown) == 20
    for one, two, other in zip(analysed, reversed(reviewed), shown, strict=True):
        seen = cv2.resize(other, (one.shape[1], one.shape[0]))  # DV has pixels that are not square
        assert cv2.absdiff(one, seen).mean() < 2
        assert cv2.absdiff(two, seen).mean() < 2


def test_a_recording_that_becomes_interlaced_is_analysed_as_it_looks(tmp_path):
    """As a recorder of television stores what follows an advertisement."""
    with av.open(str(tmp_path / "tv.mpg"), "w") as container:
        stream = container.add_stream("mpeg2video", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for first, flags in ((0, ""), (15, "+ilme+ildct")):
            encoder = av.CodecContext.create("mpeg2video", "w")
            encoder.width, encoder.height, encoder.pix_fmt, encoder.framerate = 160, 120, "yuv420p", Fraction(25)
            encoder.time_base, encoder.options = Fraction(1, 25), {"flags": flags} if flags else {}
            for index in range(first, first + 15):
                frame = av.VideoFrame.from_ndarray(grey(8 * index), "bgr24").reformat(format="yuv420p")
                frame.pts, frame.time_base = index, Fraction(1, 25)
                for packet in encoder.encode(frame):
                    packet.stream = stream
                    container.mux(packet)
            for packet in encoder.encode():
                packet.stream = stream
                container.mux(packet)
    with VideoFile(tmp_path / "tv.mpg") as recording:
        levels = [item.image.mean() for item in recording if isinstance(item, Frame)]
    with av.open(str(tmp_path / "tv.mpg")) as container:
        shown = [frame.to_ndarray(format="bgr24").mean() for frame in container.decode(video=0)]
    assert levels[-15:] == pytest.approx(shown[-15:], abs=4)
    assert levels[-1] - levels[-15] > 100


def test_review_shows_the_frames_of_a_trimmed_clip_that_were_analysed(tmp_path):
    """Trimmed without encoding: what lies before the cut is still in the file, and an edit list leaves it out."""
    whole = write_video(tmp_path / "whole.mp4", map(numbered, range(100)), range(0, 4000, 40))
    with av.open(str(whole)) as container, av.open(str(tmp_path / "trim.mp4"), "w") as trimmed:
        stream = trimmed.add_stream_from_template(container.streams.video[0])
        for packet in container.demux(video=0):
            if packet.dts is not None:
                packet.pts -= round(1.4 / packet.time_base)
                packet.dts -= round(1.4 / packet.time_base)
                packet.stream = stream
                trimmed.mux(packet)
    with VideoFile(tmp_path / "trim.mp4") as recording:
        analysed = [number_in(frame.image) for frame in recording]
    assert analysed == list(range(35, 100))
    with Playback(tmp_path / "trim.mp4") as playback:
        assert [number_in(playback.frame(index).image) for index in range(len(playback.times_s))] == analysed


def test_key_frames_after_the_end_of_a_trimmed_clip_are_none_of_its_own(tmp_path):
    """As a phone trims the end: the edit list ends earlier than what the file holds."""
    path = write_video(tmp_path / "trim.mp4", map(numbered, range(100)), range(0, 4000, 40), keyframe_every=25)
    stored = bytearray(path.read_bytes())
    length_at = stored.index(b"elst") + 12  # behind version, flags and number of entries
    stored[length_at : length_at + 4] = (2000).to_bytes(4)
    path.write_bytes(stored)
    with Playback(path) as playback:
        assert len(playback.times_s) == 50
        assert playback.keys.tolist() == [0, 25]
        assert [number_in(playback.frame(int(key)).image) for key in playback.keys] == [0, 25]


def test_the_last_frames_of_an_avi_with_b_frames_are_analysed_and_it_is_not_called_cut_short(tmp_path):
    path = write_video(tmp_path / "a.avi", map(numbered, range(50)), range(0, 2000, 40), codec="libx264")
    with VideoFile(path) as recording:
        items = list(recording)
    assert not [item for item in items if isinstance(item, (Notice, Dropped))]
    assert [number_in(frame.image) for frame in items] == list(range(50))


def test_matroska_whose_times_begin_late_is_as_long_as_it_is(tmp_path):
    path = write_video(tmp_path / "part.mkv", [grey(9)] * 100, range(3_600_000, 3_604_000, 40))
    assert read_container(path).ends_s == pytest.approx(4.0, abs=0.05)
    with VideoFile(path) as recording:
        assert not [item for item in recording if isinstance(item, Notice)]


def test_a_second_frame_at_the_time_of_the_first_is_dropped_and_the_recording_is_read(tmp_path):
    path = write_video(tmp_path / "a.webm", [grey(9)] * 20, [0, *range(0, 760, 40)], codec="libvpx")
    with VideoFile(path) as recording:
        items = list(recording)
    assert [isinstance(item, Dropped) for item in items] == [False, True, *[False] * 18]


def test_a_recording_without_times_is_refused(tmp_path):
    with av.open(str(tmp_path / "bare.h264"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for _ in range(10):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey(9), "bgr24")))
        container.mux(stream.encode())
    with pytest.raises(SourceError, match="carries no times"):
        VideoFile(tmp_path / "bare.h264")


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [("a.mjpeg", "mjpeg", "yuvj420p"), ("a.m2v", "mpeg2video", "yuv420p"), ("a.nut", "mpeg4", "yuv420p")],
)
def test_a_recording_that_does_not_say_when_it_begins_is_read_where_its_frames_have_times(
    tmp_path, name, codec, pixels
):
    with av.open(str(tmp_path / name), "w") as container:
        stream = container.add_stream(codec, rate=25, options={"bf": "2"} if codec != "mjpeg" else {})
        stream.width, stream.height, stream.pix_fmt = 160, 120, pixels
        for index in range(10):
            frame = av.VideoFrame.from_ndarray(grey(9), "bgr24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with VideoFile(tmp_path / name) as recording:
        times_s = [item.time_s for item in recording if isinstance(item, Frame)]
    assert times_s == pytest.approx([index / 25 for index in range(10)], abs=1e-3)


def test_a_name_that_the_system_refuses_is_one_recording_that_fails_and_not_all(tmp_path):
    path = write_video(tmp_path / "a.mp4", [grey(9)] * 20, range(0, 800, 40))
    long = str(tmp_path / ("x" * 300 + ".mp4"))
    work = make_work_list(find_videos([str(path), long]), tmp_path, PipelineParameters())
    assert len(work.jobs) == 2
    with pytest.raises(SourceError):
        open_source(long)


def test_a_session_must_be_named_as_one(tmp_path):
    out = str(tmp_path / "x.mp4")
    refused = CliRunner().invoke(app, ["live", "--headless", "--source", "none.mp4", "--out", out, "--video"])
    assert (refused.exit_code, "x.mp4 is no name of a session: end it with .medn" in refused.stderr) == (2, True)
