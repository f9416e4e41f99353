"""The report of a run: `YYYY-MM-DD-REVISION.md` for people, the same name with .json for `compare`, plots as PNG."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.harness.machine import Machine
from benchmarks.harness.measure import Result
from benchmarks.harness.table import EXPLANATION, grids

FORMAT = "medn-benchmarks-1"


class ReportError(Exception):
    """A report that cannot be read; its text is one sentence for the user."""


@dataclass(frozen=True, slots=True)
class Run:
    """Everything that was measured in one go."""

    machine: Machine
    results: tuple[Result, ...]


def write(run: Run, folder: Path) -> Path:
    """Write the report and return the Markdown file; a report of the same day and revision is replaced.

    Plots need matplotlib; without it the report says that it has none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{run.machine.date_utc[:10]}-{run.machine.revision.replace('+', '-changed')}"
    pictures = _draw(run.results, folder, stem)
    path = folder / f"{stem}.md"
    path.write_text("\n".join(_markdown(run, pictures)) + "\n")
    record = {"format": FORMAT, **_finite(asdict(run))}
    (folder / f"{stem}.json").write_text(json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    return path


def read(path: Path) -> Run:
    """The run behind a report, named by its .json or its .md. Raises ReportError."""
    file = path.with_suffix(".json")
    try:
        record = json.loads(file.read_text())
    except FileNotFoundError:
        raise ReportError(f"{file} does not exist; a report's figures are in the .json beside its .md.") from None
    except (OSError, ValueError) as error:
        raise ReportError(f"{file} cannot be read as a report ({error}).") from None
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise ReportError(f"{file} is not a report of medn bench.")
    return Run(Machine(**record["machine"]), tuple(Result.from_record(result) for result in record["results"]))


def result_record(result: Result) -> dict[str, Any]:
    """One result as the command line's JSON object."""
    medians = [asdict(measure) | {"median": measure.median} for measure in result.measures]
    record: dict[str, Any] = _finite(asdict(result) | {"measures": medians})
    return {"type": "benchmark", **record}


def _markdown(run: Run, pictures: dict[str, list[str]]) -> Iterator[str]:
    machine = run.machine
    yield f"# Benchmarks, {machine.date_utc[:10]}, revision {machine.revision}"
    yield ""
    yield "Written by `medn bench`; figures belong to this machine and this revision. " + EXPLANATION
    yield ""
    yield "| | |"
    yield "| --- | --- |"
    for name, value in asdict(machine).items():
        words = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
        yield f"| {name.replace('_', ' ')} | {words} |"
    for result in run.results:
        yield ""
        yield f"## {result.benchmark}"
        yield result.question
        yield ""
        yield "; ".join(f"{name}: {value}" for name, value in result.conditions.items()) + "."
        for headings, rows in grids(result.measures):
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


def _draw(results: Sequence[Result], folder: Path, stem: str) -> dict[str, list[str]]:
    """File names of each benchmark's plots, drawn into the folder."""
    try:
        from benchmarks.harness.draw import draw
    except ModuleNotFoundError:
        return {}
    names: dict[str, list[str]] = {}
    for result in results:
        for count, plot in enumerate(result.plots, 1):
            name = f"{stem}-{result.benchmark}-{count}.png"
            draw(plot, folder / name)
            names.setdefault(result.benchmark, []).append(name)
    return names


def _finite(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """The same with None for NaN, which JSON does not have."""
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
