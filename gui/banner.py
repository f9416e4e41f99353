"""The banner: a calm line on top for what went wrong or was done, with its way out; never a modal trap."""

from collections.abc import Callable

from PyQt6.QtWidgets import QFrame

from gui.widgets import IconButton, button, label, row


class Banner(QFrame):
    """One sentence at a time; the newest wins."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "bar")
        self._sign = IconButton("info", "", flat=True)
        self._sign.setEnabled(True)
        self._words = label("", wrap=True)
        self._act: Callable[[], object] | None = None
        self._button = button("", self._pressed)
        close = IconButton("x", "Dismiss", self.hide, flat=True)
        layout = row(self._sign, self._words, self._button, close)
        layout.setStretch(1, 1)
        layout.setContentsMargins(12, 6, 12, 6)
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
        self.show()

    def _pressed(self) -> None:
        self.hide()
        if self._act is not None:
            self._act()
