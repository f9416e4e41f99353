"""An open session as Review shows it: description, events, marks, and the traces, which load in the background."""

import os
import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gui.format import units_or_regions
from realtime.explain import Explanation, explain, explain_units, threshold_at
from realtime.labels import Label
from realtime.report import limit_line
from realtime.session import Annotation, Coding, Session, SessionError, SessionInfo, Status, StoredEvent, open_session
from realtime.session.frames import Frames
from realtime.session.rows import place_of
from realtime.session.schema import SETTLED
from realtime.sources import VideoFile
from realtime.study.compare import Judgements
from realtime.types import Event
from realtime.viewing.event_clips import EventClip, clip_of_ends
from realtime.viewing.history import Trace
from realtime.viewing.limits import Limits, Stretch, limit_summary
from realtime.viewing.places import MAX_APART_S, Course, Place, places_at
from realtime.viewing.transcript import Transcript

if TYPE_CHECKING:
    from realtime.viewing.same_video import Comparison


_Part: TypeAlias = tuple[
    NDArray[np.float64], NDArray[np.float32], NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]
]
"""Times, motion, thresholds, limits and places of some rows of a face."""


@dataclass(frozen=True, slots=True)
class Readings:
    """All frames of a session."""

    traces: dict[int, Trace]
    """By face: movement above the level around it."""
    limits: dict[int, list[Stretch]]
    """By face: limits of detection; none in an early session."""
    judged: str
    """How much of the time each part of the face was judged, in one sentence; empty in an early session."""
    end_s: float
    courses: dict[int, Course]
    """By face: where it is in the picture; no places in an early session."""


@dataclass(slots=True)
class Changed:
    """What changes of a record touched since it was asked for last."""

    judged: set[int] = field(default_factory=set)
    """Events whose status or note changed."""
    listed: bool = False
    """Events came or went, or what they are found by changed."""
    marks: bool = False
    settled: bool = False
    """Differences between coders were settled."""


