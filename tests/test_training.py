"""What a user relies on when training: it learns, resumes after a kill, repeats from a seed, and refuses leaks."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from gui.cli import app
from medn.data.samples import Samples, origin_of, read_samples, write_samples
from medn.evaluation.windows import calibrate, evaluate_windows
from medn.model.config import MEDNConfig
from medn.model.medn import MEDN
from medn.training.config import TrainConfig
from medn.training.loso import loso_samples
from medn.training.run_folder import RunFolder
from medn.training.stages import StageRun
from medn.training.train import run_training, train
from medn.weights import read_weights

torch.set_num_threads(1)
SMALL = TrainConfig(
    network=MEDNConfig(width=32, depth=1, heads=2, members=1, keep=(4, 2)),
    motion_steps=6, motion_batch=16, window_steps=4, window_batch=8, motion_rate=5e-3,
)  # fmt: skip


def planted(count=48, with_faces=True, seed=0, subjects=6):
    """Three kinds of movement that lie in different places of the face, and stillness."""
    rng = np.random.default_rng(seed)
    emotion = np.arange(count) % 4 - 1
    flow = rng.normal(0, 0.05, (count, 2, 64, 64))
    faces = rng.integers(100, 140, (count, 8 if with_faces else 0, 128, 128))
    for row, (top, left) in {0: (10, 10), 1: (40, 40), 2: (12, 40)}.items():
        flow[emotion == row, 1, top : top + 12, left : left + 12] += 2
        if with_faces:
            faces[emotion == row, 4:, 2 * top : 2 * top + 24, 2 * left : 2 * left + 24] += 60
    aus = np.zeros((count, 12), np.float32)
    aus[emotion == 1, 8] = 1
    return Samples(
        flow.astype(np.float16), faces.astype(np.uint8), np.full(count, 0.15, np.float32), emotion.astype(np.int64),
        aus, (emotion >= 0).astype(np.float32), np.array([f"synthetic/{i % subjects}" for i in range(count)]),
        np.where(emotion >= 0, "micro", "nothing"),
    )  # fmt: skip


def write_maps(path, subjects):
    """An archive of flow maps of these people."""
    count = len(subjects)
    np.savez(
        path, flow=np.random.default_rng(0).integers(0, 255, (count, 28, 28, 3), np.uint8), label=np.arange(count) % 3,
        subject=np.array(subjects), dataset=np.array(["synthetic"] * count), au=np.zeros((count, 1), np.float32),
        clip=np.array([f"c{i}" for i in range(count)]), au_names=np.array(["AU12"]),
    )  # fmt: skip


@pytest.fixture(scope="module")
def trained():
    """What an unbroken run makes of `planted`."""
    return train(SMALL, planted(), planted())


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


def test_samples_come_back_from_disk_as_they_were(tmp_path):
    samples = planted(8)
    write_samples(tmp_path / "set", samples, {"seed": 3})
    back = read_samples(tmp_path / "set")
    np.testing.assert_array_equal(back.faces, samples.faces)
    np.testing.assert_array_equal(back.subject, samples.subject)
    assert origin_of(tmp_path / "set") == {"samples": 8, "seed": 3}


def test_a_folder_that_is_no_set_is_refused_in_one_sentence(tmp_path):
    with pytest.raises(ValueError, match="holds no training samples") as refused:
        read_samples(tmp_path)
    program, *arguments = str(refused.value).split("`")[1].split()
    assert program == "medn"
    # the advised command parses: only the portraits, a placeholder here, are missing
    (tmp_path / "PORTRAITS").mkdir()
    advised = CliRunner().invoke(app, [part.replace("PORTRAITS", str(tmp_path / "PORTRAITS")) for part in arguments])
    assert "faces.csv" in advised.output
    assert "No such option" not in advised.output
    write_samples(tmp_path, planted(4), {})
    np.save(tmp_path / "rise_s.npy", np.zeros(3, np.float32))
    with pytest.raises(ValueError, match="rise_s must be of shape"):
        read_samples(tmp_path)


def test_the_same_seed_gives_the_same_network_and_another_seed_another(trained):
    samples = planted()
    assert same(train(SMALL, samples, samples), trained)
    assert not same(train(replace(SMALL, seed=1), samples, samples), trained)


@pytest.mark.parametrize("killed_at", [("motion", 3), ("windows", 2)])
def test_a_run_that_was_killed_before_it_was_saved_has_each_step_once(tmp_path, trained, killed_at, monkeypatch):
    samples, save = planted(), RunFolder.save

    def kill(stage, done, steps, losses):
        if (stage, done) == killed_at:
            monkeypatch.setattr(RunFolder, "save", lambda *_: None)  # kill -9: what comes after is not saved
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(SMALL, samples, samples, run=tmp_path, progress=kill)
    monkeypatch.setattr(RunFolder, "save", save)
    assert same(train(SMALL, samples, samples, run=tmp_path), trained)
    steps = [line.split(",")[:2] for line in (tmp_path / "losses.csv").read_text().splitlines()[1:]]
    assert steps == [["motion", str(i + 1)] for i in range(6)] + [["windows", str(i + 1)] for i in range(4)]


def test_a_full_disk_ends_training_in_a_sentence(tmp_path):
    (tmp_path / "state.part").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        train(SMALL, planted(8), None, run=tmp_path)


@pytest.mark.parametrize("file", ["state.pt", "run.json"])
def test_a_damaged_run_is_refused_by_name(file, tmp_path):
    samples = planted(8)
    config = TrainConfig(network=SMALL.network, motion_steps=1, motion_batch=4)
    train(config, samples, None, run=tmp_path)
    (tmp_path / file).write_bytes((tmp_path / file).read_bytes()[:100])
    with pytest.raises(ValueError, match=f"{file} is damaged"):
        train(config, samples, None, run=tmp_path)


@pytest.mark.parametrize("killed_at", [("motion", 3), ("windows", 2)])
def test_a_killed_run_goes_on_and_ends_where_an_unbroken_one_does(tmp_path, trained, killed_at):
    samples = planted()

    def kill(stage, done, steps, losses):
        if (stage, done) == killed_at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(SMALL, samples, samples, run=tmp_path, progress=kill)
    assert same(train(SMALL, samples, samples, run=tmp_path), trained)
    steps = [line.split(",")[:2] for line in (tmp_path / "losses.csv").read_text().splitlines()[1:]]
    assert steps == [["motion", str(i + 1)] for i in range(6)] + [["windows", str(i + 1)] for i in range(4)]
    assert (tmp_path / "curves.png").stat().st_size > 1000
    assert json.loads((tmp_path / "run.json").read_text())["about"]["config"]["motion_steps"] == 6


def test_a_run_that_was_stopped_in_its_first_step_goes_on(tmp_path, trained, monkeypatch):
    samples = planted()

    def interrupted(_stage):
        raise KeyboardInterrupt

    with monkeypatch.context() as stopped:
        stopped.setattr(StageRun, "_step", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(SMALL, samples, samples, run=tmp_path)
    assert same(train(SMALL, samples, samples, run=tmp_path), trained)


def test_another_configuration_does_not_go_on_in_the_same_folder(tmp_path):
    samples = planted(8)
    train(TrainConfig(network=SMALL.network, motion_steps=1, motion_batch=4), samples, None, run=tmp_path)
    with pytest.raises(ValueError, match="another configuration"):
        train(TrainConfig(network=SMALL.network, motion_steps=2, motion_batch=4), samples, None, run=tmp_path)


def test_training_refuses_the_people_it_will_be_judged_on():
    with pytest.raises(ValueError, match="held-out"):
        train(SMALL, planted(), None, held_out=["synthetic/3"])


@pytest.mark.parametrize(
    ("people", "sentence"),
    [
        ({"validation": 3, "test": 5}, "Calibration would see the held-out subject synthetic/5;"),
        ({"maps": 2}, "Training would see the held-out subject synthetic/2;"),
    ],
)
def test_nobody_that_the_card_is_measured_on_is_trained_or_calibrated_on(people, sentence, tmp_path):
    def samples(first):
        made = planted(12, subjects=3)
        return replace(made, subject=np.array([f"synthetic/{first + i % 3}" for i in range(12)]))

    write_samples(tmp_path / "flow", samples(0), {})
    sets = {name: tmp_path / name for name in people}
    for name, first in people.items():
        if name == "maps":
            sets[name] = tmp_path / "maps.npz"
            write_maps(sets[name], [str(first + i % 3) for i in range(12)])
        else:
            write_samples(sets[name], samples(first), {})
    with pytest.raises(ValueError, match=sentence):
        run_training(tmp_path / "run", [tmp_path / "flow"], [], config=SMALL, **sets)
    assert not (tmp_path / "run").exists()


def test_windows_without_faces_are_refused():
    flow = planted(8, with_faces=False)
    with pytest.raises(ValueError, match="flow alone"):
        train(SMALL, flow, flow)


def test_what_was_learned_in_the_first_stage_is_held_in_the_second(trained):
    alone = train(SMALL, planted(), None)
    assert same(alone.motion.members, trained.motion.members)
    assert not same(alone.emotion, trained.emotion)


def test_training_goes_on_from_given_weights_without_changing_them():
    samples, init = planted(), MEDN(SMALL.network)
    before = {name: tensor.clone() for name, tensor in init.state_dict().items()}
    trained = train(SMALL, samples, None, init=init)
    assert not same(trained, init)
    assert all(torch.equal(tensor, before[name]) for name, tensor in init.state_dict().items())


def test_it_learns_what_is_there_to_be_learned_and_calibration_does_not_change_the_answers():
    samples = planted(96)
    config = TrainConfig(
        network=SMALL.network, motion_steps=40, motion_batch=32, window_steps=30, window_batch=16, motion_rate=5e-3,
        window_rate=3e-3,
    )  # fmt: skip
    network = train(config, samples, samples)
    before = evaluate_windows(network, planted(60, seed=1))
    assert before.motion_emotion.uf1 > 0.9
    assert before.micro_auc > 0.9
    assert before.emotion.baseline_uf1 < 0.2
    temperatures = calibrate(network, planted(60, seed=2))
    after = evaluate_windows(network, planted(60, seed=1))
    assert after.motion_emotion.confusion == before.motion_emotion.confusion
    assert after.micro_auc == pytest.approx(before.micro_auc)
    assert all(0.1 <= t <= 10 for t in temperatures.values())


def test_leaving_one_subject_out_of_ones_own_samples_trains_a_network_for_each():
    counts = []
    fold = TrainConfig(
        network=SMALL.network,
        motion_steps=40,
        motion_batch=16,
        window_steps=30,
        window_batch=8,
        window_rate=3e-3,
        motion_rate=5e-3,
    )
    result = loso_samples(
        planted(36, subjects=3), seeds=(0,), config=fold, progress=lambda done, whole: counts.append((done, whole))
    )
    assert result.folds == 3
    assert counts[-1] == (3, 3)
    assert result.by_seed[0].whole.uf1 > 0.6


def test_a_head_of_which_the_windows_show_one_answer_keeps_its_probabilities():
    """A database codes micro-expressions alone, and SMIC no action units."""
    network, windows = MEDN(SMALL.network).eval(), planted(12)
    before = evaluate_windows(network, planted(60, seed=1))
    of_smic = replace(windows, micro=np.ones(12, np.float32), aus=np.full((12, 12), np.nan, np.float32))
    temperatures = calibrate(network, of_smic)
    after = evaluate_windows(network, planted(60, seed=1))
    assert (temperatures["micro"], temperatures["au"]) == (1.0, 1.0)
    assert (after.aus, after.micro_calibration_error) == (before.aus, before.micro_calibration_error)


def test_a_sample_that_holds_no_number_ends_training_and_spoils_no_weights(tmp_path):
    samples = planted()
    samples.flow[:] = np.nan
    with pytest.raises(ValueError, match="loss of step 1 of the motion stage"):
        train(SMALL, samples, None, run=tmp_path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": "mine/v1"}, "no name for weights"),
        ({"validation": "flow"}, "windows with faces"),
        ({"test": "still"}, "no micro-expression of a known class"),
        ({"flow": ["empty"]}, "holds no sample"),
        ({"flow": ["strange"]}, "emotion must be -1 to 2"),
    ],
)
def test_what_would_fail_after_training_is_refused_before(change, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    others = planted(8)
    others.subject[:] = "synthetic/other"
    none = np.zeros(8, bool)
    sets = {
        "good": planted(8),
        "flow": replace(others, faces=others.faces[:, :0]),
        "still": replace(others, emotion=np.full(8, -1), micro=np.zeros(8, np.float32)),
        "empty": others.where(none),
    }
    for name, samples in sets.items():
        write_samples(tmp_path / name, samples, {})
    write_samples(tmp_path / "strange", planted(8), {})
    np.save(tmp_path / "strange" / "emotion.npy", np.full(8, 7))
    given = {"flow": ["good"], "windows": ["good"]} | change
    paths = {key: [tmp_path / one for one in value] for key, value in given.items() if isinstance(value, list)}
    others = {key: value if key == "name" else tmp_path / value for key, value in change.items() if key != "flow"}
    with pytest.raises(ValueError, match=sentence):
        run_training(tmp_path / "run", paths["flow"], paths["windows"], config=SMALL, **others)
    assert not (tmp_path / "run").exists()


def test_weights_are_not_judged_on_the_people_they_were_trained_on(tmp_path):
    own = planted(8, subjects=2)
    own.subject[:] = np.char.replace(own.subject, "synthetic", "samm")
    write_samples(tmp_path / "own", own, {})
    weights = run_training(tmp_path / "run", [tmp_path / "own"], [tmp_path / "own"], config=SMALL)
    assert read_weights(weights).card["subjects"] == ["samm/0", "samm/1"]
    result = CliRunner().invoke(app, ["evaluate", "loso", str(tmp_path / "own"), "--init", str(weights)])
    assert result.exit_code == 2
    assert "were trained on samm/0, samm/1" in result.stderr
    write_samples(tmp_path / "synthetic", planted(8), {})
    with pytest.raises(ValueError, match="were trained on samm/0"):
        run_training(
            tmp_path / "next", [tmp_path / "synthetic"], [], config=SMALL, test=tmp_path / "own", init=str(weights)
        )
