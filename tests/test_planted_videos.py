"""Planted videos: plans whose every movement is known, and the videos made of them."""

import csv
from dataclasses import replace

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medn.face.landmarker import BLENDSHAPES, Landmarker
from medn.synthetic.film import film, frame_times, sample_script, write_planted
from medn.synthetic.movements import PROTOTYPES, blink, micro
from medn.synthetic.planted import CALIBRATION_S, MOVEMENTS_HEADER, Camera, Rates, Script, plan
from medn.synthetic.portrait import Portrait, astronaut, fit
from medn.synthetic.puppet import REST
from medn.synthetic.registration import load_shapes
from medn.synthetic.scene import Actor
from medn.synthetic.shapes import peak_iod
from medn.synthetic.timing import WHOLE_MS, macro_curve, micro_curve

SIZE = (480, 270)
CLEAN = Camera(iod_px=200, noise=0.0, kbit_s=20_000, jitter=0.0, dropped=0.0, exposure=0.1)
NONE = Rates(micro=0, blink=0, gaze=0, macro=0, speech=0, head=0, swallow=0, light=0)

seeds = st.integers(0, 10_000)


@pytest.fixture(scope="module")
def portrait() -> Portrait:
    return astronaut()


def decode(path):
    with av.open(str(path)) as container:
        return [
            (float(frame.pts * frame.time_base), frame.to_ndarray(format="bgr24"))
            for frame in container.decode(video=0)
        ]


def still(script: Script, *movements) -> Script:
    """A script with nothing in it but these movements, taken by a clean camera."""
    return replace(script, movements=movements, sway=(), camera=CLEAN)


@given(seeds)
def test_a_micro_expression_lasts_as_long_as_measured_ones(seed):
    curve = micro_curve(1.0, np.random.default_rng(seed))
    shortest, longest = min(low for low, _, _ in WHOLE_MS.values()), max(high for _, _, high in WHOLE_MS.values())
    assert curve.onset_s < curve.apex_s < curve.offset_s
    assert shortest <= 1000 * (curve.offset_s - curve.onset_s) <= longest


def test_drawn_durations_have_the_measured_medians():
    rng = np.random.default_rng(0)
    curves = [micro_curve(0.0, rng) for _ in range(1500)]
    whole = np.array([curve.offset_s for curve in curves]) * 1000
    assert abs(np.median(whole) - np.mean([middle for _, middle, _ in WHOLE_MS.values()])) < 40


@given(seeds, st.booleans())
def test_a_movement_starts_peaks_and_ends_at_rest(seed, long):
    rng = np.random.default_rng(seed)
    curve = macro_curve(1.0, 2.0, rng) if long else micro_curve(1.0, rng)
    tick = 1e-4
    for at, value in ((curve.onset_s, 0.0), (curve.apex_s, 1.0), (curve.offset_s, 0.0), (curve.end_s, 0.0)):
        assert curve(at) == pytest.approx(value, abs=1e-6)
        assert abs(curve(at + tick) - curve(at - tick)) < 0.02
    values = [curve(at) for at in np.linspace(0.9, 4.0, 300)]
    assert min(values) > -0.11
    assert max(values) <= 1.0


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_a_plan_is_sound_whatever_the_seed(seed):
    script = plan(seed, 40.0)
    assert script == plan(seed, 40.0)
    for movement in script.movements:
        assert 0 <= movement.onset_s <= movement.apex_s <= movement.offset_s
    for one, following in zip(script.micro, script.micro[1:], strict=False):
        assert one.offset_s < following.onset_s
    for movement in script.micro:
        assert movement.onset_s >= CALIBRATION_S
        assert movement.offset_s <= 40.0
        assert 0.006 <= movement.amplitude_iod <= 0.035
        assert any(movement.aus in choices for choices in PROTOTYPES.values())


def test_half_of_the_micro_expressions_are_one_action_unit_and_a_fifth_one_sided():
    rng = np.random.default_rng(0)
    drawn = [micro(1.0, rng) for _ in range(600)]
    assert 0.43 < np.mean([len(movement.aus) == 1 for movement in drawn]) < 0.57
    assert 0.14 < np.mean([movement.side != "both" for movement in drawn]) < 0.26


def test_a_plan_holds_as_much_as_its_rates_ask_for():
    script = plan(5, 300.0, Rates(micro=4, blink=15, macro=3))
    count = {kind: sum(m.kind == kind for m in script.movements) for kind in ("micro", "blink", "macro")}
    assert 18 <= count["micro"] <= 21
    assert 55 <= count["blink"] <= 76
    assert 12 <= count["macro"] <= 16


def test_micro_expressions_into_which_something_falls_are_marked():
    script = plan(3, 300.0, Rates(micro=10, blink=40))
    for movement in script.micro:
        met = any(
            other.kind in ("blink", "macro", "speech", "head")
            and other.onset_s < movement.offset_s
            and movement.onset_s < other.offset_s
            for other in script.movements
        )
        assert movement.disturbed or not met


def test_a_video_too_short_to_hold_anything_is_refused():
    with pytest.raises(ValueError, match="at least 5 s"):
        plan(0, 2.0)


def test_the_amplitude_is_what_the_skin_moves_at_the_apex(portrait):
    shapes = fit(load_shapes(), portrait)
    rng = np.random.default_rng(1)
    for movement in [micro(1.0, rng) for _ in range(30)]:
        actor = Actor(still(plan(0, 5.0), movement), shapes)
        displacement, head, gain = actor(movement.apex_s)
        assert peak_iod(displacement) == pytest.approx(movement.amplitude_iod, rel=1e-4)
        assert (head, gain) == (REST, 1.0)
        assert peak_iod(actor(movement.onset_s)[0]) == 0


