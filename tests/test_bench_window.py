"""The window's own benchmark counts what reaches the screen, and says why it cannot run. No time is asserted."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import platformdirs
import pytest

from benchmarks import window
from gui import settings
from realtime.sources import SourceError


@pytest.fixture(autouse=True)
def own_settings(tmp_path, monkeypatch):
    monkeypatch.setattr(platformdirs, "user_config_path", lambda *_, **__: tmp_path)


def test_frames_are_counted_from_capture_to_screen_and_the_user_s_settings_stay_as_they_were(film):
    settings.save(settings.Settings(source="mine.mp4"))
    ran = window.run_window(str(film), 2.0, lambda _: None)
    assert len(ran.times_s) == len(ran.memory_mib) >= 2
    assert ran.painted > 0
    assert {"capture_to_screen", "capture_to_result"} <= set(ran.summary.stages_ms)
    assert settings.load().source == "mine.mp4"


def test_a_source_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SourceError, match=r"none\.mp4"):
        window.run_window(str(tmp_path / "none.mp4"), 2.0, lambda _: None)


def test_a_leak_shows_as_growth_and_a_flat_run_as_none():
    times_s = [float(second) for second in range(300)]
    leaking = window.WindowRun(times_s, [500 + second / 60 for second in range(300)])
    assert leaking.growth_mib() == pytest.approx(10)
    assert window.WindowRun(times_s, [500.0] * 300).growth_mib() == pytest.approx(0, abs=1e-9)


def test_the_second_course_of_a_seam_which_comes_and_goes_is_no_leak():
    times_s = [float(second) for second in range(600)]
    memory_mib = [500.0 + 15 * (second % 300 >= 240) for second in range(600)]
    assert window.WindowRun(times_s, memory_mib).growth_mib() == pytest.approx(0, abs=1e-9)
