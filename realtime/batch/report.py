"""The report of a work list: a CSV file with a row for each recording, written as they end."""

import csv
from collections.abc import Sequence
from contextlib import suppress
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
    """The open report; recordings that have no row at the end get one as "not begun".

    Raises `OSError` if it cannot be begun. A row that cannot be written costs no analysis: it is tried again with the
    next one.
    """

    def __init__(self, path: Path, recordings: Sequence[str]) -> None:
        self._path = path
        self._missing = dict.fromkeys(recordings)
        self._file: TextIO = path.open("w", encoding="utf-8", newline="")
        self._rows = csv.writer(self._file)
        self._rows.writerow(COLUMNS)
        self._file.flush()
        self.fault = ""
        """One sentence while the file lacks rows."""

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
        with suppress(OSError):  # which is the fault
            self._file.close()

    def _write(self, row: Sequence[object]) -> None:
        try:
            self._rows.writerow(row)
            self._file.flush()
            self.fault = ""
        except OSError as error:
            self.fault = f"{self._path} lacks rows: it could not be written ({error.strerror})."
