"""A result as a table: one row a subject, one column a quantity; for a terminal and for Markdown."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from benchmarks.harness.measure import Measure, Result

EXPLANATION = "Medians of the rounds, with the lowest and the highest; ~ marks figures that vary by more than 10 %."


def grid(measures: Sequence[Measure]) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of words."""
    columns = list(dict.fromkeys((measure.quantity, measure.unit) for measure in measures))
    cells = {(measure.subject, measure.quantity, measure.unit): in_words(measure) for measure in measures}
    subjects = dict.fromkeys(measure.subject for measure in measures)
    headings = ["", *(f"{quantity}, {unit}" if unit else quantity for quantity, unit in columns)]
    return headings, [[subject, *(cells.get((subject, *column), "") for column in columns)] for subject in subjects]


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
    headings, rows = grid(result.measures)
    table = Table(title=f"{result.benchmark}: {result.question}", title_justify="left", header_style="bold")
    for heading in headings:
        table.add_column(heading, justify="right" if heading else "left")
    for row in rows:
        table.add_row(*map(Text, row))
    noisy = [Text(f"Noisy run: {sentence}", style="yellow") for sentence in result.disturbances]
    notes = [Text(sentence, style="dim") for sentence in result.notes]
    return Group(table, Text(EXPLANATION, style="dim"), *notes, *noisy, Text())
