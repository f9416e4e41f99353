"""The inspector: all that is known of one event, and what a person says of it."""

import threading

import cv2
import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QFocusEvent
from PyQt6.QtWidgets import QFrame, QGridLayout, QLabel, QPlainTextEdit, QScrollArea, QWidget

from gui.bars import Bars, au_bars, class_bars
from gui.thumbnails import Thumbnails
from gui.widgets import IconButton, button, column, label, row
from gui.words import class_of, clock, regions_of, timing, what_moved
from realtime.results import Event
from realtime.session import Status, StoredEvent
from realtime.viewing.moments import Moment

NOBODY = "The event that is chosen in the table is shown here. J and K go through them."
NO_RECOGNIZER = "Not classified: no recognition weights were used in this session."


class Inspector(QScrollArea):
    """What the table's row holds. `judged` gives a status, `noted` a note."""

    judged = pyqtSignal(object)
    noted = pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._stored: StoredEvent | None = None
        self._pictured: int | None = None
        self._difference: tuple[Moment, NDArray[np.uint8] | None] | None = None
        self._empty = label(NOBODY, quiet=True, wrap=True)
        self._title, self._times = label("", role="title"), label("", quiet=True)
        self._kind = label("", quiet=True, wrap=True)
        self._classes, self._aus = Bars(words=True, row_px=22), Bars(words=True, row_px=20)
        self._aus_heading = label("ACTION UNITS", role="section")
        self._pictures = Thumbnails(92)
        self._no_pictures = label("", quiet=True, wrap=True)
        self._why = label("", wrap=True)
        self._evidence = QGridLayout()
        self._evidence.setVerticalSpacing(2)
        self._evidence.setContentsMargins(0, 0, 0, 0)
        measured = QWidget()
        measured.setLayout(self._evidence)
        measured.hide()
        self._all = IconButton(
            "list", "Everything that was measured around the movement", text="All measurements", toggle=True
        )
        self._all.toggled.connect(measured.setVisible)
        self._note = _Note()
        self._note.left.connect(self._take_note)
        self._confirm = button(
            "✓  Confirm", lambda: self.judged.emit(Status.CONFIRMED), tip="Confirm and go on", key="C"
        )
        self._reject = button("✗  Reject", lambda: self.judged.emit(Status.REJECTED), tip="Reject and go on", key="X")
        for sign in (self._confirm, self._reject):
            sign.setCheckable(True)
            sign.setProperty("role", "judge")
        self._body = QWidget()
        self._body.setLayout(
            column(
                self._title, self._times, 4, row(self._confirm, self._reject), 4,
                self._pictures, self._no_pictures, self._kind, self._classes, 4, self._aus_heading, self._aus, 4,
                label("NOTE", role="section"), self._note, 4,
                label("WHY IT WAS SPOTTED", role="section"), self._why, row(self._all, None), measured, None,
            )
        )  # fmt: skip
        inside = QWidget()
        content = column(self._empty, self._body)
        content.setContentsMargins(0, 0, 8, 0)
        inside.setLayout(content)
        self.setWidget(inside)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.show_event(None)

    def show_event(self, stored: StoredEvent | None) -> None:
        """Show an event, or that none is chosen."""
        another = stored is None or self._stored is None or stored.id != self._stored.id
        if another:
            self._take_note()
        self._stored = stored
        self._empty.setVisible(stored is None)
        self._body.setVisible(stored is not None)
        if stored is None:
            return
        event = stored.event
        self._title.setText(clock(event.onset_s))
        self._times.setText(f"{timing(event)}   ·   score {event.score:.2f}")
        found = class_of(event)
        self._kind.setText("" if found else NO_RECOGNIZER)
        self._kind.setVisible(found is None)
        self._classes.show_bars(class_bars(event))
        self._aus.show_bars(au_bars(event, 6))
        self._aus_heading.setVisible(bool(event.aus))
        self._why.setText(why(event))
        self._show_evidence(event)
        self._confirm.setChecked(stored.status is Status.CONFIRMED)
        self._reject.setChecked(stored.status is Status.REJECTED)
        if another:
            self._note.setPlainText(stored.note)
            self._pictures.show_pictures(())
            self._pictured = None

    def show_moment(self, moment: Moment | None, why_none: str) -> None:
        """The event in pictures: onset, apex and their difference; or why there are none."""
        if self._stored is None:
            return
        self._no_pictures.setText(why_none if moment is None else "")
        self._no_pictures.setVisible(moment is None and bool(why_none))
        if moment is None:
            return
        known = self._difference
        if known is None or known[0] is not moment:
            self._compare(moment)
        elif known[1] is not None and self._pictured != self._stored.id:
            onset, apex = _ends(moment)
            heat = np.asarray(cv2.applyColorMap(known[1], cv2.COLORMAP_INFERNO), np.uint8)
            self._pictures.show_pictures([("onset", onset), ("apex", apex), ("difference", heat)])
            self._pictured = self._stored.id

    @property
    def event_id(self) -> int | None:
        """The number of the event that is shown."""
        return self._stored.id if self._stored else None

    @property
    def pictured(self) -> bool:
        """Whether the event is shown in pictures."""
        return self._stored is not None and self._pictured == self._stored.id

    def focus_note(self) -> None:
        """Put the cursor into the note."""
        self._note.setFocus()

    def _compare(self, moment: Moment) -> None:
        self._difference = (moment, None)

        def work() -> None:
            from realtime.viewing.magnify import difference

            self._difference = (moment, difference(*_ends(moment)))

        threading.Thread(target=work, name="difference").start()

    def _take_note(self) -> None:
        if self._stored is not None and self._note.toPlainText() != self._stored.note:
            self.noted.emit(self._note.toPlainText())

    def _show_evidence(self, event: Event) -> None:
        while (item := self._evidence.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for place, (name, value) in enumerate(event.evidence.items()):
            self._evidence.addWidget(label(name, quiet=True), place, 0)
            figure = QLabel(f"{value:.3g}")
            self._evidence.addWidget(figure, place, 1, Qt.AlignmentFlag.AlignRight)


class _Note(QPlainTextEdit):
    """A note, taken over when the cursor leaves it."""

    left = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(72)
        self.setTabChangesFocus(True)
        self.setPlaceholderText("A note on this event (E)")
        self.setAccessibleName("Note")

    def focusOutEvent(self, event: QFocusEvent | None) -> None:
        super().focusOutEvent(event)
        self.left.emit()


def why(event: Event) -> str:
    """Why it was spotted, in words."""
    moved = "; ".join(f"{name} {pct:.1f} %" for name, pct in regions_of(event, 4))
    if not moved:
        return what_moved(event)
    words = f"Moved and came back within {1000 * (event.offset_s - event.onset_s):.0f} ms: {moved} of the eye distance."
    over = event.evidence.get("over threshold")
    return words if over is None else f"{words} At its strongest {over:.1f} × what the face at rest asks for."


def _ends(moment: Moment) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    onset, apex = (moment.images[moment.index_at(time_s)] for time_s in (moment.event.onset_s, moment.event.apex_s))
    return onset, apex
