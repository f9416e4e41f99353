"""Recognition in the stream: the window is the one that training uses, and the answer is on the event."""

from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from medn.cli import app
from medn.face.window import window
from medn.model import AU_NAMES
from medn.runtime import RuntimeUnavailableError
from realtime.pipeline import Pipeline, PipelineParameters
from realtime.recognition import UNREAD, Candidate, Recognizer
from realtime.results import Event, action_units_of, emotion_of
from realtime.ring import Ring
from realtime.spotting.decision import decide, features, shipped_decision

MOVEMENT = Event(0, 3.0, 3.15, 3.35, 90, 94, 100, 0.0, {}, {}, 0.0, 0.0)


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
    recognizer([Candidate(MOVEMENT, ring)])
    expected = window(faces, times_s, MOVEMENT.onset_s, MOVEMENT.apex_s)
    [(seen, flow, context)] = read
    assert np.array_equal(seen[0], expected.faces)
    assert np.array_equal(flow[0], expected.flow)
    assert context[0] == pytest.approx([expected.amplitude_iod, expected.rise_s])


def test_raised_brows_are_named_and_candidates_that_fall_due_together_are_read_as_alone(crops):
    ring, *_ = crops
    recognizer = Recognizer()
    [event] = recognizer([Candidate(MOVEMENT, ring)])
    assert sum(event.emotion.values()) == pytest.approx(1, abs=1e-5)
    assert emotion_of(event) == "surprise"
    assert {"AU1", "AU2"} & set(action_units_of(event))
    together = recognizer([Candidate(MOVEMENT, ring)] * 3)
    for other in together:
        assert other.emotion == pytest.approx(event.emotion, abs=1e-4)


def test_a_candidate_without_a_window_is_not_read_and_says_so(crops):
    ring, *_ = crops
    long, gone = replace(MOVEMENT, offset_s=3.9), replace(MOVEMENT, onset_s=1.0, apex_s=1.2, offset_s=1.3)
    for event in Recognizer()([Candidate(long, ring), Candidate(gone, ring)]):
        assert event.emotion is None
        assert event.aus is None
        assert event.evidence["micro"] == UNREAD


def test_the_decision_hears_which_action_units_were_read_and_of_an_unread_candidate_none():
    from_medn = {*AU_NAMES, "class"}
    unread = replace(MOVEMENT, evidence=dict.fromkeys(set(shipped_decision().names.tolist()) - from_medn, 0.3))
    read = replace(unread, aus=dict.fromkeys(AU_NAMES, 0.9), emotion={"negative": 0.3, "surprise": 0.7})
    assert {features(unread)[name] for name in from_medn} == {0.0}
    assert features(read)["class"] == 0.7
    scores = [decide(event, shipped_decision(), 0.0).score for event in (unread, read)]
    assert scores[0] != scores[1]


def test_a_runtime_asked_for_by_name_that_cannot_run_is_an_error_not_a_fallback(film, tmp_path):
    with pytest.raises(RuntimeUnavailableError, match="no runtime"):
        Pipeline(PipelineParameters(runtime="abacus"))
    result = CliRunner().invoke(app, ["replay", str(film), "--runtime", "abacus", "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert "abacus" in result.stderr


def test_a_runtime_that_fails_and_is_replaced_is_told_with_the_next_frame(act):
    [frame] = act([0.0], lambda t: np.zeros((478, 2)))
    with Pipeline() as pipeline:
        pipeline.recognizer.runtime._notice("the GPU failed; the CPU goes on")
        pipeline.step(frame)
        assert pipeline.analysis.notices == ("the GPU failed; the CPU goes on",)
        pipeline.step(replace(frame, index=1, time_s=0.04))
        assert pipeline.analysis.notices == ()
