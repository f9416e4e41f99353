"""Video files, picture folders and generated frames: pictures, times, and the messages for bad input."""

import os
import zlib
from collections import Counter
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from realtime.batch import find_videos
from realtime.sources import Cause, Dropped, Generated, Notice, NoticeKind, SourceError, open_source
from realtime.types import Frame
from tests.recordings import grey, noise, write_video

VARYING_MS = np.cumsum([0, 20, 33, 40, 70, 5, 33, 33, 8, 200, 33, 16, 17, 40, 41, 4, 33, 20, 20, 60]).tolist()


def read(source):
    with source:
        return list(source)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov", "ts"])
@pytest.mark.parametrize("start_ms", [0, 480])
def test_a_file_of_varying_rate_keeps_its_own_times_counted_from_its_first_frame(tmp_path, suffix, start_ms):
    levels = [10 * i for i in range(len(VARYING_MS))]
    path = write_video(tmp_path / f"v.{suffix}", map(grey, levels), [t + start_ms for t in VARYING_MS])
    frames = read(open_source(str(path)))
    assert [f.index for f in frames] == list(range(len(VARYING_MS)))
    assert [f.time_s for f in frames] == pytest.approx([t / 1000 for t in VARYING_MS], abs=1e-6)
    assert [f.image.mean() for f in frames] == pytest.approx(levels, abs=6)  # each time belongs to its own picture


@pytest.mark.parametrize("rate_hz", [24, 60, 200, 240])
def test_rates_from_24_to_240_a_second_are_read_as_they_are(tmp_path, rate_hz):
    times_ms = [round(1000 * i / rate_hz) for i in range(48)]
    frames = read(open_source(str(write_video(tmp_path / "v.mp4", noise(48), times_ms))))
    assert [f.time_s for f in frames] == pytest.approx([t / 1000 for t in times_ms], abs=1e-6)


def test_a_recording_made_upright_is_shown_upright(tmp_path):
    picture = grey(0)
    picture[:60, :80] = 255  # the upper left quarter
    path = write_video(tmp_path / "phone.mp4", [picture] * 3, [0, 33, 66], rotation_deg=90)  # counter-clockwise
    image = read(open_source(str(path)))[0].image
    assert image.shape == (160, 120, 3)
    assert image[100:, :50].mean() > 200
    assert image[:60].mean() < 50


def test_frames_are_not_overwritten_by_later_ones(tmp_path):
    frames = read(open_source(str(write_video(tmp_path / "v.mp4", map(grey, (0, 100, 200)), [0, 33, 66]))))
    assert [round(f.image.mean(), -1) for f in frames] == [0, 100, 200]


def test_a_file_cut_short_is_read_as_far_as_it_goes_and_a_notice_reports_it(tmp_path):
    path = write_video(tmp_path / "v.mp4", noise(90), [33 * i for i in range(90)], index_first=True)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    *frames, notice = read(open_source(str(path)))
    assert 20 < len(frames) < 70
    assert all(isinstance(f, Frame) for f in frames)
    assert isinstance(notice, Notice)
    assert notice.kind is NoticeKind.CUT_SHORT


def bad_inputs(folder: Path) -> dict[str, Path]:
    whole = write_video(folder / "whole.mp4", noise(30), [33 * i for i in range(30)])
    (folder / "cut.mp4").write_bytes(whole.read_bytes()[:-2000])
    (folder / "text.mp4").write_text("not a video\n" * 100)
    (folder / "zero.mp4").touch()
    (folder / "noise.mp4").write_bytes(bytes(range(256)) * 20)
    (folder / "none").mkdir()
    write_video(folder / "raw.h264", noise(5), [33 * i for i in range(5)])
    expected = {
        "missing.mp4": "does not exist",
        "cut.mp4": "cut short",
        "text.mp4": "holds text",
        "zero.mp4": "is empty",
        "noise.mp4": "no picture",
        "raw.h264": "carries no times",
        "none": "holds no pictures",
    }
    return {message: folder / name for name, message in expected.items()}


