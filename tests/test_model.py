"""What users of MEDN rely on: shapes, symmetry, sparsity, decoupling and an export that says the same."""

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import torch

from medn.model.config import MEDNConfig
from medn.model.export import exported, write_onnx
from medn.model.losses import LossWeights, Targets, medn_loss, orthogonality
from medn.model.medn import MEDN, Prediction, example_inputs
from medn.model.motion import MotionBranch, mirrored
from medn.model.sevit import SEViT, temporal_variation

torch.set_num_threads(1)
ABLATIONS = (
    MEDNConfig(),
    MEDNConfig(keep=(16,)),
    MEDNConfig(fusion="concatenation"),
    MEDNConfig(fusion="motion only"),
    MEDNConfig(fusion="emotion only"),
)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return MEDN().eval()


@pytest.mark.parametrize("config", ABLATIONS, ids=str)
def test_every_ablation_answers_in_the_same_shapes_and_learns(config):
    network = MEDN(config)
    prediction = network(*example_inputs(3))
    assert [tuple(field.shape) for field in prediction] == [(3, 3), (3, 12), (3,), (3, 3), (3, 128), (3, 128)]
    targets = Targets(torch.tensor([0, 2, -1]), torch.eye(12)[:3], torch.tensor([1.0, 1.0, 0.0]))
    medn_loss(prediction, targets, LossWeights())["total"].backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in network.parameters())


def test_the_network_is_compact(network):
    assert sum(p.numel() for p in network.parameters()) < 5_000_000


def test_a_window_is_read_the_same_alone_and_in_a_batch(network):
    batch = example_inputs(4)
    with torch.no_grad():
        together = network(*batch)
        alone = network(*(x[2:3] for x in batch))
    for whole, one in zip(together, alone, strict=True):
        torch.testing.assert_close(whole[2:3], one, rtol=1e-4, atol=1e-5)


def test_no_action_unit_and_no_emotion_has_a_side():
    branch = MotionBranch().eval()
    _, flow, context = example_inputs(2)
    with torch.no_grad():
        straight, mirror = branch(flow, context), branch(mirrored(flow), context)
    torch.testing.assert_close(straight.au_logits, mirror.au_logits)
    torch.testing.assert_close(straight.emotion_logits, mirror.emotion_logits)
    torch.testing.assert_close(mirrored(mirrored(flow)), flow)


def test_the_motion_branch_answers_from_a_flow_map_whose_amplitude_is_lost():
    _, flow, _ = example_inputs(2)
    motion = MotionBranch().eval()(flow, torch.zeros(2, 2))
    assert motion.au_logits.isfinite().all()
    assert motion.emotion_logits.isfinite().all()


def test_the_patch_that_moves_scores_highest_and_a_change_of_light_scores_nothing():
    rng = np.random.default_rng(0)
    patches = torch.tensor(rng.normal(0, 1, (1, 64, 1, 256)), dtype=torch.float32).repeat(1, 1, 8, 1)
    lighter = patches + torch.linspace(0, 1, 8)[None, None, :, None]
    torch.testing.assert_close(temporal_variation(lighter), torch.zeros(1, 64), atol=1e-5, rtol=0)
    lighter[:, 41] = lighter[:, 41].roll(1, dims=-1) * torch.linspace(0, 1, 8)[:, None] + lighter[:, 41]
    assert temporal_variation(lighter).argmax() == 41


def test_patches_that_were_not_kept_change_nothing():
    torch.manual_seed(0)
    sevit = SEViT(keep=(8,)).eval()
    faces = torch.full((1, 8, 128, 128), 0.5)
    faces[:, :, ::2] = 0.6  # texture, so that no patch is flat
    faces[:, 4:, 64:80, 64:80] += 0.1 * torch.rand(16, 16)
    faces[:, 2:, 96:112, :112] += 0.05 * torch.rand(16, 112)
    with torch.no_grad():
        before = sevit(faces).features
        swapped = faces.clone()
        swapped[..., 0:16, 0:16], swapped[..., 0:16, 16:32] = faces[..., 0:16, 16:32], faces[..., 0:16, 0:16]
        swapped[..., 0:16, 0:16] = swapped[..., 0:16, 0:16].flip(-1)
        torch.testing.assert_close(sevit(swapped).features, before, rtol=1e-4, atol=1e-5)


def test_orthogonality_is_zero_at_right_angles_one_in_line_and_blind_to_a_shared_offset():
    a = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    b = torch.tensor([[0.0, 2.0], [0.0, -2.0]])
    assert orthogonality(a, b) == 0
    assert orthogonality(a, -3 * a) == pytest.approx(1)
    assert orthogonality(a + 5, b + 5) == pytest.approx(0)


def test_unknown_targets_have_no_gradient():
    prediction = Prediction(*(field.detach().requires_grad_() for field in MEDN()(*example_inputs(2))))
    unknown = Targets(torch.tensor([-1, -1]), torch.full((2, 12), torch.nan), torch.full((2,), torch.nan))
    medn_loss(prediction, unknown, replace(LossWeights(), orthogonality=0.0))["total"].backward()
    assert all(field.grad is None or (field.grad == 0).all() for field in prediction)


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    """A network, its exported program and a session of its ONNX twin; with few blocks, which are exported alike."""
    torch.manual_seed(0)
    network = MEDN(MEDNConfig(depth=1, keep=(16, 4), members=2)).eval()
    file = tmp_path_factory.mktemp("onnx") / "medn.onnx"
    write_onnx(network, file)
    return network, exported(network).module(), onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("batch", [1, 5])
def test_the_exported_program_and_its_onnx_twin_agree_with_the_network(twins, batch):
    network, program, session = twins
    inputs = example_inputs(batch)
    with torch.no_grad():
        expected = network(*inputs)
        from_program = program(*inputs)
    named = dict(zip(("faces", "flow", "context"), (x.numpy() for x in inputs), strict=True))
    twin = session.run(list(Prediction._fields), named)
    for torch_value, program_value, onnx_value in zip(expected, from_program, twin, strict=True):
        torch.testing.assert_close(program_value, torch_value, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(onnx_value, torch_value.numpy(), rtol=1e-4, atol=1e-5)
