"""Takes the screenshots of the documentation from the real app: `xvfb-run python docs/screenshots/take.py [FOLDER]`.

The face is the astronaut Eileen Collins (NASA, public domain), moved by known amounts: the built-in synthetic sample.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

from PyQt6.QtWidgets import QApplication

from gui import theme
from gui.app import make_app
from gui.settings import Settings
from gui.window import MainWindow

FOLDER = Path(__file__).parent
SIZE = (1440, 900)


def until(condition: Callable[[], object], seconds: float) -> None:
    """Let the app live until something is so, or for so long."""
    end_s = monotonic() + seconds
    while not condition() and monotonic() < end_s:
        QApplication.processEvents()
        sleep(0.003)


def take(folder: Path, sessions: Path) -> None:
    """All screenshots."""
    app = make_app()
    for light in (False, True):
        theme.apply(app, light=light)
        window = MainWindow(Settings(accepted_terms=1, sessions=str(sessions), light=light))
        window.resize(*SIZE)
        window.show()
        for name, scene in (("live", live), ("analyze", analyze), ("review", review)):
            scene(window)
            window.grab().save(str(folder / f"{name}{'-light' if light else ''}.png"))
        window.close()


def live(window: MainWindow) -> None:
    """The sample, just after an event was spotted."""
    window.live.start_source("sample")
    until(lambda: len(window.live.cards.events) >= 3, 60)
    until(lambda: False, 0.15)


def analyze(window: MainWindow) -> None:
    """The queue at work."""
    window.live.stop()
    window.banner.hide()
    window.show_workspace(1)
    from realtime.demo import sample_video

    window.analyze.add([str(sample_video())])
    until(lambda: window.analyze.queue.entries[0].share > 0.6, 60)


def review(window: MainWindow) -> None:
    """The sample's session, an event looping."""
    queue = window.analyze.queue
    until(lambda: not queue.running, 120)
    session = queue.entries[0].outcome
    assert session is not None
    assert session.session is not None
    window.open_session(session.session)
    window.review.table.step(2)
    chosen = window.review.viewer.chosen
    assert chosen is not None
    inspector = window.review.inspector
    until(lambda: inspector.pictured, 30)
    window.review.viewer.play(on=False)
    window.review.viewer.seek(chosen.event.apex_s)
    until(lambda: False, 1.0)


if __name__ == "__main__":
    os.environ.setdefault("QT_SCALE_FACTOR", "1")
    with tempfile.TemporaryDirectory() as sessions:
        take(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER, Path(sessions))
