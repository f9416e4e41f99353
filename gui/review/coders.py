"""Who judges: the coder's name, under which judgements are kept, and the way to a comparison with another coder."""

from collections.abc import Mapping

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QCheckBox, QDialog, QLineEdit, QMessageBox, QSizePolicy, QWidget

from gui.dialogs.question import agreed
from gui.keys import Command
from gui.review.compare_panel import ComparePanel
from gui.review.inspector import Inspector
from gui.review.model import ReviewModel
from gui.settings import Settings
from gui.widgets.basic import IconButton, button, column, label, plain, row, show_dialog
from realtime.session import Status
from realtime.session.schema import SETTLED
from realtime.study import PROGRAM, REVIEW

WHAT = (
    "Judgements, notes and marks are kept under this name, and shown to nobody else until two coders are compared. "
    "Without a name they are those of one person."
)
NAMELESS = "This session was judged without a name. You do not see these judgements, unless they are yours: Ctrl+U."
LONGEST, LONGEST_SHOWN = 60, 12
"""Letters of a name, and of those in the head of Review."""


class Coders(QWidget):
    """Two buttons: who judges, and the comparison, which takes the inspector's place in `panel`."""

    changed = pyqtSignal(bool)
    """Another person judges from now on; whether what was judged without a name is theirs."""

    def __init__(
        self, settings: Settings, review: ReviewModel, inspector: Inspector, commands: Mapping[str, Command]
    ) -> None:
        super().__init__()
        self._settings, self._review, self._inspector = settings, review, inspector
        self._who = commands["Ctrl+U"]
        beside = commands["Ctrl+D"]
        self._name = IconButton("user", self._who.tip, self._who.run, text=" ", flat=True)
        compare = IconButton("users", beside.tip, beside.run, flat=True)
        self.setLayout(row(self._name, compare))
        # where it is narrow, the session's name gives way
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self.panel = ComparePanel(review, beside)
        self.panel.hide()
        self.panel.closed.connect(self.leave)
        self.panel.name_asked.connect(self.ask)
        review.session_changed.connect(self.leave)
        self._show_name()

    @property
    def remark(self) -> str:
        """A sentence about a session that was judged by a person without a name, where the coder has one."""
        record = self._review.record
        return NAMELESS if self._settings.coder and record is not None and record.nameless else ""

    def ask(self) -> None:
        """Ask who judges."""
        record = self._review.record
        dialog = CoderDialog(self._settings.coder, self, nameless=record is not None and record.nameless)
        if show_dialog(dialog):
            self._settings.coder = dialog.chosen
            self._show_name()
            self.changed.emit(dialog.mine.isChecked() and bool(dialog.chosen))

    def compare(self) -> None:
        """Show the coder's judgements beside another's, or the inspector again."""
        record = self._review.record
        if record is None or not self.panel.isHidden():
            self.leave()
            return
        left = sum(stored.status is Status.UNREVIEWED for stored in record.events)
        events = f"{left} event{'s' * (left != 1)}"
        question = f"You have not judged {events} yet. Once you have seen what another coder judged, you are not blind."
        if left and not agreed(self, QMessageBox.Icon.Question, "Compare", question, verb="Compare", safe="Not yet"):
            return
        self.panel.start()
        self._inspector.hide()
        self.panel.show()

    def leave(self) -> None:
        """Show the inspector again."""
        self.panel.hide()
        self._inspector.show()

    def _show_name(self) -> None:
        name = self._review.coder = self._settings.coder
        shown = name if len(name) <= LONGEST_SHOWN else f"{name[: LONGEST_SHOWN - 1]}…"
        self._name.setText(shown.replace("&", "&&"))  # a single one would underline the next letter
        coder = f"Coder: {name or 'without a name'}"
        self._name.setToolTip(plain(self._who.tip_with(coder)))
        self._name.setAccessibleName(coder)


class CoderDialog(QDialog):
    """Asks for the name; `nameless`: whether the session holds judgements without one, which may be theirs."""

    def __init__(self, name: str, parent: QWidget, *, nameless: bool) -> None:
        super().__init__(parent)
        self.setWindowTitle("Coder")
        self.name = QLineEdit(name)
        self.name.setAccessibleName("Name of the coder")
        self.name.setPlaceholderText("Without a name")
        self.name.setMaxLength(LONGEST)
        self.mine = QCheckBox("What was judged in this session without a name is mine")
        if not nameless:
            self.mine.hide()
        self._problem = label("", wrap=True)
        self._problem.hide()
        what = label(WHAT, quiet=True, wrap=True)
        what.setMinimumWidth(420)
        foot = row(None, button("Cancel", self.reject), button("Done", self._take, role="primary"))
        title = label("Who judges?", role="title")
        self.setLayout(column(title, what, self.name, self.mine, self._problem, 8, foot, gap=12, margin=24))

    @property
    def chosen(self) -> str:
        """The name."""
        return " ".join(self.name.text().split())

    def _take(self) -> None:
        if self.chosen in (PROGRAM, REVIEW) or self.chosen.startswith(SETTLED.strip()):
            self._problem.setText(f"{self.chosen} stands for something else in studies; take another name.")
            self._problem.show()
        else:
            self.accept()
