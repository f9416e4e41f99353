"""Writes `truth.csv` for `medn evaluate spotting`: from a coder's file of one video, or a database's coding sheet."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from medn.data.databases.long_videos import LongTruth
from realtime.evaluation.truth import COLUMNS, RATE, TruthError, read_table
from realtime.session import Coding, Status

Row = dict[str, str]
"""By the columns of `truth.csv`."""


def truth_of_codings(video: str, codings: Sequence[Coding]) -> tuple[list[Row], int]:
    """The rows of a video that one coder went through, and how many codings are left out: rejected, unreviewed, points.

    Without any movement, one row that only names the video.
    """
    kept = [one for one in codings if one.status is Status.CONFIRMED and one.offset_s > one.onset_s]
    rows = [_row(video, (one.onset_s, one.apex_s, one.offset_s), one.emotion, one.aus or ()) for one in kept]
    return rows or [_row(video, (None, None, None))], len(codings) - len(kept)


def truth_of_database(truth: LongTruth) -> list[Row]:
    """The rows of all videos of a database, also of those without a movement."""
    rows: list[Row] = []
    for video, rate_hz in truth.rates.items():
        own = [one for one in truth.movements if one.video == video]
        rows += [_row(video, (one.onset_s, one.apex_s, one.offset_s), one.emotion, one.aus, rate_hz) for one in own]
        rows += [] if own else [_row(video, (None, None, None), rate_hz=rate_hz)]
    return rows


def replace_truth(folder: Path, rows: Sequence[Row]) -> None:
    """Write rows into `truth.csv` in a folder, in place of those of the same videos. Raises `TruthError`."""
    path, videos = folder / "truth.csv", {row["video"] for row in rows}
    kept, header = read_table(path) if path.exists() else ([], list(COLUMNS))
    columns = list(dict.fromkeys([*header, *(RATE for row in rows if row[RATE])]))
    draft = path.with_suffix(".csv.part")
    try:
        with draft.open("w", newline="", encoding="utf-8") as file:
            lines = csv.DictWriter(file, columns, restval="", extrasaction="ignore")
            lines.writeheader()
            lines.writerows(row for row in kept if row["video"] not in videos)
            lines.writerows(rows)
        draft.replace(path)
    except OSError as error:
        raise TruthError(f"{path} cannot be written: {error.strerror}.") from error


def _row(
    video: str,
    times_s: tuple[float | None, float | None, float | None],
    emotion: str | None = None,
    aus: Iterable[str] = (),
    rate_hz: float | None = None,
) -> Row:
    onset, apex, offset = ("" if time_s is None else f"{time_s:.6f}" for time_s in times_s)
    return {
        "video": video, "onset_s": onset, "apex_s": apex, "offset_s": offset, "emotion": emotion or "",
        "aus": "+".join(aus), RATE: "" if rate_hz is None else f"{rate_hz:g}",
    }  # fmt: skip
