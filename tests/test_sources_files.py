"""Video files as other programs write them: sound, covers, codecs, shapes of pixels, and names that are no files."""

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from medn.synthetic.footage import read_shots
from realtime.export import export_sessions, formats_named
from realtime.session import SessionInfo, SessionWriter
from realtime.sources import Dropped, SourceError, open_source
from realtime.types import Analysis, Event, Frame
from realtime.viewing.playback import Playback
from realtime.viewing.sound import open_sound
from tests.recordings import grey

TIMES_MS = [0, 40, 80, 140, 160, 200]


def write_file(
    path: Path,
    *,
    codec: str | None = "libx264",
    picture_from_ms: int = 0,
    sound: bool = False,
    sound_from_ms: int = 0,
    pixel_aspect: Fraction | None = None,
    rotation_deg: int = 0,
    cover: bool = False,
    everything_from_ms: int = 0,
) -> Path:
    """Six pictures, upper left quarter white, with or without a second of sound and a cover."""
    picture = grey(0, (120, 160))
    picture[:60, :80] = 255
    with av.open(str(path), "w", format="mp4" if path.suffix == ".m4a" else None) as container:
        if cover:
            still = container.add_stream("mjpeg", rate=1)
            still.width = still.height = 64
            still.pix_fmt, still.disposition = "yuvj420p", av.stream.Disposition.attached_pic
        if codec:
            video = container.add_stream(codec, rate=25, options={"preset": "8"} if codec == "libsvtav1" else {})
            video.codec_context.time_base = video.time_base = Fraction(1, 1000)
            video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
            if pixel_aspect:
                video.codec_context.sample_aspect_ratio = pixel_aspect
            if rotation_deg:
                video.set_display_rotation(rotation_deg)
        if sound:
            audio = container.add_stream("aac", rate=16000, layout="mono")
            for start in range(0, 16000, 1024):
                samples = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
                samples.sample_rate, samples.time_base = 16000, Fraction(1, 16000)
                samples.pts = start + 16 * (sound_from_ms + everything_from_ms)
                container.mux(audio.encode(samples))
            container.mux(audio.encode())
        if cover:
            frame = av.VideoFrame.from_ndarray(grey(200, (64, 64)), "bgr24")
            frame.pts, frame.time_base = 0, Fraction(1, 1)
            container.mux([*still.encode(frame), *still.encode()])
        for time_ms in TIMES_MS if codec else ():
            frame = av.VideoFrame.from_ndarray(picture, "bgr24")
            frame.pts, frame.time_base = picture_from_ms + everything_from_ms + time_ms, Fraction(1, 1000)
            container.mux(video.encode(frame))
        if codec:
            container.mux(video.encode())
    return path


def read(path: Path) -> list[Frame]:
    with open_source(str(path)) as source:
        items = list(source)
    assert not any(isinstance(item, Dropped) for item in items)
    return [item for item in items if isinstance(item, Frame)]


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov"])
def test_times_are_those_of_players_where_the_picture_begins_after_the_sound(tmp_path, suffix):
    path = write_file(tmp_path / f"talk.{suffix}", sound=True, picture_from_ms=900)
    expected_s = [0.9 + time_ms / 1000 for time_ms in TIMES_MS]
    assert [frame.time_s for frame in read(path)] == pytest.approx(expected_s, abs=0.002)
    with Playback(path) as playback:
        assert playback.times_s == pytest.approx(expected_s, abs=0.002)


