"""Event cards: each event when it is found, newest first; a click replays it."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent, QMouseEvent
from PyQt6.QtWidgets import QFrame, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from gui.format import SCORE_HELP, screen_reader_text, timing, units_or_regions
from gui.widgets.bars import Bars, Chip, class_bars
from gui.widgets.basic import column, label, restyle, row
from gui.widgets.thumbnails import Thumbnails
from realtime.report import clock
from realtime.types import Event

Pictures = Sequence[tuple[str, NDArray[np.uint8]]]
"""Captions with (S, S, 3) BGR pictures."""
MAX_CARDS = 40
WIDTH_PX = 300


class Cards(QScrollArea):
    """The list. `picked` emits the event of a card that was clicked."""

    picked = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._cards: list[EventCard] = []
        self._numbered = False
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
        """Remove all cards and show a sentence in their place."""
        for card in self._cards:
            card.deleteLater()
        self._cards = []
        self._empty.setText(why_empty)
        self._empty.show()

    def add(self, event: Event, pictures: Pictures) -> None:
        """Add a card at the top."""
        self._empty.hide()
        card = EventCard(event, pictures, lambda: self.picked.emit(event))
        self._list.insertWidget(0, card)
        self._cards.insert(0, card)
        card.face.setVisible(self._numbered)
        for above, below in pairwise(self._cards):  # Tab goes from the newest to the oldest, as they are seen
            QWidget.setTabOrder(above, below)
        while len(self._cards) > MAX_CARDS:
            self._cards.pop().deleteLater()

    def choose(self, event: Event | None) -> None:
        """Highlight one card."""
        for card in self._cards:
            restyle(card, chosen=card.shown is event)

    def number(self, *, on: bool) -> None:
        """Show the number of each event's face, or not where there is one face only."""
        self._numbered = on
        for card in self._cards:
            card.face.setVisible(on)

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
        self.setToolTip("Replay it slowly (Enter)")
        self.setAccessibleName(screen_reader_text(event))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        score = label(f"score {event.score:.2f}", quiet=True)
        score.setToolTip(SCORE_HELP)
        parts: list[QWidget] = []
        if event.emotion:
            bars = Bars()
            bars.show_bars(class_bars(event))
            parts.append(bars)
        if pictures:
            thumbnails = Thumbnails(84)
            thumbnails.show_pictures(pictures)
            parts.append(thumbnails)
        moved = _elided(units_or_regions(event))
        times = label(timing(event), quiet=True)
        times.setToolTip("Onset to apex + apex to offset = duration")
        self.face = label(f"face {event.face}", quiet=True)
        head = row(Chip(event), label(clock(event.onset_s), role="heading"), self.face, None, score)
        self.setLayout(column(head, moved, times, *parts, gap=6, margin=12))

    def mouseReleaseEvent(self, _: QMouseEvent | None) -> None:
        """Replay the event."""
        self._pressed()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Replay the event on Enter."""
        if event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._pressed()
        else:
            super().keyPressEvent(event)


def _elided(text: str) -> QLabel:
    result = label(text)
    result.setToolTip(text)
    result.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return result
