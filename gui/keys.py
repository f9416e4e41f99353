"""Commands: one object each for a key, its buttons, their tooltips and its line in the list of keys (F1)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain

from PyQt6.QtGui import QAction, QKeySequence
from PyQt6.QtWidgets import QAbstractButton, QApplication, QDialog, QGridLayout, QLayout, QWidget

from gui.widgets.basic import button, column, label, readable, resize_within_screen, row

Entry = tuple[str, str, Callable[[], object]]
"""What a command is made of: key, text, what it does."""
ARROWS = {"Left": "←", "Right": "→", "-": "−"}
"""Keys as tooltips show them."""
KEY_PX, TEXT_PX = 100, 320
"""In the list of keys: width of a key, and of its text where the screen has room for it."""


class Command(QAction):
    """An action of the app. Its key works while `owner` is visible, so the same key may do another thing elsewhere.

    A button runs `run` and takes `tip` as its tooltip.
    """

    def __init__(self, owner: QWidget, key: str, text: str, run: Callable[[], object]) -> None:
        super().__init__(text, owner)
        self.key, self.run = key, run
        self.setShortcut(QKeySequence(key))
        self.triggered.connect(self._key_pressed)
        owner.addAction(self)

    @property
    def tip(self) -> str:
        """The tooltip of a button for the command."""
        return self.tip_with(self.text())

    def tip_with(self, text: str) -> str:
        """Return a tooltip with another text and the same key."""
        return f"{text[0].upper()}{text[1:]} ({ARROWS.get(self.key, self.key)})"

    def _key_pressed(self) -> None:
        focused = QApplication.focusWidget()
        if self.key == "Space" and isinstance(focused, QAbstractButton):
            focused.click()  # Space presses the focused button, as in any program
        else:
            self.run()


def by_key(commands: Iterable[Command]) -> dict[str, Command]:
    """Return the commands by their keys."""
    return {command.key: command for command in commands}


class KeysDialog(QDialog):
    """The list of keys: Review's, which are many, beside all others."""

    def __init__(self, tables: Mapping[str, Sequence[Command]], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        parts: list[QLayout] = []
        for title, commands in tables.items():
            grid = QGridLayout()
            grid.setHorizontalSpacing(24)
            grid.setVerticalSpacing(4)
            grid.setColumnMinimumWidth(0, KEY_PX)
            grid.setColumnStretch(1, 1)
            for place, command in enumerate(commands):
                grid.addWidget(label(command.key, role="heading"), place, 0)
                grid.addWidget(label(command.text(), quiet=True, wrap=True), place, 1)
            parts.append(column(label(title.upper(), role="section"), grid, gap=10))
        foot = row(None, button("Close", self.accept, role="primary"))
        *short, long = parts
        texts = [f"{command.key}: {command.text()}" for command in chain(*tables.values())]
        table = readable(row(column(*short, None, gap=24), column(long, None), gap=48), "\n".join(texts))
        layout = column(label("Keys", role="title"), table, foot, gap=16, margin=24)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        inside = table.widget()
        assert inside is not None
        width = 2 * (KEY_PX + TEXT_PX) + 170
        resize_within_screen(self, width, inside.heightForWidth(width - 72) + 150)
