"""Faces that are small in a large picture are found, followed, and given back to the whole picture."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medn.face.aligned import eye_axis
from realtime.faces.detector import LOST_S, FaceDetector, parts_of
from realtime.types import Event, Frame
from realtime.viewing.places import Place
from realtime.viewing.playback import Playback
from tests.recordings import write_video

WIDE = (1080, 1920)


def scene(portrait, face_px: float, left_px: int, size=WIDE):
    """The portrait at a size at which her face is `face_px` wide, in an empty room; and the middle of her face."""
    scale = face_px / np.ptp(portrait.points[:, 0])
    person = cv2.resize(portrait.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    room = np.full((*size, 3), 90, np.uint8)
    top = (size[0] - person.shape[0]) // 2
    room[top : top + person.shape[0], left_px : left_px + person.shape[1]] = person
    return room, portrait.points[:, :2].mean(axis=0) * scale + (left_px, top)


def look(detector, pictures, rate_hz=10):
    return [detector(Frame(i, i / rate_hz, picture)).faces for i, picture in enumerate(pictures)]


@pytest.mark.parametrize("most", [1, 4])
@pytest.mark.parametrize("left_px", [0, 700, 1450])
def test_a_face_of_100_px_in_full_hd_is_found_at_once_and_where_it_is(portrait, left_px, most):
    picture, middle = scene(portrait, 100, left_px)
    detector = FaceDetector(most)
    try:
        for faces in look(detector, [picture] * 3):
            (face,) = faces
            assert np.ptp(face.points[:, 0]) == pytest.approx(100, rel=0.1)
            assert face.points[:, :2].mean(axis=0) == pytest.approx(middle, abs=8)
    finally:
        detector.close()


def test_a_far_face_is_followed_through_the_picture_and_found_again_when_it_comes_near(portrait):
    detector = FaceDetector(1)
    away = np.full((*WIDE, 3), 90, np.uint8)
    walk = [scene(portrait, 120, left) for left in range(100, 800, 20)]
    near, middle = scene(portrait, 220, 100)
    try:
        found = look(detector, [picture for picture, _ in walk] + [away] * round(12 * LOST_S) + [near] * 8)
    finally:
        detector.close()
    walked = found[: len(walk)]
    assert sum(bool(faces) for faces in walked) >= 0.9 * len(walk)
    for faces, (_, place) in zip(walked, walk, strict=True):
        for face in faces:
            assert face.points[:, :2].mean(axis=0) == pytest.approx(place, abs=60)
    assert found[-1][0].points[:, :2].mean(axis=0) == pytest.approx(middle, abs=20)


@given(
    st.sampled_from([(1280, 720), (1920, 1080), (1080, 1920), (2560, 1440), (3840, 2160), (1921, 721)]),
    st.floats(0, 1),
    st.floats(0, 1),
    st.integers(100, 190),
)
def test_every_far_face_lies_whole_in_a_part_in_which_it_is_large_enough(size, across, down, face_px):
    width, height = size
    left, top = across * (width - face_px), down * (height - face_px)
    assert any(
        part.x <= left + 1
        and part.y <= top + 1
        and left + face_px <= part.x + part.side + 1
        and top + face_px <= part.y + part.side + 1
        and face_px >= 0.13 * part.side
        for part in parts_of(width, height)
    )


def test_a_small_picture_is_looked_at_whole():
    assert parts_of(640, 480) == parts_of(720, 576) == ()


def test_a_far_face_is_shown_in_review_where_the_session_has_it(portrait, tmp_path):
    picture, _ = scene(portrait, 100, 700)
    path = write_video(tmp_path / "far.mp4", [picture] * 20, list(range(0, 800, 40)))
    detector = FaceDetector(1)
    (face,) = look(detector, [picture])[0]
    detector.close()
    eyes = eye_axis(face.points)
    places = {2: Place(eyes.x, eyes.y, eyes.length_px)}
    event = Event(2, 0.2, 0.3, 0.5, 5, 7, 12, 0.9, {"glabella": 1.2}, {}, 99.0, 0.4)
    with Playback(path) as playback:
        (seen,) = playback.faces(3, places)
        assert seen.number == 2
        assert seen.points[:, :2].mean(axis=0) == pytest.approx(face.points[:, :2].mean(axis=0), abs=4)
        clip = playback.event_clip(event, places)
        assert clip is not None
        assert clip.images[0].shape[0] == pytest.approx(3.6 * eyes.length_px, rel=0.1)
        assert playback.faces(3) == []
