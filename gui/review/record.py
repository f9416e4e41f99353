"""An opened session as Review shows it: what it says of itself, events, marks, and the trace, which loads behind."""

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from realtime.results import REGION_GROUPS, Event
from realtime.session import Annotation, Session, SessionError, SessionInfo, Status, StoredEvent, open_session
from realtime.sources import VideoFile
from realtime.viewing.history import Trace
from realtime.viewing.moments import Moment, moment_of_ends


@dataclass(frozen=True, slots=True)
class Readings:
    """All frames of a session."""

    traces: dict[int, Trace]
    """By face, above the level around."""
    end_s: float


class Record:
    """One session file, open for review. Raises `SessionError`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._session: Session = open_session(path)
        self.info: SessionInfo = self._session.info
        self.events: list[StoredEvent] = self._session.events()
        self.candidates: list[Event] = self._session.candidates()
        self.marks: list[Annotation] = self._session.annotations()
        self.readings: Readings | None = None
        """None while they are being read."""
        self.problem = ""
        self._moments: dict[int, Moment | None] = {}
        self._reading = threading.Thread(target=self._read, name="session", daemon=True)
        self._reading.start()

    def review(self, event_id: int, *, status: Status | None = None, note: str | None = None) -> None:
        """Say something of an event; saved at once."""
        self._session.review(event_id, status=status, note=note)
        self.events = self._session.events()

    def annotate(self, time_s: float, text: str) -> int:
        """Add a mark; its number."""
        added = self._session.annotate(time_s, text)
        self.marks = self._session.annotations()
        return added.id

    def remove_mark(self, mark_id: int) -> None:
        """Take a mark away."""
        self._session.remove_annotation(mark_id)
        self.marks = self._session.annotations()

    def move_video(self, video: Path) -> None:
        """Remember where the recording lies now; saved at once. Raises `SourceError` for what is no video."""
        VideoFile(video).close()
        self._session.move_video(video)
        self.info = self._session.info

    def event(self, event_id: int) -> StoredEvent:
        """An event by its number."""
        return next(stored for stored in self.events if stored.id == event_id)

    def moment(self, event_id: int) -> Moment | None:
        """Onset and apex of an event as the session itself keeps them; None if pictures were not allowed."""
        if event_id not in self._moments:
            self._moments[event_id] = moment_of_ends(self.event(event_id).event, self._session.pictures(event_id))
        return self._moments[event_id]

    def close(self) -> None:
        """Close the file."""
        self._reading.join()
        self._session.close()

    def _read(self) -> None:
        try:
            with open_session(self.path) as session:
                rows: dict[int, list[tuple[float, ...]]] = {}
                end_s = 0.0
                for row in session.frames():
                    end_s = max(end_s, row.time_s)
                    if row.face is not None:
                        rows.setdefault(row.face, []).append((row.time_s, *row.motion, *row.threshold))
        except SessionError as error:
            self.problem = str(error)
            return
        regions = len(REGION_GROUPS)
        traces = {}
        for face, values in rows.items():
            table = np.array(values)
            motion, threshold = table[:, 1 : 1 + regions], table[:, 1 + regions :]
            traces[face] = Trace(table[:, 0], motion.astype(np.float32), threshold.astype(np.float32)).brief()
        self.readings = Readings(traces, end_s)
