"""CSV with OpenFace's column names, a row for each face of each frame, so that scripts written for OpenFace read it.

Of OpenFace's columns it holds frame (from 1), face_id, timestamp (s), confidence, success, and AUxx_c, which is 1
within an event in which the action unit was recognized. Confidence repeats success, because the face tracker reports no
confidence. Missing are gaze, landmarks, pose, AUxx_r (intensities are not estimated), and action units outside MEDN's.
"""

import csv
from collections import deque
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from medn.contract import AU_NAMES
from realtime.export.context import ExportContext
from realtime.session import StoredEvent
from realtime.types import Event, action_units_of

_HEAD = ("frame", "face_id", "timestamp", "confidence", "success")


def write_openface(context: ExportContext, path: Path) -> None:
    """Write all frames that were analysed. AUxx_c are empty if no recognizer ran."""
    recognized = bool(context.info.weights_sha256) or any(stored.event.aus is not None for stored in context.events)
    units = {face: _Units(context.events, face) for face in {stored.event.face for stored in context.events}}
    with path.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow((*_HEAD, *(f"AU{int(name.removeprefix('AU')):02d}_c" for name in AU_NAMES)))
        for row in chain.from_iterable(block.rows() for block in context.frame_blocks()):
            if row.dropped:
                continue
            found = row.face is not None
            moved = units[row.face].at(row.frame) if row.face in units else ()
            head = (row.frame + 1, row.face or 0, round(row.time_s, 6), int(found), int(found))
            lines.writerow((*head, *(int(name in moved) if recognized else None for name in AU_NAMES)))


class _Units:
    """The action units of a face's events, for frames in their order: of hundreds of events, few go on in a frame."""

    def __init__(self, events: Iterable[StoredEvent], face: int) -> None:
        own = [stored.event for stored in events if stored.event.face == face]
        self._coming = deque(sorted(own, key=lambda event: event.onset_frame))
        self._there: list[Event] = []

    def at(self, frame: int) -> frozenset[str]:
        """Those that are recognized in a frame, which is not before the last one that was asked for."""
        while self._coming and self._coming[0].onset_frame <= frame:
            self._there.append(self._coming.popleft())
        self._there = [event for event in self._there if event.offset_frame >= frame]
        return frozenset(name for event in self._there for name in action_units_of(event))
