"""The report of a work list: a CSV file with a row for each recording, written as they end."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Self, TextIO

from realtime.batch.analyse import Outcome

COLUMNS = ("recording", "result", "events", "duration_s", "wall_s", "session", "message")


def result_of(outcome: Outcome) -> str:
    """Return "done", "skipped" (finished before), "stopped" (to be redone) or "failed"."""
    if outcome.summary is None:
        return "failed"
    if outcome.skipped:
        return "skipped"
    return "done" if outcome.summary.complete else "stopped"


class Report:
    """The open report; recordings that have no row at the end get one as "not begun". Raises `OSError`."""

    def __init__(self, path: Path, recordings: Sequence[str]) -> None:
        self._missing = dict.fromkeys(recordings)
        self._file: TextIO = path.open("w", encoding="utf-8", newline="")
        self._rows = csv.writer(self._file)
        self._write(COLUMNS)

    def add(self, outcome: Outcome) -> None:
        """Write the row of a recording."""
        self._missing.pop(outcome.video, None)
        summary, message = outcome.summary, outcome.error or " ".join(outcome.notices)
        figures = (summary.events, round(summary.duration_s, 3), round(summary.wall_s, 3)) if summary else ("", "", "")
        self._write((outcome.video, result_of(outcome), *figures, outcome.url or outcome.session or "", message))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for video in self._missing:
            self._write((video, "not begun", "", "", "", "", ""))
        self._file.close()

    def _write(self, row: Sequence[object]) -> None:
        self._rows.writerow(row)
        self._file.flush()
