"""Weights are read only if they are complete and have a card that is theirs."""

import json

import onnxruntime
import pytest
import torch
from safetensors.torch import save_file

from medn.model.config import MEDNConfig
from medn.model.medn import MEDN, example_inputs
from medn.weights import UNTRAINED, read_weights, write_weights

torch.set_num_threads(1)
SMALL = MEDNConfig(width=32, depth=1, heads=2, members=1, keep=(4, 2))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    torch.manual_seed(1)
    network = MEDN(SMALL).eval()
    file = write_weights(tmp_path_factory.mktemp("weights"), "small", network, {"synthetic": True, "limits": "a test"})
    return network, file


def copied(written, folder):
    for suffix in (".safetensors", ".json"):
        (folder / f"small{suffix}").write_bytes(written[1].with_suffix(suffix).read_bytes())
    return folder / "small.safetensors"


def test_weights_come_back_with_their_card_and_their_twin(written):
    network, file = written
    back = read_weights(file)
    assert back.name == "small"
    assert back.synthetic
    assert back.card["limits"] == "a test"
    assert back.card["parameters"] == sum(p.numel() for p in network.parameters())
    inputs = example_inputs(2)
    with torch.no_grad():
        expected = network(*inputs)
        torch.testing.assert_close(back.network()(*inputs), expected)
    assert back.onnx is not None
    twin = onnxruntime.InferenceSession(back.onnx, providers=["CPUExecutionProvider"])
    names = [node.name for node in twin.get_inputs()]
    au_logits = twin.run(["au_logits"], dict(zip(names, (x.numpy() for x in inputs), strict=True)))[0]
    torch.testing.assert_close(torch.from_numpy(au_logits), expected.au_logits, rtol=1e-4, atol=1e-5)


def test_another_file_under_the_same_card_is_refused(written, tmp_path):
    file = copied(written, tmp_path)
    save_file(MEDN(SMALL).state_dict(), file)
    with pytest.raises(ValueError, match="hashes differ"):
        read_weights(file)


def test_weights_without_a_card_are_refused(written, tmp_path):
    file = copied(written, tmp_path)
    file.with_suffix(".json").unlink()
    with pytest.raises(ValueError, match="no card"):
        read_weights(file)


def test_a_card_that_describes_another_network_is_refused(written, tmp_path):
    file = copied(written, tmp_path)
    card = json.loads(file.with_suffix(".json").read_text())
    card["network"]["width"] = 64
    file.with_suffix(".json").write_text(json.dumps(card))
    with pytest.raises(ValueError, match="does not fit"):
        read_weights(file).network()
    file.with_suffix(".json").write_text("{")
    with pytest.raises(ValueError, match="cannot be read as the card"):
        read_weights(file)


def test_a_name_that_is_none_is_refused_with_the_way_out():
    with pytest.raises(ValueError, match="medn-synthetic-v1"):
        read_weights("nothing-like-this")


def test_an_untrained_network_comes_only_by_that_name():
    untrained = read_weights(UNTRAINED)
    assert untrained.name == "untrained"
    assert untrained.onnx is None
    assert untrained.network()(*example_inputs(1)).emotion_logits.shape == (1, 3)


def test_the_shipped_weights_are_whole_small_synthetic_and_state_what_they_may_not_be_used_for():
    shipped = read_weights()
    assert shipped.synthetic
    assert shipped.onnx is not None
    assert shipped.file.stat().st_size + shipped.onnx.stat().st_size < 20_000_000
    card = json.dumps(shipped.card)
    assert all(
        source in card for source in ("10.6084/m9.figshare.5047666", "10.6084/m9.figshare.4220517", "ICT-FaceKit")
    )
    assert "No use for lie detection, hiring, schooling or policing." in shipped.card["limits"]
    inputs = example_inputs(3)
    with torch.no_grad():
        expected = shipped.network()(*inputs)
    twin = onnxruntime.InferenceSession(shipped.onnx, providers=["CPUExecutionProvider"])
    feed = {node.name: x.numpy() for node, x in zip(twin.get_inputs(), inputs, strict=True)}
    for name in ("emotion_logits", "au_logits", "micro_logit"):
        told_by_twin = torch.from_numpy(twin.run([name], feed)[0])
        torch.testing.assert_close(told_by_twin, getattr(expected, name), rtol=1e-3, atol=1e-4)


def test_weights_may_be_read_by_whoever_may_read_their_card(written):
    _, file = written
    assert file.stat().st_mode == file.with_suffix(".json").stat().st_mode
