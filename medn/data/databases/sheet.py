"""Coding sheets: the rows below the header of an `.xlsx` or `.csv`, wherever in the sheet the header stands."""

import csv
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

HEADER_WITHIN_ROWS = 40
"""SAMM explains itself for thirteen rows before its header."""


UNREADABLE = (
    OSError, ValueError, KeyError, EOFError, RuntimeError, csv.Error,
    zipfile.BadZipFile, zlib.error, InvalidFileException, ParseError,
)  # fmt: skip
"""What the readers raise for a damaged, encrypted or foreign file."""


def find_sheet(root: Path, patterns: Sequence[str]) -> Path:
    """The coding sheet of a database: the first pattern that matches in `root` or up to two folders below.

    Of several that match one pattern, the last by name (the newest, where names end in a date). Raises ValueError.
    """
    for pattern in patterns:
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
    wanted = {_plain(heading): name for name, heading in columns.items()}
    best: list[str] = []
    for table in _tables(path):
        for at, row in enumerate(table[:HEADER_WITHIN_ROWS]):
            places = {wanted[_plain(cell)]: i for i, cell in reversed(list(enumerate(row))) if _plain(cell) in wanted}
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


def _tables(path: Path) -> Iterator[list[list[str]]]:
    """Each sheet of the file as rows of texts."""
    try:
        if path.suffix.lower() == ".csv":
            with path.open(newline="", encoding="utf-8-sig") as file:
                yield [[cell.strip() for cell in row] for row in csv.reader(file)]
            return
        book = load_workbook(path, read_only=True, data_only=True)
        try:
            for sheet in book.worksheets:
                yield [[_text(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
        finally:
            book.close()
    except UNREADABLE as error:
        raise ValueError(f"{path} cannot be read as a coding sheet (.xlsx or .csv): {error}.") from error


def _text(cell: object) -> str:
    """A cell as text; Excel keeps whole numbers as floats."""
    if cell is None:
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def _plain(heading: str) -> str:
    return "".join(heading.lower().split())