class Record:
    """One session file, open for review by a coder, "" without a name. Raises `SessionError`."""

    def __init__(self, path: Path, coder: str) -> None:
        self.path, self.coder = path, coder
        self._session: Session = open_session(path, coder)
        self.info: SessionInfo = self._session.info
        self._file = path.stat().st_ino
        self.events: list[StoredEvent] = []
        self._rejected = self._session.candidates()
        self._second = self._session.second_scores()
        self.candidates: list[StoredEvent] = []
        """The candidates that the program rejected and nobody made an event since, with negative numbers."""
        self.event_faces: frozenset[int] = frozenset()
        """The faces that have events."""
        self._by_id: dict[int, StoredEvent] = {}
        self._places: dict[int, int] = {}  # in `events`
        self._said: dict[int, str] = {}
        self._moved: dict[int, str] = {}
        self._described: dict[int, str] = {}
        self._changed = Changed()
        self._read_events()
        self.marks: list[Annotation] = self._session.annotations()
        self.transcript = Transcript(self._session.transcript())
        self.end_s, _ = self._session.extent()
        """The session's length, as far as it is known before its readings are loaded."""
        self.readings: Readings | None = None
        """None while they are being read."""
        self.problem = self._session.damage
        """One sentence about the part that cannot be read."""
        self.settled: tuple[Coding, ...] | None = None
        """How the coder settled differences, once one was settled since the session was opened."""
        self._clips: dict[int, EventClip | None] = {}
        self._closing = False
        self._reading = threading.Thread(target=self._read, name="session", daemon=True)
        self._reading.start()

    @property
    def has_second_scores(self) -> bool:
        """Whether the second pass was run on the session."""
        return bool(self._second)

    def read_second_scores(self) -> None:
        """Take over what the second pass has stored since."""
        self._second = self._session.second_scores()
        self._read_events()

    def places_at(self, time_s: float, *, at_once: bool = False) -> dict[int, Place]:
        """Where which face is in the picture at a time; any thread may ask.

        None until the readings are loaded, unless it is looked up in the file `at_once`.
        """
        courses = self.readings.courses if self.readings else self._courses_around(time_s) if at_once else {}
        return places_at(courses, time_s)

    def take_changed(self) -> Changed:
        """Return what was changed since the last call."""
        changed, self._changed = self._changed, Changed()
        return changed

    def review(self, event_id: int, *, status: Status | None = None, note: str | None = None) -> None:
        """Set the status or the note of an event; saved at once."""
        self._session.review(event_id, status=status, note=note)
        before = self.event(event_id)
        after = replace(
            before,
            status=before.status if status is None else status,
            note=before.note if note is None else note,
        )
        # not read anew: of thousands of events, one changed
        self.events[self._places[event_id]] = self._by_id[event_id] = after
        self._changed.judged.add(event_id)

    @property
    def first_coder(self) -> str:
        """Whose judgements exports hold unless another is asked for; empty without a name."""
        return self._session.reviewer

    @property
    def begun(self) -> bool:
        """Whether the coder judged or marked something under their name."""
        return self.coder in self._session.coders

    @property
    def nameless(self) -> bool:
        """Whether events were judged by a person who gave no name."""
        return self._session.nameless

    def adopt(self) -> None:
        """Make what was judged without a name the coder's; saved at once."""
        self._session.adopt()

    def judgements(self) -> Judgements:
        """What all coders judged and marked: no longer blind."""
        session = self._session
        length_s = self.readings.end_s if self.readings else 0.0
        events = session.events_of_first(self.events)
        return Judgements(events, session.codings(), session.annotations_of_all(), session.reviewer, length_s)

    def replace_settled(self, codings: Sequence[Coding]) -> None:
        """Store how the coder settled differences; saved at once."""
        self._session.replace_codings(f"{SETTLED}{self.coder}", codings)
        self.settled = tuple(codings)
        self._changed.settled = True

    def promote(self, candidate: Event) -> int:
        """Make a rejected candidate an event, and return its number; saved at once."""
        number = self._session.promote(candidate)
        self._read_events()
        return number

    def demote(self, event_id: int) -> None:
        """Make a promoted event a rejected candidate again; saved at once."""
        self._session.demote(event_id)
        self._read_events()

    def explain(self, time_s: float) -> Explanation:
        """Explain why something or nothing was reported at a time."""
        return explain(self._session, time_s)

    def explain_units(self, time_s: float) -> tuple[str, ...]:
        """From what size on each action unit would have been found at a time; takes up to a second."""
        return explain_units(self._session, time_s)

    def threshold_at(self, time_s: float) -> float | None:
        """The score that a candidate had to reach at a time; None if it was not stored."""
        return threshold_at(self.info, self.marks, time_s)

    def annotate(self, time_s: float, text: str, end_s: float | None, number: int | None) -> int:
        """Add a mark and return its number, a new one unless it is given."""
        added = self._session.annotate(time_s, text, end_s, number=number)
        self._read_marks()
        return added.id

    def change_mark(self, mark_id: int, time_s: float, end_s: float | None, text: str) -> None:
        """Give a mark other times or another text; saved at once."""
        self._session.change_annotation(mark_id, time_s, end_s, text)
        self._read_marks()

    def remove_mark(self, mark_id: int) -> None:
        """Remove a mark."""
        self._session.remove_annotation(mark_id)
        self._read_marks()

    def replace_transcript(self, labels: Sequence[Label]) -> None:
        """Store what was said in place of an earlier transcript; saved at once."""
        self._session.replace_transcript(labels)
        self.transcript, self._said = Transcript(self._session.transcript()), {}
        self._changed.listed = True

    def find(self, text: str, events: Sequence[StoredEvent]) -> list[StoredEvent]:
        """Of some events those that a text in lower case is found in: in what moved, the note, or what was said."""
        said = self._said_at if self.transcript.labels else lambda _: ""
        return [
            stored
            for stored in events
            if text in (self._described.get(stored.id) or self._describe(stored))
            or (stored.note and text in stored.note.lower())
            or text in said(stored)
        ]

    def moved(self, stored: StoredEvent) -> str:
        """The action units or regions of an event; sorting and filtering ask for those of all."""
        if stored.id not in self._moved:
            self._moved[stored.id] = units_or_regions(stored.event)
        return self._moved[stored.id]

    def compare_video(self, video: Path) -> "Comparison":
        """Compare a file with the session's video. Raises `SourceError` for a file that is no video."""
        from realtime.viewing.same_video import compare_video  # loads MediaPipe

        VideoFile(video).close()
        return compare_video(self._session, video)

    def move_video(self, video: Path) -> None:
        """Store the recording's new path; saved at once."""
        self._session.move_video(video)
        self.info = self._session.info

    def event(self, event_id: int) -> StoredEvent:
        """Return an event, or a rejected candidate, by its number."""
        return self._by_id[event_id]

    def clip(self, event_id: int) -> EventClip | None:
        """Return the stored pictures of an event's onset and apex as a clip; None if pictures were not allowed."""
        if event_id < 0:  # no pictures are stored of candidates
            return None
        if event_id not in self._clips:
            self._clips[event_id] = clip_of_ends(self.event(event_id).event, self._session.pictures(event_id))
        return self._clips[event_id]

    @property
    def replaced(self) -> bool:
        """Whether another session took the file's place since it was opened, as that of a whole analysis does."""
        return os.path.exists(self.path) and self.path.stat().st_ino != self._file

    def close(self) -> None:
        """Close the file; what is still being read of it is not waited for."""
        self._closing = True
        self._reading.join()
        self._session.close()

    def _courses_around(self, time_s: float) -> dict[int, Course]:
        try:
            with open_session(self.path) as session:
                near = Frames.joined(session.frame_blocks((time_s - MAX_APART_S, time_s + MAX_APART_S)))
        except SessionError:  # reading it tells why
            return {}
        return {face: Course(own.time_s, _part(own)[-1]) for face, own in near.by_face().items()}

    def _describe(self, stored: StoredEvent) -> str:
        described = self._described[stored.id] = description(stored)
        return described

    def _said_at(self, stored: StoredEvent) -> str:
        if stored.id not in self._said:
            self._said[stored.id] = self.transcript.at(stored.event.onset_s, stored.event.offset_s).lower()
        return self._said[stored.id]

    def _read_events(self) -> None:
        self.events = self._session.events()
        promoted = {place_of(stored.event) for stored in self.events if stored.promoted}
        self.candidates = [
            StoredEvent(-number, event, Status.UNREVIEWED, "", self._second.get(place_of(event)))
            for number, event in enumerate(self._rejected, 1)
            if place_of(event) not in promoted
        ]
        self._by_id = {stored.id: stored for stored in (*self.events, *self.candidates)}
        self._places = {stored.id: place for place, stored in enumerate(self.events)}
        self.event_faces = frozenset(stored.event.face for stored in self.events)
        self._said, self._moved, self._described = {}, {}, {}
        self._changed.listed = True

    def _read_marks(self) -> None:
        self.marks = self._session.annotations()
        self._changed.marks = True

    def _read(self) -> None:
        try:
            with open_session(self.path) as session:
                end_s, analysed, parts = 0.0, 0, defaultdict[int, list[_Part]](list)
                for block in session.frame_blocks():
                    if self._closing:
                        return
                    end_s = max(end_s, float(block.time_s.max()))
                    analysed += int(block.analysed.sum())
                    for face, own in block.by_face().items():
                        parts[face].append(_part(own))
                stores_limits = session.stores_limits
                self.problem = session.damage or self.problem
        except SessionError as error:
            self.problem = str(error)
            return
        courses: dict[int, Course] = {}
        traces: dict[int, Trace] = {}
        limits: dict[int, Limits] = {}
        for face in list(parts):
            times_s, motion, threshold, limit_pct, places = map(np.concatenate, zip(*parts.pop(face), strict=True))
            courses[face] = Course(times_s, places)
            traces[face] = Trace(times_s, motion, threshold).brief()
            if stores_limits:
                limits[face] = Limits(times_s, limit_pct)
        described, moved = self._described, self._moved
        for stored in (*self.events, *self.candidates):  # so that the first filtering and sorting find it ready
            described.setdefault(stored.id, description(stored))
            moved.setdefault(stored.id, units_or_regions(stored.event))
        judged = limit_line(limit_summary(limits.values(), analysed)) if stores_limits else ""
        stretches = {face: course.stretches() for face, course in limits.items()}
        self.readings = Readings(traces, stretches, judged, end_s, courses)


def _part(own: Frames) -> _Part:
    """Of a face's rows what a viewer keeps: copies, because hours of the rest would fill the memory."""
    return (
        own.time_s.copy(),
        own.motion.astype(np.float32),
        own.threshold.astype(np.float32),
        own.limit_pct.copy(),
        np.column_stack((own.eyes_px, own.eye_distance_px)),
    )


def description(stored: StoredEvent) -> str:
    """What moved, in lower case."""
    return " ".join((units_or_regions(stored.event), *stored.event.regions)).lower()


def is_same(one: Event, other: Event) -> bool:
    """Whether both are the same movement of a session."""
    return place_of(one) == place_of(other)
