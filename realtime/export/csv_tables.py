"""CSV: comma-separated UTF-8 with a line of names; what is not known is empty."""

import csv
from pathlib import Path

from realtime.export.material import Material
from realtime.export.tables import Cell, tables

DECIMALS = 6
"""Times to the microsecond."""


def write_csv(material: Material, *paths: Path) -> None:
    """Write each table to its own file."""
    for table, path in zip(tables(material), paths, strict=True):
        with path.open("w", newline="", encoding="utf-8") as file:
            lines = csv.writer(file)
            lines.writerow(table.columns)
            lines.writerows([_told(cell) for cell in row] for row in table.rows)


def _told(cell: Cell) -> Cell:
    match cell:
        case bool():
            return int(cell)
        case float():
            return round(cell, DECIMALS)
        case _:
            return cell
