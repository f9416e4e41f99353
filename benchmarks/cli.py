"""`medn bench`: arguments and words only. Results go to standard output, progress to standard error."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.harness.measure import ImpossibleError, Result
from benchmarks.harness.rounds import Effort, Tell
from realtime.terminal import INTERRUPTED, input_errors, refusal, say, show

bench = typer.Typer(help="Measure latency and throughput on this machine.", no_args_is_help=True)

REPORTS = Path("docs/benchmarks")

HowLong = Annotated[Effort, typer.Option("--effort", help="How long to measure.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line on standard output, and nothing else.")]
Folder = Annotated[Path | None, typer.Option("--out", help="Write a report into this folder.")]
Video = Annotated[Path | None, typer.Option(help="A video instead of the built-in sample (720p).")]

Measuring = Callable[[Effort, Tell], Result]


@bench.command(name="all")
def everything(
    effort: HowLong = Effort.NORMAL, video: Video = None, as_json: AsJson = False, folder: Folder = REPORTS
) -> None:
    """Run every benchmark that needs no extra hardware, and write a dated report with plots."""
    _run(_benchmarks(video), effort, as_json, folder)


@bench.command()
def replay(
    effort: HowLong = Effort.NORMAL, video: Video = None, as_json: AsJson = False, folder: Folder = None
) -> None:
    """The whole pipeline against a bare Face Landmarker loop and against decoding alone, as ratios."""
    _run_some(["replay"], effort, as_json, folder, video)


@bench.command()
def stages(effort: HowLong = Effort.NORMAL, as_json: AsJson = False, folder: Folder = None) -> None:
    """Where a frame's time goes, at 360p, 720p and 1080p with 1–4 faces."""
    _run_some(["stages"], effort, as_json, folder)


@bench.command()
def live(effort: HowLong = Effort.NORMAL, video: Video = None, as_json: AsJson = False, folder: Folder = None) -> None:
    """Latency and drops at 30–200 fps, and the highest rate that is held."""
    _run_some(["live"], effort, as_json, folder, video)


@bench.command()
def streams(
    effort: HowLong = Effort.NORMAL, video: Video = None, as_json: AsJson = False, folder: Folder = None
) -> None:
    """How many 30 fps streams this machine holds, and how cost grows with streams, faces and hours."""
    _run_some(["streams", "growth"], effort, as_json, folder, video)


@bench.command()
def start(effort: HowLong = Effort.NORMAL, video: Video = None, as_json: AsJson = False, folder: Folder = None) -> None:
    """From the start of the program to its first live frame analysed."""
    _run_some(["start"], effort, as_json, folder, video)


@bench.command()
def recognizer(
    effort: HowLong = Effort.NORMAL,
    weights: Annotated[
        str | None, typer.Option(help="A name or a .safetensors file instead of the shipped ones.")
    ] = None,
    as_json: AsJson = False,
    folder: Folder = None,
) -> None:
    """MEDN on every runtime that can run here, in MLPerf's terms, cold start apart."""

    def measuring(effort: Effort, tell: Tell) -> Result:
        return _recognizer(weights, effort, tell)

    _run({"recognizer": measuring}, effort, as_json, folder)


@bench.command()
def kernels(effort: HowLong = Effort.NORMAL, as_json: AsJson = False, folder: Folder = None) -> None:
    """The motion kernels, alignment and flow against NumPy and OpenCV doing the same, with the memory floor."""
    _run_some(["kernels"], effort, as_json, folder)


@bench.command()
def glass(
    camera: Annotated[
        str, typer.Argument(help="The camera that faces this screen: auto, its number or its name.")
    ] = "auto",
    effort: HowLong = Effort.NORMAL,
    as_json: AsJson = False,
    folder: Folder = None,
) -> None:
    """Flash the screen at a camera that faces it: from light to result (needs a screen and the app's packages)."""
    from benchmarks import glass as flashing

    def measuring(effort: Effort, tell: Tell) -> Result:
        return flashing.measure(flashing.SIZES[effort], tell, camera)

    _run({"glass": measuring}, effort, as_json, folder)


