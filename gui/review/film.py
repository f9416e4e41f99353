"""The film of a session, in the background: frames, landmarks and moments as asked for; the newest wish wins."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from realtime.frame import Frame
from realtime.results import Event
from realtime.sources import SourceError
from realtime.viewing.moments import Moment

if TYPE_CHECKING:
    from realtime.viewing.playback import Playback

MOST_MOMENTS = 12


@dataclass(frozen=True, slots=True)
class Shown:
    """A decoded frame."""

    frame: Frame
    faces: tuple[NDArray[np.float32], ...]
    """(478, 3) landmarks in px of each face; none where they were not asked for."""


class Film:
    """A video file behind a thread of its own. All that is public may be read from any thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.newest: Shown | None = None
        """Compare by identity to see whether it is new."""
        self.problem = ""
        self.times_s: NDArray[np.float64] | None = None
        """Time of each frame, once the file is open."""
        self._moments: dict[int, Moment | None] = {}
        self._wish: tuple[float, bool] | None = None
        self._moment_wish: tuple[int, Event] | None = None
        self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="film", daemon=True)
        self._thread.start()

    def seek(self, time_s: float, *, with_faces: bool) -> None:
        """Wish to see the frame at a time."""
        with self._changed:
            self._wish = (time_s, with_faces)
            self._changed.notify()

    def ask_moment(self, event_id: int, event: Event) -> None:
        """Wish for an event in pictures; `moment` gives it once it is there."""
        with self._changed:
            if event_id not in self._moments:
                self._moment_wish = (event_id, event)
                self._changed.notify()

    def moment(self, event_id: int) -> Moment | None:
        """An event in pictures, if they are there."""
        return self._moments.get(event_id)

    def knows(self, event_id: int) -> bool:
        """Whether it is known what there is to see of an event."""
        return event_id in self._moments

    def close(self) -> None:
        """End the thread and close the file."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        # loaded here, because it brings the face models with it
        from realtime.viewing.playback import Playback

        try:
            with Playback(self.path) as playback:
                self.times_s = playback.times_s
                while self._next(playback):
                    pass
        except SourceError as error:
            self.problem = str(error)

    def _next(self, playback: "Playback") -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._wish or self._moment_wish or self._closing)
            if self._closing:
                return False
            wish, self._wish = self._wish, None
            moment_wish = None
            if wish is None:
                moment_wish, self._moment_wish = self._moment_wish, None
        if wish is not None:
            time_s, with_faces = wish
            index = playback.index_at(time_s)
            if self.newest is None or self.newest.frame.index != index or (with_faces and not self.newest.faces):
                frame = playback.frame(index)
                self.newest = Shown(frame, tuple(playback.faces(index)) if with_faces else ())
        elif moment_wish is not None:
            number, event = moment_wish
            while len(self._moments) >= MOST_MOMENTS:
                del self._moments[next(iter(self._moments))]
            self._moments[number] = playback.moment(event)
        return True
