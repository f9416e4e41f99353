"""The dialog that answers "why was nothing reported here?" for a moment of a session."""

import shlex
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QDialog, QLabel, QWidget

from gui.widgets.basic import button, column, label, readable, resize_within_screen, row
from realtime.explain import Explanation
from realtime.report import clock
from realtime.session import SessionError
from realtime.types import Event

WIDTH_PX = 780
BESIDE_PX, BELOW_PX = 60, 150
"""What the dialog holds beside its sentences, and above and below them."""


class WhyDialog(QDialog):
    """Shows an explanation; `choose` is called with an event or a candidate that the user wants to see.

    `units` gives sentences about single action units, and may take a second.
    """

    def __init__(
        self,
        explanation: Explanation,
        session: Path,
        choose: Callable[[Event], object],
        units: Callable[[], Sequence[str]],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Why was nothing reported here?")
        self._command = shlex.join(["medn", "explain", str(session), "--at", f"{explanation.time_s:.2f}"])
        self._choose, self._units = choose, units
        self.sentences: list[QLabel] = []
        self._text = column(gap=10)
        self._page = readable(self._text, "")
        self.shown = [
            button(f"Show {clock(event.apex_s)}", partial(self._show_event, event), tip="Show it in Review")
            for event in explanation.near
        ]
        self.by_unit = button("Action units", self._show_units, tip="From what size on each could have been found here")
        close = button("Close", self.accept, role="primary")
        command = button("Copy as command", self._copy_command, tip="Copy the same question as a command line")
        title = label(f"What happened at {clock(explanation.time_s)}", role="title")
        foot = row(command, self.by_unit, None, *self.shown, close)
        layout = column(title, self._page, foot, gap=12, margin=24)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self._add(explanation.sentences)

    def _add(self, sentences: Sequence[str]) -> None:
        """Show more sentences; the dialog grows with them as far as the screen allows, and then they scroll."""
        for sentence in sentences:
            self.sentences.append(label(sentence, wrap=True))
            self._text.addWidget(self.sentences[-1])
            self.sentences[-1].show()  # or it has no height yet
        self._page.setAccessibleName("\n".join(each.text() for each in self.sentences))
        inside = self._page.widget()
        assert inside is not None
        self.ensurePolished()
        resize_within_screen(self, WIDTH_PX, inside.heightForWidth(WIDTH_PX - BESIDE_PX) + BELOW_PX)

    def _show_units(self) -> None:
        self.by_unit.setEnabled(False)
        QGuiApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        try:
            self._add(self._units())
        except SessionError as error:
            self._add([str(error)])
        finally:
            QGuiApplication.restoreOverrideCursor()
        self._command += " --units"
        QTimer.singleShot(0, self._show_last)  # once the sentences have their places

    def _show_last(self) -> None:
        self._page.ensureWidgetVisible(self.sentences[-1])

    def _show_event(self, event: Event) -> None:
        self.accept()
        self._choose(event)

    def _copy_command(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self._command)
