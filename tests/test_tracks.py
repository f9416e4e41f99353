"""Which face is which: the assignment of faces to tracks equals SciPy's."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from realtime.faces.tracks import assigned


@pytest.mark.parametrize("faces", [1, 2, 3, 4])
@pytest.mark.parametrize("tracks", [1, 2, 3, 4, 9])
def test_faces_are_given_to_tracks_at_the_least_cost(faces, tracks):
    rng = np.random.default_rng(0)
    for _ in range(20):
        cost = rng.random((faces, tracks))
        assert sorted(assigned(cost)) == sorted(zip(*map(np.ndarray.tolist, linear_sum_assignment(cost)), strict=True))


def test_a_face_takes_no_nearer_track_that_another_needs_more():
    assert sorted(assigned(np.array([[0.1, 0.2], [0.1, 0.9]]))) == [(0, 1), (1, 0)]
