"""What the user is advised to change while a camera runs."""

import cv2
import numpy as np
import pytest

from realtime.sources import Dropped
from realtime.sources.source import Cause
from realtime.types import Analysis, Frame
from realtime.viewing.advice import Advisor
from tests.readings import analyse_portrait, face_at


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, None),
        ({"rate_hz": 14}, "14 fps reached, 25 needed"),
        ({"yaw_deg": 31.0}, "face the camera"),
        ({"scale": 0.3}, "come closer"),
        ({"light": 0.2}, "add light"),
        ({"light": 0.2, "rate_hz": 14}, "Add light"),
    ],
)
def test_advice_names_what_to_do_and_only_if_something_is_to_be_done(portrait, change, words):
    advisor = Advisor()
    image = (portrait.image * change.pop("light", 1.0)).astype(np.uint8)
    scale = change.pop("scale", 90 / portrait.iod_px)
    points = portrait.points * np.float32(scale)
    image = cv2.resize(image, None, fx=scale, fy=scale)
    analyse_portrait(advisor, portrait, 3, image=image, points=points, **change)
    assert bool(advisor.sentences) == (words is not None)
    assert words is None or words in " ".join(advisor.sentences)


def test_a_machine_that_is_too_busy_is_distinguished_from_a_slow_camera(portrait):
    advisor = Advisor()
    face = face_at(portrait.points * np.float32(90 / portrait.iod_px))
    for index in range(90):
        if index % 3:
            advisor.on_drop(Dropped(index, index / 30, Cause.OVERRUN))
        else:
            advisor.on_analysis(Analysis(index, index / 30, (face,)), Frame(index, index / 30, portrait.image))
    assert "too busy: 10 fps reached" in advisor.sentences[0]


def test_an_empty_picture_is_reported_after_a_second_and_the_advice_goes_when_the_face_is_back(portrait):
    advisor = Advisor()
    for index in range(60):
        advisor.on_analysis(Analysis(index, index / 30), Frame(index, index / 30, portrait.image))
    assert "No face" in advisor.sentences[0]
    face = face_at(portrait.points * np.float32(90 / portrait.iod_px))
    for index in range(60, 120):
        advisor.on_analysis(Analysis(index, index / 30, (face,)), Frame(index, index / 30, portrait.image))
    assert not any("No face" in sentence for sentence in advisor.sentences)
