"""The micro-expressions in whole videos, as the challenges' coding sheets have them, in seconds of each video: `LONG`.

CAS(ME)² (Qu et al. 2018): 98 videos of 22 subjects at 30 fps. Its sheet has no header; two further sheets of the file
give the subjects' folders and the videos' codes.
    CAS(ME)^2code_final.xlsx
    rawpic/s15/15_0101disgustingteeth/img001.jpg      or rawvideo/s15/15_0101disgustingteeth.avi

SAMM long videos (Yap et al. 2020): 147 videos of 32 subjects at 200 fps.
    SAMM_LongVideos_V3_Release.xlsx                   with its header in row 10
    SAMM_longvideos/006_1/006_1_0001.jpg

CAS(ME)³ part A (Li et al. 2023): 1300 videos of 100 subjects at 30 fps; its layout is that of the clips.
    annotation/cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx
    data/part_A/spNO.1/b/color/166.jpg

Macro-expressions are left out. Frames are counted by the numbers in the pictures' names; in a video file from 1.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from medn.data.databases.action_units import half_width, parse_action_units
from medn.data.databases.clip import EMOTION3, emotion_word
from medn.data.databases.coded import find_sheet, plain_heading, read_sheet, sheet_tables
from medn.data.databases.frames import cut, frame_number, numbered_frames
from medn.data.databases.layouts import CASME3

VIDEO_SUFFIXES = (".avi", ".mp4", ".mov", ".mkv")
Coded = Mapping[str, str]
"""A coded movement by our names: subject, file, onset, apex, offset, aus, emotion, type; texts of the sheet."""


@dataclass(frozen=True, slots=True)
class LongMovement:
    """One coded micro-expression."""

    video: str
    """Its path below the database's folder."""
    onset_s: float
    apex_s: float | None
    """None where none is coded, or one that cannot be."""
    offset_s: float
    aus: tuple[str, ...]
    """Such as "AU12"; doubtful ones are left out."""
    emotion: str | None
    """negative, positive or surprise; None for another class."""


@dataclass(frozen=True, slots=True)
class LongTruth:
    """What is coded in the videos of a database."""

    rates: Mapping[str, float | None]
    """Every video that is there, also those without a movement: pictures a second of a folder, None for a file."""
    movements: tuple[LongMovement, ...]
    skipped: tuple[str, ...]
    """A sentence for each coded movement that is left out."""
    doubts: tuple[str, ...]
    """A sentence for each thing that was read differently from how it is coded; the movement is kept."""


@dataclass(frozen=True, slots=True)
class LongLayout:
    """How a database of long videos lies on disk."""

    name: str
    fps: float
    sheets: tuple[str, ...]
    videos: tuple[str, ...]
    """Patterns of its videos below the root, the first one that matches counts."""
    expected: str
    read: Callable[[Path], Sequence[Coded]]
    belongs: Callable[[Path, Coded], bool]
    """Whether a video, a path below the root, is the one of a coded movement."""


def load_long(name: str, root: Path, sheet: Path | None = None) -> LongTruth:
    """The coded micro-expressions of a database (a key of `LONG`) that lies under `root`.

    `sheet` is the coding sheet, if it does not lie where it was published. Raises ValueError for another name, and
    where sheet, columns or all videos are missing.
    """
    if name not in LONG:
        raise ValueError(f"'{name}' is no database of long videos; choose one of {', '.join(LONG)}.")
    layout = LONG[name]
    videos = _videos(root, layout)
    rows = layout.read(sheet or find_sheet(root, layout.sheets))
    frames = {video: numbered_frames(root / video) for video in videos}
    movements: list[LongMovement] = []
    skipped: list[str] = []
    doubts: list[str] = []
    for row in rows:
        who = f"{row['subject']} {row['file']} at {row['onset'] or row['apex'] or '?'}"
        found = [video for video in videos if layout.belongs(video, row)]
        if len(found) != 1:
            problem = "has several videos: " + ", ".join(map(str, found)) if found else "has no video here"
            skipped.append(f"{who} is skipped: it {problem}.")
            continue
        try:
            movement, its_doubts = _movement(found[0], frames[found[0]], row, layout.fps)
        except ValueError as error:
            skipped.append(f"{who} is skipped: {error} ({found[0]}).")
            continue
        movements.append(movement)
        doubts += [f"{who}: {doubt}." for doubt in its_doubts]
    rates = {video.as_posix(): _rate_hz(frames[video], layout.fps) for video in videos}
    in_order = tuple(sorted(movements, key=lambda one: (one.video, one.onset_s)))
    return LongTruth(rates, in_order, tuple(skipped), tuple(doubts))


