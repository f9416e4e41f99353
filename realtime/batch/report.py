"""The report of a work list: a CSV file with a row for each recording, written as they end."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Self

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

    Raises `OSError` if it cannot be begun. Rows that cannot be written cost no analysis: they are tried again with the
    next one.
    """

    def __init__(self, path: Path, recordings: Sequence[str]) -> None:
        self._path = path
        self._missing = dict.fromkeys(recordings)
        self._file = path.open("wb", buffering=0)  # a buffer would lose what is more than it holds
        self._waiting = b""
        self._write_out(COLUMNS)
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
        try:
            self._file.close()
        except OSError as error:  # network folders say only now what they could not take
            self._lack(error)

    def _write(self, row: Sequence[object]) -> None:
        try:
            self._write_out(row)
            self.fault = ""
        except OSError as error:
            self._lack(error)

    def _lack(self, error: OSError) -> None:
        self.fault = f"{self._path} lacks rows: it could not be written ({error.strerror})."

    def _write_out(self, row: Sequence[object]) -> None:
        line = io.StringIO(newline="")
        csv.writer(line).writerow(row)
        self._waiting += line.getvalue().encode()
        while self._waiting:
            self._waiting = self._waiting[self._file.write(self._waiting) :]
