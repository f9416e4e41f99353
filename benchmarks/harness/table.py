"""A result as a table: one row a subject, one column a quantity; for a terminal and for Markdown."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from benchmarks.harness.measure import Measure, Result

EXPLANATION = "Medians of the rounds, with the lowest and the highest; ~ marks figures that vary by more than 10 %."


def grids(measures: Sequence[Measure]) -> Iterator[tuple[list[str], list[list[str]]]]:
    """Headings and rows of words: a table for each run of subjects of which the same quantities are known."""
    subjects: dict[str, dict[tuple[str, str], str]] = {}
    for measure in measures:
        subjects.setdefault(measure.subject, {})[measure.quantity, measure.unit] = in_words(measure)
    for columns, rows in groupby(subjects.items(), lambda subject: tuple(subject[1])):
        headings = ["", *(", ".join(filter(None, column)) for column in columns)]
        yield headings, [[subject, *cells.values()] for subject, cells in rows]


def in_words(measure: Measure) -> str:
    """The median, its range where there were several rounds, and ~ where it is noisy."""
    words = number(measure.median)
    low, high = number(min(measure.values)), number(max(measure.values))
    if low != high:
        words += f" ({low}–{high})"
    return words + (" ~" if measure.noisy else "")


def number(value: float) -> str:
    """Three digits that count."""
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def as_table(result: Result) -> RenderableType:
    """The result for a terminal."""
    tables = []
    for headings, rows in grids(result.measures):
        table = Table(header_style="bold")
        for heading in headings:
            table.add_column(heading, justify="right" if heading else "left")
        for row in rows:
            table.add_row(*map(Text, row))
        tables.append(table)
    noisy = [Text(f"Noisy run: {sentence}", style="yellow") for sentence in result.disturbances]
    notes = [Text(sentence, style="dim") for sentence in (EXPLANATION, *result.notes)]
    return Group(Text(f"{result.benchmark}: {result.question}", style="bold"), *tables, *notes, *noisy, Text())