def test_input_that_cannot_be_read_gives_one_sentence_that_names_it_and_nothing_on_standard_error(tmp_path, capfd):
    for message, path in bad_inputs(tmp_path).items():
        with pytest.raises(SourceError, match=message) as raised:
            open_source(str(path), rate_hz=30)
        text = str(raised.value)
        assert path.name in text
        assert text.endswith((".", ")."))
        assert "\n" not in text
    noise_on_stderr = [line for line in capfd.readouterr().err.splitlines() if "libx264" not in line]
    assert noise_on_stderr == []


def test_a_name_that_is_neither_file_nor_camera_is_reported_with_the_cameras_there_are():
    with pytest.raises(SourceError, match=r"'Nikon' is neither a file nor a camera; cameras: .+"):
        open_source("Nikon")


def test_a_camera_number_that_does_not_exist_is_reported(capfd):
    with pytest.raises(SourceError, match="Camera 87 cannot be opened"):
        open_source("87")
    assert capfd.readouterr().err == ""


def test_pictures_of_a_folder_come_in_natural_order_at_the_rate_that_was_given(tmp_path):
    for number in (8, 11, 10, 9):
        cv2.imwrite(str(tmp_path / f"img{number}.png"), grey(number * 10))
    (tmp_path / "Thumbs.db").touch()
    frames = read(open_source(str(tmp_path), rate_hz=200))
    assert [f.image[0, 0, 0] for f in frames] == [80, 90, 100, 110]
    assert [f.time_s for f in frames] == [0, 0.005, 0.01, 0.015]


@given(
    first=st.integers(0, 99_999),
    step=st.integers(1, 5),
    kept=st.sets(st.integers(0, 20), min_size=6),
    name=st.sampled_from(["006_{:05d}.png", "img{}.png", "{}.PNG", "reg_img{}.png", "cam2 take 3 ({:04d}).png"]),
)
@settings(max_examples=25, deadline=None)
def test_numbered_pictures_come_at_the_times_of_their_numbers(tmp_path_factory, first, step, kept, name):
    assume(any({number, number + 1} <= kept for number in kept))
    commonest = Counter(b - a for a, b in pairwise(sorted(kept))).most_common(1)[0]
    assume(commonest[0] == 1)
    folder = tmp_path_factory.mktemp("clip")
    for number in kept:
        cv2.imwrite(str(folder / name.format(first + step * number)), grey(10 * number, (4, 4)))
    items = read(open_source(str(folder), rate_hz=30))
    start = min(kept)
    frames = [item for item in items if isinstance(item, Frame)]
    assert [frame.image[0, 0, 0] for frame in frames] == [10 * number for number in sorted(kept)]
    assert [frame.index for frame in frames] == [number - start for number in sorted(kept)]
    assert [frame.time_s for frame in frames] == pytest.approx([(number - start) / 30 for number in sorted(kept)])
    missing = set(range(start, max(kept))) - kept
    drops = [item for item in items if isinstance(item, Dropped)]
    assert [(drop.index, drop.cause) for drop in drops] == [(n - start, Cause.MISSING) for n in sorted(missing)]


def test_pictures_that_are_missing_are_named(tmp_path):
    for number in [*range(10), *range(15, 20)]:
        cv2.imwrite(str(tmp_path / f"006_{5501 + number:05d}.png"), grey(9))
    *_, notice = read(open_source(str(tmp_path), rate_hz=30))
    assert notice.kind is NoticeKind.MISSING
    assert notice.text.endswith(
        ": 5 of 20 pictures are missing by their numbers, 5 between 006_05510.png and 006_05516.png; times count them."
    )


@pytest.mark.parametrize(
    "names",
    [
        ["12-30-05-033.png", "12-30-05-067.png", "12-30-06-000.png"],  # times of day
        ["1699999999033.png", "1699999999066.png", "1699999999100.png", "1699999999133.png"],
        ["face 1.png", "portrait 7.png", "smile.png"],
        ["img1.png", "img2.png", "img90210.png"],
        ["img1.png", "img01.png", "img2.png"],
        ["a.png"],
    ],
)
def test_pictures_whose_names_do_not_count_frames_follow_each_other(tmp_path, names):
    for name in names:
        cv2.imwrite(str(tmp_path / name), grey(9))
    items = read(open_source(str(tmp_path), rate_hz=100))
    assert [item.time_s for item in items] == pytest.approx([place / 100 for place in range(len(names))])
    assert all(isinstance(item, Frame) for item in items)