def test_exports_and_the_video_with_its_events_count_from_where_players_do(tmp_path):
    path = write_file(tmp_path / "talk.mp4", sound=True, picture_from_ms=900)
    event = Event(0, 0.98, 1.04, 1.1, 2, 3, 5, 0.9, {"glabella": 1.2}, {}, 99.0, 0.4)
    with SessionWriter(tmp_path / "talk.medn", SessionInfo(source="talk.mp4", video=str(path))) as writer:
        for frame in read(path):
            writer.on_analysis(Analysis(frame.index, frame.time_s), frame)
        writer.on_analysis(Analysis(-1, 0.0, events=(event,)), None)
    outcomes = list(export_sessions([tmp_path / "talk.medn"], formats_named("webvtt,video")))
    assert [outcome.error for outcome in outcomes] == ["", ""]
    assert "00:00:00.980 --> 00:00:01.100" in outcomes[0].files[0].read_text()
    with av.open(str(outcomes[1].files[0])) as container:
        assert container.start_time == 0  # players count from a file's first picture where it has no sound
        shown = [(frame.time, frame.to_ndarray(format="bgr24")) for frame in container.decode(video=0)]
    assert [time_s for time_s, _ in shown] == pytest.approx([0.0, *(0.9 + ms / 1000 for ms in TIMES_MS)], abs=0.002)
    assert shown[0][1].mean() < 2
    drawn = [time_s for time_s, picture in shown if picture[-8:, 40:].mean() > 20]
    assert drawn == pytest.approx([0.98, 1.04, 1.06, 1.1], abs=0.002)


@pytest.mark.parametrize(
    "given",
    [{"sound": True}, {"sound": True, "sound_from_ms": 600}, {"sound": True, "everything_from_ms": 3200}],
)
@pytest.mark.parametrize("suffix", ["mp4", "ts"])
def test_the_first_picture_is_time_0_where_nothing_comes_before_it(tmp_path, suffix, given):
    path = write_file(tmp_path / f"talk.{suffix}", **given)
    expected_s = [time_ms / 1000 for time_ms in TIMES_MS]
    # away from 0, sound begins with the encoder's lead-in of 64 ms
    assert [frame.time_s for frame in read(path)] == pytest.approx(expected_s, abs=0.07)


@pytest.mark.parametrize(
    ("aspect", "rotation_deg", "size"),
    [
        (Fraction(4, 3), 0, (213, 120)),
        (Fraction(8, 9), 0, (142, 120)),
        (Fraction(4, 3), 90, (120, 213)),
        (Fraction(1, 1), 0, (160, 120)),
        (Fraction(400, 1), 0, (160, 120)),
    ],
)
def test_pixels_are_square_whatever_the_file_stores(tmp_path, aspect, rotation_deg, size):
    path = write_file(tmp_path / "dv.mp4", pixel_aspect=aspect, rotation_deg=rotation_deg)
    image = read(path)[0].image
    assert image.shape[1::-1] == size
    with Playback(path) as playback:
        shown = playback.frame(0).image
    assert shown.shape == image.shape
    assert np.abs(shown.astype(int) - image).mean() < 3  # neither is turned or mirrored
    white = image[:, :, 0] > 128
    assert white.any(axis=0).sum() == pytest.approx(size[0] / 2, abs=2)
    assert white.any(axis=1).sum() == pytest.approx(size[1] / 2, abs=2)


def test_av1_is_decoded_for_analysis_and_for_review(tmp_path):
    if "libsvtav1" not in av.codecs_available:
        pytest.skip("this PyAV cannot encode AV1")
    path = write_file(tmp_path / "screen.mp4", codec="libsvtav1", sound=True, picture_from_ms=500)
    frames = read(path)
    expected_s = [0.5 + time_ms / 1000 for time_ms in TIMES_MS]
    assert [frame.time_s for frame in frames] == pytest.approx(expected_s, abs=0.002)
    assert frames[0].image[:50, :70].mean() > 200
    assert frames[0].image[70:].mean() < 50
    with Playback(path) as playback:
        assert np.abs(playback.frame(3).image.astype(int) - frames[3].image).max() <= 1


