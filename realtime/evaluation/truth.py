"""The true movements of a folder of videos, with the columns of their tables."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medn.errors import UserError
from realtime.labels import LabelError, number_in, rows_of, whole_rows
from realtime.sources import SourceError
from realtime.sources.container import read_container

COLUMNS = ("video", "onset_s", "apex_s", "offset_s", "emotion", "aus")
RATE = "rate_hz"
"""An optional column: pictures a second, where the video is a folder of pictures."""
MOVEMENT_COLUMNS = ("video", "kind", "onset_s", "offset_s", "amplitude_percent_iod")
FEATURE_SUFFIXES = (".pkl", ".pickle", ".npy", ".npz", ".mat", ".h5")
OPTIONAL = ("amplitude_percent_iod", "context", "eye_distance_px", "z")
"""Columns by which recall is also reported, where they are there."""
UPPER_FACE = frozenset({"AU1", "AU2", "AU4", "AU5", "AU6", "AU7", "AU43", "AU45"})
"""Action units of brows, lids and cheeks; all others are of the lower face."""


class TruthError(UserError):
    """Ground truth, or an annotated video, that cannot be read."""


@dataclass(frozen=True, slots=True)
class TrueMovement:
    """One micro-expression that is known to be in a video."""

    video: str
    onset_s: float
    apex_s: float
    offset_s: float
    aus: tuple[str, ...]
    amplitude_pct: float | None = None
    """% of the eye distance."""
    context: str | None = None
    """What the person did meanwhile: still, speaking, head moving."""
    eye_distance_px: float | None = None
    z: float | None = None
    """How far it stands out of what else this face does around it: a · √(sᵀC⁻¹s) (docs/spotting.md)."""
    side: str | None = None
    """both, left or right: the person's own."""
    limit: str | None = None
    """Its size against the limit of detection that was reported then: one of `realtime.evaluation.limits.GROUPS`."""

    @property
    def half(self) -> str:
        """The part of the face that moves: upper, lower or both."""
        return half_of(self.aus)


@dataclass(frozen=True, slots=True)
class Truth:
    """The ground truth of one video."""

    spans_s: NDArray[np.float64]
    """(n, 2) onset and offset of its micro-expressions."""
    amplitudes_pct: NDArray[np.float64]
    """(n,) % iod; empty if not annotated."""
    movements: tuple[tuple[str, float, float], ...]
    """Kind, onset in s and offset in s of every planted movement; empty if not annotated."""


def half_of(aus: Sequence[str]) -> str:
    """The part of the face that action units move: upper, lower or both."""
    upper = [au in UPPER_FACE for au in aus] or [True, False]  # of units that are not known: both
    return "upper" if all(upper) else "both" if any(upper) else "lower"


def read_movements(folder: Path) -> tuple[list[TrueMovement], tuple[str, ...]]:
    """The movements of `truth.csv` in a folder, and which of the `OPTIONAL` columns it lacks.

    A row without times names a video without movements; an apex that is not known is taken as the middle. Sizes are
    taken from `movements.csv` where only that has them. A cell that is empty is a value that is not known.
    Raises TruthError with one sentence.
    """
    path = folder / "truth.csv"
    rows, header = read_table(path)
    missing = tuple(column for column in OPTIONAL if column not in header)
    try:
        sizes = _planted_sizes(folder / "movements.csv") if "amplitude_percent_iod" not in header else {}
        if sizes:
            missing = tuple(column for column in missing if column != "amplitude_percent_iod")
        movements = [_movement(row, sizes) for row in rows if _names_movement(row)]
    except ValueError as error:
        raise TruthError(
            f"{path} holds ground truth with a time that is not a number of seconds or out of order, or a size that is "
            f"none ({error})."
        ) from None
    return movements, missing


def read_truth(folder: Path) -> dict[str, Truth]:
    """Read the ground truth of each video in a folder, by file name; raises `TruthError`."""
    rows, header = read_table(folder / "truth.csv")
    planted = folder / "movements.csv"
    movement_rows = read_table(planted, MOVEMENT_COLUMNS)[0] if planted.exists() else []
    spans: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    amplitudes: defaultdict[str, list[float]] = defaultdict(list)
    movements: defaultdict[str, list[tuple[str, float, float]]] = defaultdict(list)
    try:
        for row in rows:
            if not _names_movement(row):
                spans[row["video"]] += []
                continue
            onset_s, _, offset_s = _times_of(row)
            spans[row["video"]].append((onset_s, offset_s))
            if "amplitude_percent_iod" in header:
                amplitudes[row["video"]].append(number_in(row["amplitude_percent_iod"] or "nan"))
        for row in movement_rows:
            movements[row["video"]].append((row["kind"], number_in(row["onset_s"]), number_in(row["offset_s"])))
            if row["kind"] == "micro" and "amplitude_percent_iod" not in header:
                amplitudes[row["video"]].append(number_in(row["amplitude_percent_iod"]))
    except ValueError as error:
        raise TruthError(
            f"{folder} holds ground truth with a time that is not a number of seconds or out of order ({error})."
        ) from None
    videos = dict.fromkeys([*spans, *movements])
    if not videos:
        raise TruthError(f"{folder / 'truth.csv'} lists no video.")
    _refuse_features(folder, videos)
    found = {
        video: Truth(np.array(spans[video]).reshape(-1, 2), np.array(amplitudes[video]), tuple(movements[video]))
        for video in videos
    }
    _refuse_late(folder, found)
    return found


