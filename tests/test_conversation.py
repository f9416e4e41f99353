"""Videos of conversing people: speech as asked, micro-expressions independent of it, motion as large as real faces'."""

import csv
from dataclasses import replace
from itertools import pairwise

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.face_motion import measure
from medn.synthetic.conversation import (
    MICRO_GAP_S,
    SPEECH_SHARE,
    draw_camera,
    draw_person,
    plan_conversation,
    speaking_turns,
    write_conversations,
)  # fmt: skip
from medn.synthetic.film import film
from medn.synthetic.planted import CALIBRATION_S
from medn.synthetic.portrait import Portrait, astronaut

SIZE = (352, 288)
seeds = st.integers(0, 10_000)


@pytest.fixture(scope="module")
def portrait() -> Portrait:
    return astronaut()


def person(seed: int = 0, share: float = 0.5):
    return draw_person(np.random.default_rng(seed), share)


def times_of(path):
    with av.open(str(path)) as container:
        return [float(frame.pts * frame.time_base) for frame in container.decode(video=0)]


@settings(max_examples=20, deadline=None)
@given(seeds, st.floats(*SPEECH_SHARE))
def test_people_speak_as_much_as_asked(seed, share):
    turns = speaking_turns(60.0, share, np.random.default_rng(seed))
    assert sum(end - start for start, end in turns) == pytest.approx(60.0 * share, abs=0.5)
    assert all(0 <= start < end <= 60.0 for start, end in turns)
    assert all(end < start for (_, end), (start, _) in pairwise(turns))


def test_micro_expressions_do_not_depend_on_what_else_happens():
    for seed in range(5):
        talker, listener = (plan_conversation(seed, 60.0, person(share=share)) for share in (0.7, 0.0))
        assert [replace(m, context="", disturbed=False) for m in talker.micro] == [
            replace(m, context="", disturbed=False) for m in listener.micro
        ]
        assert all(m.context != "speaking" for m in listener.micro)


def test_micro_expressions_fall_into_speech_as_often_as_anywhere_else():
    inside, total = 0, 0
    for seed in range(40):
        script = plan_conversation(seed, 60.0, person(seed), micro_rate=(9, 9))
        speech = [(m.onset_s, m.offset_s) for m in script.movements if m.kind == "speech"]
        inside += sum(any(start <= m.apex_s <= end for start, end in speech) for m in script.micro)
        total += len(script.micro)
    assert total > 300
    assert 0.42 < inside / total < 0.62


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_a_conversation_is_sound_and_the_same_for_the_same_seed(seed):
    plan_conversation(seed, 5.0)  # so short that hardly anything happens
    script = plan_conversation(seed, 30.0)
    assert script == plan_conversation(seed, 30.0)
    assert all(0 <= m.onset_s <= m.apex_s <= m.offset_s for m in script.movements)
    for movement in script.micro:
        assert movement.onset_s >= CALIBRATION_S
        assert movement.offset_s <= 30.0
        assert movement.context in ("still", "speaking", "head moving")
    for one, following in pairwise(script.micro):
        assert following.onset_s > one.offset_s + MICRO_GAP_S


@given(seeds)
def test_a_face_fits_into_the_cameras_picture(seed):
    camera = draw_camera(np.random.default_rng(seed))
    iod_px = camera.iod_px * camera.size_px[1] / 720
    assert 45 <= round(iod_px, 6) <= 170
    assert 24 <= camera.fps <= 60
    assert camera.size_px[1] >= 3 * iod_px


@pytest.mark.parametrize(("codec", "name"), [("h264", "a.mp4"), ("vp8", "a.webm")])
def test_times_increase_though_frames_are_lost_and_the_same_script_gives_the_same_video(
    portrait, tmp_path, codec, name
):
    script = plan_conversation(4, 8.0)
    camera = replace(script.camera, iod_px=150.0, codec=codec, frozen=400.0, dropped=0.05, jitter=0.1)
    script = replace(script, duration_s=1.5, camera=camera)
    (tmp_path / "again").mkdir()
    for folder in (tmp_path, tmp_path / "again"):
        film(script, portrait, folder / name, 60.0, SIZE)
    steps = np.diff(times_of(tmp_path / name))
    assert (steps > 0).all()
    assert steps.max() > 0.08  # the picture stood still for a while
    assert (tmp_path / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_truth_carries_amplitude_and_context(portrait, tmp_path):
    (path,) = write_conversations(tmp_path, [portrait], 1, 6.0, seed=3, micro_rate=(30, 30))
    with (tmp_path / "truth.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert {row["video"] for row in rows} == {path.name}
    assert all(0.6 <= float(row["amplitude_percent_iod"]) <= 3.5 for row in rows)
    assert {row["context"] for row in rows} <= {"still", "speaking", "head moving"}


def test_a_speaking_face_moves_as_much_as_real_ones(portrait, tmp_path):
    """Bounds: 10th and 90th percentile of real people who speak (docs/synthetic.md).

    The lower ones are halved for this portrait: it smiles with open lips, which hides a part of their motion.
    """
    average = replace(person(), speech_share=0.7, articulation=1.2, liveliness=1.0, head=1.0, syllables_hz=4.5)
    script = plan_conversation(1, 12.0, average, micro_rate=(0, 0))
    camera = replace(script.camera, iod_px=180.0, size_px=SIZE, fps=25.0, codec="h264", frozen=0.0, glasses=False)
    film(replace(script, camera=camera), portrait, tmp_path / "speaker.mp4", 25.0, SIZE)
    motion = measure(tmp_path / "speaker.mp4")
    for group, low, high in (
        ("brows", 0.24, 2.1), ("nose, cheeks", 0.34, 1.3), ("mouth corners", 1.4, 3.2), ("lips, chin", 1.7, 3.7),
    ):  # fmt: skip
        assert low / 2 < motion.level(group, 50, speaking=True) < high, group


@pytest.mark.parametrize("wrong", [{"duration_s": 2.0}, {"duration_s": 20.0, "micro_rate": (5, 1)}])
def test_a_conversation_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match=r"at least|between 0 and"):
        plan_conversation(0, **wrong)


def test_a_speech_share_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"from 0 to 0\.7"):
        person(share=0.9)