def test_a_broken_picture_is_a_counted_drop(tmp_path):
    for number in range(4):
        cv2.imwrite(str(tmp_path / f"{number}.png"), grey(9))
    (tmp_path / "1.png").write_bytes(b"broken")
    (tmp_path / "2.png").write_bytes(b"")
    items = read(open_source(str(tmp_path), rate_hz=100))
    assert [i.index for i in items] == [0, 1, 2, 3]
    assert items[1:3] == [Dropped(1, 0.01, Cause.DECODE_ERROR), Dropped(2, 0.02, Cause.DECODE_ERROR)]


def test_a_pipe_and_a_picture_of_an_impossible_size_among_pictures_are_counted_drops(tmp_path):
    for number in range(4):
        cv2.imwrite(str(tmp_path / f"img{number}.png"), grey(90))
    (tmp_path / "img1.png").unlink()
    os.mkfifo(tmp_path / "img1.png")
    whole = bytearray((tmp_path / "img2.png").read_bytes())
    whole[16:24] = (200_000).to_bytes(4, "big") * 2  # width and height in its header
    whole[29:33] = zlib.crc32(whole[12:29]).to_bytes(4, "big")
    (tmp_path / "img2.png").write_bytes(whole)
    kinds = [item.cause if isinstance(item, Dropped) else "frame" for item in open_source(str(tmp_path), rate_hz=30)]
    assert kinds == ["frame", Cause.DECODE_ERROR, Cause.DECODE_ERROR, "frame"]


@pytest.mark.parametrize("rate_hz", [0.0, -1.0, float("nan"), None])
def test_a_folder_needs_a_sensible_rate(tmp_path, rate_hz):
    with pytest.raises(SourceError, match="rate"):
        open_source(str(tmp_path), rate_hz=rate_hz)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=30))
def test_times_of_frames_strictly_increase_whatever_the_timestamps_and_every_frame_is_accounted_for(times_s):
    items = read(Generated(lambda _: grey(0, (2, 2)), times_s))
    frames = [i for i in items if isinstance(i, Frame)]
    assert all(a.time_s < b.time_s for a, b in pairwise(frames))
    assert [i.index for i in items] == list(range(len(times_s)))
    assert all(i.cause is Cause.CLOCK for i in items if isinstance(i, Dropped))


@pytest.mark.parametrize("read_first", [0, 1, 5])
def test_closing_ends_the_iteration_at_any_moment(tmp_path, read_first):
    path = write_video(tmp_path / "v.mp4", noise(30), [33 * i for i in range(30)])
    source = open_source(str(path))
    items = iter(source)
    for _ in range(read_first):
        next(items)
    source.close()
    assert list(items) == []
    source.close()


COMPANION = bytes.fromhex("00051607") + bytes(60)
"""What a Mac writes beside a file on a disk that is not its own."""


def test_hidden_companions_beside_pictures_are_no_frames(tmp_path):
    for number in (1, 2, 3):
        cv2.imwrite(str(tmp_path / f"img{number}.png"), grey(number))
        (tmp_path / f"._img{number}.png").write_bytes(COMPANION)
    items = read(open_source(str(tmp_path), rate_hz=30))
    assert [item.image[0, 0, 0] for item in items] == [1, 2, 3]
    assert [item.time_s for item in items] == pytest.approx([0, 1 / 30, 2 / 30])


def test_hidden_companions_and_hidden_folders_hold_no_videos(tmp_path):
    for place in (tmp_path, tmp_path / "day 1", tmp_path / ".Trashes"):
        place.mkdir(exist_ok=True)
        (place / "talk.mp4").write_bytes(b"video")
        (place / "._talk.mp4").write_bytes(COMPANION)
    wanted = [str(tmp_path / "day 1/talk.mp4"), str(tmp_path / "talk.mp4")]
    assert find_videos([str(tmp_path)]) == wanted
    assert find_videos([str(tmp_path / "*.mp4"), str(tmp_path / "*/*.mp4")]) == wanted[::-1]
    assert find_videos([str(tmp_path / "._talk.mp4")]) == [str(tmp_path / "._talk.mp4")]
