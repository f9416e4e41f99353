"""The field for the text of a mark that was just made."""

from PyQt6.QtCore import QEvent, QPoint, Qt, pyqtSignal
from PyQt6.QtGui import QFocusEvent, QKeyEvent
from PyQt6.QtWidgets import QLineEdit, QWidget

WIDTH_PX = 300


class MarkText(QLineEdit):
    """Floats above a button of its parent. `entered` emits the text on Enter or when the field loses the focus.

    The mark exists already, so Esc only leaves it without a text of its own. While the field has the focus, keys are
    text, not commands.
    """

    entered = pyqtSignal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setPlaceholderText("Text of the mark (Enter)")
        self.setAccessibleName("Text of the mark")
        self.setMaxLength(200)
        self.returnPressed.connect(self._enter)
        self.hide()

    def open_above(self, button: QWidget) -> None:
        """Show the empty field above a button and give it the focus."""
        parent = self.parentWidget()
        assert parent is not None
        self._enter()  # the text of an earlier mark
        size = self.sizeHint()
        self.resize(WIDTH_PX, size.height())
        corner = button.mapTo(parent, QPoint(button.width() - WIDTH_PX, -size.height() - 6))
        self.move(max(corner.x(), 8), corner.y())
        self.show()
        self.raise_()
        self.setFocus()

    def event(self, event: QEvent | None) -> bool:
        """Keep Esc from the workspaces, where it is a command."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and event.key() == Qt.Key.Key_Escape
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Close on Esc."""
        if event is not None and event.key() == Qt.Key.Key_Escape:
            self.clear()
            self._close()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent | None) -> None:
        """Take the text."""
        super().focusOutEvent(event)
        self._enter()

    def _enter(self) -> None:
        text = self.text().strip()
        self.clear()
        self._close()
        if text:
            self.entered.emit(text)

    def _close(self) -> None:
        parent = self.parentWidget()
        if self.isVisible():
            self.hide()
            if parent is not None:
                parent.setFocus()
