"""A question whose safe answer is the default."""

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QMessageBox, QPushButton, QWidget


def agreed(owner: QWidget, icon: QMessageBox.Icon, title: str, text: str, *, verb: str, safe: str) -> bool:
    """Ask with two buttons, `verb` and `safe`; Enter and Esc press `safe`. Returns whether `verb` was pressed."""
    box = QMessageBox(icon, title, text, parent=owner)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.addButton(verb, QMessageBox.ButtonRole.DestructiveRole)
    keep = QPushButton(safe)
    box.addButton(keep, QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(keep)
    box.setEscapeButton(keep)
    box.exec()
    pressed = box.clickedButton()
    box.deleteLater()
    return pressed is not None and pressed.text() == verb
