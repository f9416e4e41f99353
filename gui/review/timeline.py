"""The timeline: the whole session as a bar, and below it the traces around the cursor."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QFrame

from gui.review.limit_strip import LimitStrip
from gui.review.model import ReviewModel
from gui.review.overview import Overview
from gui.review.peek import Peek
from gui.review.range_drag import RangeDrag
from gui.review.time_bar import TimeBar
from gui.review.transcript_lane import TranscriptLane
from gui.review.waveform_lane import WaveformLane
from gui.widgets.basic import column
from gui.widgets.trace import Trace
from realtime.types import REGION_GROUPS, Event
from realtime.viewing.history import Trace as Readings
from realtime.viewing.limits import sampled
from realtime.viewing.transcript import Transcript
from realtime.viewing.waveform import Waveform

if TYPE_CHECKING:
    from realtime.viewing.filmstrip import Still

SPANS_S = (2.0, 5.0, 10.0, 30.0, 120.0, 600.0)
TRACE_PX, LOW_TRACE_PX = 92, 52
"""The least height of the trace, and in a low window."""
MAX_POINTS = 1500
"""Points of a curve on the screen at a time."""
MAX_BANDS = 150
"""Stretches of limits in the trace at a time: they are painted anew with every move of the cursor."""


class Timeline(QFrame):
    """Overview and traces. `sought` emits a time that was clicked."""

    sought = pyqtSignal(float)
    asked = pyqtSignal(float)
    """A time at which the user asks why nothing was reported."""

    def __init__(self, review: ReviewModel, still_at: "Callable[[float], Still | None]") -> None:
        """`still_at` returns a small picture of the recording at a time, where there is one."""
        super().__init__()
        self._review, self._still_at = review, still_at
        self.setProperty("role", "panel")
        self._overview, self._limit_strip, self._trace = Overview(), LimitStrip(), Trace(smooth=True)
        self._waveform, self.said = WaveformLane(), TranscriptLane()
        self.make_room(tall=True)
        self._readings: Readings | None = None
        self._span_s = SPANS_S[2]
        self._drawn: tuple[float, float] | None = None
        self._events_of: tuple[int, float] | None = None
        self.ranges, self.peek = RangeDrag(review), Peek(self)
        for bar in (self._overview, self._waveform):
            bar.sought.connect(self.sought.emit)
            bar.pointed.connect(partial(self._peek, bar))
            bar.left.connect(self.peek.hide)
        self.ranges.watch(self._overview, self._overview)
        self.ranges.watch(self._trace.viewport(), self._trace)
        self.ranges.changed.connect(self._show_marks)
        self.ranges.moved.connect(self.sought.emit)
        self._trace.picked.connect(self.sought.emit)
        self.said.picked.connect(self.sought.emit)
        self._trace.candidate_picked.connect(self._choose_candidate)
        for place in (self._overview, self._waveform, self._limit_strip, self._trace):
            place.asked.connect(self.asked.emit)
        self.setLayout(
            column(self._overview, self._waveform, self._limit_strip, self.said, self._trace, gap=4, margin=8)
        )
        review.session_changed.connect(self._show_session)
        review.events_changed.connect(self._show_events)
        review.event_changed.connect(self._show_judged)
        review.marks_changed.connect(self._show_marks)
        review.transcript_changed.connect(self._show_transcript)
        review.chosen_changed.connect(self._show_chosen)
        review.readings_changed.connect(self._show_session)

    def _show_session(self) -> None:
        if self._review.record is None:
            self._clear()
        self._events_of = None
        self._show_transcript()
        self._show_chosen()

    def _show_transcript(self) -> None:
        record = self._review.record
        self.said.show_transcript(record.transcript if record else Transcript(()))

    def _show_events(self) -> None:
        record = self._review.record
        if record is None:
            return
        face = self._review.shown_face
        self._events_of = face, self._review.end_s
        self._overview.show_events(record.events, self._review.end_s)
        events = [stored.event for stored in record.events if stored.event.face == face]
        rejected = [stored.event for stored in record.candidates if stored.event.face == face]
        self._trace.show_events(events, rejected)
        self._show_marks()

    def _show_marks(self) -> None:
        record = self._review.record
        marks = self.ranges.with_drag(record.marks if record else [])
        self._overview.show_marks(marks)
        self._trace.show_marks([(mark.time_s, mark.end_s, mark.text) for mark in marks])

    def _peek(self, bar: TimeBar, x: float) -> None:
        time_s = bar.time_at(x)
        self.peek.show_at(bar, x, time_s, self._still_at(time_s))

    def _show_judged(self, event_id: int) -> None:
        if self._review.record is not None:
            self._overview.show_judged(self._review.record.event(event_id))

    def _choose_candidate(self, candidate: Event) -> None:
        self._review.choose_movement(candidate)

    def _show_chosen(self) -> None:
        if self._events_of != (self._review.shown_face, self._review.end_s):
            self._show_events()
        chosen = self._review.chosen
        self._trace.choose(chosen.event if chosen else None)
        self._readings, self._drawn = self._review.trace, None
        loaded = self._review.record is None or self._review.record.readings is not None
        self._limit_strip.show_limits(self._review.limits if loaded else (), self._review.end_s)

    def _clear(self) -> None:
        nothing = np.zeros((0, len(REGION_GROUPS)), np.float32)
        self._overview.show_events((), 0.0)
        self._trace.show_events((), ())
        self._show_marks()
        self._trace.show_trace(np.zeros(0), nothing, nothing)

    def zoom(self, by: int) -> None:
        """Show a longer (1) or a shorter (-1) part."""
        place = SPANS_S.index(self._span_s) + by
        self._span_s = SPANS_S[min(max(place, 0), len(SPANS_S) - 1)]

    def make_room(self, *, tall: bool) -> None:
        """Take less room in a low window."""
        self._trace.setMinimumHeight(TRACE_PX if tall else LOW_TRACE_PX)
        self._waveform.make_room(tall=tall)

    def show_sound(self, waveform: Waveform | None, now_s: float, end_s: float) -> None:
        """Show the recording's sound as far as its waveform is computed; called often."""
        self._waveform.follow(waveform, now_s, end_s)

    def follow(self, now_s: float, end_s: float) -> None:
        """Keep the cursor in the part that is shown; called often, draws only what changed."""
        span_s = min(self._span_s, max(end_s, 1.0))
        start_s = self._drawn[0] if self._drawn and self._drawn[1] == span_s else now_s - span_s / 2
        if not start_s <= now_s <= start_s + span_s:
            start_s = now_s - span_s / 2
        start_s = max(min(start_s, end_s - span_s), 0.0)
        self._trace.show_cursor(now_s)
        self._overview.show_place(now_s, start_s, start_s + span_s)
        if self.said.isVisible():
            self.said.follow(start_s, span_s, now_s, self._trace.edges_px())
        if self._drawn == (start_s, span_s):
            return
        self._drawn = (start_s, span_s)
        self._trace.show_span(start_s, start_s + span_s)
        if self._readings is not None:
            part = self._readings.between(start_s, start_s + span_s, MAX_POINTS)
            limits = sampled(self._review.limits or (), start_s, start_s + span_s, MAX_BANDS)
            self._trace.show_trace(part.times_s, part.motion, part.threshold, limits)
