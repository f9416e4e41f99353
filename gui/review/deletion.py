"""Deletion of a session: into the system's bin where there is one, permanently only after a second question."""

from pathlib import Path

from PyQt6.QtCore import QFile
from PyQt6.QtWidgets import QMessageBox, QWidget

from gui.dialogs.question import agreed
from realtime.session import delete_session, files_of, require_unused
from realtime.viewing.kept import forget

TO_BIN, FOR_GOOD = "Move to bin", "Delete permanently"


def confirm_deletion(path: Path, owner: QWidget) -> bool:
    """Ask, and move the session and its video to the bin; where that fails, ask again before deleting permanently.

    Returns whether the session was deleted. Raises `SessionError` if it cannot be deleted.
    """
    require_unused(path)
    files = files_of(path)
    videos = [file.name for file in files if file.suffix == ".mp4"]
    also = f" The video {videos[0]} recorded with it is deleted too." if videos else ""
    if not _agreed(owner, f"Move {path.name} to the bin?{also}", TO_BIN):
        return False
    for file in files:
        forget(file)
    # the session itself last: as long as it exists, the deletion can be repeated
    if all(QFile.moveToTrash(str(file))[0] for file in reversed(files)):
        return True
    lost = "Its events, traces and notes cannot be restored."
    if not _agreed(owner, f"There is no bin for {path.name} here. Delete it permanently?{also} {lost}", FOR_GOOD):
        return False
    delete_session(path)
    return True


def _agreed(owner: QWidget, question: str, verb: str) -> bool:
    return agreed(owner, QMessageBox.Icon.Question, "Delete session", question, verb=verb, safe="Keep")
