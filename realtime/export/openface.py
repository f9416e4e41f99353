"""CSV with OpenFace's column names, a row for each face of each frame, so that scripts written for OpenFace read it.

Of OpenFace's columns it holds frame (from 1), face_id, timestamp (s), confidence, success, and AUxx_c, which is 1
within an event in which the action unit was recognized. Confidence repeats success, because the face tracker reports no
confidence. Missing are gaze, landmarks, pose, AUxx_r (intensities are not estimated), and action units outside MEDN's.
"""

import csv
from pathlib import Path

from medn.contract import AU_NAMES
from realtime.export.context import ExportContext
from realtime.types import action_units_of

_HEAD = ("frame", "face_id", "timestamp", "confidence", "success")


def write_openface(context: ExportContext, path: Path) -> None:
    """Write all frames that were analysed. AUxx_c are empty if no recognizer ran."""
    recognized = bool(context.info.weights_sha256) or any(stored.event.aus is not None for stored in context.events)
    spans = [
        (stored.event.face, stored.event.onset_frame, stored.event.offset_frame, set(action_units_of(stored.event)))
        for stored in context.events
    ]
    with path.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow((*_HEAD, *(f"AU{int(name.removeprefix('AU')):02d}_c" for name in AU_NAMES)))
        for row in context.session.frames():
            if row.dropped:
                continue
            found = row.face is not None
            units = {
                name
                for face, onset, offset, moved in spans
                if face == row.face and onset <= row.frame <= offset
                for name in moved
            }
            head = (row.frame + 1, row.face or 0, round(row.time_s, 6), int(found), int(found))
            lines.writerow((*head, *(int(name in units) if recognized else None for name in AU_NAMES)))
