"""The window: a bar, three workspaces, a banner for messages, and a strip of measured figures."""

from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QByteArray, Qt, QTimer
from PyQt6.QtGui import QCloseEvent, QKeyEvent, QResizeEvent
from PyQt6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QButtonGroup,
    QMainWindow,
    QMessageBox,
    QPushButton,
    QStackedWidget,
    QWidget,
)

from gui import theme
from gui.dialogs.settings import SettingsDialog
from gui.format import length
from gui.keys import Command, KeysDialog, by_key
from gui.live.strip import Strip
from gui.live.workspace import LiveWorkspace
from gui.settings import Settings, save
from gui.widgets.banner import Banner
from gui.widgets.basic import IconButton, column, frame, icon, label, resize_within_screen, row, show_dialog

if TYPE_CHECKING:
    from gui.analyze.workspace import AnalyzeWorkspace
    from gui.review.workspace import ReviewWorkspace

WORKSPACES = ("Live", "Analyze", "Review")
SIZE, MIN_SIZE = (1360, 860), (900, 470)
"""At first, less on a smaller screen; at the least: what 1920×1080 at 200 % leaves beside its panels."""


class MainWindow(QMainWindow):
    """The bar, the workspaces, the banner and the strip.

    Live is there from the start; the others are loaded and built once they are wanted, so that the first live frame
    need not wait for them.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.setWindowTitle("MEDN")
        self.setWindowIcon(icon("user-focus", "accent"))
        self.setMinimumSize(*MIN_SIZE)
        self.banner, self.strip = Banner(), Strip()
        self.live = LiveWorkspace(settings, self.banner, self.strip)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.live)
        self._commands = self._make_commands()
        body = QWidget()
        body.setLayout(column(self._bar(), self._stack, self.strip, gap=0))
        self.banner.setParent(body)
        self.setCentralWidget(body)
        self.live.session_written.connect(self.open_session)
        clock = QTimer(self)
        clock.timeout.connect(self._refresh_bar)
        clock.start(250)
        self.show_workspace(0)
        self._stack.setFocus()  # Tab begins with the names of the workspaces
        if not self.restoreGeometry(QByteArray.fromBase64(settings.geometry.encode())):
            resize_within_screen(self, *SIZE)

    @cached_property
    def analyze(self) -> "AnalyzeWorkspace":
        """Many recordings."""
        from gui.analyze.workspace import AnalyzeWorkspace

        workspace = AnalyzeWorkspace(self.settings, self.banner)
        workspace.session_picked.connect(self.open_session)
        self._stack.addWidget(workspace)
        return workspace

    @cached_property
    def review(self) -> "ReviewWorkspace":
        """One session."""
        from gui.review.workspace import ReviewWorkspace

        workspace = ReviewWorkspace(self.settings, self.banner)
        workspace.again_asked.connect(self._analyse_again)
        self._stack.addWidget(workspace)
        return workspace

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Keep the banner in the middle."""
        super().resizeEvent(event)
        self.banner.place()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Enter presses the button that has the focus; where nothing has it, the primary one of the workspace."""
        if event is None or event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
            return
        focused = QApplication.focusWidget()
        if isinstance(focused, QAbstractButton):
            focused.click()
        elif (shown := self._stack.currentWidget()) is not None and focused in (None, self, self._stack, shown):
            buttons = shown.findChildren(QPushButton)
            primary = [each for each in buttons if each.isDefault() and each.isVisible() and each.isEnabled()]
            if primary:
                primary[0].click()

    def show_workspace(self, place: int, *_: object) -> None:
        """Show a workspace; a live run continues while another one is shown."""
        workspace = self.live if place == 0 else self.analyze if place == 1 else self.review
        self._stack.setCurrentWidget(workspace)
        self.banner.show_for(workspace)
        self._tabs[place].setChecked(True)
        self.strip.setVisible(place == 0)
        if place == 2:
            self.review.refresh()

    def open_session(self, path: Path) -> None:
        """Show a session in Review."""
        self.show_workspace(2)
        self.review.open(path)
        self.review.table.view.setFocus()  # so that Space plays and does not press a button

    def _analyse_again(self, video: str, chosen: Settings) -> None:
        self.show_workspace(1)
        self.analyze.analyse_again(video, chosen)

    def leave(self) -> None:
        """Close without a question; a recording is saved."""
        self.live.recorder.stop()
        self.close()

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Save what is running, then close: a recording and an analysis each end as a complete session."""
        if self.live.recorder.path is not None and event is not None and not self._may_end_recording():
            event.ignore()
            return
        self.live.stop(patience_s=5.0)
        for built in vars(self).keys() & {"analyze", "review"}:
            getattr(self, built).shut_down()
        self.settings.geometry = bytes(self.saveGeometry().toBase64().data()).decode()
        try:
            save(self.settings)
        except OSError as error:
            print(f"medn: settings were not saved: {error}")
        super().closeEvent(event)

    def _may_end_recording(self) -> bool:
        buttons = QMessageBox.StandardButton
        question = "A recording is running. Stop it, save it and close?"
        return QMessageBox.question(self, "Recording", question, buttons.Save | buttons.Cancel) == buttons.Save

    def _bar(self) -> QWidget:
        name = label("MEDN", role="heading")
        self._tabs: list[QPushButton] = []
        group = QButtonGroup(self)
        for place, text in enumerate(WORKSPACES):
            tab = QPushButton(text)
            tab.setCheckable(True)
            tab.setProperty("tab", True)
            tab.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # after a click, Space acts in the workspace
            tab.setToolTip(self._commands[place].tip)
            tab.clicked.connect(partial(self.show_workspace, place))
            group.addButton(tab)
            self._tabs.append(tab)
        self._recording = label("", role="recording")
        self._recording.hide()
        self._light = IconButton("sun", "Light or dark", self._toggle_theme, flat=True)
        settings = IconButton("gear-six", by_key(self._commands)["Ctrl+,"].tip, self._open_settings, flat=True)
        content = row(name, 16, *self._tabs, None, self._recording, 8, self._light, settings, gap=4)
        content.setContentsMargins(16, 6, 12, 6)
        return frame("bar", content)

    def _refresh_bar(self) -> None:
        seconds = self.live.recorder.seconds
        self._recording.setVisible(seconds is not None)
        if seconds is not None:
            self._recording.setText(f"●  REC {length(seconds)}")

    def _make_commands(self) -> list[Command]:
        keys = Command(self, "F1", "this list (also ?)", self._show_keys)
        keys.setShortcuts(["F1", "?"])
        return [
            *(
                Command(self, f"Ctrl+{place + 1}", name, partial(self.show_workspace, place))
                for place, name in enumerate(WORKSPACES)
            ),
            Command(self, "Ctrl+,", "settings", self._open_settings),
            Command(self, "F11", "full screen", self._toggle_full_screen),
            keys,
        ]

    def _toggle_theme(self) -> None:
        self.settings.light = not self.settings.light
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply(app, light=self.settings.light)

    def _toggle_full_screen(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def _open_settings(self) -> None:
        show_dialog(SettingsDialog(self.settings, self))
        if "analyze" in vars(self):
            self.analyze.faces.follow()
        if "review" in vars(self):
            self.review.refresh()

    def _show_keys(self) -> None:
        workspaces = (self.live.commands, self.analyze.commands, self.review.commands)
        show_dialog(KeysDialog({"Everywhere": self._commands, **dict(zip(WORKSPACES, workspaces, strict=True))}, self))
