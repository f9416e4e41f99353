"""Samples are made alike from synthetic faces and from the clips of a database, and are what they say."""

import csv
from dataclasses import replace

import cv2
import numpy as np
import pytest

from medn.contract import AU_NAMES, EMOTIONS
from medn.data.databases.action_units import parse_action_units
from medn.data.databases.clip import Clip
from medn.data.samples import origin_of, read_samples
from medn.face.flow import framed, without_rigid_motion
from medn.synthetic.portrait import ASTRONAUT_FILE, astronaut, split_of
from medn.synthetic.puppet import Puppet
from medn.synthetic.registration import load_shapes
from medn.training.prepare import write_database, write_pairs, write_windows


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with one portrait, and the split that it falls into."""
    folder = tmp_path_factory.mktemp("faces")
    (folder / "a.jpg").write_bytes(ASTRONAUT_FILE.read_bytes())
    with (folder / "faces.csv").open("w", newline="") as lines:
        csv.writer(lines).writerows([("file", "identity", "expression", "set"), ("a.jpg", "someone", "neutral", "own")])
    return folder, split_of("someone")


@pytest.fixture(scope="module")
def coded(tmp_path_factory):
    """A coded clip of eleven frames: brows rise until the sixth and fall again."""
    folder = tmp_path_factory.mktemp("clip")
    puppet = Puppet(astronaut(), 70, (260, 280), (130, 110))
    brows = load_shapes().action_units(["AU1", "AU2"])
    brows *= 0.04 / np.linalg.norm(brows[:, :2], axis=1).max()
    files = []
    for number in range(11):
        files.append(folder / f"img{number}.png")
        cv2.imwrite(str(files[-1]), puppet.render(np.float32(1 - abs(number - 5) / 5) * brows))
    units = parse_action_units("1+2")
    return Clip("casme2", "sub01", "EP01", tuple(files), 200.0, 0, 5, 10, units, "surprise", "surprise")


def test_pairs_are_flow_alone_and_record_how_they_were_made(folder, tmp_path):
    faces, split = folder
    reported = []
    write_pairs(
        tmp_path / "pairs", faces, 14, seed=2, split=split, progress=lambda done, whole: reported.append((done, whole))
    )
    samples = read_samples(tmp_path / "pairs")
    assert len(samples) == 14
    assert not samples.with_faces
    assert reported[-1] == (14, 14)
    assert set(samples.subject) == {"synthetic/someone"}
    assert origin_of(tmp_path / "pairs")["seed"] == 2


def test_windows_hold_micro_expressions_and_what_is_none(folder, tmp_path):
    faces, split = folder
    write_windows(tmp_path / "windows", faces, 20, split=split)
    samples = read_samples(tmp_path / "windows")
    assert samples.faces.shape == (20, 8, 128, 128)
    assert set(np.unique(samples.micro)) == {0.0, 1.0}
    assert ((samples.emotion >= 0) == (samples.micro == 1)).all()
    assert ((samples.kind == "micro") == (samples.micro == 1)).all()
    assert (samples.rise_s > 0.03).all()


@pytest.mark.parametrize("apex", [5, None])
def test_a_databases_clip_becomes_the_window_from_its_onset_to_its_apex(coded, apex, tmp_path):
    assert write_database(tmp_path / "set", [replace(coded, apex=apex)]) == ()
    samples = read_samples(tmp_path / "set")
    assert samples.subject[0] == "casme2/sub01"
    assert EMOTIONS[samples.emotion[0]] == "surprise"
    assert [name for name, there in zip(AU_NAMES, samples.aus[0], strict=True) if there] == ["AU1", "AU2"]
    assert samples.rise_s[0] == pytest.approx(5 / 200)
    brows = without_rigid_motion(framed(samples.flow[0].astype(np.float32)))[1, 1:7, 7:21]
    assert brows.mean() < -0.3  # up, in % iod


def test_clips_that_cannot_be_read_are_reported_and_a_set_of_none_is_refused(coded, tmp_path):
    lost = replace(coded, name="EP02", frames=(*coded.frames[:3], tmp_path / "gone.png", *coded.frames[4:]))
    assert write_database(tmp_path / "set", [coded, lost]) == ("sub01 EP02: a frame cannot be read",)
    with pytest.raises(ValueError, match="None of the 1 clips"):
        write_database(tmp_path / "none", [lost])


def test_frames_that_are_missing_between_onset_and_apex_took_their_time(coded, tmp_path):
    thinned = replace(coded, frames=coded.frames[:1] + coded.frames[3:], apex=3, offset=8)  # without 1 and 2
    write_database(tmp_path / "set", [thinned])
    assert read_samples(tmp_path / "set").rise_s[0] == pytest.approx(5 / 200)


def test_portraits_whose_table_lacks_a_column_are_refused_by_its_name(folder, tmp_path):
    (tmp_path / "faces.csv").write_text((folder[0] / "faces.csv").read_text().replace(",", ";"))
    with pytest.raises(ValueError, match=r"faces\.csv lacks the column file"):
        write_pairs(tmp_path / "pairs", tmp_path, 1)


def test_a_whole_set_is_not_replaced_and_one_that_was_not_finished_is(folder, coded, tmp_path):
    faces, split = folder
    target = tmp_path / "set"
    write_pairs(target, faces, 2, seed=2, split=split)
    made = read_samples(target).flow[:].copy()
    writers = (
        lambda: write_pairs(target, faces, 2, seed=3, split=split),
        lambda: write_windows(target, faces, 5, split=split),
        lambda: write_database(target, [coded]),
    )
    for write in writers:
        with pytest.raises(ValueError, match="holds a set of samples already, which would be lost"):
            write()
        assert (read_samples(target).flow == made).all()
    (target / "samples.json").unlink()
    write_pairs(target, faces, 2, seed=3, split=split)
    assert origin_of(target)["seed"] == 3


def test_a_folder_that_cannot_be_made_is_refused_before_the_work(folder, tmp_path):
    faces, split = folder
    (tmp_path / "file").write_text("")
    reported = []
    with pytest.raises(OSError, match="file"):
        write_pairs(tmp_path / "file", faces, 2, split=split, progress=lambda *done: reported.append(done))
    assert reported == []
