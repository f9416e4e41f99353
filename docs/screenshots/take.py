"""Make screenshots of the real app: `xvfb-run python docs/screenshots/take.py [FOLDER] [--size WIDTHxHEIGHT]`.

Without a size these are the documentation's. With one, the three workspaces at that window size are taken, to see that
nothing is clipped; QT_SCALE_FACTOR=2 in the environment doubles their pixels.

The face is the astronaut Eileen Collins (NASA, public domain), moved by known amounts: the built-in synthetic sample.
"""

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

from PyQt6.QtWidgets import QApplication

from gui import theme
from gui.analyze.power_dialog import PowerDialog
from gui.app import make_app
from gui.command_line import power_command
from gui.settings import Settings
from gui.window import MainWindow
from realtime.pipeline import PipelineParameters

FOLDER = Path(__file__).parent
SIZE = (1440, 900)


def until(condition: Callable[[], object], seconds: float) -> None:
    """Process the app's events until the condition holds, or for this many seconds."""
    end_s = monotonic() + seconds
    while not condition() and monotonic() < end_s:
        QApplication.processEvents()
        sleep(0.003)


def take(folder: Path, sessions: Path, size: tuple[int, int] | None) -> None:
    """Write the screenshots into the folder; the power test, which takes minutes, only without a size."""
    app = make_app()
    for light in (False, True):
        theme.apply(app, light=light)
        window = MainWindow(Settings(accepted_terms=1, sessions=str(sessions), light=light))
        window.resize(*(size or SIZE))
        window.show()
        for name, scene in (("live", live), ("analyze", analyze), ("review", review)):
            scene(window)
            window.grab().save(str(folder / f"{name}{'-light' if light else ''}.png"))
        if size is None:
            power(window).grab().save(str(folder / f"power{'-light' if light else ''}.png"))
        window.close()


def live(window: MainWindow) -> None:
    """Live: the sample, just after an event."""
    window.live.start_source("sample")
    until(lambda: len(window.live.cards.events) >= 3, 60)
    until(lambda: False, 0.15)


def analyze(window: MainWindow) -> None:
    """Analyze: the queue while it runs."""
    window.live.stop()
    window.banner.dismiss()
    window.show_workspace(1)
    from realtime.evaluation.demo import sample_video

    window.analyze.add([str(sample_video())])
    until(lambda: window.analyze.queue.entries[0].share > 0.6, 60)


def review(window: MainWindow) -> None:
    """Review: the sample's session, an event in a loop."""
    queue = window.analyze.queue
    until(lambda: not queue.running, 120)
    session = queue.entries[0].outcome
    assert session is not None
    assert session.session is not None
    window.open_session(session.session)
    window.review.model.step(2)
    chosen = window.review.model.chosen
    assert chosen is not None
    inspector = window.review.inspector
    until(lambda: inspector.pictured, 30)
    window.review.viewer.play(on=False)
    window.review.viewer.seek(chosen.event.apex_s)
    until(lambda: False, 1.0)


def power(window: MainWindow) -> PowerDialog:
    """Analyze: a power test of the sample, which takes minutes."""
    video = window.analyze.queue.entries[0].path
    dialog = PowerDialog(video, PipelineParameters(), power_command(video, Settings()), window)
    dialog.show()
    until(lambda: dialog.outcome is not None, 1200)
    until(lambda: False, 0.3)
    return dialog


def size_px(text: str) -> tuple[int, int]:
    """Read WIDTHxHEIGHT."""
    width, height = text.split("x")
    return int(width), int(height)


if __name__ == "__main__":
    os.environ.setdefault("QT_SCALE_FACTOR", "1")
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--size", type=size_px)
    wanted = parser.parse_args()
    wanted.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as sessions:
        take(wanted.folder, Path(sessions), wanted.size)
