"""The dialog that answers "why was nothing reported here?" for a moment of a session."""

import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QDialog, QWidget

from gui.widgets.basic import button, column, label, row
from realtime.explain import Explanation
from realtime.report import clock
from realtime.types import Event

WIDTH_PX = 520


class WhyDialog(QDialog):
    """Shows an explanation; `choose` is called with an event or a candidate that the user wants to see."""

    def __init__(
        self, explanation: Explanation, session: Path, choose: Callable[[Event], object], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Why was nothing reported here?")
        self._command = shlex.join(["medn", "explain", str(session), "--at", f"{explanation.time_s:.2f}"])
        self._choose = choose
        self.sentences = [label(sentence, wrap=True) for sentence in explanation.sentences]
        for sentence in self.sentences:
            sentence.setFixedWidth(WIDTH_PX)
        self.shown = [
            button(f"Show {clock(event.apex_s)}", partial(self._show_event, event), tip="Show it in Review")
            for event in explanation.near
        ]
        close = button("Close", self.accept, role="primary")
        command = button("Copy as command", self._copy_command, tip="Copy the same question as a command line")
        title = label(f"What happened at {clock(explanation.time_s)}", role="title")
        foot = row(command, None, *self.shown, close)
        self.setLayout(column(title, *self.sentences, 8, foot, gap=10, margin=24))

    def _show_event(self, event: Event) -> None:
        self.accept()
        self._choose(event)

    def _copy_command(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self._command)
