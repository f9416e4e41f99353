"""Panels whose borders a person has moved: the sizes are remembered by the splitter's name."""

from functools import partial

from PyQt6.QtCore import QByteArray
from PyQt6.QtWidgets import QSplitter


def remember(splitter: QSplitter, panels: dict[str, str], name: str) -> None:
    """Name a splitter, show the sizes that it had, and keep those that a person gives it in `panels`."""
    splitter.setObjectName(name)
    show_remembered(splitter, panels)
    splitter.splitterMoved.connect(partial(_keep, splitter, panels))


def show_remembered(splitter: QSplitter, panels: dict[str, str]) -> bool:
    """Show the sizes that are kept under a splitter's name; return whether there were any."""
    state = panels.get(splitter.objectName(), "")
    return bool(state) and splitter.restoreState(QByteArray.fromBase64(state.encode()))


def _keep(splitter: QSplitter, panels: dict[str, str], *_: int) -> None:
    panels[splitter.objectName()] = bytes(splitter.saveState().toBase64().data()).decode()
