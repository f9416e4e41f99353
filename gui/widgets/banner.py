"""The banner: one line at the top that reports a fault or a result, with a button if something can be done."""

from collections.abc import Callable
from dataclasses import dataclass

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtWidgets import QFrame, QWidget

from gui.widgets.basic import IconButton, button, label, row

SHOWN_MS = 6000
"""A message without a warning or a button hides after this time."""
TOP_PX, BESIDE_PX, MAX_WIDTH_PX = 3, 300, 760
"""It covers the bar between the workspaces' names and what is on the right; a long message extends below the bar."""


@dataclass(frozen=True, slots=True)
class _Message:
    text: str
    owner: QWidget
    warning: bool
    action: tuple[str, Callable[[], object]] | None


class Banner(QFrame):
    """Shows the newest message over its parent, so that nothing moves when it appears.

    A message belongs to the workspace that reports it. It is shown wherever the user is, hides when the user leaves
    for another workspace, and comes back with its own until it is dismissed or cleared. One of the window stays.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "banner")
        self._message: _Message | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.dismiss)
        self._icon = IconButton("info", "", flat=True)
        self._icon.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # an icon, not a control
        self._text = label("", wrap=True)
        self._button = button("", self._pressed)
        close = IconButton("x", "Dismiss", self.dismiss, flat=True)
        layout = row(self._icon, self._text, self._button, close)
        layout.setStretch(1, 1)
        layout.setContentsMargins(6, 2, 4, 2)
        self.setLayout(layout)
        self.hide()

    @property
    def text(self) -> str:
        """The message that is shown; empty while the banner is hidden."""
        return self._text.text() if self.isVisible() else ""

    def report(
        self,
        text: str,
        owner: QWidget,
        *,
        warning: bool = False,
        action: tuple[str, Callable[[], object]] | None = None,
    ) -> None:
        """Show a message of a workspace, with a button if there is something to do about it."""
        self._message = _Message(text, owner, warning, action)
        self._icon.show_as("warning" if warning else "info", "", "warning" if warning else "accent")
        self._text.setText(text)
        self._text.setAccessibleName(text)
        self._button.setVisible(action is not None)
        if action is not None:
            self._button.setText(action[0])
        self._show()
        if warning or action is not None:
            self._timer.stop()
        else:
            self._timer.start(SHOWN_MS)

    def dismiss(self) -> None:
        """Hide the message for good."""
        self._message = None
        self._timer.stop()
        self.hide()

    def clear(self, owner: QWidget) -> None:
        """Dismiss the message if it is of this workspace: its cause is gone."""
        if self._message is not None and self._message.owner is owner:
            self.dismiss()

    def show_for(self, workspace: QWidget) -> None:
        """Follow a change to another workspace."""
        if self._message is None:
            return
        if self._message.owner in (workspace, self.window()):
            self._show()
        elif self._timer.isActive():
            self.dismiss()
        else:
            self.hide()

    def place(self) -> None:
        """Keep to the middle of the bar."""
        parent = self.parentWidget()
        if parent is not None:
            width = min(MAX_WIDTH_PX, parent.width() - 2 * BESIDE_PX)
            self.setGeometry((parent.width() - width) // 2, TOP_PX, width, self.heightForWidth(width))

    def _show(self) -> None:
        self.place()
        self.show()
        self.raise_()

    def _pressed(self) -> None:
        message = self._message
        self.dismiss()
        if message is not None and message.action is not None:
            message.action[1]()
