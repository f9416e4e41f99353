"""Linking a session with another video: a question where it does not look like the session's own."""

from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication, QFileDialog, QMessageBox, QWidget

from gui.dialogs.question import agreed
from gui.live.source_picker import VIDEOS
from gui.review.record import Record

USE = "Use it all the same"


def choose_video(record: Record, owner: QWidget) -> tuple[Path | None, str]:
    """Ask for a file, compare it with the session and ask again where they differ.

    Returns the file, None if there is none, and a sentence about what could not be compared. Raises `SourceError` for
    a file that is no video, and `SessionError`.
    """
    name, _ = QFileDialog.getOpenFileName(owner, "Where is the video of this session?", "", VIDEOS)
    if not name:
        return None, ""
    video = Path(name)
    QApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
    try:
        compared = record.compare_video(video)
    finally:
        QApplication.restoreOverrideCursor()
    if compared.differences and not _agreed(video, compared.differences, owner):
        return None, ""
    unknown = " and ".join(compared.not_compared)
    return video, f"The session does not hold {unknown} of its video: compare them by eye." if unknown else ""


def _agreed(video: Path, differences: tuple[str, ...], owner: QWidget) -> bool:
    """Warn of the differences, and ask."""
    points = "\n".join(f"• {difference}" for difference in differences)
    text = f"{video.name} does not seem to be the video of this session:\n\n{points}\n\n"
    text += "Events would be shown beside pictures in which they were not found."
    return agreed(owner, QMessageBox.Icon.Warning, "Another video", text, verb=USE, safe="Do not use it")
