"""Faults that nothing caught, in any thread: a sentence for the user, and the traceback in a small log file."""

import io
import logging
import sys
import threading
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

import platformdirs

LOG_BYTES = 256_000
"""The log and one earlier of this size are kept."""
MOST_LOGGED = 100
"""Faults of one run that are logged: a fault in what is painted would fill the log with itself."""

_log = logging.getLogger("medn")


def log_file() -> Path:
    """Return the path of the log; the file is there once something was logged."""
    return platformdirs.user_data_path("medn", appauthor=False) / "log" / "medn.log"


def report_faults(show: Callable[[str], object]) -> None:
    """Log faults from now on, and pass a sentence about each to `show`, in the thread in which it happened.

    Warnings of the package, which are sentences, are passed on, too.
    """
    open_log()
    _log.addHandler(_Shown(show))
    logged = 0

    def report(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        nonlocal logged
        error = error or kind()
        if not isinstance(error, Exception):
            if not isinstance(error, SystemExit):  # Ctrl-C
                sys.__excepthook__(kind, error, trace)
            return
        thread = threading.current_thread()
        if (logged := logged + 1) <= MOST_LOGGED:
            _log.error("A fault in the thread %s", thread.name, exc_info=(kind, error, trace))
        where = "" if thread is threading.main_thread() else f" in the background ({thread.name})"
        details = f"Details are in {log_file()}." if log_file().exists() else f"{log_file()} cannot be written."
        show(f"A fault{where}: {kind.__name__}: {error}. {details}")

    sys.excepthook = report
    threading.excepthook = lambda fault: report(fault.exc_type, fault.exc_value, fault.exc_traceback)


def log_fault(what: str) -> None:
    """Log the exception that is being handled."""
    open_log()
    _log.error(what, exc_info=True)


def open_log() -> None:
    """Have what the package logs go into the log file; calling it again does nothing."""
    if not any(isinstance(handler, _LogFile) for handler in _log.handlers):
        handler = _LogFile(log_file(), maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8", delay=True)
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s"))
        _log.addHandler(handler)
        _log.setLevel(logging.INFO)
        _log.propagate = False


class _LogFile(RotatingFileHandler):
    """A log in a folder for its owner only, made with the first entry; without a place for it nothing is logged."""

    def _open(self) -> io.TextIOWrapper:
        Path(self.baseFilename).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return super()._open()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  a method of the base
        """A full disk adds no fault of its own."""


class _Shown(logging.Handler):
    """Passes the package's warnings on."""

    def __init__(self, show: Callable[[str], object]) -> None:
        super().__init__(logging.WARNING)
        self._show = show

    def emit(self, record: logging.LogRecord) -> None:
        if not record.exc_info:  # those of faults are shown by who caught them
            self._show(record.getMessage())
