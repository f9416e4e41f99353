"""The timeline: the whole session as a bar, and below it the traces around the cursor, more or less of them."""

import numpy as np
from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QFrame

from gui.review.overview import Overview
from gui.review.record import Record
from gui.trace import Trace
from gui.widgets import column
from realtime.results import REGION_GROUPS, Event
from realtime.viewing.history import Trace as Readings

SPANS_S = (2.0, 5.0, 10.0, 30.0, 120.0, 600.0)
MOST_POINTS = 1500
"""Points of a curve on the screen at a time."""


class Timeline(QFrame):
    """`sought` gives a time that was clicked."""

    sought = pyqtSignal(float)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "panel")
        self._overview, self._trace = Overview(), Trace(smooth=True)
        self._trace.setMinimumHeight(150)
        self._readings: Readings | None = None
        self._span_s = SPANS_S[2]
        self._drawn: tuple[float, float] | None = None
        self._overview.sought.connect(self.sought.emit)
        self._trace.picked.connect(self.sought.emit)
        self.setLayout(column(self._overview, self._trace, gap=4, margin=8))

    def show_events(self, record: Record, end_s: float) -> None:
        """Events, candidates and marks of a session, which ends at `end_s`."""
        self._overview.show_events(record.events, record.marks, end_s)
        events = [stored.event for stored in record.events]
        self._trace.show_marks(events, record.candidates, [mark.time_s for mark in record.marks])

    def clear(self) -> None:
        """Show nothing."""
        nothing = np.zeros((0, len(REGION_GROUPS)), np.float32)
        self.show_readings(None)
        self._overview.show_events((), (), 0.0)
        self._trace.show_marks((), ())
        self._trace.show_trace(np.zeros(0), nothing, nothing)

    def show_readings(self, readings: Readings | None) -> None:
        """The trace of one face; None: not read yet."""
        self._readings, self._drawn = readings, None

    def choose(self, event: Event | None) -> None:
        """Make one event stand out."""
        self._trace.choose(event)

    def zoom(self, by: int) -> None:
        """Show more (1) or less (-1)."""
        place = SPANS_S.index(self._span_s) + by
        self._span_s = SPANS_S[min(max(place, 0), len(SPANS_S) - 1)]

    def follow(self, now_s: float, end_s: float) -> None:
        """Keep the cursor in what is shown; called often, draws only what changed."""
        span_s = min(self._span_s, max(end_s, 1.0))
        start_s = self._drawn[0] if self._drawn and self._drawn[1] == span_s else now_s - span_s / 2
        if not start_s <= now_s <= start_s + span_s:
            start_s = now_s - span_s / 2
        start_s = max(min(start_s, end_s - span_s), 0.0)
        self._trace.show_cursor(now_s)
        self._overview.show_place(now_s, start_s, start_s + span_s)
        if self._drawn == (start_s, span_s):
            return
        self._drawn = (start_s, span_s)
        self._trace.show_span(start_s, start_s + span_s)
        if self._readings is not None:
            part = self._readings.between(start_s, start_s + span_s, MOST_POINTS)
            self._trace.show_trace(part.times_s, part.motion, part.threshold)