@bench.command()
def window(
    source: Annotated[str, typer.Argument(help="A camera, a stream or a file, as medn live takes it.")] = "sample",
    effort: HowLong = Effort.NORMAL,
    as_json: AsJson = False,
    folder: Folder = None,
) -> None:
    """The app's Live view: from capture to painted, and its memory (needs a display and the app's packages)."""
    from benchmarks import window as living

    def measuring(effort: Effort, tell: Tell) -> Result:
        return living.measure(living.SIZES[effort], tell, source)

    _run({"window": measuring}, effort, as_json, folder)


@bench.command()
def compare(
    before: Annotated[Path, typer.Argument(help="A report, its .md or its .json.")],
    after: Annotated[Path, typer.Argument(help="A later report.")],
    as_json: AsJson = False,
) -> None:
    """Show what changed between two reports by more than their noise."""
    from benchmarks.harness.compare import as_table, change_record, changes
    from benchmarks.harness.report import ReportError, read
    from realtime.report import print_line

    try:
        first, second = read(before), read(after)
    except ReportError as error:
        raise refusal(str(error)) from None
    if as_json:
        for change in changes(first, second):
            print_line(change_record(change))
    else:
        show.print(as_table(first, second))


def _benchmarks(video: Path | None) -> dict[str, Measuring]:
    """Every benchmark by name, in the order of a report."""
    from benchmarks import growth, kernels, live, replay, stages, start, streams
    from realtime.demo import sample_video

    return {
        "replay": lambda effort, tell: replay.measure(replay.SIZES[effort], tell, video or sample_video()),
        "stages": lambda effort, tell: stages.measure(stages.SIZES[effort], tell),
        "live": lambda effort, tell: live.measure(live.SIZES[effort], tell, video or sample_video()),
        "streams": lambda effort, tell: streams.measure(streams.SIZES[effort], tell, video or sample_video()),
        "growth": lambda effort, tell: growth.measure(growth.SIZES[effort], tell),
        "start": lambda effort, tell: start.measure(start.SIZES[effort], tell, video or sample_video()),
        "recognizer": lambda effort, tell: _recognizer(None, effort, tell),
        "kernels": lambda effort, tell: kernels.measure(kernels.SIZES[effort], tell),
    }


def _recognizer(weights: str | None, effort: Effort, tell: Tell) -> Result:
    """Raises `ImpossibleError` for weights that are not there."""
    from benchmarks import recognizer
    from medn.weights import SHIPPED, read_weights

    try:
        found = read_weights(weights or SHIPPED)
    except ValueError as error:
        raise ImpossibleError(str(error)) from None
    return recognizer.measure(recognizer.SIZES[effort], tell, found)


def _run_some(
    names: Sequence[str], effort: Effort, as_json: bool, folder: Path | None, video: Path | None = None
) -> None:
    benchmarks = _benchmarks(video)
    _run({name: benchmarks[name] for name in names}, effort, as_json, folder)


def _run(benchmarks: Mapping[str, Measuring], effort: Effort, as_json: bool, folder: Path | None) -> None:
    """Measure one after the other, show each result as it comes, and report on all, also on those before Ctrl-C."""
    from benchmarks.harness import report
    from benchmarks.harness.machine import describe_machine
    from benchmarks.harness.table import as_table
    from realtime.report import print_line

    if folder:
        with input_errors():
            folder.mkdir(parents=True, exist_ok=True)
    results: list[Result] = []
    interrupted = False
    try:
        for name, measuring in benchmarks.items():
            results.append(_measured(name, measuring, effort))
            if as_json:
                print_line(report.result_record(results[-1]))
            else:
                show.print(as_table(results[-1]))
    except KeyboardInterrupt:
        interrupted = True
    run = report.Run(describe_machine(), tuple(results))
    if as_json:
        print_line({"type": "benchmark_run", **asdict(run.machine)})
    if folder and results:
        say.print(f"Report: {report.write(run, folder)}")
    if interrupted:
        raise typer.Exit(INTERRUPTED)


def _measured(name: str, measuring: Measuring, effort: Effort) -> Result:
    """One benchmark's result, with what disturbed it. Exits with 2 if it cannot run on this input or machine."""
    from benchmarks.harness.quiet import Quiet
    from realtime.sources import SourceError

    quiet = Quiet()
    try:
        with say.status(name) as status:
            result = measuring(effort, lambda words: status.update(f"{name}: {words}"))
    except (SourceError, ImpossibleError) as error:
        raise refusal(str(error)) from None
    return replace(result, disturbances=quiet.disturbances(result.measures))
