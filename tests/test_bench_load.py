"""The benchmarks that load the machine run, account for every frame, and search correctly. No time is asserted."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import growth, kernels, live, scenes, stages, start, streams
from medn.face.landmarker import FaceCounter
from realtime.motion import reference


def silent(_):
    pass


@pytest.fixture(scope="module")
def portrait_video(tmp_path_factory):
    """Two seconds of one swaying face at 360p."""
    picture = scenes.endless(scenes.tiled(1, (640, 360)))
    return scenes.write_video(map(picture, range(50)), tmp_path_factory.mktemp("bench") / "face.mp4")


@pytest.mark.parametrize("faces", [1, 4])
@pytest.mark.parametrize("size_px", stages.SIZES_PX.values())
def test_every_scene_shows_the_number_of_faces_asked_for(faces, size_px):
    pictures = scenes.tiled(faces, size_px)
    assert pictures[0].shape == (size_px[1], size_px[0], 3)
    counter = FaceCounter()
    assert counter(np.ascontiguousarray(pictures[5][..., ::-1])) == faces
    counter.close()


def test_an_endless_scene_never_jumps():
    picture = scenes.endless([np.full((1, 1, 3), level, np.uint8) for level in range(5)])
    levels = [int(picture(index)[0, 0, 0]) for index in range(30)]
    assert {abs(b - a) for a, b in itertools.pairwise(levels)} == {1}


@given(st.integers(0, 700))
def test_the_highest_rate_found_is_the_highest_that_is_held(capacity_hz):
    def dropped(rate_hz, seconds):
        return max(0.0, 1 - capacity_hz / rate_hz)

    found = live.highest_rate_hz(dropped, live.SIZES["normal"], silent)
    assert found % live.STEP_HZ == 0
    if found:
        assert dropped(found, 60) < live.MAX_DROPPED
    if found < live.MAX_RATE_HZ:
        assert dropped(found + live.STEP_HZ, 60) >= live.MAX_DROPPED


def test_a_rate_that_is_held_only_in_short_trials_does_not_count_as_held():
    found = live.highest_rate_hz(lambda hz, s: float(hz > (100 if s > 10 else 200)), live.SIZES["normal"], silent)
    assert found <= 100


@given(st.integers(0, 40), st.integers(1, 40))
def test_the_most_streams_are_found_with_few_trials(capacity, most):
    trials = []
    found = streams.max_held(lambda count: trials.append(count) or count <= capacity, most)
    assert found == min(capacity, most)
    assert len(trials) <= 2 + 2 * math.log2(most + 1)


def test_live_accounts_for_every_frame_and_names_what_was_dropped(portrait_video):
    picture = scenes.endless(scenes.decoded(portrait_video, 30))
    driven = live.drive(picture, 500, 1.0)
    assert driven.summary.frames_offered == 500
    assert driven.summary.frames_processed + sum(driven.summary.frames_dropped.values()) == 500
    found = live.measure(live.Size(1, 0.5, 0.2, 0.2, (30, 400)), silent, portrait_video)
    assert {"30 fps", "400 fps", "highest rate held"} <= {measure.subject for measure in found.measures}


def test_stages_add_up_to_the_step():
    found = stages.measure(stages.Size(1, 40, ("360p",), (1,)), silent)
    p50 = {m.subject.removeprefix("360p, 1 face: "): m.median for m in found.measures if m.quantity == "p50"}
    assert {"decode", "landmarks", "tracks", "align", "motion", "spot", "all but landmarks"} <= set(p50)
    assert p50["step between landmarks"] < p50["landmarks"] < p50["step with landmarks"]


def test_growth_finds_what_a_face_costs_and_what_a_long_run_leaves():
    found = growth.measure(growth.Size(1, 6, 250), silent)
    subjects = {measure.subject for measure in found.measures}
    assert {"1 face", "4 faces", "a further face", "250 frames"} <= subjects


def test_a_leak_shows_as_growth_and_a_flat_run_as_none():
    frames = tuple(range(0, 100_000, 500))
    flat = growth.LongRun(frames, tuple(100.0 for _ in frames), tuple(1.0 for _ in frames))
    leaking = growth.LongRun(
        frames, tuple(100 + frame / 10_000 for frame in frames), tuple(1 + f / 1e5 for f in frames)
    )
    assert abs(flat.growth_mib(100_000)) < 1e-6
    assert leaking.growth_mib(100_000) == pytest.approx(10)
    assert flat.slowing() == 1
    assert leaking.slowing() > 1.5


def test_two_streams_run_at_once_in_processes_of_their_own(portrait_video):
    drives = streams.run_streams(2, portrait_video, 0.5)
    assert [drive.summary.frames_offered for drive in drives] == [15, 15]


@pytest.mark.parametrize(("app", "parts"), [(False, start.PARTS), (True, start.APP_PARTS)])
def test_the_parts_of_a_start_follow_each_other(portrait_video, app, parts):
    done_s = start.start_s(portrait_video, app=app)
    assert len(done_s) == len(parts)
    assert done_s[0] > 0
    assert list(done_s) == sorted(done_s)


def test_what_the_kernels_are_measured_against_gives_the_same(portrait_crop):
    rng = np.random.default_rng(0)
    crop, _ = portrait_crop
    noisy = [np.clip(crop + rng.normal(0, 3, crop.shape), 0, 255).astype(np.uint8) for _ in range(3)]
    faces = [kernels.normalised(face) for face in noisy]
    by_opencv = kernels.OpenCVSums()(*faces).reshape(6, -1).T
    assert np.allclose(by_opencv, reference.cell_sums(*faces), rtol=1e-3, atol=1e-3)
    assert np.allclose(kernels.scipy_normalise(noisy[0]), faces[0], atol=2e-2)


def test_alignment_in_numpy_gives_the_same_face(portrait):
    from medn.face.aligned import align, alignment

    warp = alignment(portrait.points)
    difference = np.abs(align(portrait.image, warp).astype(int) - kernels.numpy_align(portrait.image, warp))
    assert difference.mean() < 1
    assert np.percentile(difference, 99) <= 3


def test_every_kernel_job_has_the_product_among_its_contestants():
    for product, contestants in kernels.jobs().values():
        assert product in contestants
        for work in contestants.values():
            work()
