"""Synthetic movement: action units as landmark displacement, and portraits that move by it."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medn.face.landmarker import BLENDSHAPES, OVAL, Landmarker
from medn.synthetic.mesh import LOWER_LIDS, UPPER_LIDS
from medn.synthetic.portrait import SHARES, Portrait, astronaut, fit, split_of
from medn.synthetic.puppet import RINGS_IOD, HeadMotion, Puppet
from medn.synthetic.registration import load_shapes
from medn.synthetic.shapes import ACTION_UNITS, Shapes, read_shapes, write_shapes

MOUTH_CORNERS = [61, 291]
INNER_BROWS, OUTER_BROWS = [107, 336], [70, 300]
NOSE_WINGS = [98, 327]
CHIN = [199]
STILL = np.zeros((478, 2))


@pytest.fixture(scope="module")
def portrait() -> Portrait:
    return astronaut()


@pytest.fixture(scope="module")
def puppet(portrait: Portrait) -> Puppet:
    return Puppet(portrait, iod_px=90, size_px=(480, 500), eyes_px=(240, 200))


@pytest.fixture(scope="module")
def shapes(portrait: Portrait) -> Shapes:
    return fit(load_shapes(), portrait)


@pytest.mark.parametrize(
    ("au", "landmarks", "axis", "sign"),
    [
        ("AU1", INNER_BROWS, 1, -1), ("AU2", OUTER_BROWS, 1, -1), ("AU4", INNER_BROWS, 1, 1),
        ("AU5", [159, 386], 1, -1),
        ("AU6", [117, 346], 1, -1), ("AU7", [145, 374], 1, -1), ("AU9", NOSE_WINGS, 1, -1), ("AU10", [37, 267], 1, -1),
        ("AU12", MOUTH_CORNERS, 1, -1), ("AU15", MOUTH_CORNERS, 1, 1), ("AU16", [84, 314], 1, 1), ("AU17", [17], 1, -1),
        ("AU20", [291], 0, 1), ("AU20", [61], 0, -1), ("AU18", [291], 0, -1), ("AU26", CHIN, 1, 1),
        ("AU45", [159, 386], 1, 1),
    ],
)  # fmt: skip
def test_each_action_unit_moves_its_own_part_of_the_face_the_right_way(au, landmarks, axis, sign):
    field = load_shapes().action_units([au])
    assert (sign * field[landmarks, axis] > 0.02).all()


def test_every_action_unit_has_a_shape_within_anatomy():
    for au in ACTION_UNITS:
        reach = np.linalg.norm(load_shapes().action_units([au]), axis=1).max()
        assert 0.03 < reach < 0.8, au


def test_one_sided_action_units_leave_the_other_side_still():
    shapes = load_shapes()
    for au in ACTION_UNITS:
        both, left = shapes.action_units([au]), shapes.action_units([au], "left")
        persons_left, persons_right = shapes.points[:, 0] > 0.15, shapes.points[:, 0] < -0.15
        assert np.square(left[persons_right]).sum() < 0.3 * np.square(both[persons_right]).sum(), au
        np.testing.assert_allclose(left[persons_left], both[persons_left], atol=0.06)


def test_left_and_right_units_mirror_each_other():
    shapes = load_shapes()
    left, right = shapes.unit("mouthSmileLeft"), shapes.unit("mouthSmileRight")
    np.testing.assert_allclose(left[:468], right[shapes.mirror][:468] * [-1, 1, 1], atol=0.02)


def test_unknown_units_are_named():
    with pytest.raises(KeyError, match="no shape is known for 'AU99'"):
        load_shapes().action_units(["AU99"])
    with pytest.raises(KeyError, match="no face unit 'earWiggle'"):
        load_shapes().unit("earWiggle")


def test_shapes_survive_writing_and_reading(tmp_path):
    shapes = load_shapes()
    write_shapes(shapes, tmp_path / "shapes.npz")
    again = read_shapes(tmp_path / "shapes.npz")
    assert again.units == shapes.units
    np.testing.assert_array_equal(again.displacement, shapes.displacement)


@settings(max_examples=15, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(ACTION_UNITS)), st.floats(0.05, 0.4), min_size=1, max_size=3))
def test_an_expression_changes_nothing_outside_the_face(puppet, shapes, strengths):
    displacement = sum(strength * shapes.action_units([au]) for au, strength in strengths.items())
    rim = puppet.points[list(OVAL), :2]
    centre = rim.mean(axis=0)
    reach = 1 + (RINGS_IOD[0] * puppet.iod_px + 2) / np.linalg.norm(rim - centre, axis=1, keepdims=True)
    face = cv2.fillPoly(np.zeros(puppet.rest.shape[:2], np.uint8), [np.int32(centre + reach * (rim - centre))], 1)
    changed = (puppet.render(displacement) != puppet.render(STILL)).any(axis=2)
    assert changed[face == 1].any()
    assert not changed[face == 0].any()


def test_nothing_moved_is_the_portrait_itself(puppet):
    difference = cv2.absdiff(puppet.render(STILL), puppet.rest)
    assert np.percentile(difference, 99) <= 2


def test_the_same_movement_gives_the_same_picture_whatever_came_before(puppet, shapes):
    movement = 0.1 * shapes.action_units(["AU12"])
    head = HeadMotion(x=0.05, roll_deg=2, yaw_deg=-3)
    first = puppet.render(movement, head)
    puppet.render(shapes.action_units(["AU45", "AU26"]), HeadMotion(y=0.3, scale=1.05))
    np.testing.assert_array_equal(puppet.render(movement, head), first)


@pytest.mark.parametrize(("au", "landmark"), [("AU12", 291), ("AU4", 336), ("AU1", 107), ("AU17", 17)])
@pytest.mark.parametrize("amplitude", [0.012, 0.03])
def test_optical_flow_measures_the_displacement_that_was_planted(puppet, shapes, au, landmark, amplitude):
    field = shapes.action_units([au])[:, :2]
    planted = amplitude * field / np.linalg.norm(field, axis=1).max()
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(
        cv2.cvtColor(puppet.render(STILL), cv2.COLOR_BGR2GRAY),
        cv2.cvtColor(puppet.render(planted), cv2.COLOR_BGR2GRAY),
        None,
    )
    x, y = puppet.points[landmark, :2].astype(int)
    expected = planted[landmark] * puppet.iod_px
    seen = np.median(flow[y - 4 : y + 5, x - 4 : x + 5].reshape(-1, 2), axis=0)
    assert np.linalg.norm(seen - expected) < 0.35 * np.linalg.norm(expected) + 0.1


def test_the_face_landmarker_sees_blinks_open_mouths_and_lowered_brows(puppet, shapes):
    def blendshapes(displacement):
        with Landmarker("image") as landmarker:
            picture = puppet.render(displacement)
            return dict(zip(BLENDSHAPES, landmarker(picture[:, :, ::-1].copy())[0].blendshapes, strict=True))

    rest = blendshapes(STILL)
    shut = blendshapes(shapes.action_units(["AU45"]))
    assert min(shut["eyeBlinkLeft"], shut["eyeBlinkRight"]) > rest["eyeBlinkLeft"] + 0.25
    left_only = blendshapes(shapes.action_units(["AU45"], "left"))
    assert left_only["eyeBlinkLeft"] > left_only["eyeBlinkRight"] + 0.1
    assert blendshapes(shapes.action_units(["AU4"]))["browDownLeft"] > rest["browDownLeft"] + 0.05
    assert blendshapes(0.5 * shapes.action_units(["AU26"]))["jawOpen"] > rest["jawOpen"] + 0.05


def test_a_full_blink_brings_the_lids_together(puppet, shapes):
    points = puppet.landmarks(shapes.action_units(["AU45"]))
    for upper, lower in zip(UPPER_LIDS, LOWER_LIDS, strict=True):
        opening = puppet.points[list(lower[3:6]), 1] - puppet.points[list(upper[3:6]), 1]
        left_open = points[list(lower[3:6]), 1] - points[list(upper[3:6]), 1]
        assert (left_open < 0.2 * opening).all()


def test_the_head_moves_by_what_was_asked_and_the_picture_s_edge_stands_still(puppet):
    moved = puppet.landmarks(STILL, HeadMotion(x=0.1, y=-0.05))
    np.testing.assert_allclose(moved - puppet.points[:, :2], np.tile([9.0, -4.5], (478, 1)), atol=1e-6)
    nose_and_rim = [1, 234, 454]
    turned = puppet.landmarks(STILL, HeadMotion(yaw_deg=4))[nose_and_rim, 0] - puppet.points[nose_and_rim, 0]
    assert turned[0] > 2 + abs(turned[1:]).max()
    picture = puppet.render(STILL, HeadMotion(x=0.2, roll_deg=4))
    np.testing.assert_array_equal(picture[[0, -1]], puppet.rest[[0, -1]])


@given(st.text(max_size=20))
def test_an_identity_belongs_to_one_split_for_good(identity):
    assert split_of(identity) == split_of(identity)
    assert split_of(identity) in SHARES


def test_splits_have_about_their_shares():
    splits = [split_of(f"person-{number}") for number in range(2000)]
    for split, share in SHARES.items():
        assert abs(splits.count(split) / 2000 - share) < 0.04
