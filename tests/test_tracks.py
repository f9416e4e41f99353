"""Which face is which: the assignment of faces to tracks equals SciPy's, and who stays keeps their number."""

import cv2
import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from medn.face.landmarker import FaceObservation
from realtime.faces.tracks import Tracks, assigned


@pytest.mark.parametrize("faces", [1, 2, 3, 4])
@pytest.mark.parametrize("tracks", [1, 2, 3, 4, 9])
def test_faces_are_given_to_tracks_at_the_least_cost(faces, tracks):
    rng = np.random.default_rng(0)
    for _ in range(20):
        cost = rng.random((faces, tracks))
        assert sorted(assigned(cost)) == sorted(zip(*map(np.ndarray.tolist, linear_sum_assignment(cost)), strict=True))


def test_a_face_takes_no_nearer_track_that_another_needs_more():
    assert sorted(assigned(np.array([[0.1, 0.2], [0.1, 0.9]]))) == [(0, 1), (1, 0)]


def face_at(x_px):
    """A face 60 px between the eyes' middles, as far as tracks look at it."""
    points = np.full((478, 3), (x_px, 130, 0), np.float32)
    points[[33, 133, 362, 263], 0] += (-36, -24, 24, 36)
    return FaceObservation(points, np.zeros(52, np.float32), np.eye(4, dtype=np.float32))


def picture_of(people):
    """Each person's own pattern, (6, 6), where their face is."""
    picture = np.full((360, 900, 3), 120, np.uint8)
    for x_px, pattern in people.items():
        grown = cv2.resize(pattern.astype(np.float32), (150, 170), interpolation=cv2.INTER_CUBIC)
        picture[80:250, x_px - 75 : x_px + 75] = np.clip(120 + 200 * grown, 0, 255)[:, :, None]
    return picture


def test_who_stays_keeps_their_number_when_somebody_else_comes_in_after_a_look_alike_has_left():
    first, second, third = np.linalg.svd(np.random.default_rng(0).normal(size=(36, 36)))[0][:3].reshape(3, 6, 6)
    stays, leaves = first, 0.65 * first + 0.76 * second
    comes = 0.5 * first - 0.5 * second + 0.7 * third  # a little like who stays, not at all like who left
    scenes = [{150: stays, 450: leaves}] * 10 + [{150: stays}] * 10 + [{150: stays, 750: comes}] * 10
    tracks = Tracks()
    for number, people in enumerate(scenes):
        faces = [face_at(x_px) for x_px in people]
        found = tracks(faces, picture_of(people), number / 10)
        assert found[0] is faces[0]
    assert set(found) == {0, 2}
