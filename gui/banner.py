"""The banner: a calm line on top for what went wrong or was done, with its way out; never a modal trap."""

from collections.abc import Callable

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtWidgets import QFrame, QWidget

from gui.widgets import IconButton, button, label, row

PASSING_MS = 6000
"""A sentence that asks for nothing goes by itself."""
TOP_PX, BESIDE_PX, WIDEST_PX = 3, 300, 760
"""It lies in the bar between the names of the workspaces and what is on the right; a long sentence hangs down."""


class Banner(QFrame):
    """One sentence at a time; the newest wins. It lies over its parent, so that nothing moves when it comes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "banner")
        self._passing = QTimer(self)
        self._passing.setSingleShot(True)
        self._passing.timeout.connect(self.hide)
        self._sign = IconButton("info", "", flat=True)
        self._sign.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # a sign, not a control
        self._words = label("", wrap=True)
        self._act: Callable[[], object] | None = None
        self._button = button("", self._pressed)
        close = IconButton("x", "Dismiss", self.hide, flat=True)
        layout = row(self._sign, self._words, self._button, close)
        layout.setStretch(1, 1)
        layout.setContentsMargins(6, 2, 4, 2)
        self.setLayout(layout)
        self.hide()

    @property
    def text(self) -> str:
        """What it says; empty while it is hidden."""
        return self._words.text() if self.isVisible() else ""

    def say(self, text: str, *, warning: bool = False, action: tuple[str, Callable[[], object]] | None = None) -> None:
        """Show a sentence, with a button if something can be done."""
        self._sign.show_as("warning" if warning else "info", "", "warning" if warning else "accent")
        self._words.setText(text)
        self._words.setAccessibleName(text)
        self._button.setVisible(action is not None)
        if action is not None:
            self._button.setText(action[0])
            self._act = action[1]
        self.place()
        self.show()
        self.raise_()
        if warning or action is not None:
            self._passing.stop()
        else:
            self._passing.start(PASSING_MS)

    def place(self) -> None:
        """Keep to the middle of the bar."""
        parent = self.parentWidget()
        if parent is not None:
            width = min(WIDEST_PX, parent.width() - 2 * BESIDE_PX)
            self.setGeometry((parent.width() - width) // 2, TOP_PX, width, self.heightForWidth(width))

    def _pressed(self) -> None:
        self.hide()
        if self._act is not None:
            self._act()
