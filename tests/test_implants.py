"""Implants: known movements in given footage, of the size they say, and nothing else changed."""

import csv
import threading
from fractions import Fraction
from itertools import pairwise

import av
import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from gui.cli import app
from medn.face.landmarker import Landmarker
from medn.synthetic.context import context_at
from medn.synthetic.face_warp import warp_frame
from medn.synthetic.footage import (
    Shot,
    forth_and_back,
    forth_and_back_order,
    planes_of,
    read_shots,
    videos_in,
    write_lossless,
)
from medn.synthetic.implants import TRUTH_HEADER, Settings, implant_clips, track_face
from medn.synthetic.puppet import HeadMotion
from realtime.evaluation.footage import evaluate_footage
from realtime.evaluation.truth import TruthError, read_truth
from realtime.pipeline import PipelineParameters
from realtime.sources import VideoFile
from realtime.types import Frame
from tests.recordings import noise, write_video

UNEVEN_MS = [0, 33, 66, 116, 133, 200, 240, 300, 301, 400]


def yuv(picture):
    """A frame of a BGR picture, in a format that footage is read in."""
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "bgr24").reformat(format="yuv444p")


def frames_of(path):
    with VideoFile(path) as video:
        return [frame for frame in video if isinstance(frame, Frame)]


@pytest.fixture(scope="module")
def person(act, tmp_path_factory):
    """6.5 s of a portrait who hardly moves, at a varying rate of about 25 frames a second, with a tone beside it."""
    rng = np.random.default_rng(3)
    times_s = np.cumsum(rng.uniform(0.03, 0.05, 165))
    still = np.zeros((478, 2))
    frames = act(times_s, lambda t: still, iod_px=80, size_px=(320, 320))
    silent = write_video(
        tmp_path_factory.mktemp("person") / "silent.mp4", [f.image for f in frames], [round(1000 * t) for t in times_s]
    )
    path = silent.with_name("person.mp4")
    with av.open(str(silent)) as source, av.open(str(path), "w") as target:
        video = target.add_stream_from_template(source.streams.video[0])
        sound = target.add_stream("aac", rate=16_000, layout="mono")
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = video
                target.mux(packet)
        for start in range(0, 16_000 * 6, 1024):
            tone = np.sin(np.arange(start, start + 1024) / 10).astype(np.float32)[None]
            frame = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 16_000, start, Fraction(1, 16_000)
            target.mux(sound.encode(frame))
        target.mux(sound.encode())
    return path


SETTINGS = Settings(seed=4, rate_per_min=40)


@pytest.fixture(scope="module")
def implanted(person, tmp_path_factory):
    folder = tmp_path_factory.mktemp("implants")
    ((path, implants),) = implant_clips([person], folder, SETTINGS)
    assert implants
    return path, implants


def test_frames_outside_the_implants_are_bit_for_bit_those_of_the_footage_at_their_own_times(person, implanted):
    path, implants = implanted
    before, after = frames_of(person), frames_of(path)
    assert [f.time_s for f in after] == pytest.approx([f.time_s for f in before], abs=1e-6)
    changed = [not np.array_equal(b.image, a.image) for b, a in zip(before, after, strict=True)]
    times_s = [f.time_s - before[0].time_s for f in before]  # implants count from the first picture
    inside = [any(one.onset_s < time_s < one.offset_s for one in implants) for time_s in times_s]
    assert not any(c and not i for c, i in zip(changed, inside, strict=True))
    assert sum(changed) > 0.6 * sum(inside)


def test_the_background_never_changes(person, implanted, portrait):
    path, _ = implanted
    for b, a in zip(frames_of(person), frames_of(path), strict=True):
        assert np.array_equal(b.image[:, :30], a.image[:, :30])
        assert np.array_equal(b.image[-30:], a.image[-30:])


def test_the_sound_is_kept_packet_for_packet(person, implanted):
    def packets(path):
        with av.open(str(path)) as container:
            return [bytes(packet) for packet in container.demux(audio=0) if packet.size]

    assert packets(implanted[0]) == packets(person)


