"""Recognition in the stream: the window is the one that training uses, and the answer is on the event."""

from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from gui.cli import app
from medn.contract import AU_CLAIMED_AT, AU_NAMES
from medn.face.window import window
from medn.runtime import RuntimeUnavailableError
from realtime.pipeline import Pipeline, PipelineParameters
from realtime.recognition.classifier import classifier_inputs, shipped_classifier
from realtime.recognition.recognizer import NO_WINDOW, Recognized, Recognizer
from realtime.ring import Ring
from realtime.spotting.parameters import MAX_MICRO_S
from realtime.types import Candidate

MOVEMENT = Candidate(0, 3.0, 3.15, 3.35, 90, 94, 100, {}, {}, {}, 0.0)


@pytest.fixture(scope="module")
def crops(act, shapes):
    """A ring of aligned faces in which the brows go up at 3 s, and the same as plain arrays."""
    from medn.face.aligned import align, alignment
    from medn.face.landmarker import Landmarker

    unit = shapes.action_units(["AU1", "AU2"])
    unit = unit * 0.03 / np.linalg.norm(unit[:, :2], axis=1).max()
    times_s = np.arange(2.5, 4.0, 1 / 30)
    frames = act(times_s, lambda t: unit * max(0.0, 1 - abs(t - 3.15) / 0.15))
    with Landmarker("image") as landmarker:
        warp = alignment(landmarker(np.ascontiguousarray(frames[0].image[:, :, ::-1]))[0].points)
    faces = np.array([align(frame.image, warp) for frame in frames])
    ring = Ring(100, faces.shape[1:], np.uint8)
    for frame, face in zip(frames, faces, strict=True):
        ring.append(frame.time_s, frame.index, face)
    return ring, faces, times_s


def test_a_live_candidate_is_read_from_the_very_window_that_training_samples_are_made_of(crops):
    ring, faces, times_s = crops
    recognizer = Recognizer()
    read = []
    recognize = recognizer.runtime

    class Listening:
        def __call__(self, batch):
            read.append((batch.faces.copy(), batch.flow.copy(), batch.context.copy()))
            return recognize(batch)

    recognizer.runtime = Listening()
    recognizer([(MOVEMENT, ring)], MAX_MICRO_S)
    expected = window(faces, times_s, MOVEMENT.onset_s, MOVEMENT.apex_s)
    [(seen, flow, context)] = read
    assert np.array_equal(seen[0], expected.faces)
    assert np.array_equal(flow[0], expected.flow)
    assert context[0] == pytest.approx([expected.amplitude_iod, expected.rise_s])


def test_raised_brows_are_named_and_candidates_that_fall_due_together_are_read_as_alone(crops):
    ring, *_ = crops
    recognizer = Recognizer()
    [alone] = recognizer([(MOVEMENT, ring)], MAX_MICRO_S)
    assert sum(alone.emotion.values()) == pytest.approx(1, abs=1e-5)
    assert max(alone.emotion, key=alone.emotion.get) == "surprise"
    assert max(alone.aus["AU1"], alone.aus["AU2"]) >= AU_CLAIMED_AT
    for other in recognizer([(MOVEMENT, ring)] * 3, MAX_MICRO_S):
        assert other.emotion == pytest.approx(alone.emotion, abs=1e-4)


def test_a_candidate_without_a_window_is_not_read_and_gives_the_reason(crops):
    ring, *_ = crops
    long, gone = replace(MOVEMENT, offset_s=3.9), replace(MOVEMENT, onset_s=1.0, apex_s=1.2, offset_s=1.3)
    for recognized in Recognizer()([(long, ring), (gone, ring)], MAX_MICRO_S):
        assert recognized.emotion is None
        assert recognized.aus is None
        assert recognized.micro == NO_WINDOW


def test_the_classifier_uses_the_action_units_and_none_where_there_was_no_window():
    from_medn = {"micro", "class", *AU_NAMES}
    features = dict.fromkeys(set(shipped_classifier().names.tolist()) - from_medn, 0.3)
    without = classifier_inputs(features, Recognized())
    recognized = Recognized(NO_WINDOW, {"negative": 0.3, "surprise": 0.7}, dict.fromkeys(AU_NAMES, 0.9))
    with_units = classifier_inputs(features, recognized)
    assert {without[name] for name in from_medn - {"micro"}} == {0.0}
    assert with_units["class"] == 0.7
    assert shipped_classifier().log_odds(without) != shipped_classifier().log_odds(with_units)


def test_a_runtime_asked_for_by_name_that_cannot_run_is_an_error_not_a_fallback(film, tmp_path):
    with pytest.raises(RuntimeUnavailableError, match="no runtime"):
        Pipeline(PipelineParameters(runtime="abacus"))
    result = CliRunner().invoke(app, ["replay", str(film), "--runtime", "abacus", "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert "abacus" in result.stderr


def test_a_runtime_that_fails_and_is_replaced_is_reported_with_the_next_frame(act):
    [frame] = act([0.0], lambda t: np.zeros((478, 2)))
    with Pipeline() as pipeline:
        pipeline.recognizer.runtime._notice("the GPU failed; the CPU goes on")
        assert pipeline.step(frame).notices == ("the GPU failed; the CPU goes on",)
        assert pipeline.step(replace(frame, index=1, time_s=0.04)).notices == ()
