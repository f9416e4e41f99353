"""The relay: which course's faces are shown, and how one takes over from the other at a seam (`realtime.seams`)."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from realtime.course import Course, Due
from realtime.faces.detector import Detections
from realtime.seams import NEAR_S, SETTLE_S, Handover, Seams, Section, Standing, hand_over, seen_twice
from realtime.timing import Stopwatch
from realtime.types import Event, FaceReading, Frame


class Relay:
    """Steps the courses of a stream of frames. What movements become is decided by `decide`, course by course."""

    def __init__(
        self,
        seams: Seams,
        section: Section,
        begin: Callable[[], Course],
        decide: Callable[[Course, list[Due]], list[Event]],
    ) -> None:
        self._seams, self._section, self._begin, self._decide = seams, section, begin, decide
        self._now: Course | None = None
        self._later: Course | None = None
        self._handovers: dict[Course, Handover] = {}
        self._number: int | None = None
        self._seam_s = float("inf")
        self._held: list[Event] = []
        self._before: list[Event] = []
        self._behind_s = float("-inf")
        self._last_s = float("-inf")
        self._faults: list[str] = []
        self.first = Standing()
        """How the first course stood before the section's first seam."""
        self.last = Standing()
        """How the last course stood before the section's last seam."""

    def step(
        self, frame: Frame, detections: Detections, watch: Stopwatch
    ) -> tuple[tuple[FaceReading, ...], list[Event]]:
        """Take in a frame: the readings of its faces, and what was decided."""
        events = self._look_out(frame.time_s)
        self._last_s = frame.time_s
        readings: list[FaceReading] = []
        for course in (self._now, self._later):
            if course is None:
                continue
            seen, due = course.step(frame, detections, watch)
            if course is self.shown:
                readings = [self._shown_reading(course, reading) for reading in seen]
            events += self._let_through(course, self._decide(course, due))
        if self._section.last is not None and frame.time_s < self._seams.at_s(self._section.last):
            self.last = self._standing(self._now)
        return tuple(readings), events

    def flush(self) -> list[Event]:
        """Decide what is still open at the end of the stream."""
        events = self._settled() if self._later in self._handovers else []
        return events + (self._flushed(self._now) if self._now else [])

    def recalibrate(self) -> None:
        """Measure every face at rest again."""
        for course in (self._now, self._later):
            if course is not None:
                course.recalibrate()

    def noise_pct(self) -> dict[int, NDArray[np.float64]]:
        """(regions,) running noise of each face that has been learned, in % iod, by the face's number."""
        course = self.shown
        faces = course.faces.items() if course else ()
        noise = ((self._number_of(course, number), analyzer.spotter.noise_pct) for number, analyzer in faces)
        return {number: known for number, known in noise if known is not None}

    def take_faults(self) -> list[str]:
        """Why movements were lost since the last call, a sentence each."""
        faults, self._faults = self._faults, []
        for course in (self._now, self._later):
            if course is not None:
                if course is self._now or course is self.shown:
                    faults += course.faults
                course.faults.clear()
        return faults

    @property
    def shown(self) -> Course | None:
        """The course whose faces are shown on the last frame."""
        return self._later if self._later in self._handovers else self._now

    def _look_out(self, time_s: float) -> list[Event]:
        """What a seam brings that has come near, or is passed, before a frame at a time is stepped."""
        events: list[Event] = []
        number = self._seams.begun(time_s)
        if self._number is None:
            if self._section.first:
                self._later, self._seam_s = self._begin(), self._seams.at_s(self._section.first)
            else:
                self._now = self._begin()
        elif number != self._number:
            if self._later is not None:  # frames are missing from one seam to the next
                self._hand_over()
                events += self._settled()
            self._before, self._behind_s, self._seam_s = [], float("-inf"), self._seams.at_s(number)
            if self._section.last is None or number < self._section.last:
                self._later = self._begin()
        self._number = number
        if self._later is not None and time_s >= self._seam_s:
            self._hand_over()
        if self._later is not None and time_s >= self._seam_s + SETTLE_S:
            events += self._settled(time_s)
        return events

    def _hand_over(self) -> None:
        if self._later is None or self._later in self._handovers:
            return
        after = self._later.standing()
        if self._now is None:
            self.first = after
        self._handovers[self._later] = hand_over(self._standing(self._now), after)

    def _settled(self, time_s: float | None = None) -> list[Event]:
        """The rest of the course before the seam, and what was held back of the one behind it."""
        assert self._later is not None
        rest: list[Event] = []
        if self._now is not None:
            rest = self._flushed(self._now)
            self._faults += self._now.faults
            self._handovers.pop(self._now, None)
        self._now, self._later = self._later, None
        self._seam_s, self._behind_s = float("inf"), self._seam_s
        held, self._held = self._let_through(self._now, self._held), []
        now_s = self._last_s if time_s is None else time_s
        return rest + [
            replace(event, algorithmic_ms=max(event.algorithmic_ms, 1000 * (now_s - event.apex_s))) for event in held
        ]

    def _flushed(self, course: Course) -> list[Event]:
        return self._let_through(course, self._decide(course, course.flush()))

    def _let_through(self, course: Course, events: list[Event]) -> list[Event]:
        """What of a course's movements belongs to its side of the seam; that behind it waits until it is settled."""
        if course is self._later:
            self._held += [event for event in events if event.apex_s >= self._seam_s - NEAR_S]
            return []
        mine = [self._shown_event(course, event) for event in events if event.apex_s < self._seam_s + NEAR_S]
        if self._later is not None:
            self._before += mine
            return mine
        compared_s = self._behind_s + SETTLE_S
        return [
            event
            for event in mine
            if event.apex_s >= self._behind_s - NEAR_S
            and not (event.apex_s < compared_s and seen_twice(event, self._before))
        ]

    def _standing(self, course: Course | None) -> Standing:
        if course is None:
            return Standing()
        own, handover = course.standing(), self._handovers.get(course)
        return handover.standing(own) if handover else own

    def _number_of(self, course: Course | None, own: int) -> int:
        handover = self._handovers.get(course) if course else None
        return handover.number(own) if handover else own

    def _shown_event(self, course: Course, event: Event) -> Event:
        number = self._number_of(course, event.face)
        return event if number == event.face else replace(event, face=number)

    def _shown_reading(self, course: Course, reading: FaceReading) -> FaceReading:
        handover = self._handovers.get(course)
        if handover is None:
            return reading
        lift, trace = handover.lifts.get(reading.face), reading.trace
        if lift is not None and len(trace):
            trace = replace(trace, values=trace.values + lift)
        return replace(reading, face=handover.number(reading.face), trace=trace)