def _videos(root: Path, layout: LongLayout) -> list[Path]:
    if not root.is_dir():
        raise ValueError(f"{root} is no folder; expected {layout.expected} in it.")
    for pattern in layout.videos:
        found = sorted(path for path in root.glob(pattern) if path.is_dir() or path.suffix.lower() in VIDEO_SUFFIXES)
        with_frames = [path for path in found if path.is_file() or numbered_frames(path)]
        if with_frames:
            return [path.relative_to(root) for path in with_frames]
    raise ValueError(f"{root} holds no videos; expected {layout.expected}.")


def _rate_hz(frames: Mapping[int, Path], fps: float) -> float | None:
    """The rate at which a folder's pictures were kept: every fifth one of 30 a second is six a second."""
    steps = Counter(b - a for a, b in pairwise(frames))
    return fps / steps.most_common(1)[0][0] if steps else None


def _movement(video: Path, pictures: Mapping[int, Path], row: Coded, fps: float) -> tuple[LongMovement, Sequence[str]]:
    """A movement and what is doubtful about it; raises ValueError where no motion from an onset can be read."""
    if pictures:
        frames = pictures
    else:  # a video file, which is not opened: all that is coded is taken to be in it
        coded = [frame_number(row[name]) or 0 for name in ("onset", "apex", "offset")]
        frames = {number: Path(str(number)) for number in range(1, max(coded) + 1)}
    span = cut(frames, row["onset"], row["apex"], row["offset"])
    first, number_of = next(iter(frames)), {path: number for number, path in frames.items()}

    def seconds(path: Path) -> float:
        return (number_of[path] - first) / fps

    doubts = list(span.doubts)
    units, word = _units(row["aus"], doubts), emotion_word(row["emotion"])
    apex_s = None if span.apex is None else seconds(span.frames[span.apex])
    times = seconds(span.frames[0]), apex_s, seconds(span.frames[-1])
    return LongMovement(video.as_posix(), *times, units, EMOTION3.get(word)), doubts


def _units(cell: str, doubts: list[str]) -> tuple[str, ...]:
    try:
        units = parse_action_units(cell) or ()
    except ValueError as error:
        doubts.append(f"its action units are taken as unknown, for {str(error).rstrip('.')}")
        return ()
    return tuple(f"AU{unit.number}" for unit in units if unit.certain)


def _read_casme_sq(path: Path) -> list[Coded]:
    """CAS(ME)²: rows around a cell that says micro-expression, whether or not a header stands anywhere above them."""
    tables = list(sheet_tables(path))
    subjects, codes = _names(tables, _SUBJECT_ROW), _names(tables, _CODE_ROW)
    rows: list[Coded] = []
    for row in (row for table in tables for row in table):
        kind = next((place for place, cell in enumerate(row) if "micro" in plain_heading(cell)), None)
        if kind is None or kind < len(_CASME_SQ_CELLS):
            continue
        coded = dict(zip(_CASME_SQ_CELLS, row, strict=False))
        cell = plain_heading(coded["subject"])
        # a plain number counts the subjects, and means no folder without the naming sheet
        subject = cell[1:] if cell.startswith("s") else subjects.get(cell, "?")
        what = re.split(r"[_\s]", plain_heading(coded["file"]))[0]
        coded["folder"] = f"{subject}_{codes.get(what, what)}"
        rows.append(coded)
    if not rows:
        raise ValueError(f"{path} has no row with {', '.join(_CASME_SQ_CELLS)} and then micro-expression.")
    return rows


_CASME_SQ_CELLS = ("subject", "file", "onset", "apex", "offset", "aus", "emotion")
_SUBJECT_ROW = re.compile(r"s?(\d{2})\|(\d{1,2})")
"""A subject's folder beside the subject's number in the coding sheet."""
_CODE_ROW = re.compile(r"(\d{3,4})\|([a-z]+\d+)")
"""A video's code beside the name of its stimulus in the coding sheet."""