def test_the_same_script_gives_the_same_video(portrait, tmp_path):
    script = replace(plan(7, 5.0), duration_s=0.5)
    for name in ("a.mp4", "b.mp4"):
        film(script, portrait, tmp_path / name, size_px=SIZE)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


@pytest.mark.parametrize("fps", [24.0, 30.0, 60.0, 200.0])
def test_a_video_carries_its_frames_true_times(portrait, tmp_path, fps):
    script = replace(plan(7, 5.0, camera=Camera(jitter=0.1, dropped=0.05)), duration_s=30 / fps)
    film(script, portrait, tmp_path / "video.mp4", fps=fps, size_px=(320, 180))
    times = [time for time, _ in decode(tmp_path / "video.mp4")]
    np.testing.assert_allclose(times, frame_times(script, fps), atol=1e-4)
    assert (np.diff(times) > 0).all()


def test_optical_flow_finds_the_planted_apex_in_the_video(portrait, tmp_path):
    movement = next(
        m for m in (micro(0.5, np.random.default_rng(seed), (0.03, 0.03)) for seed in range(99))
        if m.aus == ("AU12",) and m.side == "both"
    )  # fmt: skip
    script = replace(still(plan(0, 5.0), movement), duration_s=1.2)
    film(script, portrait, tmp_path / "video.mp4", size_px=SIZE)
    frames = decode(tmp_path / "video.mp4")
    grey = [cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) for _, image in frames]
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    reach_px = np.array([np.percentile(np.linalg.norm(flow.calc(grey[0], face, None), axis=2), 99.7) for face in grey])
    iod_px = CLEAN.iod_px * SIZE[1] / 720
    assert abs(frames[int(reach_px.argmax())][0] - movement.apex_s) < 0.07
    assert 0.5 * movement.amplitude_iod < reach_px.max() / iod_px < 1.4 * movement.amplitude_iod
    assert reach_px[-1] < 0.25 * reach_px.max()


def test_a_planted_blink_raises_the_landmarker_s_eye_blink(portrait, tmp_path):
    movement = blink(0.4, np.random.default_rng(2))
    script = replace(still(plan(0, 5.0), movement), duration_s=1.0)
    film(script, portrait, tmp_path / "video.mp4", size_px=(640, 360))
    column = BLENDSHAPES.index("eyeBlinkLeft")
    with Landmarker("video") as landmarker:
        seen = [
            (time, landmarker(image[:, :, ::-1].copy(), time)[0].blendshapes[column])
            for time, image in decode(tmp_path / "video.mp4")
        ]
    before = np.mean([value for time, value in seen if time < 0.4])
    during = max(value for time, value in seen if movement.onset_s < time < movement.offset_s)
    assert during > before + 0.15


def test_the_truth_lists_micro_expressions_only_and_movements_all(portrait, tmp_path):
    each_two_seconds = (30.0, 30.0)
    paths = list(write_planted(tmp_path / "set", [portrait], 2, 6.0, 4, size_px=(160, 90), micro_rate=each_two_seconds))
    assert [path.name for path in paths] == ["planted-4-000.mp4", "planted-4-001.mp4"]
    text = (tmp_path / "set" / "truth.csv").read_text().splitlines()
    assert text[0] == "video,onset_s,apex_s,offset_s,emotion,aus,amplitude_percent_iod,side,context"
    truth = list(csv.DictReader(text))
    with (tmp_path / "set" / "movements.csv").open() as lines:
        everything = list(csv.DictReader(lines))
    assert tuple(everything[0]) == MOVEMENTS_HEADER
    assert {row["kind"] for row in everything} > {"micro", "gaze"}
    planted = [{key: row[key] for key in truth[0]} for row in everything if row["kind"] == "micro"]
    assert truth == planted
    assert {row["video"] for row in truth} == {path.name for path in paths}
    for row in truth:
        assert float(row["onset_s"]) < float(row["apex_s"]) < float(row["offset_s"]) <= 6.0
        assert row["emotion"] in PROTOTYPES
        assert tuple(row["aus"].split("+")) in PROTOTYPES[row["emotion"]]


def test_planted_videos_hold_micro_expressions_as_often_as_asked():
    drawn = [len(plan(seed, 300.0, micro_rate=(3, 9)).micro) / 5 for seed in range(12)]
    assert min(drawn) > 2.5
    assert 7 < max(drawn) <= 9.2
    assert plan(5, 60.0, micro_rate=(0, 0)).micro == ()


@pytest.mark.parametrize("rate", [(9, 3), (-1, 2), (1, 1000), (float("nan"), 2)])
def test_a_rate_that_cannot_be_is_refused_in_a_sentence(rate):
    with pytest.raises(ValueError, match="give the fewest and the most"):
        plan(0, 60.0, micro_rate=rate)


def test_planted_videos_need_a_face(tmp_path):
    with pytest.raises(ValueError, match="at least one portrait"):
        next(write_planted(tmp_path, [], 1, 6.0, seed=0))


def test_the_demo_s_sample_holds_six_clear_micro_expressions_and_a_smile():
    script = sample_script()
    assert len(script.micro) == 6
    assert all(0.015 <= movement.amplitude_iod <= 0.035 and not movement.disturbed for movement in script.micro)
    assert {movement.emotion for movement in script.micro} == set(PROTOTYPES)
    assert [m.aus for m in script.movements if m.kind == "macro"] == [("AU6", "AU12")]
    assert sum(movement.kind == "blink" for movement in script.movements) >= 6
