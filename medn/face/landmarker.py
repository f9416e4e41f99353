"""MediaPipe's Face Landmarker on our own thread: 478 points, 52 blendshapes and the head's pose for each face."""

import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from medn.face.mediapipe_tasks import BaseOptions, Image, ImageFormat, vision

MODEL_FILE = Path(__file__).with_name("face_landmarker.task")

BLENDSHAPES = (
    "_neutral", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff",
    "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight",
    "eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight",
    "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen", "jawRight",
    "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel",
    "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker",
    "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft",
    "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "noseSneerLeft", "noseSneerRight",
)  # fmt: skip
"""Names of `FaceObservation.blendshapes`, in the model's order. Left and right are the person's own."""

OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
"""Landmarks of the face's rim, clockwise in the picture from the middle of the forehead."""

_NOTHING = np.zeros((64, 64, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class FaceObservation:
    """One face in one frame."""

    points: NDArray[np.float32]
    """(478, 3): x and y in px of the frame, z in the same scale, smaller is nearer."""
    blendshapes: NDArray[np.float32]
    """(52,), 0–1, in the order of `BLENDSHAPES`."""
    pose: NDArray[np.float32]
    """(4, 4): canonical face → camera space (x right, y up, z towards the viewer), in cm."""


class Landmarker:
    """The Face Landmarker for stills (`mode="image"`) or for a stream whose times increase (`mode="video"`).

    VIDEO mode follows each face from frame to frame, which makes it faster and steadier than IMAGE mode; looking for
    one face only, it also smooths the points in time. `faces` is the most that are looked for; while fewer are
    followed, the detector runs on every frame (about 3 ms more).
    """

    def __init__(self, mode: Literal["image", "video"] = "video", faces: int = 1) -> None:
        running_mode = vision.RunningMode.VIDEO if mode == "video" else vision.RunningMode.IMAGE
        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(MODEL_FILE)),
            running_mode=running_mode,
            num_faces=faces,
            output_face_blendshapes=True,
            output_facial_transformation_matrixes=True,
        )
        self._video = mode == "video"
        self._last_ms, self._looked = -1, False
        with native_log_silenced():
            self._task = vision.FaceLandmarker.create_from_options(options)
            self(_NOTHING)  # the first picture takes longer and logs more
        self._looked = False

    def __call__(self, rgb: NDArray[np.uint8], time_s: float = 0.0) -> list[FaceObservation]:
        """Faces in an RGB picture ((H, W, 3) uint8, contiguous), in the model's own order.

        `time_s` counts in video mode only; MediaPipe takes whole, increasing milliseconds, so times closer than that
        are pushed apart.
        """
        image = Image(image_format=ImageFormat.SRGB, data=rgb)
        self._looked = True
        if self._video:
            self._last_ms = max(self._last_ms + 1, round(time_s * 1000))
            result = self._task.detect_for_video(image, self._last_ms)
        else:
            result = self._task.detect(image)
        height, width = rgb.shape[:2]
        scale = np.array([width, height, width], np.float32)
        return [
            FaceObservation(
                points=np.array([(p.x, p.y, p.z) for p in landmarks], np.float32) * scale,
                blendshapes=np.array([category.score for category in shapes], np.float32),
                pose=np.asarray(pose, np.float32),
            )
            for landmarks, shapes, pose in zip(
                result.face_landmarks,
                result.face_blendshapes,
                result.facial_transformation_matrixes,
                strict=True,
            )
        ]

    def forget(self) -> None:
        """Follow no face any more, as at the beginning: the next picture is looked at like a stream's first one."""
        if self._video and self._looked:
            self(_NOTHING)
            self._looked = False

    def close(self) -> None:
        """Free the model; without it MediaPipe may hang at the interpreter's end."""
        self._task.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class FaceCounter:
    """How many faces a picture holds, by the detector inside the Face Landmarker's own model file (about 2 ms)."""

    def __init__(self) -> None:
        with zipfile.ZipFile(MODEL_FILE) as bundle:
            model = bundle.read("face_detector.tflite")
        options = vision.FaceDetectorOptions(base_options=BaseOptions(model_asset_buffer=model))
        with native_log_silenced():
            self._task = vision.FaceDetector.create_from_options(options)
            self(np.zeros((64, 64, 3), np.uint8))

    def __call__(self, rgb: NDArray[np.uint8]) -> int:
        """Number of faces in an RGB picture, (H, W, 3) uint8."""
        return len(self._task.detect(Image(image_format=ImageFormat.SRGB, data=rgb)).detections)

    def close(self) -> None:
        """Free the model."""
        self._task.close()


@contextmanager
def native_log_silenced() -> Iterator[None]:
    """Keep MediaPipe's start-up chatter from standard error: it has no switch. Faults are raised, not logged."""
    try:
        kept = os.dup(2)
    except OSError:  # started without a standard error: nothing to silence
        yield
        return
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