def test_the_truth_gives_the_size_that_is_measured_in_the_pictures(person, implanted):
    path, implants = implanted
    before, after = frames_of(person), frames_of(path)
    times_s = np.array([f.time_s - before[0].time_s for f in before])
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    for one in implants:
        at = int(np.argmin(np.abs(times_s - one.apex_s)))
        # enlarged: shifts of one or two pixels come out of the flow too small otherwise
        large = [cv2.resize(cv2.cvtColor(f[at].image, cv2.COLOR_BGR2GRAY), None, fx=4, fy=4) for f in (before, after)]
        seen_iod = np.linalg.norm(flow.calc(*large, None), axis=2).max() / 4 / one.eye_distance_px
        assert seen_iod == pytest.approx(one.amplitude_iod * one.level(times_s[at]), abs=0.006)
        assert 0.008 < one.amplitude_iod < 0.036


def test_the_truth_is_what_evaluate_spotting_reads(implanted):
    path, implants = implanted
    with (path.parent / "truth.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert tuple(rows[0]) == TRUTH_HEADER
    assert [row["video"] for row in rows] == [path.name] * len(implants)
    assert all(row["context"] == "still" for row in rows)
    for one, row in zip(implants, rows, strict=True):
        assert 3.3 <= float(row["onset_s"]) < float(row["apex_s"]) < float(row["offset_s"])
        assert 0.18 <= one.offset_s - one.onset_s <= 0.5
        assert float(row["eye_distance_px"]) == pytest.approx(80, rel=0.1)
    for first, second in pairwise(implants):
        assert second.onset_s - first.offset_s >= 1


def test_the_truth_counts_as_players_do_where_the_picture_begins_after_the_sound(person, implanted):
    path, implants = implanted
    [first, *_] = frames_of(path)
    assert first.time_s > 0.02  # the tone begins at 0, the picture later
    with (path.parent / "truth.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    for one, row in zip(implants, rows, strict=True):
        assert float(row["onset_s"]) == pytest.approx(first.time_s + one.onset_s, abs=0.001)
        assert float(row["offset_s"]) == pytest.approx(first.time_s + one.offset_s, abs=0.001)


def test_the_same_seed_gives_the_same_implants_whatever_other_clips_there_are(person, film, implanted, tmp_path):
    made = dict(implant_clips([film, person], tmp_path, SETTINGS))
    again = next(implants for path, implants in made.items() if path.stem == "person")
    assert again == implanted[1]
    assert all(
        np.array_equal(a.image, b.image)
        for a, b in zip(frames_of(tmp_path / "person.mp4"), frames_of(implanted[0]), strict=True)
    )
    ((_, others),) = implant_clips([person], tmp_path / "other", Settings(seed=5, rate_per_min=40))
    assert [one.onset_s for one in others] != [one.onset_s for one in again]


def test_a_movement_follows_the_head(act, shapes):
    unit = shapes.action_units(["AU1"])[:, :2] * 0.1
    still = np.zeros((478, 2))
    for turn in (HeadMotion(), HeadMotion(x=0.2, roll_deg=12)):
        image = act([0.0], lambda t: still, lambda t, turn=turn: turn)[0].image
        shot = Shot(0, Fraction(1, 30), 0, yuv(image))
        with Landmarker("image") as landmarker:
            points = landmarker(np.ascontiguousarray(image[:, :, ::-1]))[0].points[:, :2]
        moved, size_iod = warp_frame(shot, points, unit)
        changed = np.abs(planes_of(moved.frame)[0].astype(int) - planes_of(shot.frame)[0])
        rows, columns = np.nonzero(changed > 1)
        brows = points[[107, 336]].mean(axis=0)
        iod_px = np.linalg.norm(points[33] - points[263])
        assert abs(columns.mean() - brows[0]) < 0.2 * iod_px
        assert abs(rows.mean() - brows[1]) < 0.3 * iod_px
        assert size_iod == pytest.approx(np.linalg.norm(unit, axis=1).max(), rel=0.05)


def test_a_short_clip_is_played_forth_and_back(tmp_path):
    path = write_video(tmp_path / "clip.mp4", noise(10), UNEVEN_MS)
    shots = list(forth_and_back(path, 1.0))
    numbers, times_ms = forth_and_back_order(UNEVEN_MS, 1000)
    assert [shot.number for shot in shots] == numbers == [*range(10), *range(8, -1, -1), *range(1, 10)]
    assert [round(1000 * (shot.time_s - shots[0].time_s)) for shot in shots] == times_ms
    assert times_ms[9:13] == [400, 499, 500, 560]
    assert all(np.array_equal(shot.bgr(), shots[shot.number].bgr()) for shot in shots)


@pytest.mark.parametrize("rotation_deg", [0, 90, 180, -90])
def test_rotated_footage_is_written_as_it_is_displayed(rotation_deg, tmp_path):
    path = write_video(tmp_path / "phone.mp4", noise(4), [0, 40, 80, 120], rotation_deg=rotation_deg)
    copy = write_lossless(tmp_path / "copy", read_shots(path), path)
    for a, b in zip(frames_of(path), frames_of(copy), strict=True):
        assert np.array_equal(a.image, b.image)


def test_an_odd_size_goes_into_another_container(tmp_path):
    pictures = list(noise(3, (121, 161)))
    shots = (Shot(40 * k, Fraction(1, 1000), k, yuv(picture)) for k, picture in enumerate(pictures))
    path = write_lossless(tmp_path / "odd", shots)
    assert path.suffix == ".mkv"
    assert [round(1000 * f.time_s) for f in frames_of(path)] == [0, 40, 80]


def test_what_a_person_does_is_read_from_the_landmarks(portrait):
    times_s = np.arange(0, 2, 1 / 30)
    points = np.repeat(portrait.points[None, :, :2], len(times_s), axis=0)
    upright = np.repeat(np.eye(3, dtype=np.float32)[None], len(times_s), axis=0)
    assert context_at(times_s, points, upright, 0.8, 1.2) == "still"
    speaking = points.copy()
    speaking[:, 14, 1] += 0.08 * portrait.iod_px * np.sin(12 * times_s)
    assert context_at(times_s, speaking, upright, 0.8, 1.2) == "speaking"
    moving = points + (portrait.iod_px * times_s[:, None, None] * [1.0, 0.0]).astype(np.float32)
    assert context_at(times_s, moving, upright, 0.8, 1.2) == "head moving"


def test_footage_without_a_face_gets_no_implant_and_is_listed_as_a_video_without_movements(tmp_path):
    path = write_video(tmp_path / "noise.mp4", noise(130), range(0, 130 * 40, 40))
    ((_, implants),) = implant_clips([path], tmp_path / "out", SETTINGS)
    assert implants == []
    [(video, truth)] = read_truth(tmp_path / "out").items()  # its false alarms count
    assert (video, len(truth.spans_s)) == ("noise.mp4", 0)
    assert not track_face(read_shots(path)).found.any()


def test_spotting_cannot_be_evaluated_on_footage_in_which_nothing_can_be_implanted(tmp_path):
    path = write_video(tmp_path / "noise.mp4", noise(20), range(0, 20 * 40, 40))
    with pytest.raises(TruthError, match="No movement could be implanted"):
        evaluate_footage([path], SETTINGS, PipelineParameters(), 1, lambda _: None, threading.Event())


def test_the_command_writes_videos_truth_and_a_contact_sheet(person, tmp_path):
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "notes.txt").write_text("no video")
    (tmp_path / "clips" / "person.mp4").symlink_to(person)
    arguments = ["synth", "implants", str(tmp_path / "clips"), "--out", str(tmp_path / "out"), "--rate", "40"]
    arguments += ["--amplitude", "2", "3", "--sheet", str(tmp_path / "sheet.png")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"person.mp4", "truth.csv"}
    assert cv2.imread(str(tmp_path / "sheet.png")).shape[0] >= 240


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (["--amplitude", "3", "1"], "smallest and the largest size"),
        (["--rate", "100"], "0 to 40"),
        (["--out", "."], "give another folder"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(change, sentence, person, tmp_path, monkeypatch):
    monkeypatch.chdir(person.parent)
    result = CliRunner().invoke(app, ["synth", "implants", str(person), "--out", str(tmp_path / "out"), *change])
    assert result.exit_code == 2
    assert sentence in " ".join(result.stderr.split())


def test_a_folder_without_videos_and_a_file_that_is_none_are_named(tmp_path):
    with pytest.raises(ValueError, match="holds no video"):
        videos_in([tmp_path])
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(ValueError, match=r"text\.mp4"):
        list(read_shots(tmp_path / "text.mp4"))
