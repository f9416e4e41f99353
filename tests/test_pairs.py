"""Training pairs show what their labels say, inside the face, and the same again from the same seed."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from medn.contract import AU_NAMES, EMOTIONS, SIZE_PX
from medn.face.flow import amplitude_iod, cell_centres_px, framed, without_rigid_motion
from medn.synthetic.movements import COMBINATIONS, draw_combination
from medn.synthetic.pairs import OPENED, Recipe, pairs
from medn.synthetic.portrait import astronaut
from medn.synthetic.registration import load_shapes

QUIET = Recipe(lids=0, gaze=0, mouth=0, along=0, head_sd_deg=0, one_sided=0, noise=(0.3, 0.5), jpeg=0)


@pytest.fixture(scope="module")
def portrait():
    return astronaut()


def drawn(portrait, count, seed=0, recipe=None):
    return list(islice(pairs([portrait], [load_shapes()], seed, recipe), count))


def test_the_same_seed_gives_the_same_pairs_and_another_seed_others(portrait):
    first, again, other = drawn(portrait, 5), drawn(portrait, 5), drawn(portrait, 5, seed=1)
    assert all(np.array_equal(a.flow, b.flow) for a, b in zip(first, again, strict=True))
    assert not any(np.array_equal(a.flow, b.flow) for a, b in zip(first, other, strict=True))


def test_labels_are_classes_and_units_of_the_network(portrait):
    for pair in drawn(portrait, 40):
        assert 0 <= pair.emotion < len(EMOTIONS)
        assert set(pair.aus.tolist()) <= {0.0, 1.0, np.float32(OPENED)}
        assert pair.identity == "astronaut"
        assert pair.flow.shape == (2, 64, 64)


def test_brows_that_rise_and_brows_that_fall_move_as_their_label_states(portrait):
    _, y = cell_centres_px()
    seen = {"AU1": [], "AU4": []}
    for pair in drawn(portrait, 240, recipe=QUIET):
        there = {name for name, value in zip(AU_NAMES, pair.aus, strict=True) if value == 1}
        if there in ({"AU1", "AU2"}, {"AU4"}):
            flow = without_rigid_motion(framed(pair.flow.astype(np.float32)))
            brows = flow[1, (y > 12) & (y < 34), 7:21]
            seen["AU1" if "AU1" in there else "AU4"].append(float(brows.mean()))
    assert np.mean(np.array(seen["AU1"]) < 0) > 0.8  # up
    assert np.mean(np.array(seen["AU4"]) > 0) > 0.8  # down


def test_movements_are_as_small_as_micro_expressions_are(portrait):
    amplitudes = [amplitude_iod(without_rigid_motion(framed(p.flow.astype(np.float32)))) for p in drawn(portrait, 60)]
    assert 0.3 < np.median(amplitudes) < 3.0


def test_every_unit_and_every_class_is_drawn_often_enough_to_be_learned():
    rng = np.random.default_rng(0)
    draws = [draw_combination(rng) for _ in range(3000)]
    assert {drawn.emotion for drawn in draws} == set(EMOTIONS) == set(COMBINATIONS)
    for unit in AU_NAMES:
        assert np.mean([unit in drawn.units for drawn in draws]) > 0.05, unit
    assert {drawn.emotion for drawn in draws if drawn.one_sided} == {"negative"}


def test_a_dimple_on_one_side_of_the_face_is_contempt_and_moves_that_side(portrait):
    x, _ = cell_centres_px()
    lopsided = {0: [], 1: []}
    for pair in drawn(portrait, 400, recipe=QUIET):
        there = {name for name, value in zip(AU_NAMES, pair.aus, strict=True) if value == 1}
        if "AU12" in there and there <= {"AU12", "AU14"}:
            size = np.hypot(*without_rigid_motion(framed(pair.flow.astype(np.float32))))
            left, right = size[:, x < SIZE_PX / 2].mean(), size[:, x > SIZE_PX / 2].mean()
            lopsided[pair.emotion].append(abs(left - right) / (left + right))
    assert np.median(lopsided[EMOTIONS.index("negative")]) > 2 * np.median(lopsided[EMOTIONS.index("positive")])


def test_pairs_without_portraits_are_refused():
    with pytest.raises(ValueError, match="at least one portrait"):
        next(pairs([], [load_shapes()], 0))


def test_beside_a_frown_the_middle_of_the_face_moves_little_as_in_published_maps(portrait):
    _, y = cell_centres_px()

    def middle_against_brows(by_reach):
        ratios = []
        for pair in drawn(portrait, 400, recipe=replace(QUIET, by_reach=by_reach)):
            there = {name for name, value in zip(AU_NAMES, pair.aus, strict=True) if value == 1}
            if there in ({"AU4", "AU9"}, {"AU4", "AU10"}):
                size = np.hypot(*framed(pair.flow.astype(np.float32)))
                ratios.append(size[(y > 58) & (y < 82), 10:18].mean() / size[(y > 12) & (y < 34), 7:21].mean())
        return np.median(ratios)

    assert middle_against_brows(QUIET.by_reach) < 0.6 * middle_against_brows((0, 0))
