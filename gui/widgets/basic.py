"""Small widgets and layouts that every workspace uses."""

from collections.abc import Callable, Sequence
from html import escape
from typing import TypeVar

import qtawesome
from PyQt6.QtCore import QEvent, QRect, QSize, Qt
from PyQt6.QtGui import QIcon, QPainter, QPaintEvent
from PyQt6.QtWidgets import (
    QComboBox,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui.theme import GRID_PX, colour, tokens

_Box = TypeVar("_Box", QHBoxLayout, QVBoxLayout)

ICON = QSize(16, 16)
FILLED = 0.94
"""Share of a screen that a window covers at most when it opens: its frame needs room too."""


def icon(name: str, role: str = "text") -> QIcon:
    """A Phosphor icon in a token's colour."""
    t = tokens()
    return qtawesome.icon(f"ph.{name}", color=getattr(t, role), color_disabled=colour("quiet", 90))


class IconButton(QToolButton):
    """A square button with an icon; its tooltip describes what it does and names its key."""

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
        self._set_icon()

    def show_as(self, name: str, tip: str, role: str = "text") -> None:
        """Change the icon and the tooltip."""
        if (name, role) != (self._name, self._role):
            self._name, self._role = name, role
            self._set_icon()
        if tip != self.toolTip():
            self.setToolTip(tip)
            if not self.text():
                self.setAccessibleName(tip)

    def changeEvent(self, event: QEvent | None) -> None:
        """Follow the theme."""
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._set_icon()
        super().changeEvent(event)

    def _set_icon(self) -> None:
        self.setIcon(icon(self._name, self._role))


class Choice(QComboBox):
    """A combo box with the icon set's own arrow; a text that is too long for it ends in dots."""

    def paintEvent(self, _: QPaintEvent | None) -> None:
        """Paint the box and as much of the text as there is room for, then the arrow."""
        painter, box = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(box)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, box)
        style, part = self.style(), QStyle.SubControl.SC_ComboBoxEditField
        assert style is not None
        room = style.subControlRect(QStyle.ComplexControl.CC_ComboBox, box, part, self).width()
        box.currentText = self.fontMetrics().elidedText(box.currentText, Qt.TextElideMode.ElideRight, room)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, box)
        place = QRect(self.width() - ICON.width() - 8, (self.height() - ICON.height()) // 2, *(ICON.width(),) * 2)
        icon("caret-down", "quiet").paint(painter, place)


class Elided(QLabel):
    """A text of one line in the room that others leave; it ends in dots where that is not enough."""

    def __init__(self, role: str = "") -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("quiet", not role)
        self.setProperty("role", role)
        self.setMinimumWidth(1)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def paintEvent(self, _: QPaintEvent | None) -> None:
        """Paint as much as there is room for."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        fitting = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, fitting)


def label(text: str = "", *, quiet: bool = False, role: str = "", wrap: bool = False) -> QLabel:
    """Return a label in one of the theme's roles."""
    result = QLabel(text)
    result.setTextFormat(Qt.TextFormat.PlainText)  # file names may look like tags
    if quiet:
        result.setProperty("quiet", True)
    if role:
        result.setProperty("role", role)
    result.setWordWrap(wrap)
    return result


def plain(text: str) -> str:
    """Escape a tooltip's text: Qt would interpret what looks like a tag, also in a file's name."""
    return f"<qt>{escape(text)}</qt>" if "<" in text else text


def button(text: str, pressed: Callable[[], object], *, role: str = "", tip: str = "", key: str = "") -> QPushButton:
    """Return a button with a text; Enter presses the primary one of a dialog, or another one that has the focus."""
    result = QPushButton(text)
    result.setDefault(role == "primary")
    if role:
        result.setProperty("role", role)
    if tip or key:
        result.setToolTip(f"{tip or text} ({key})" if key else tip)
    result.clicked.connect(lambda _checked=False: pressed())
    return result


def row(*items: QWidget | QLayout | int | None, gap: int = GRID_PX, margin: int = 0) -> QHBoxLayout:
    """Lay out items beside each other; a number is a space in px, None takes the space that is left."""
    return _filled(QHBoxLayout(), items, gap, margin)


def column(*items: QWidget | QLayout | int | None, gap: int = GRID_PX, margin: int = 0) -> QVBoxLayout:
    """Lay out items below each other, as `row` does beside each other."""
    return _filled(QVBoxLayout(), items, gap, margin)


def frame(role: str, content: QLayout) -> QFrame:
    """Return a framed area: panel, card, bar or strip."""
    result = QFrame()
    result.setProperty("role", role)
    result.setLayout(content)
    return result


def split(
    orientation: Qt.Orientation, parts: Sequence[QWidget], sizes_px: Sequence[int], shares: Sequence[int]
) -> QSplitter:
    """Put parts beside or below each other with movable borders; `shares` divide what a larger window adds."""
    result = QSplitter(orientation)
    result.setChildrenCollapsible(False)
    for place, part in enumerate(parts):
        result.addWidget(part)
        result.setStretchFactor(place, shares[place])
    result.setSizes(sizes_px)
    return result


def scrolling(content: QLayout) -> QScrollArea:
    """Return an area that scrolls where its content does not fit, also to a control that gets the focus."""
    inside = QWidget()
    inside.setLayout(content)
    content.setContentsMargins(0, 0, 8, 0)
    result = QScrollArea()
    result.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    result.setWidgetResizable(True)
    result.setWidget(inside)
    return result


def readable(content: QLayout, text: str) -> QScrollArea:
    """Return an area that holds only text: arrow keys scroll it, a screen reader reads `text` when it has the focus."""
    result = scrolling(content)
    content.setContentsMargins(8, 6, 8, 6)
    result.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    result.setAccessibleName(text)
    return result


def resize_within_screen(window: QWidget, width: int, height: int) -> None:
    """Resize a window, to less where its screen is smaller."""
    screen = window.screen()
    room = screen.availableGeometry().size() if screen is not None else QSize(width, height)
    window.resize(min(width, round(FILLED * room.width())), min(height, round(FILLED * room.height())))


def show_dialog(dialog: QDialog) -> bool:
    """Show a dialog until it is closed, and return whether it was accepted; what was chosen is to be read at once.

    Its parent would keep it, and the session that it shows, until the app is closed.
    """
    accepted = dialog.exec() == QDialog.DialogCode.Accepted
    dialog.deleteLater()
    return accepted


def restyle(widget: QWidget, **properties: object) -> None:
    """Set properties that the style sheet reads, and apply it again."""
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
