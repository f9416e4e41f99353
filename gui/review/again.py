"""A second analysis of a recording: its settings, and when its session may take the place of the one that is shown."""

from dataclasses import replace

from PyQt6.QtWidgets import QApplication, QDialog, QDoubleSpinBox, QHBoxLayout, QLineEdit, QPlainTextEdit, QWidget

from gui.settings import SCORE_THRESHOLDS, Settings
from gui.widgets.basic import button, column, label, row
from gui.widgets.sensitivity import MOST_FACES, Faces, Sensitivity
from realtime.session import SessionInfo

WHAT = "The recording is analysed again, in Analyze, into a session of its own. This session stays as it is."


class AgainDialog(QDialog):
    """Asks for the settings; they begin with those of the session."""

    def __init__(self, settings: Settings, info: SessionInfo, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Analyse again")
        most_faces, threshold = info.parameters.get("most_faces"), info.score_threshold
        self.chosen = replace(settings)
        """The settings with what was chosen."""
        if isinstance(most_faces, int) and 1 <= most_faces <= MOST_FACES:
            self.chosen.most_faces = most_faces
        if threshold in SCORE_THRESHOLDS:
            self.chosen.score_threshold = threshold
        self.sensitivity, self.faces = Sensitivity(self.chosen), Faces(self.chosen)
        known = info.parameters.get("rest_s")
        begin_s, end_s = known if isinstance(known, list) and len(known) == 2 else (0.0, 0.0)
        self.rest = tuple(_seconds(name, at_s) for name, at_s in (("At rest from", begin_s), ("to", end_s)))
        self._go = button("Analyse again", self._take, role="primary")
        foot = row(None, button("Cancel", self.reject), self._go)
        title, what = label("Analyse again", role="title"), label(WHAT, quiet=True, wrap=True)
        what.setMinimumWidth(460)
        self.setLayout(
            column(title, what, self.sensitivity, row(self.faces, None), self._rest_row(), 8, foot, gap=12, margin=24)
        )

    def _rest_row(self) -> QHBoxLayout:
        begin, end = self.rest
        tip = "A stretch of 3 s or more in which one person is at rest: the background starts from it."
        for field in self.rest:
            field.setToolTip(tip)
        return row(label("At rest from"), begin, label("to"), end, None)

    def _take(self) -> None:
        begin, end = self.rest
        self.chosen.rest_s = (begin.value(), end.value()) if end.value() > begin.value() else None
        self.accept()


def is_busy() -> bool:
    """Whether somebody is in a dialog or a menu, or writes: what they see must not be replaced meanwhile."""
    writing = isinstance(QApplication.focusWidget(), (QLineEdit, QPlainTextEdit))
    return writing or QApplication.activeModalWidget() is not None or QApplication.activePopupWidget() is not None


def _seconds(name: str, at_s: object) -> QDoubleSpinBox:
    field = QDoubleSpinBox()
    field.setAccessibleName(name)
    field.setRange(0, 1e6)
    field.setDecimals(1)
    field.setSuffix(" s")
    field.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
    field.setSpecialValueText("–")
    field.setValue(at_s if isinstance(at_s, (int, float)) else 0.0)
    return field
