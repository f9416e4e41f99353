"""Databases that code their clips in one sheet: described by a layout, read by one function.

The sheet is an `.xlsx`, or a text (`.csv`, `.tsv`, `.txt`) separated by commas, semicolons or tabs as Excel saves it,
depending on the country. Its header may stand in any of the first rows."""

import codecs
import csv
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from medn.data.databases.action_units import ActionUnit, half_width, parse_action_units
from medn.data.databases.clip import EMOTION3, OWN_CLASSES, Clip, Database, emotion_word
from medn.data.databases.frames import Span, as_spelled, cut, find_folder, numbered_frames

Row = Mapping[str, str]
"""A row of the sheet by our names: subject, file, onset, apex, offset, aus, emotion."""


HEADER_WITHIN_ROWS = 40
"""SAMM explains itself for thirteen rows before its header."""


TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
SEPARATORS = ",;\t"
"""What Excel puts between the cells of a text: a semicolon where the comma is the decimal sign."""


UNREADABLE = (
    OSError, ValueError, KeyError, EOFError, RuntimeError, csv.Error,
    zipfile.BadZipFile, zlib.error, InvalidFileException, ParseError,
)  # fmt: skip
"""What the readers raise for a damaged, encrypted or foreign file."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How one database lies on disk."""

    database: str
    fps: float
    sheets: tuple[str, ...]
    """Patterns of the coding sheet's name, the published one first."""
    columns: Mapping[str, str]
    """Heading in the sheet of each of the names in `Row`."""
    folders: tuple[tuple[str, str], ...]
    """Where frames may lie below the root, and a pattern that must match in there; the best first."""
    expected: str
    """The layout in words, for whoever gave another folder."""
    subject: Callable[[str], str]
    """The subject as folders and folds name it, from the sheet's cell."""
    clip_folders: Callable[[Path, str, Row], Sequence[Path]]
    """Folders in which a clip's frames may lie: from the folder of all frames, the subject and the row."""
    clip_name: Callable[[Row], str] = lambda row: row["file"]


def load_coded(layout: Layout, root: Path) -> Database:
    """All clips of a database under `root`. Raises ValueError where the sheet, a column or all frames are missing."""
    all_frames = find_folder(root, layout.folders, layout.expected)
    rows = read_sheet(find_sheet(root, layout.sheets), layout.columns)
    # several clips of CAS(ME)³ lie in one long video
    frames_of = cache(numbered_frames)
    clips: list[Clip] = []
    skipped, doubts = [], []
    for row in rows:
        subject, name = layout.subject(row["subject"]), layout.clip_name(row)
        who = f"{subject} {name}"
        folders = layout.clip_folders(all_frames, subject, row)
        try:
            frames = next(filter(None, (frames_of(as_spelled(folder, all_frames)) for folder in folders)), {})
            span = cut(frames, row["onset"], row["apex"], row["offset"])
        except ValueError as error:
            where = " or ".join(str(folder.relative_to(root)) for folder in folders)
            skipped.append(f"{who} is skipped: {error} ({where or 'no folder of that name'}).")
            continue
        aus, au_doubts = _read_aus(row["aus"])
        emotion, emotion_doubts = _read_emotion(row["emotion"], layout.database)
        doubts += [f"{who}: {doubt}." for doubt in (*span.doubts, *au_doubts, *emotion_doubts)]
        clips.append(_clip(layout, subject, name, span, aus, emotion))
    return Database(layout.database, tuple(clips), tuple(skipped), tuple(doubts))


def _clip(
    layout: Layout, subject: str, name: str, span: Span, aus: tuple[ActionUnit, ...] | None, emotion: str
) -> Clip:
    return Clip(
        database=layout.database,
        subject=subject,
        name=name,
        frames=span.frames,
        fps=layout.fps,
        onset=0,
        apex=span.apex,
        offset=len(span.frames) - 1,
        aus=aus,
        emotion=emotion,
        emotion3=EMOTION3.get(emotion),
    )


def _read_aus(text: str) -> tuple[tuple[ActionUnit, ...] | None, list[str]]:
    try:
        return parse_action_units(text), []
    except ValueError as error:
        return None, [f"its action units are taken as unknown, for {str(error).rstrip('.')}"]


def _read_emotion(text: str, database: str) -> tuple[str, list[str]]:
    word = emotion_word(text)
    if word in OWN_CLASSES[database]:
        return word, []
    return word, [f"its emotion '{text}' is none of {', '.join(OWN_CLASSES[database])}"]


def find_sheet(root: Path, patterns: Sequence[str]) -> Path:
    """The coding sheet of a database: the first pattern that matches in `root` or up to two folders below.

    Of several that match one pattern, the last by name (the newest, where names end in a date). A pattern of a `.csv`
    stands for the other texts as well. Raises ValueError.
    """
    texts = [pattern.removesuffix(".csv") + suffix for pattern in patterns for suffix in TEXT_SUFFIXES[1:]
             if pattern.endswith(".csv")]  # fmt: skip
    for pattern in (*patterns, *texts):
        for depth in ("", "*/", "*/*/"):
            found = sorted(path for path in root.glob(depth + pattern) if path.is_file())
            if found:
                return found[-1]
    raise ValueError(
        f"{root} holds no coding sheet; expected {' or '.join(patterns)} there or up to two folders below."
    )


def read_sheet(path: Path, columns: Mapping[str, str]) -> list[dict[str, str]]:
    """The rows as texts under the names that `columns` gives to the sheet's own headings.

    `columns` maps our name to the heading, which is looked for without regard to case and blanks. Rows without a text
    in the first column are left out. Raises ValueError where the file cannot be read or lacks a column.
    """
    wanted = {plain_heading(heading): name for name, heading in columns.items()}
    best: list[str] = []
    for table in sheet_tables(path):
        for at, row in enumerate(table[:HEADER_WITHIN_ROWS]):
            places = {
                wanted[plain_heading(cell)]: i
                for i, cell in reversed(list(enumerate(row)))
                if plain_heading(cell) in wanted
            }
            if len(places) == len(wanted):
                rows = [
                    {name: below[i] if i < len(below) else "" for name, i in places.items()}
                    for below in table[at + 1 :]
                ]
                return [found for found in rows if found[next(iter(columns))]]
            if len(places) > len(best):
                best = list(places)
    missing = ", ".join(f"'{heading}'" for name, heading in columns.items() if name not in best)
    raise ValueError(f"{path} lacks the column {missing}; expected {', '.join(columns.values())} in one row.")


def sheet_tables(path: Path) -> Iterator[list[list[str]]]:
    """Each sheet of the file as rows of texts."""
    try:
        if path.suffix.lower() in TEXT_SUFFIXES:
            text = _decoded(path.read_bytes())
            for separator in SEPARATORS:
                lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
                yield [[half_width(cell).strip() for cell in row] for row in lines]
            return
        book = load_workbook(path, read_only=True, data_only=True)
        try:
            for sheet in book.worksheets:
                yield [[_text(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
        finally:
            book.close()
    except UNREADABLE as error:
        raise ValueError(f"{path} cannot be read as a coding sheet (.xlsx or .csv): {error}.") from error


def _decoded(data: bytes) -> str:
    """A text as Excel writes it: UTF-16 or UTF-8 with a mark, plain UTF-8, or a Western code page."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _text(cell: object) -> str:
    """A cell as text; Excel keeps whole numbers as floats."""
    if cell is None:
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else half_width(str(cell)).strip()


def plain_heading(heading: str) -> str:
    """A heading without regard to case and blanks."""
    return "".join(heading.lower().split())
