"""The video of a session, in the background: frames, landmarks and event clips; the newest request counts."""

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gui.review.record import Record
from realtime.session.rows import place_of
from realtime.sources import SourceError
from realtime.types import Event, Frame
from realtime.viewing.event_clips import EventClip

if TYPE_CHECKING:
    from realtime.viewing.filmstrip import Filmstrip
    from realtime.viewing.playback import Playback, SeenFace

MAX_CLIPS = 12
NO_FACE = "No face was found at the onset."
AHEAD = 2
"""Frames that are prepared while the video plays, so that each is there when it is due."""
COST_S, FOLLOWED = 0.02, 0.2
"""What a frame takes, at first; the share by which each frame corrects it."""
LATE_FRAMES = 10
"""After so many successive frames that took longer than they are shown, faces are not searched for any more."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A decoded frame."""

    frame: Frame
    faces: "tuple[SeenFace, ...]"
    """None where they were not requested."""
    looked: tuple[bool, bool]
    """Whether faces were looked for, and whether it was known where they are."""


@dataclass(frozen=True, slots=True)
class _Request:
    """What is wanted now."""

    number: int
    time_s: float
    with_faces: bool
    speed: float
    """0 unless the video plays."""


class VideoThread:
    """A video file with a thread of its own. Public attributes may be read from any thread.

    `record` tells where the session has which face.
    """

    def __init__(self, path: Path, record: Record) -> None:
        self.path = path
        self._record = record
        self.newest: Shown | None = None
        """The frame last requested while the video did not play. Compare by identity to see whether it is new."""
        self.answered = 0
        """Number of the newest request that was answered."""
        self._ready: tuple[Shown, ...] = ()
        self._asked = 0
        self._cost_s = COST_S
        self._step_s = 1.0  # from frame to frame
        self._searching = False
        self._late = 0  # successive frames that took longer than they are shown
        self.problem = ""
        """One sentence, if the file cannot be read any more."""
        self.missing = ""
        """One sentence, while the frame that was requested last cannot be decoded: a part of the file is damaged."""
        self.times_s: NDArray[np.float64] | None = None
        """Time of each frame, once the file is open."""
        self.pace = ""
        """Its frame rate and gaps, then."""
        self.filmstrip: Filmstrip | None = None
        """Small pictures of the whole file, once it is open."""
        # by `place_of`: the number of an event that was added is given again once it is taken back
        self._clips: dict[tuple[int, float, float, float], EventClip | str] = {}  # or why there is none
        self._request: _Request | None = None
        self._clip_request: Event | None = None
        self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="video", daemon=True)
        self._thread.start()

    def seek(self, time_s: float, *, with_faces: bool, speed: float = 0.0) -> int:
        """Request the frame at a time; while the video plays, at this speed, those that follow. Returns its number."""
        with self._changed:
            self._asked += 1
            self._request = _Request(self._asked, time_s, with_faces, speed)
            self._changed.notify()
            return self._asked

    def due(self, time_s: float) -> Shown | None:
        """Return the frame to be seen at a time while the video plays, of those that are ready; None if all come later.

        On a machine that is too slow for all frames, some are missing, and none is late.
        """
        there = [shown for shown in self._ready if shown.frame.time_s <= time_s + 1e-4]
        return max(there, key=lambda shown: shown.frame.time_s, default=None)

    def request_clip(self, event: Event) -> None:
        """Request the clip of an event; `clip` returns it when it is ready."""
        with self._changed:
            if place_of(event) not in self._clips:
                self._clip_request = event
                self._changed.notify()

    def clip(self, event: Event) -> EventClip | None:
        """Return the clip of an event; None until it is ready, and where there is none."""
        clip = self._clips.get(place_of(event))
        return clip if isinstance(clip, EventClip) else None

    def why_no_clip(self, event: Event) -> str:
        """Why there is no clip of an event, as a sentence; empty until that is known, and where there is one."""
        clip = self._clips.get(place_of(event), "")
        return clip if isinstance(clip, str) else ""

    def close(self) -> None:
        """End the thread and close the file."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()
        if self.filmstrip is not None:
            self.filmstrip.close()

    def _work(self) -> None:
        # loaded here, because it imports the face models
        from realtime.viewing.filmstrip import Filmstrip
        from realtime.viewing.playback import Playback, pace

        try:
            with Playback(self.path) as playback:
                self.times_s, self.pace = playback.times_s, pace(playback.times_s)
                self._step_s = float(np.median(np.diff(self.times_s))) if len(self.times_s) > 1 else 1.0
                self.filmstrip = Filmstrip(self.path)  # not before: the times of the frames are read once
                while self._next(playback):
                    pass
        except SourceError as error:
            self.problem = str(error)

    def _next(self, playback: "Playback") -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._request or self._clip_request or self._closing)
            if self._closing:
                return False
            request, self._request = self._request, None
            clip_request = None
            if request is None:
                clip_request, self._clip_request = self._clip_request, None
        if request is not None:
            try:
                self._serve(playback, request)
                self.missing = ""
            except SourceError as error:
                self.newest, self.missing, self.answered = None, str(error), request.number
        elif clip_request is not None:
            while len(self._clips) >= MAX_CLIPS:
                del self._clips[next(iter(self._clips))]
            places = self._record.places_at(clip_request.onset_s, at_once=True)
            clip: EventClip | str
            try:
                clip = playback.event_clip(clip_request, places) or NO_FACE
            except SourceError as error:
                clip = str(error)
            self._clips[place_of(clip_request)] = clip
        return True

    def _serve(self, playback: "Playback", request: _Request) -> None:
        """Prepare one frame: the requested one or, while the video plays, the next that can be ready when it is due."""
        due = playback.index_at(request.time_s)
        if not request.speed:
            self._late = 0
        with_faces = request.with_faces and self._late < LATE_FRAMES
        ready = {shown.frame.index: shown for shown in (*self._ready, self.newest) if shown is not None}
        ready = {at: shown for at, shown in ready.items() if shown.looked >= self._look(shown.frame, with_faces)}
        if request.speed:
            first = playback.index_at(request.time_s + self._cost_s * request.speed)
            last = min(first + AHEAD, len(playback.times_s) - 1)
            wanted = next((at for at in range(first, last + 1) if at not in ready), None)
            if wanted is not None:
                ready[wanted] = self._decoded(playback, wanted, with_faces=with_faces)
                if with_faces:
                    self._late = self._late + 1 if self._cost_s * request.speed > self._step_s else 0
            before = [at for at in ready if at <= due]
            self._ready = tuple(ready[at] for at in sorted(ready) if max(before, default=due) <= at <= last)
        else:
            there = ready.get(due)
            self.newest = there or self._decoded(playback, due, with_faces=with_faces)
            self._ready = (self.newest,)
        self.answered = request.number

    def _look(self, frame: Frame, with_faces: bool) -> tuple[bool, bool]:
        """Whether faces are to be looked for, and whether it is known where they are."""
        return with_faces, with_faces and bool(self._record.places_at(frame.time_s))

    def _decoded(self, playback: "Playback", index: int, *, with_faces: bool) -> Shown:
        if with_faces and not self._searching:
            playback.faces(index)  # loads the model
            self._searching = True
        began_s = time.perf_counter()
        frame = playback.frame(index)
        places = self._record.places_at(frame.time_s) if with_faces else {}
        faces = tuple(playback.faces(index, places)) if with_faces else ()
        shown = Shown(frame, faces, (with_faces, bool(places)))
        self._cost_s += FOLLOWED * (time.perf_counter() - began_s - self._cost_s)
        return shown
