"""The app: opens the window at once; what takes long to load is loaded behind it."""

import os
import signal
import sys
from pathlib import Path
from types import TracebackType

# read by libraries when they are first loaded: spinning OpenMP threads would slow the window and each other
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PyQt6")

import cv2
import pyqtgraph
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QApplication

from gui import settings, theme
from gui.first_run import accept_terms
from gui.window import MainWindow


def main(session: Path | None = None, source: str = "") -> int:
    """Run the app until its window is closed: with a session in Review, with a source live. Returns the exit code."""
    app = make_app()
    remembered = settings.load()
    theme.apply(app, light=remembered.light)
    if not accept_terms(remembered):
        return 0
    window = MainWindow(remembered)
    _close_in_order(window)
    window.show()
    if session is not None:
        window.open_session(session)
    if source:
        window.live.start_source(source)
    return app.exec()


def _close_in_order(window: MainWindow) -> None:
    """Ctrl-C and a request to end close the window, which saves; a fault in a slot is told and does not end the app."""
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda *_: window.leave())

    def told(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        sys.__excepthook__(kind, error, trace)
        window.banner.say(f"Something went wrong in the window ({error}); what was recorded is safe.", warning=True)

    sys.excepthook = told


def make_app() -> QApplication:
    """The application object with its name, before any window."""
    cv2.setNumThreads(1)
    # the analysis runs beside the window and asks for the interpreter several times a frame: with the usual 5 ms it
    # would wait that long each time while something is painted
    sys.setswitchinterval(0.0005)
    pyqtgraph.setConfigOptions(antialias=True)
    QGuiApplication.setApplicationName("medn")
    QGuiApplication.setApplicationDisplayName("MEDN")
    QGuiApplication.setDesktopFileName("medn")
    existing = QApplication.instance()
    return existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])


if __name__ == "__main__":
    sys.exit(main())
