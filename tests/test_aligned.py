"""The aligned face shows the same pixels wherever the face is and however much of the picture is skipped."""

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from medn.contract import EYE_DISTANCE_PX, SIZE_PX
from medn.face.aligned import EyeAxis, align, aligning, sampling


@settings(max_examples=60, deadline=None)
@given(
    st.floats(12, 400),
    st.floats(-np.pi, np.pi),
    st.floats(-200, 840),
    st.floats(-200, 560),
    st.integers(0, 2**32 - 1),
)
def test_an_aligned_face_is_the_whole_grey_picture_warped(iod_px: float, tilt: float, x: float, y: float, seed: int):
    rng = np.random.default_rng(seed)
    picture = cv2.resize(rng.integers(0, 256, (36, 64, 3), np.uint8), (640, 360), interpolation=cv2.INTER_CUBIC)
    zoom = EYE_DISTANCE_PX / iod_px
    warp = aligning(EyeAxis(x, y, iod_px, tilt))
    turn = warp[:, :2]
    step, fine = sampling(zoom)
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    smaller = cv2.resize(grey, (640 // step, 360 // step), interpolation=cv2.INTER_AREA)
    finer = fine * np.column_stack([step * turn, warp[:, 2] + turn @ (2 * [(step - 1) / 2])]) + [0, 0, (fine - 1) / 2]
    size = (SIZE_PX * fine, SIZE_PX * fine)
    whole = cv2.warpAffine(smaller, finer, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    expected = cv2.resize(whole, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_AREA)
    face = align(picture, warp)
    assert np.abs(face.astype(int) - expected).max() <= 2
    assert np.array_equal(face, align(grey, warp))
