"""`evaluate flow` scores the network on published maps, beside the trivial guess."""

import json
from dataclasses import asdict
from functools import partial

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from gui.cli import app
from medn.contract import AU_NAMES
from medn.data.flow_archive import FlowArchive, write_flow_archive
from medn.evaluation.calibration import fit_temperature, folded_scaling
from medn.evaluation.metrics import expected_calibration_error
from medn.evaluation.picture import draw_recognition
from medn.evaluation.recognition import Predictions, Truth, evaluate_flow, predict_maps, recognition_table, score
from medn.model.motion import MotionBranch
from medn.training import loso

torch.set_num_threads(1)


def archive(count=36, side=28, subjects=3):
    """Three classes whose maps move in different places; two databases, each with some subjects."""
    rng = np.random.default_rng(0)
    label = np.arange(count) % 3
    flow = rng.normal(128, 6, (count, side, side, 3))
    for row, (top, left) in {0: (2, 2), 1: (18, 18), 2: (4, 18)}.items():
        flow[label == row, top : top + 6, left : left + 6] += 90
    au = np.stack([label == 1, label == 2], axis=1).astype(np.float32)
    au[np.arange(count) // 2 % 2 == 1] = np.nan  # half of each database's
    database = np.array(["one", "two"])[np.arange(count) % 2]
    subject = np.array([f"s{i % subjects}" for i in np.arange(count) // 6])
    clips = np.array([f"c{i}" for i in range(count)])
    return FlowArchive(flow.clip(0, 255).astype(np.uint8), label, subject, database, clips, au, ("AU12", "AU99"))


def test_the_report_holds_every_part_and_is_json(tmp_path):
    write_flow_archive(tmp_path / "maps.npz", archive())
    result = evaluate_flow(tmp_path / "maps.npz", MotionBranch(members=1))
    record = json.loads(json.dumps(asdict(result)))
    assert set(record["by_database"]) == {"one", "two"}
    assert sum(map(sum, record["whole"]["confusion"])) == 36
    assert [unit["name"] for unit in record["aus"]] == ["AU12"]  # the network knows no AU99
    assert "always the largest class" in recognition_table([result])
    draw_recognition([result], tmp_path / "flow.png")
    assert (tmp_path / "flow.png").stat().st_size > 5000


def test_perfect_answers_score_one_and_are_calibrated():
    there = archive()
    probabilities = np.eye(3, dtype=np.float32)[there.label]
    aus = np.zeros((36, 12), np.float32)
    aus[:, AU_NAMES.index("AU12")] = there.label == 1
    result = score(Truth.of_archive(there), Predictions(probabilities, aus))
    assert result.whole.uf1 == result.whole.uar == result.au_mean_auc == 1
    assert result.calibration_error == 0
    assert result.whole.baseline_uf1 == pytest.approx(1 / 6)


def test_maps_of_another_size_are_refused_by_name(tmp_path):
    write_flow_archive(tmp_path / "maps.npz", archive(side=32))
    with pytest.raises(ValueError, match=r"maps\.npz: flow maps must be 28 × 28"):
        evaluate_flow(tmp_path / "maps.npz", MotionBranch(members=1))
    with pytest.raises(ValueError, match=r"maps\.npz: flow maps must be 28 × 28"):
        loso.loso_flow(tmp_path / "maps.npz")


def test_an_archive_without_a_map_is_refused_by_name(tmp_path):
    write_flow_archive(tmp_path / "maps.npz", archive().where(np.zeros(36, bool)))
    with pytest.raises(ValueError, match=r"maps\.npz holds no flow map"):
        evaluate_flow(tmp_path / "maps.npz", MotionBranch(members=1))


def test_overconfidence_is_measured_and_its_temperature_found():
    rng = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(4000, 3, generator=rng)
    truth = torch.multinomial(logits.softmax(dim=1), 1, generator=rng)[:, 0]
    assert expected_calibration_error(logits.softmax(dim=1).numpy(), truth.numpy()) < 0.03
    assert expected_calibration_error((3 * logits).softmax(dim=1).numpy(), truth.numpy()) > 0.1
    assert fit_temperature(3 * logits, truth) == pytest.approx(3, rel=0.1)
    assert fit_temperature(3 * logits[:, 0], torch.bernoulli(logits[:, 0].sigmoid(), generator=rng)) == pytest.approx(
        3, rel=0.15
    )


def test_leaving_one_subject_out_teaches_the_motion_branch_what_the_others_share(tmp_path, monkeypatch):
    monkeypatch.setattr(loso, "MotionBranch", partial(MotionBranch, members=1))  # a committee learns the same, slower
    # one subject in each of two databases, of the same name
    write_flow_archive(tmp_path / "maps.npz", archive(subjects=1))
    command = ["evaluate", "loso", str(tmp_path / "maps.npz"), "--seeds", "1"]
    done = CliRunner().invoke(app, [*command, "--picture", str(tmp_path / "loso.png"), "--json"])
    assert done.exit_code == 0, done.output
    record = json.loads(done.stdout)
    assert (record["type"], record["folds"], record["seeds"]) == ("loso", 2, [0])
    [scores] = record["by_seed"]
    assert scores["whole"]["uf1"] > 0.9
    assert [unit["name"] for unit in scores["aus"]] == ["AU12"]
    assert scores["aus"][0]["auc"] > 0.9
    assert (tmp_path / "loso.png").stat().st_size > 5000


def test_a_fold_learns_from_no_clip_that_it_is_tested_on_and_each_seed_begins_elsewhere(tmp_path, monkeypatch):
    learned, tested, begun = [], [], []

    def learn(branch, maps, emotion, aus, *, steps, rate, seed):
        learned.append({one.numpy().tobytes() for one in maps})
        begun.append(next(branch.parameters()).detach().clone())
        yield steps

    def predict(branch, maps):
        tested.append({one.numpy().tobytes() for one in torch.as_tensor(maps)})
        return predict_maps(branch, maps)

    monkeypatch.setattr(loso, "MotionBranch", partial(MotionBranch, members=1))
    monkeypatch.setattr(loso, "fit_maps", learn)
    monkeypatch.setattr(loso, "predict_maps", predict)
    write_flow_archive(tmp_path / "maps.npz", archive(subjects=1))
    loso.loso_flow(tmp_path / "maps.npz", seeds=(0, 1))
    assert len(learned) == 4
    for known, held_out in zip(learned, tested, strict=True):
        assert not known & held_out
        assert len(known | held_out) == 36
    assert torch.equal(begun[0], begun[1])  # two folds of one seed
    assert not torch.equal(begun[0], begun[2])


def test_a_temperature_fitted_on_other_subjects_mends_overconfidence_and_is_reported(tmp_path):
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (600, 3))
    fair = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = np.array([rng.choice(3, p=row) for row in fair])
    subject = np.array([f"s{i % 30}" for i in range(600)])
    sharp = np.exp(3 * logits) / np.exp(3 * logits).sum(axis=1, keepdims=True)
    scaling = folded_scaling(sharp, truth, subject)
    assert scaling.temperature == pytest.approx(3, rel=0.15)
    assert scaling.calibration_error < 0.06 < expected_calibration_error(sharp, truth)
    assert scaling.log_loss < scaling.log_loss_before
    with pytest.raises(ValueError, match="two subjects"):
        folded_scaling(sharp, truth, np.full(600, "one"))

    write_flow_archive(tmp_path / "maps.npz", archive())
    result = CliRunner().invoke(app, ["evaluate", "flow", str(tmp_path / "maps.npz"), "--json"])
    assert json.loads(result.stdout)["scaling"]["folds"] == 6
    assert (
        "held-out subjects (6 folds)"
        in CliRunner().invoke(app, ["evaluate", "flow", str(tmp_path / "maps.npz")]).stdout
    )


@pytest.mark.parametrize("others", [["b.npz"], ["folder"]])
def test_several_files_of_flow_maps_are_refused_in_a_sentence_that_says_what_can_be_named(tmp_path, others):
    named = [str(tmp_path / name) for name in ("a.npz", *others)]
    refused = CliRunner().invoke(app, ["evaluate", "loso", *named])
    assert refused.exit_code == 2
    assert refused.stderr == (
        f"medn: {named[0]} holds flow maps, which are evaluated alone: name one such file, or folders of samples.\n"
    )
