"""The window: three workspaces under a slim bar, a banner for what must be said, a strip for what was measured."""

from functools import partial
from pathlib import Path

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QCloseEvent, QResizeEvent
from PyQt6.QtWidgets import QApplication, QButtonGroup, QMainWindow, QMessageBox, QPushButton, QStackedWidget, QWidget

from gui import theme
from gui.analyze.workspace import AnalyzeWorkspace
from gui.banner import Banner
from gui.keys import Key, KeysDialog, analyze_keys, bind, live_keys, review_keys
from gui.live.strip import Strip
from gui.live.workspace import LiveWorkspace
from gui.review.workspace import ReviewWorkspace
from gui.settings import Settings, save
from gui.settings_dialog import SettingsDialog
from gui.widgets import IconButton, column, frame, icon, label, row
from gui.words import length

WORKSPACES = ("Live", "Analyze", "Review")


class MainWindow(QMainWindow):
    """Everything that is shown."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.setWindowTitle("MEDN")
        self.setWindowIcon(icon("user-focus", "accent"))
        self.resize(1360, 860)
        self.setMinimumSize(1100, 680)
        self.banner, self.strip = Banner(), Strip()
        self.live = LiveWorkspace(settings, self.banner, self.strip)
        self.analyze = AnalyzeWorkspace(settings, self.banner)
        self.review = ReviewWorkspace(settings, self.banner)
        self._stack = QStackedWidget()
        for workspace in (self.live, self.analyze, self.review):
            self._stack.addWidget(workspace)
        body = QWidget()
        body.setLayout(column(self._bar(), self._stack, self.strip, gap=0))
        self.banner.setParent(body)
        self.setCentralWidget(body)
        self.live.session_written.connect(self.open_session)
        self.analyze.session_picked.connect(self.open_session)
        self._keys()
        clock = QTimer(self)
        clock.timeout.connect(self._refresh_bar)
        clock.start(250)
        self.show_workspace(0)
        self._stack.setFocus()  # Tab begins with the names of the workspaces, none of which is ringed before

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """The banner stays in the middle."""
        super().resizeEvent(event)
        self.banner.place()

    def show_workspace(self, place: int, *_: object) -> None:
        """Bring a workspace to the front; a live run goes on behind the others."""
        self._stack.setCurrentIndex(place)
        self._tabs[place].setChecked(True)
        self.strip.setVisible(place == 0)
        if place == 2:
            self.review.refresh()

    def open_session(self, path: Path) -> None:
        """Show a session in Review."""
        self.show_workspace(2)
        self.review.open(path)
        self.review.table.view.setFocus()  # so that Space plays and does not press what had the focus before

    def leave(self) -> None:
        """Close without a question; what is recorded is saved."""
        self.live.recorder.stop()
        self.close()

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Save what is running, then go. Nothing is lost: a recording ends as a whole session, an analysis likewise."""
        if self.live.recorder.path is not None and event is not None and not self._may_end_recording():
            event.ignore()
            return
        self.live.stop(patience_s=5.0)
        self.analyze.shut_down()
        self.review.shut_down()
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
        for place, words in enumerate(WORKSPACES):
            tab = QPushButton(words)
            tab.setCheckable(True)
            tab.setProperty("tab", True)
            tab.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # after a click, Space belongs to the workspace
            tab.setToolTip(f"{words} (Ctrl+{place + 1})")
            tab.clicked.connect(partial(self.show_workspace, place))
            group.addButton(tab)
            self._tabs.append(tab)
        self._recording = label("")
        self._recording.setProperty("role", "recording")
        self._recording.hide()
        self._light = IconButton("sun", "Light or dark", self._toggle_theme, flat=True)
        settings = IconButton("gear-six", "Settings", self._open_settings, key="Ctrl+,", flat=True)
        content = row(name, 16, *self._tabs, None, self._recording, 8, self._light, settings, gap=4)
        content.setContentsMargins(16, 6, 12, 6)
        return frame("bar", content)

    def _refresh_bar(self) -> None:
        seconds = self.live.recorder.seconds
        self._recording.setVisible(seconds is not None)
        if seconds is not None:
            colour = theme.tokens().recording
            self._recording.setText(f'<span style="color:{colour}">●</span>&nbsp; REC {length(seconds)}')

    def _keys(self) -> None:
        tabs: list[Key] = [
            (f"Ctrl+{place + 1}", words, partial(self.show_workspace, place)) for place, words in enumerate(WORKSPACES)
        ]
        anywhere: list[Key] = [
            *tabs, ("Ctrl+,", "settings", self._open_settings), ("F1", "this list", self._show_keys),
        ]  # fmt: skip
        tables = dict(
            zip(WORKSPACES, (live_keys(self.live), analyze_keys(self.analyze), review_keys(self.review)), strict=True)
        )
        self._tables = {"Everywhere": anywhere, **tables}
        bind(self, dict(enumerate([*anywhere, *table] for table in tables.values())), self._stack.currentIndex)

    def _toggle_theme(self) -> None:
        self.settings.light = not self.settings.light
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply(app, light=self.settings.light)

    def _open_settings(self) -> None:
        SettingsDialog(self.settings, self).exec()

    def _show_keys(self) -> None:
        KeysDialog(self._tables, self).exec()
