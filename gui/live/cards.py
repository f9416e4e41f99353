"""Event cards: each event as it happens, newest first, to be looked at again with one click."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent, QMouseEvent
from PyQt6.QtWidgets import QFrame, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from gui.bars import Bars, class_bars
from gui.chip import Chip
from gui.thumbnails import Thumbnails
from gui.widgets import column, label, restyle, row
from gui.words import clock, spoken, timing, what_moved
from realtime.results import Event

Pictures = Sequence[tuple[str, NDArray[np.uint8]]]
"""Captions with (S, S, 3) BGR pictures."""
MOST_CARDS = 40
WIDTH_PX = 300


class Cards(QScrollArea):
    """The list. `picked` gives the event of a card that was clicked."""

    picked = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._cards: list[EventCard] = []
        self._empty = label("", quiet=True, wrap=True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._list = QVBoxLayout()
        self._list.setSpacing(8)
        self._list.setContentsMargins(0, 0, 4, 0)
        self._list.addWidget(self._empty)
        self._list.addStretch(1)
        inside = QWidget()
        inside.setLayout(self._list)
        self.setWidget(inside)
        self.clear("")

    def clear(self, why_empty: str) -> None:
        """No cards; the sentence stands where they will be."""
        for card in self._cards:
            card.deleteLater()
        self._cards = []
        self._empty.setText(why_empty)
        self._empty.show()

    def add(self, event: Event, pictures: Pictures) -> None:
        """Put a card on top."""
        self._empty.hide()
        card = EventCard(event, pictures, lambda: self.picked.emit(event))
        self._list.insertWidget(0, card)
        self._cards.insert(0, card)
        while len(self._cards) > MOST_CARDS:
            self._cards.pop().deleteLater()

    def choose(self, event: Event | None) -> None:
        """Make one card stand out."""
        for card in self._cards:
            restyle(card, chosen=card.shown is event)

    @property
    def events(self) -> list[Event]:
        """The events of the cards, newest first."""
        return [card.shown for card in self._cards]


class EventCard(QFrame):
    """One event."""

    def __init__(self, event: Event, pictures: Pictures, pressed: Callable[[], None]) -> None:
        super().__init__()
        self.shown = event
        self._pressed = pressed
        self.setProperty("role", "card")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("Look at it again, slowly (Enter)")
        self.setAccessibleName(spoken(event))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        score = label(f"score {event.score:.2f}", quiet=True)
        parts: list[QWidget] = []
        if event.emotion:
            bars = Bars()
            bars.show_bars(class_bars(event))
            parts.append(bars)
        if pictures:
            row_of_them = Thumbnails(84)
            row_of_them.show_pictures(pictures)
            parts.append(row_of_them)
        moved = _elided(what_moved(event))
        times = label(timing(event), quiet=True)
        times.setToolTip("onset to apex + apex to offset = whole duration")
        head = row(Chip(event), label(clock(event.onset_s), role="heading"), None, score)
        self.setLayout(column(head, moved, times, *parts, gap=6, margin=12))

    def mouseReleaseEvent(self, _: QMouseEvent | None) -> None:
        """A click is a choice."""
        self._pressed()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """So is Enter."""
        if event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._pressed()
        else:
            super().keyPressEvent(event)


def _elided(text: str) -> QLabel:
    result = label(text)
    result.setToolTip(text)
    result.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return result