def write_changing(path: Path, codec: str, sizes: list[tuple[int, int]], options: dict[str, str]) -> Path:
    """Four pictures of each (width, height) in succession, as a video call or a shared window leaves them."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        (stream.width, stream.height), stream.pix_fmt = sizes[0], "yuv420p"
        stream.time_base = Fraction(1, 1000)
        for part, (width, height) in enumerate(sizes):
            encoder = av.CodecContext.create(codec, "w")
            encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
            encoder.time_base, encoder.framerate, encoder.options = stream.time_base, Fraction(25), options
            picture = grey(0, (height, width))
            picture[: height // 2, : width // 2] = 255
            packets = []
            for number in range(4 * part, 4 * part + 4):
                frame = av.VideoFrame.from_ndarray(picture, "bgr24")
                frame.pts, frame.time_base = 40 * number, stream.time_base
                packets += encoder.encode(frame.reformat(format="yuv420p"))
            for packet in (*packets, *encoder.encode()):
                packet.stream, packet.time_base = stream, stream.time_base
                container.mux(packet)
    return path


@pytest.mark.parametrize(
    ("name", "codec", "interlaced"),
    [("call.webm", "libvpx-vp9", False), ("call.ts", "libx264", False), ("television.ts", "libx264", True)],
)
def test_pictures_that_change_their_size_midway_are_reviewed_as_they_are_analysed(tmp_path, name, codec, interlaced):
    options = {"deadline": "realtime", "cpu-used": "8"} if codec == "libvpx-vp9" else {"preset": "ultrafast"}
    options |= {"flags": "+ildct+ilme"} if interlaced else {}
    path = write_changing(tmp_path / name, codec, [(160, 120), (240, 180), (96, 128)], options)
    frames = read(path)
    (height, width, _) = frames[0].image.shape
    assert [frame.image.shape for frame in frames] == 12 * [(height, width, 3)]
    with Playback(path) as playback:
        for frame in frames:
            shown = playback.frame(frame.index).image
            assert shown.shape == frame.image.shape
            assert np.abs(shown.astype(int) - frame.image).max() <= 1
            assert shown[: height // 2 - 9, : width // 2 - 9].mean() > 200 > 50 > shown[height // 2 + 9 :].mean()


@pytest.mark.parametrize("cover", [False, True])
@pytest.mark.parametrize("suffix", ["mp4", "m4a"])
def test_sound_alone_is_refused_as_what_it_is_also_with_a_cover(tmp_path, suffix, cover):
    path = write_file(tmp_path / f"song.{suffix}", codec=None, sound=True, cover=cover)
    with pytest.raises(SourceError, match=rf"song\.{suffix} holds sound only and no picture\.$"):
        open_source(str(path))
    with pytest.raises(SourceError, match="holds sound only"):
        Playback(path)


def test_a_cover_before_the_picture_is_not_taken_for_it(tmp_path):
    frames = read(write_file(tmp_path / "film.mp4", sound=True, cover=True))
    assert [frame.image.shape for frame in frames] == [(120, 160, 3)] * len(TIMES_MS)


@pytest.mark.parametrize("name", ["P01-10:30.mp4", "http:/a.mp4", "concat:a.mp4", "a#1?x=%41&.mp4"])
def test_a_file_named_like_an_address_is_read_where_it_lies(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    Path(name).parent.mkdir(exist_ok=True)
    write_file(tmp_path / name, sound=True)
    assert len(read(Path(name))) == len(TIMES_MS)
    with Playback(Path(name)) as playback:
        assert len(playback.times_s) == len(TIMES_MS)
    track = open_sound(Path(name))
    assert track is not None
    track.close()
    assert [shot.number for shot in read_shots(Path(name))] == list(range(len(TIMES_MS)))


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(SourceError, match=r"pipe\.mp4 is not a file but a pipe"):
        open_source(str(tmp_path / "pipe.mp4"))
    with pytest.raises(SourceError, match=r"pipe\.mp4 cannot be read as a video"):
        Playback(tmp_path / "pipe.mp4")


@pytest.mark.parametrize("there", [True, False])
def test_a_name_that_is_no_utf_8_ends_in_one_sentence(tmp_path, there):
    path = os.fsencode(tmp_path) + b"/caf\xe9.mp4"
    if there:
        Path(os.fsdecode(path)).write_bytes(write_file(tmp_path / "good.mp4").read_bytes())
    for command in (["replay", path, "--out", tmp_path], ["live", "--headless", "--source", path]):
        done = subprocess.run([sys.executable, "-m", "gui", *command], capture_output=True, timeout=120, check=False)
        assert done.returncode == 2
        (sentence,) = [line for line in done.stderr.decode().splitlines() if line.startswith("medn: ")]
        assert "caf\ufffd.mp4 has a name that is no UTF-8 text: rename it." in sentence
        assert b"Traceback" not in done.stderr