def read_rates(folder: Path) -> dict[str, float]:
    """The rate of each video of `truth.csv` that is a folder of pictures. Raises `TruthError`."""
    path = folder / "truth.csv"
    rows, header = read_table(path)
    try:
        return {row["video"]: number_in(row[RATE]) for row in rows if RATE in header and row[RATE]}
    except ValueError as error:
        raise TruthError(f"{path} holds a rate that is not a number of pictures a second ({error}).") from None


def read_table(path: Path, columns: Sequence[str] = COLUMNS) -> tuple[list[dict[str, str]], list[str]]:
    """The rows of a CSV file that has at least these columns, and its header. Raises `TruthError`."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            reader = rows_of(lines)
            header = list(reader.fieldnames or ())
            missing = [column for column in columns if column not in header]
            if missing:
                raise TruthError(f"{path} lacks the column {missing[0]}; it should have {', '.join(columns)}.")
            return list(whole_rows(path, reader)), header
    except UnicodeError:
        raise TruthError(f"{path} is no UTF-8 text; save it as UTF-8.") from None
    except LabelError as error:
        raise TruthError(str(error)) from None
    except OSError as error:
        raise TruthError(f"{path} cannot be read: {error.strerror}.") from error


def _names_movement(row: Mapping[str, str]) -> bool:
    """Whether a row is of a movement; one without times names a video without movements."""
    return bool(row["onset_s"] or row["apex_s"] or row["offset_s"])


def _times_of(row: Mapping[str, str]) -> tuple[float, float, float]:
    """Onset, apex (the middle, where it is not known) and offset in s. Raises ValueError where they are none."""
    onset_s, offset_s = number_in(row["onset_s"]), number_in(row["offset_s"])
    apex_s = number_in(row["apex_s"]) if row["apex_s"] else (onset_s + offset_s) / 2
    if not (0 <= onset_s <= apex_s <= offset_s < math.inf and onset_s < offset_s):  # NaN, too
        raise ValueError(f"{row['video']}: onset {onset_s:g}, apex {apex_s:g}, offset {offset_s:g}")
    return onset_s, apex_s, offset_s


def _movement(row: Mapping[str, str], sizes: Mapping[tuple[str, float], str]) -> TrueMovement:
    size = row.get("amplitude_percent_iod") or sizes.get((row["video"], number_in(row["onset_s"])))
    return TrueMovement(
        row["video"],
        *_times_of(row),
        tuple(filter(None, row["aus"].split("+"))),
        _number(size),
        row.get("context") or None,
        _number(row.get("eye_distance_px")),
        _number(row.get("z")),
        row.get("side") or None,
    )


def _number(cell: str | None) -> float | None:
    value = number_in(cell) if cell else math.nan
    return None if math.isnan(value) else value


def _planted_sizes(path: Path) -> dict[tuple[str, float], str]:
    if not path.exists():
        return {}
    rows, _ = read_table(path, ("video", "kind", "onset_s", "amplitude_percent_iod"))
    micros = (row for row in rows if row["kind"] == "micro")
    return {(row["video"], number_in(row["onset_s"])): row["amplitude_percent_iod"] for row in micros}


def _refuse_late(folder: Path, truth: Mapping[str, Truth]) -> None:
    """Raise `TruthError` for a movement after the end of its video, as where times are in milliseconds."""
    for name, video in truth.items():
        with suppress(SourceError):  # what cannot be read, its analysis says
            container = read_container(folder / name)
            last_s = video.spans_s[:, 0].max(initial=0.0)
            if container and container.ends_s and last_s > container.ends_s + 1:
                raise TruthError(
                    f"{folder / 'truth.csv'} has a movement at {last_s:g} s in {name}, which ends at "
                    f"{container.ends_s:.1f} s; times are in seconds."
                )


def _refuse_features(folder: Path, videos: Iterable[str]) -> None:
    """Raise `TruthError` for motion features of another spotter in the place of a video."""
    for video in videos:
        if Path(video).suffix.lower() in FEATURE_SUFFIXES:
            raise TruthError(
                f"{folder / 'truth.csv'} lists {video}, motion features of another program: they are refused, because "
                "reading a pickle runs what its author wrote, and because this spotter's decision rests on 225 patches "
                "of the picture, the head's pose and MEDN's score, which the flow of a few regions does not hold; list "
                "the video, or the folder of its pictures."
            )
