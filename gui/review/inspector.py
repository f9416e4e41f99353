"""The inspector: the chosen event with its classes, measurements, status and note."""

import threading

import cv2
import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QFocusEvent
from PyQt6.QtWidgets import QFrame, QGridLayout, QPlainTextEdit, QScrollArea, QWidget

from gui.format import SCORE_HELP, class_of, moved_text, timing, units_or_regions
from gui.keys import Command
from gui.review.measurements import describe
from gui.review.model import ReviewModel
from gui.widgets.bars import Bars, au_bars, class_bars
from gui.widgets.basic import IconButton, button, column, label, row
from gui.widgets.thumbnails import Thumbnails
from realtime.explain import why_rejected
from realtime.report import clock
from realtime.session import Status, StoredEvent
from realtime.types import Event, is_uncertain
from realtime.viewing.event_clips import EventClip, ends_of

NO_EVENT = "The chosen event is shown here. J and K choose the previous and the next one."
NOTHING_SAID, AROUND_S = "Nothing was said at that moment.", 3.0
CONFIRM, PROMOTE = "✓  Confirm", "✓  Make it an event"
UNCERTAIN = "Uncertain class: none of the three reaches 67 %."
NO_RECOGNIZER = "Not classified: no recognition weights were used in this session."


class Inspector(QScrollArea):
    """The chosen event with its pictures, status and note."""

    def __init__(self, review: ReviewModel, confirm: Command, reject: Command) -> None:
        super().__init__()
        self._review = review
        self.setWidgetResizable(True)
        self.setAccessibleName("The chosen event")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._stored: StoredEvent | None = None
        self._pictured: int | None = None
        self._difference: tuple[EventClip, NDArray[np.uint8] | None] | None = None
        self._empty = label(NO_EVENT, quiet=True, wrap=True)
        self._title, self._times = label("", role="title"), label("", quiet=True, wrap=True)
        self._kind = label("", quiet=True, wrap=True)
        self._classes, self._aus = Bars(described=True, row_px=22), Bars(described=True, row_px=20)
        self._times.setToolTip(f"Onset to apex + apex to offset = duration. {SCORE_HELP}")
        self._aus_heading = label("ACTION UNITS", role="section")
        self._pictures = Thumbnails(92)
        self._no_pictures = label("", quiet=True, wrap=True)
        self._why = label("", wrap=True)
        self._why_heading = label("", role="section")
        self._evidence = QGridLayout()
        self._evidence.setVerticalSpacing(2)
        self._evidence.setColumnStretch(0, 3)
        self._evidence.setColumnStretch(1, 2)
        self._evidence.setContentsMargins(0, 0, 0, 0)
        measured = QWidget()
        measured.setLayout(self._evidence)
        measured.hide()
        self._all = IconButton(
            "list", "All that was measured around the movement", text="All measurements", toggle=True
        )
        self._all.toggled.connect(measured.setVisible)
        self._all.toggled.connect(self._show_evidence)
        self._said_heading, self._said = label("SAID", role="section"), label("", wrap=True)
        self._around = label("", quiet=True, wrap=True)
        self._note_heading, self._note = label("NOTE", role="section"), _Note()
        self._note.left.connect(lambda: self._save_note(self._stored))
        self._confirm = button(CONFIRM, confirm.run, tip=confirm.tip)
        self._reject = button("✗  Reject", reject.run, tip=reject.tip)
        for verdict in (self._confirm, self._reject):
            verdict.setCheckable(True)
            verdict.setProperty("role", "verdict")
        self._body = QWidget()
        self._body.setLayout(
            column(
                self._title, self._times, 4, row(self._confirm, self._reject), 4,
                self._pictures, self._no_pictures, self._kind, self._classes, 4, self._aus_heading, self._aus, 4,
                self._said_heading, self._said, self._around, 4,
                self._note_heading, self._note, 4,
                self._why_heading, self._why, row(self._all, None), measured, None,
            )
        )  # fmt: skip
        inside = QWidget()
        content = column(self._empty, self._body)
        content.setContentsMargins(0, 0, 8, 0)
        inside.setLayout(content)
        self.setWidget(inside)
        self.setFrameShape(QFrame.Shape.NoFrame)
        for signal in (review.session_changed, review.readings_changed, review.events_changed, review.chosen_changed):
            signal.connect(self._show_event)
        review.event_changed.connect(self._show_judged)
        self._show_event()

    def _show_event(self) -> None:
        stored = self._review.chosen
        another = stored is None or self._stored is None or stored.id != self._stored.id
        before, self._stored = self._stored, stored
        if another:
            self._save_note(before)
        self._empty.setVisible(stored is None)
        self._body.setVisible(stored is not None)
        if stored is None:
            record = self._review.record
            partial = record.info.partial if record else ""
            self._empty.setText(f"PARTIAL: {partial}. {NO_EVENT}" if partial else NO_EVENT)
            return
        event = stored.event
        self._title.setText(clock(event.onset_s))
        face = f"face {event.face}   ·   " if len(self._review.faces) > 1 else ""
        self._times.setText(f"{face}{timing(event)}   ·   score\N{NO-BREAK SPACE}{event.score:.2f}")
        found = class_of(event)
        self._kind.setText(NO_RECOGNIZER if found is None else UNCERTAIN)
        self._kind.setVisible(is_uncertain(event))
        self._classes.show_bars(class_bars(event))
        self._aus.show_bars(au_bars(event, 6))
        self._aus_heading.setVisible(bool(event.aus))
        self._show_said(stored)
        self._show_why(stored)
        self._show_evidence()
        for control in (self._confirm, self._reject, self._note):
            control.setEnabled(self._review.writable)
        self._show_verdict(stored)
        if another:
            self._note.setPlainText(stored.note)
            self._pictures.show_pictures(())
            self._pictured = None

    def _show_judged(self, event_id: int) -> None:
        """Show the status and the note of the event, where it is the one that changed."""
        stored = self._review.chosen
        if stored is None or self._stored is None or not event_id == stored.id == self._stored.id:
            return
        self._stored = stored
        self._show_verdict(stored)
        if not self._note.hasFocus():  # what is being written is saved when the field is left
            self._note.setPlainText(stored.note)

    def _show_verdict(self, stored: StoredEvent) -> None:
        self._confirm.setChecked(stored.status is Status.CONFIRMED)
        self._reject.setChecked(stored.status is Status.REJECTED)

    def _show_said(self, stored: StoredEvent) -> None:
        """Show what was said during the event, and around it; nothing where there is no transcript."""
        record = self._review.record
        there = record is not None and bool(record.transcript.labels)
        for part in (self._said_heading, self._said, self._around):
            part.setVisible(there)
        if record is None or not there:
            return
        event = stored.event
        said, around = (
            record.transcript.at(event.onset_s - air_s, event.offset_s + air_s) for air_s in (0.0, AROUND_S)
        )
        self._said.setText(f"“{said}”" if said else NOTHING_SAID)
        self._around.setText(f"Within {AROUND_S:.0f} s: “{around}”")
        self._around.setVisible(around not in ("", said))

    def _show_why(self, stored: StoredEvent) -> None:
        """Explain an event; for a candidate, why it was not reported, and offer to make it an event."""
        rejected = stored.id < 0
        not_reported = why_rejected(stored.event, self._review.threshold) if rejected or stored.promoted else ""
        self._why.setText("\n\n".join(filter(None, (not_reported, why(stored.event)))))
        self._why_heading.setText("WHY THE PROGRAM DID NOT REPORT IT" if not_reported else "WHY IT WAS SPOTTED")
        self._confirm.setText(PROMOTE if rejected else CONFIRM)
        for part in (self._reject, self._note_heading, self._note):
            part.setVisible(not rejected)

    def show_clip(self, clip: EventClip | None, why_none: str) -> None:
        """Show the pictures of the event: onset, apex and their difference; or why there are none."""
        if self._stored is None:
            return
        self._no_pictures.setText(why_none if clip is None else "")
        self._no_pictures.setVisible(clip is None and bool(why_none))
        if clip is None:
            return
        compared = self._difference
        if compared is None or compared[0] is not clip:
            self._compare(clip)
        elif compared[1] is not None and self._pictured != self._stored.id:
            onset, apex = ends_of(clip)
            heat = np.asarray(cv2.applyColorMap(compared[1], cv2.COLORMAP_INFERNO), np.uint8)
            self._pictures.show_pictures([("onset", onset), ("apex", apex), ("difference", heat)])
            self._pictured = self._stored.id

    @property
    def pictured(self) -> bool:
        """Whether pictures of the event are shown."""
        return self._stored is not None and self._pictured == self._stored.id

    def focus_note(self) -> None:
        """Give the note the focus."""
        self._note.setFocus()

    def _compare(self, clip: EventClip) -> None:
        self._difference = (clip, None)

        def work() -> None:
            from realtime.viewing.magnify import difference

            self._difference = (clip, difference(*ends_of(clip)))

        threading.Thread(target=work, name="difference").start()

    def _save_note(self, noted: StoredEvent | None) -> None:
        if noted is not None and self._review.writable and self._note.toPlainText() != noted.note:
            self._review.write_note(noted.id, self._note.toPlainText())

    def _show_evidence(self, *_: object) -> None:
        """Show all measurements, where the user asked for them: there are many."""
        while (item := self._evidence.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        evidence = self._stored.event.evidence if self._stored and self._all.isChecked() else {}
        for place, (name, value) in enumerate(evidence.items()):
            text, figure = describe(name, value)
            self._evidence.addWidget(label(f"{text}:", quiet=True, wrap=True), place, 0)
            shown = label(figure, wrap=True)
            shown.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
            self._evidence.addWidget(shown, place, 1)


class _Note(QPlainTextEdit):
    """A note, saved when it loses the focus."""

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
    """Explain why the event was spotted, in a sentence or two."""
    if not event.regions:
        return units_or_regions(event)
    within_ms = 1000 * (event.offset_s - event.onset_s)
    text = f"Moved and came back within {within_ms:.0f} ms: {moved_text(event)} of the eye distance."
    largest_pct, over = event.evidence.get("amplitude_pct"), event.evidence.get("over_threshold")
    if not largest_pct or not over:
        return text
    return f"{text} Candidates begin at {largest_pct / over:.1f} % there, as this face moves at rest."
