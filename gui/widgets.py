"""The few small widgets that every workspace is built from."""

from collections.abc import Callable
from html import escape
from typing import TypeVar

import qtawesome
from PyQt6.QtCore import QEvent, QRect, QSize, Qt
from PyQt6.QtGui import QIcon, QPainter, QPaintEvent
from PyQt6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui.theme import GRID_PX, colour, tokens

_Box = TypeVar("_Box", QHBoxLayout, QVBoxLayout)

ICON = QSize(16, 16)


def icon(name: str, role: str = "text") -> QIcon:
    """A Phosphor icon in a token's colour."""
    t = tokens()
    return qtawesome.icon(f"ph.{name}", color=getattr(t, role), color_disabled=colour("quiet", 90))


class IconButton(QToolButton):
    """A square button with an icon; its tooltip tells what it does and its key."""

    def __init__(
        self,
        name: str,
        tip: str,
        pressed: Callable[[], object] | None = None,
        *,
        key: str = "",
        text: str = "",
        toggle: bool = False,
        flat: bool = False,
    ) -> None:
        super().__init__()
        self._name, self._role = name, "text"
        self.setIconSize(ICON)
        self.setToolTip(f"{tip} ({key})" if key else tip)
        self.setAccessibleName(text or tip)
        self.setCheckable(toggle)
        self.setProperty("switch", toggle)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if text:
            self.setText(text)
            self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            self.setProperty("wide", True)
        if flat:
            self.setProperty("flat", True)
        if pressed is not None:
            self.clicked.connect(lambda _checked=False: pressed())
        self._dress()

    def show_as(self, name: str, tip: str, role: str = "text") -> None:
        """Change the picture and the meaning."""
        if (name, role) != (self._name, self._role):
            self._name, self._role = name, role
            self._dress()
        if tip != self.toolTip():
            self.setToolTip(tip)
            if not self.text():
                self.setAccessibleName(tip)

    def changeEvent(self, event: QEvent | None) -> None:
        """Follow the theme."""
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._dress()
        super().changeEvent(event)

    def _dress(self) -> None:
        self.setIcon(icon(self._name, self._role))


class Choice(QComboBox):
    """A combo box with the icon set's own arrow."""

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint the box, then the arrow."""
        super().paintEvent(event)
        painter = QPainter(self)
        place = QRect(self.width() - ICON.width() - 8, (self.height() - ICON.height()) // 2, *(ICON.width(),) * 2)
        icon("caret-down", "quiet").paint(painter, place)


def label(text: str = "", *, quiet: bool = False, role: str = "", wrap: bool = False) -> QLabel:
    """A label in one of the theme's roles."""
    result = QLabel(text)
    result.setTextFormat(Qt.TextFormat.PlainText)  # names of files may look like tags
    if quiet:
        result.setProperty("quiet", True)
    if role:
        result.setProperty("role", role)
    result.setWordWrap(wrap)
    return result


def plain(text: str) -> str:
    """A tooltip's text, to be shown letter by letter: Qt takes what looks like a tag for one, also in a file's name."""
    return f"<qt>{escape(text)}</qt>" if "<" in text else text


def button(text: str, pressed: Callable[[], object], *, role: str = "", tip: str = "", key: str = "") -> QPushButton:
    """A button with words."""
    result = QPushButton(text)
    result.setAutoDefault(False)
    if role:
        result.setProperty("role", role)
    if tip or key:
        result.setToolTip(f"{tip or text} ({key})" if key else tip)
    result.clicked.connect(lambda _checked=False: pressed())
    return result


def row(*items: QWidget | QLayout | int | None, gap: int = GRID_PX, margin: int = 0) -> QHBoxLayout:
    """Things beside each other; a number is a space of that many px, None takes the room that is left."""
    return _filled(QHBoxLayout(), items, gap, margin)


def column(*items: QWidget | QLayout | int | None, gap: int = GRID_PX, margin: int = 0) -> QVBoxLayout:
    """Things below each other; as `row`."""
    return _filled(QVBoxLayout(), items, gap, margin)


def frame(role: str, content: QLayout) -> QFrame:
    """A framed area: panel, card, bar or strip."""
    result = QFrame()
    result.setProperty("role", role)
    result.setLayout(content)
    return result


def restyle(widget: QWidget, **properties: object) -> None:
    """Set properties that the style sheet looks at, and let it look again."""
    for name, value in properties.items():
        widget.setProperty(name, value)
    style = widget.style()
    if style is not None:
        style.unpolish(widget)
        style.polish(widget)


def _filled(box: _Box, items: tuple[QWidget | QLayout | int | None, ...], gap: int, margin: int) -> _Box:
    box.setContentsMargins(margin, margin, margin, margin)
    box.setSpacing(gap)
    for item in items:
        if item is None:
            box.addStretch(1)
        elif isinstance(item, int):
            box.addSpacing(item)
        elif isinstance(item, QWidget):
            box.addWidget(item)
        else:
            box.addLayout(item)
    return box
