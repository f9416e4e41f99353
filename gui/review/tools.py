"""The tools between video and timeline: playing, stepping, magnifying, marking, exporting."""

from collections.abc import Callable, Mapping

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QMenu, QSlider, QToolButton, QWidget, QWidgetAction

from gui.keys import Command
from gui.review.viewer import Viewer
from gui.settings import Settings
from gui.widgets.basic import Elided, IconButton, label, row
from realtime.report import clock

VOLUME_ICONS = ((50, "speaker-high"), (1, "speaker-low"), (0, "speaker-slash"))
"""Icons by the volume from which they show, in %."""


class Tools(QWidget):
    """A button for some of Review's commands (by key), the position in the video and the speed."""

    def __init__(self, viewer: Viewer, settings: Settings, commands: Mapping[str, Command]) -> None:
        super().__init__()
        self._settings = settings
        self._viewer, self._toggle = viewer, commands["Space"]

        def tool(key: str, icon: str, *, text: str = "", toggle: bool = False, flat: bool = False) -> IconButton:
            command = commands[key]
            return IconButton(icon, command.tip, command.run, text=text, toggle=toggle, flat=flat)

        self._position, self._doing = label("0:00.00"), Elided()
        self._play = tool("Space", "play")
        self._magnify = tool("G", "arrows-out", toggle=True)
        self.mark = tool("M", "flag")
        self._sound = IconButton("speaker-high", "Volume and sound (Ctrl+↑, Ctrl+↓; Shift+M mutes)")
        self._volume = _slider("Volume", viewer.sound.change_volume)
        self._mute, self._slow = (self._choice(commands[key]) for key in ("Shift+M", "Shift+S"))
        self._add_menu()
        viewer.sound.changed.connect(self._show_sound)
        tools = row(
            self._play, tool("Left", "caret-left"), tool("Right", "caret-right"), tool("L", "repeat"),
            tool("S", "gauge"), self._magnify, self._sound,
            8, self._position, 8, self._doing,
            tool("-", "magnifying-glass-minus", flat=True), tool("+", "magnifying-glass-plus", flat=True),
            tool("V", "film-strip", flat=True), self.mark, tool("Ctrl+E", "export", text="Export"),
        )  # fmt: skip
        tools.setStretchFactor(self._doing, 1)
        self.setLayout(tools)
        self._show_sound()

    def _choice(self, command: Command) -> QAction:
        """Return a choice in a menu that does as the command's key does."""
        choice = QAction(command.tip, self)
        choice.setCheckable(True)
        choice.triggered.connect(lambda _checked=False: command.run())
        return choice

    def _add_menu(self) -> None:
        """Open the volume and the choices of sound with their button."""
        inside, volume, menu = QWidget(), QWidgetAction(self), QMenu(self)
        inside.setLayout(row(label("Volume"), self._volume, margin=10))
        volume.setDefaultWidget(inside)
        menu.addAction(volume)
        menu.addActions([self._mute, self._slow])
        self._sound.setMenu(menu)
        self._sound.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)

    def _show_sound(self) -> None:
        """Show volume and choices, where there is sound to be heard."""
        self._sound.setVisible(self._viewer.sound.there)
        settings = self._settings
        percent = 0 if settings.muted else settings.volume_pct
        self._sound.show_as(next(name for least, name in VOLUME_ICONS if percent >= least), self._sound.toolTip())
        self._volume.blockSignals(True)  # this is no wish of the user's
        self._volume.setValue(percent)
        self._volume.blockSignals(False)
        self._volume.setToolTip(f"{percent} %")
        self._mute.setChecked(settings.muted)
        self._slow.setChecked(settings.slow_sound)

    def refresh(self) -> None:
        """Show the state of the viewer."""
        viewer = self._viewer
        playing = viewer.playing
        self._play.show_as("pause" if playing else "play", self._toggle.tip_with("Stop" if playing else "Play"))
        self._magnify.setChecked(viewer.magnified)
        position = f"{clock(viewer.position_s)} / {clock(viewer.end_s)}"
        for text, shown in ((position, self._position), (viewer.doing, self._doing)):
            if shown.text() != text:
                shown.setText(text)


def _slider(name: str, moved: Callable[[int], None]) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(0, 100)
    slider.setFixedWidth(160)
    slider.setAccessibleName(name)
    slider.valueChanged.connect(moved)
    return slider