def _names(tables: Sequence[Sequence[Sequence[str]]], pattern: re.Pattern[str]) -> dict[str, str]:
    """What stands in one cell of the naming sheets by what stands in the cell after it."""
    names: dict[str, str] = {}
    for table in tables:
        for row in table:
            cells = [plain_heading(cell) for cell in row if cell]
            if len(cells) > len(_CASME_SQ_CELLS) - 2:
                continue  # a coded row
            for one, other in pairwise(cells):
                if named := pattern.fullmatch(f"{one}|{other}"):
                    names.setdefault(named[2], named[1].zfill(4) if pattern is _CODE_ROW else named[1])
    return names


def _read_samm(path: Path) -> list[Coded]:
    rows = _read_either(path, _SAMM_COLUMNS)
    return [{**row, "emotion": ""} for row in rows if plain_heading(row["type"]).startswith("micro")]


def _read_casme3(path: Path) -> list[Coded]:
    return list(read_sheet(path, CASME3.columns))


_SAMM_COLUMNS = (
    {"subject": "Subject", "file": "Filename", "onset": "Onset", "apex": "Apex", "offset": "Offset", "type": "Type",
     "aus": "Action Units"},
    {"subject": "Subject", "file": "Filename", "onset": "Onset Frame", "apex": "Apex Frame", "offset": "Offset Frame",
     "type": "Type", "aus": "Action Units"},
)  # fmt: skip
"""Both spellings that are in circulation."""


def _read_either(path: Path, spellings: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    for columns in spellings[:-1]:
        try:
            return read_sheet(path, columns)
        except ValueError:
            continue
    return read_sheet(path, spellings[-1])


def _is_casme_sq(video: Path, row: Coded) -> bool:
    # 15_0101disgustingteeth is the video 0101 of the subject 15
    subject, _, code = row["folder"].partition("_")
    name = re.fullmatch(r"s?(\d+)_(\d{4}).*", video.stem)
    return name is not None and name[2] == code and subject.isdigit() and int(name[1]) == int(subject)


def _is_samm(video: Path, row: Coded) -> bool:
    # 006_1_2 is the second movement in the video 006_1
    return video.stem == "_".join(row["file"].split("_")[:2])


def _is_casme3(video: Path, row: Coded) -> bool:
    subject = CASME3.subject(row["subject"])
    names = [half_width(part).casefold() for part in video.parts]
    return [subject.casefold(), row["file"].casefold()] == names[-3:-1]


LONG = {
    layout.name: layout
    for layout in (
        LongLayout(
            name="casme-sq",
            fps=30.0,
            sheets=("CAS(ME)^2code_final*.xlsx", "CAS(ME)*code*.xlsx", "CAS(ME)*code*.csv"),
            videos=("rawpic/s*/*_*", "rawpic/rawpic/s*/*_*", "rawvideo/s*/*_*", "s*/*_*"),
            expected="rawpic/s15/15_0101disgustingteeth/img001.jpg or rawvideo/s15/15_0101disgustingteeth.avi",
            read=_read_casme_sq,
            belongs=_is_casme_sq,
        ),
        LongLayout(
            name="samm-lv",
            fps=200.0,
            sheets=("SAMM_LongVideos_V*_Release.xlsx", "SAMM*Long*.xlsx", "SAMM*Long*.csv"),
            videos=("SAMM_longvideos/[0-9]*_[0-9]*", "SAMM_longvideos/SAMM_longvideos/[0-9]*_[0-9]*", "[0-9]*_[0-9]*"),
            expected="SAMM_longvideos/006_1/006_1_0001.jpg",
            read=_read_samm,
            belongs=_is_samm,
        ),
        LongLayout(
            name="casme3",
            fps=CASME3.fps,
            sheets=CASME3.sheets,
            videos=tuple(f"{folder}/{inside}".lstrip("/") for folder, inside in CASME3.folders if "color" in inside),
            expected="data/part_A/spNO.1/b/color/166.jpg",
            read=_read_casme3,
            belongs=_is_casme3,
        ),
    )
}
"""The databases of long videos by name."""
