"""The report in a terminal."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from realtime.doctor.report import Display, Report


def render(report: Report) -> RenderableType:
    """The report as a table for a terminal, with problems and notes under it."""
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for topic, words in _rows(report):
        table.add_row(topic, Text(words))
    problems = [Text(f"Problem: {sentence}", style="bold red") for sentence in report.problems]
    notes = [Text(f"Note: {sentence}", style="yellow") for sentence in report.notes]
    verdict = [] if problems else [Text("Nothing stands in the way of an analysis.", style="green")]
    return Group(table, Text(), *problems, *notes, *verdict)


def _rows(report: Report) -> list[tuple[str, str]]:
    processor, cache, sessions = report.processor, report.kernel_cache, report.sessions
    return [
        ("MEDN", report.medn),
        ("Python", report.python),
        ("System", report.system),
        ("Packages", ", ".join(f"{name} {version}" for name, version in report.packages.items() if version)),
        ("Not installed", ", ".join(name for name, version in report.packages.items() if not version) or "–"),
        ("Processor", f"{processor.model}, {processor.usable_cores} of {processor.cores} cores usable"),
        ("Memory", f"{processor.memory_gib:.1f} GiB, {processor.available_memory_gib:.1f} available"),
        ("GPU", ", ".join(report.graphics.names) or f"none: {report.graphics.why}"),
        ("Display", _display_words(report.display)),
        ("Cameras", ", ".join(f"{camera.number}: {camera.name}" for camera in report.cameras) or "none"),
        ("Face model", f"{report.face_model.path} ({'intact' if report.face_model.intact else 'missing or changed'})"),
        ("Kernel cache", f"{cache.folder} ({cache.kernels} kept{'' if cache.writable else ', not writable'})"),
        ("Runtime", f"{report.runtime.name}: {report.runtime.why}"),
        ("Sessions", f"{sessions.path} ({sessions.free_gib:.1f} GiB free)"),
    ]


def _display_words(display: Display) -> str:
    if display.qt_platform:
        return f"{display.session}, Qt platform {display.qt_platform}"
    return f"{display.session}: {display.why}"
