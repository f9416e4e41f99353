"""The app: the window opens at once; what takes long to load is loaded in the background."""

import os
import signal
import sys
import threading
from pathlib import Path

# read by libraries when they are loaded: spinning OpenMP threads would slow the window and each other
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PyQt6")

import cv2
import pyqtgraph
from PyQt6.QtCore import QObject, pyqtSignal
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QApplication

from gui import settings, theme
from gui.dialogs.first_run import accept_terms
from gui.window import MainWindow
from medn.faults import report_faults


def main(session: Path | None = None, source: str = "") -> int:
    """Run the app until its window is closed, with a session in Review or a source in Live; return the exit code."""
    app = make_app()
    remembered = settings.load()
    theme.apply(app, light=remembered.light)
    # Ctrl-C ends at once while the first page waits: Qt runs no Python then, and there is nothing to save
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if not accept_terms(remembered):
        return 0
    window = MainWindow(remembered)
    _close_in_order(window)
    faults = _Faults(window)
    report_faults(faults.happened.emit)
    window.show()
    if session is not None:
        window.open_session(session)
    if source:
        window.live.start_source(source)
    code = app.exec()
    if any(thread.daemon for thread in threading.enumerate()):
        # a run that still loads its models or waits for a stream: everything is saved, and Python's own shutdown aborts
        # the process when such a thread returns from native code
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def _close_in_order(window: MainWindow) -> None:
    """Close the window, which saves, on Ctrl-C and on SIGTERM."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: window.leave())


class _Faults(QObject):
    """Shows faults of any thread in the window's banner; the app goes on."""

    happened = pyqtSignal(str)

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.happened.connect(self._show)

    def _show(self, sentence: str) -> None:
        self._window.banner.report(sentence, self._window, warning=True)


def make_app() -> QApplication:
    """Make the application object, before any window."""
    cv2.setNumThreads(1)
    # the analysis needs the interpreter several times a frame; with the default of 5 ms it would wait that long each
    # time while something is painted
    sys.setswitchinterval(0.0005)
    pyqtgraph.setConfigOptions(antialias=True)
    QGuiApplication.setApplicationName("medn")
    QGuiApplication.setApplicationDisplayName("MEDN")
    QGuiApplication.setDesktopFileName("medn")
    existing = QApplication.instance()
    return existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])


if __name__ == "__main__":
    sys.exit(main())
