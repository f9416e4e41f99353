"""The report of a run: `YYYY-MM-DD-REVISION.md` to read, the same name with .json for `compare`, plots as PNG.

A result is shown as tables, in the terminal and in Markdown alike: one row a subject, one column a quantity.
"""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from benchmarks.harness.machine import Machine
from benchmarks.harness.measure import Measure, Plot, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMAT = "medn-benchmarks-1"
EXPLANATION = "Medians of the rounds, with the lowest and the highest; ~ marks figures that vary by more than 10 %."


class ReportError(Exception):
    """A report that cannot be read; its text is one sentence for the user."""


@dataclass(frozen=True, slots=True)
class Run:
    """Everything that was measured by one command."""

    machine: Machine
    results: tuple[Result, ...]


def write(run: Run, folder: Path) -> Path:
    """Write the report and return the Markdown file; a report of the same day and revision is replaced.

    Plots need matplotlib; without it the report says that it has none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{run.machine.date_utc[:10]}-{run.machine.revision.replace('+', '-changed')}"
    pictures = _draw_all(run.results, folder, stem)
    path = folder / f"{stem}.md"
    path.write_text("\n".join(_markdown(run, pictures)) + "\n")
    record = {"format": FORMAT, **_finite(asdict(run))}
    (folder / f"{stem}.json").write_text(json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    return path


def read(path: Path) -> Run:
    """The run of a report, named by its .json or its .md. Raises ReportError."""
    file = path.with_suffix(".json")
    try:
        record = json.loads(file.read_text())
    except FileNotFoundError:
        raise ReportError(f"{file} does not exist; a report's figures are in the .json beside its .md.") from None
    except (OSError, ValueError) as error:
        raise ReportError(f"{file} cannot be read as a report ({error}).") from None
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise ReportError(f"{file} is not a report of medn bench.")
    try:
        return Run(Machine(**record["machine"]), tuple(Result.from_record(result) for result in record["results"]))
    except (KeyError, TypeError):
        raise ReportError(f"{file} is a report of medn bench with fields missing or unknown.") from None


def result_record(result: Result) -> dict[str, Any]:
    """One result as the command line's JSON object."""
    medians = [asdict(measure) | {"median": measure.median} for measure in result.measures]
    record: dict[str, Any] = _finite(asdict(result) | {"measures": medians})
    return {"type": "benchmark", **record}


def result_table(result: Result) -> RenderableType:
    """One result for the terminal."""
    tables = []
    for headings, rows in _grids(result.measures):
        table = Table(header_style="bold")
        for heading in headings:
            table.add_column(heading, justify="right" if heading else "left")
        for row in rows:
            table.add_row(*map(Text, row))
        tables.append(table)
    noisy = [Text(f"Noisy run: {sentence}", style="yellow") for sentence in result.disturbances]
    notes = [Text(sentence, style="dim") for sentence in (EXPLANATION, *result.notes)]
    return Group(Text(f"{result.benchmark}: {result.question}", style="bold"), *tables, *notes, *noisy, Text())


def machine_rows(machine: Machine) -> Iterator[str]:
    """The machine as rows of a Markdown table."""
    yield "| | |"
    yield "| --- | --- |"
    for name, value in asdict(machine).items():
        text = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
        yield f"| {name.replace('_', ' ')} | {text} |"


def format_measure(measure: Measure) -> str:
    """The median, its range where there were several rounds, and ~ where it is noisy."""
    text = format_number(measure.median)
    low, high = format_number(min(measure.values)), format_number(max(measure.values))
    if low != high:
        text += f" ({low}–{high})"
    return text + (" ~" if measure.noisy else "")


def format_number(value: float) -> str:
    """Three significant digits."""
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def draw(plot: Plot, path: Path) -> None:
    """Write one plot as PNG. Raises ModuleNotFoundError without matplotlib."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    if plot.kind == "line":
        for name, values in plot.series.items():
            axes.plot(np.array(plot.x, float), np.array(values, float), marker=".", label=name)
    else:
        _draw_bars(axes, plot)
    axes.set(title=plot.title, xlabel=plot.x_label, ylabel=plot.y_label)
    axes.set_ylim(min(0.0, axes.get_ylim()[0]), 1.2 * axes.get_ylim()[1])  # from zero, with room for the legend
    axes.grid(axis="y", alpha=0.3)
    if len(plot.series) > 1:
        axes.legend(fontsize="small")
    figure.savefig(path, dpi=110)


def _draw_bars(axes: "Axes", plot: Plot) -> None:
    places = np.arange(len(plot.x), dtype=float)
    stacked = plot.kind == "stacked bars"
    width = 0.8 if stacked else 0.8 / len(plot.series)
    below = np.zeros(len(plot.x))
    for number, (name, values) in enumerate(plot.series.items()):
        heights = np.nan_to_num(np.array(values, float))
        shift = 0.0 if stacked else (number - (len(plot.series) - 1) / 2) * width
        axes.bar(places + shift, heights, width, bottom=below if stacked else None, label=name)
        below += heights
    axes.set_xticks(places, [str(name) for name in plot.x], rotation=20 if len(plot.x) > 4 else 0, fontsize="small")


def _draw_all(results: Sequence[Result], folder: Path, stem: str) -> dict[str, list[str]]:
    """File names of each benchmark's plots, drawn into the folder; none without matplotlib."""
    names: dict[str, list[str]] = {}
    for result in results:
        for count, plot in enumerate(result.plots, 1):
            name = f"{stem}-{result.benchmark}-{count}.png"
            try:
                draw(plot, folder / name)
            except ModuleNotFoundError:
                return {}
            names.setdefault(result.benchmark, []).append(name)
    return names


def _markdown(run: Run, pictures: dict[str, list[str]]) -> Iterator[str]:
    machine = run.machine
    yield f"# Benchmarks, {machine.date_utc[:10]}, revision {machine.revision}"
    yield ""
    yield "Written by `medn bench`; figures belong to this machine and this revision. " + EXPLANATION
    yield ""
    yield from machine_rows(machine)
    for result in run.results:
        yield ""
        yield f"## {result.benchmark}"
        yield result.question
        yield ""
        yield "; ".join(f"{name}: {value}" for name, value in result.conditions.items()) + "."
        for headings, rows in _grids(result.measures):
            yield f"\n| {' | '.join(headings)} |"
            yield f"| --- |{' ---: |' * (len(headings) - 1)}"
            yield from (f"| {' | '.join(row)} |" for row in rows)
        for sentence in result.notes:
            yield f"\n{sentence}"
        for sentence in result.disturbances:
            yield f"\n**Noisy run:** {sentence}"
        for picture in pictures.get(result.benchmark, []):
            yield f"\n![{result.benchmark}]({picture})"
    if not pictures and any(result.plots for result in run.results):
        yield "\nNo plots: matplotlib is not installed."


def _grids(measures: Sequence[Measure]) -> Iterator[tuple[list[str], list[list[str]]]]:
    """Headings and rows: one table for each run of consecutive subjects with the same quantities."""
    subjects: dict[str, dict[tuple[str, str], str]] = {}
    for measure in measures:
        subjects.setdefault(measure.subject, {})[measure.quantity, measure.unit] = format_measure(measure)
    for columns, rows in groupby(subjects.items(), lambda subject: tuple(subject[1])):
        headings = ["", *(", ".join(filter(None, column)) for column in columns)]
        yield headings, [[subject, *cells.values()] for subject, cells in rows]


def _finite(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """The same with None for NaN, which JSON does not have."""
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
