"""`medn bench`, also `python -m benchmarks`: results go to standard output, progress to standard error."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

# spinning OpenMP threads slow each other on small machines; read when torch and OpenCV are first loaded
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import typer

from benchmarks.harness import Effort, ImpossibleError, Progress, Result
from medn.terminal import INTERRUPTED, input_errors, refusal, stderr, stdout

bench = typer.Typer(
    help="Measure latency and throughput on this machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

REPORTS = Path("docs/benchmarks")

EffortOption = Annotated[Effort, typer.Option("--effort", help="How long to measure.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line on standard output, and nothing else.")]
Folder = Annotated[Path | None, typer.Option("--out", help="Write a report into this folder.")]
Video = Annotated[Path | None, typer.Option(help="A video instead of the built-in sample (720p).")]

Benchmark = Callable[[Effort, Progress], Result]


@bench.command(name="all")
def everything(
    effort: EffortOption = Effort.NORMAL, video: Video = None, as_json: AsJson = False, folder: Folder = REPORTS
) -> None:
    """Run every benchmark that needs no extra hardware, and write a dated report with plots."""
    _run(_benchmarks(video), effort, as_json, folder)


@bench.command()
def replay(
    effort: EffortOption = Effort.NORMAL, video: Video = None, as_json: AsJson = False, folder: Folder = None
) -> None:
    """Compare the whole pipeline with a bare Face Landmarker loop and with decoding alone, as ratios."""
    _run_some(["replay"], effort, as_json, folder, video)


@bench.command()
def stages(effort: EffortOption = Effort.NORMAL, as_json: AsJson = False, folder: Folder = None) -> None:
    """Measure each stage of a frame's analysis, at 360p, 720p and 1080p with 1–4 faces."""
    _run_some(["stages"], effort, as_json, folder)


@bench.command()
def live(
    effort: EffortOption = Effort.NORMAL, video: Video = None, as_json: AsJson = False, folder: Folder = None
) -> None:
    """Measure latency and drops at 30–200 fps, and the highest rate without drops."""
    _run_some(["live"], effort, as_json, folder, video)


@bench.command()
def streams(
    effort: EffortOption = Effort.NORMAL, video: Video = None, as_json: AsJson = False, folder: Folder = None
) -> None:
    """Measure how many 30 fps streams run at once, and how cost grows with streams, faces and hours."""
    _run_some(["streams", "growth"], effort, as_json, folder, video)


@bench.command()
def workers(
    effort: EffortOption = Effort.NORMAL,
    video: Video = None,
    minutes: Annotated[
        float | None, typer.Option(min=0.1, help="Instead: one recording, the video repeated to this length.")
    ] = None,
    as_json: AsJson = False,
    folder: Folder = None,
) -> None:
    """Measure how the analysis of 40 clips scales over workers and Ray nodes, and what an hour of video costs."""
    from benchmarks import one_long
    from benchmarks import workers as module
    from realtime.evaluation.demo import sample_video

    def benchmark(effort: Effort, progress: Progress) -> Result:
        if minutes is not None:
            return one_long.measure(minutes, progress, video or sample_video())
        return module.measure(module.SIZES[effort], progress, video or sample_video())

    _run({"workers": benchmark}, effort, as_json, folder)


@bench.command()
def start(
    effort: EffortOption = Effort.NORMAL, video: Video = None, as_json: AsJson = False, folder: Folder = None
) -> None:
    """Measure the time from the start of the program to its first analysed live frame."""
    _run_some(["start"], effort, as_json, folder, video)


@bench.command()
def recognizer(
    effort: EffortOption = Effort.NORMAL,
    weights: Annotated[
        str | None, typer.Option(help="A name or a .safetensors file instead of the shipped ones.")
    ] = None,
    as_json: AsJson = False,
    folder: Folder = None,
) -> None:
    """Measure MEDN on every available runtime, by MLPerf's scenarios, and each cold start."""

    def benchmark(effort: Effort, progress: Progress) -> Result:
        return _recognizer(weights, effort, progress)

    _run({"recognizer": benchmark}, effort, as_json, folder)


@bench.command()
def kernels(effort: EffortOption = Effort.NORMAL, as_json: AsJson = False, folder: Folder = None) -> None:
    """Compare motion kernels, alignment and flow with NumPy and OpenCV, and with the memory floor."""
    _run_some(["kernels"], effort, as_json, folder)


@bench.command()
def glass(
    camera: Annotated[
        str, typer.Argument(help="The camera that faces this screen: auto, its number or its name.")
    ] = "auto",
    effort: EffortOption = Effort.NORMAL,
    as_json: AsJson = False,
    folder: Folder = None,
) -> None:
    """Flash the screen at a camera that faces it: time from light to result (needs a screen and the app's packages)."""
    from benchmarks import glass as module

    def benchmark(effort: Effort, progress: Progress) -> Result:
        return module.measure(module.SIZES[effort], progress, camera)

    _run({"glass": benchmark}, effort, as_json, folder)


@bench.command()
def window(
    source: Annotated[str, typer.Argument(help="A camera, a stream or a file, as medn live takes it.")] = "sample",
    effort: EffortOption = Effort.NORMAL,
    as_json: AsJson = False,
    folder: Folder = None,
) -> None:
    """Measure the app's Live view: capture to screen, and memory (needs a display and the app's packages)."""
    from benchmarks import window as module

    def benchmark(effort: Effort, progress: Progress) -> Result:
        return module.measure(module.SIZES[effort], progress, source)

    _run({"window": benchmark}, effort, as_json, folder)


@bench.command()
def playback(
    effort: EffortOption = Effort.NORMAL, video: Video = None, as_json: AsJson = False, folder: Folder = None
) -> None:
    """Measure how far picture and sound are apart in Review (needs the app's packages and a sound server)."""
    from benchmarks import playback as module
    from realtime.evaluation.demo import sample_video

    def benchmark(effort: Effort, progress: Progress) -> Result:
        return module.measure(module.SIZES[effort], progress, video or sample_video())

    _run({"playback": benchmark}, effort, as_json, folder)


@bench.command()
def filming(
    source: Annotated[str | None, typer.Argument(help="A camera that flashes every 2 s [default: built in].")] = None,
    effort: EffortOption = Effort.NORMAL,
    as_json: AsJson = False,
    folder: Folder = None,
) -> None:
    """Measure how far picture and sound of a recorded film are apart (needs PulseAudio)."""
    from benchmarks import filming as module

    def benchmark(effort: Effort, progress: Progress) -> Result:
        return module.measure(module.SIZES[effort], progress, source)

    _run({"filming": benchmark}, effort, as_json, folder)


@bench.command()
def desk(
    effort: EffortOption = Effort.NORMAL, video: Video = None, as_json: AsJson = False, folder: Folder = None
) -> None:
    """Measure how long Review stands still in a 3-hour recording with 5,000 events (needs the app's packages)."""
    from benchmarks import desk as module
    from realtime.evaluation.demo import sample_video

    def benchmark(effort: Effort, progress: Progress) -> Result:
        return module.measure(module.SIZES[effort], progress, video or sample_video())

    _run({"desk": benchmark}, effort, as_json, folder)


@bench.command()
def compare(
    before: Annotated[Path, typer.Argument(help="A report, its .md or its .json.")],
    after: Annotated[Path, typer.Argument(help="A later report.")],
    as_json: AsJson = False,
) -> None:
    """Show what changed between two reports by more than their noise."""
    from benchmarks.harness.compare import change_record, changes, comparison_table
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
        stdout.print(comparison_table(first, second))


def _benchmarks(video: Path | None) -> dict[str, Benchmark]:
    """Every benchmark by name, in the order of a report."""
    from benchmarks import growth, kernels, live, replay, stages, start, streams
    from realtime.evaluation.demo import sample_video

    return {
        "replay": lambda effort, progress: replay.measure(replay.SIZES[effort], progress, video or sample_video()),
        "stages": lambda effort, progress: stages.measure(stages.SIZES[effort], progress),
        "live": lambda effort, progress: live.measure(live.SIZES[effort], progress, video or sample_video()),
        "streams": lambda effort, progress: streams.measure(streams.SIZES[effort], progress, video or sample_video()),
        "growth": lambda effort, progress: growth.measure(growth.SIZES[effort], progress),
        "start": lambda effort, progress: start.measure(start.SIZES[effort], progress, video or sample_video()),
        "recognizer": lambda effort, progress: _recognizer(None, effort, progress),
        "kernels": lambda effort, progress: kernels.measure(kernels.SIZES[effort], progress),
    }


def _recognizer(weights: str | None, effort: Effort, progress: Progress) -> Result:
    """Measure these weights. Raises `ImpossibleError` if they cannot be read."""
    from benchmarks import recognizer
    from medn.weights import SHIPPED, read_weights

    try:
        found = read_weights(weights or SHIPPED)
    except ValueError as error:
        raise ImpossibleError(str(error)) from None
    return recognizer.measure(recognizer.SIZES[effort], progress, found)


def _run_some(
    names: Sequence[str], effort: Effort, as_json: bool, folder: Path | None, video: Path | None = None
) -> None:
    benchmarks = _benchmarks(video)
    _run({name: benchmarks[name] for name in names}, effort, as_json, folder)


def _run(benchmarks: Mapping[str, Benchmark], effort: Effort, as_json: bool, folder: Path | None) -> None:
    """Measure one after the other, show each result, and report on all; after Ctrl-C on those that ended."""
    from benchmarks.harness import report
    from benchmarks.harness.machine import describe_machine
    from realtime.report import print_line

    if folder:
        with input_errors():
            folder.mkdir(parents=True, exist_ok=True)
    results: list[Result] = []
    interrupted = False
    try:
        for name, benchmark in benchmarks.items():
            results.append(_measured(name, benchmark, effort))
            if as_json:
                print_line(report.result_record(results[-1]))
            else:
                stdout.print(report.result_table(results[-1]))
    except KeyboardInterrupt:
        interrupted = True
    run = report.Run(describe_machine(), tuple(results))
    if as_json:
        print_line({"type": "benchmark_run", **asdict(run.machine)})
    if folder and results:
        stderr.print(f"Report: {report.write(run, folder)}")
    if interrupted:
        raise typer.Exit(INTERRUPTED)


def _measured(name: str, benchmark: Benchmark, effort: Effort) -> Result:
    """One benchmark's result with its disturbances. Exits with 2 if it cannot run on this input or machine."""
    from benchmarks.harness.measure import LoadCheck
    from realtime.sources import SourceError

    load = LoadCheck()
    try:
        with stderr.status(name) as status:
            result = benchmark(effort, lambda text: status.update(f"{name}: {text}"))
    except (SourceError, ImpossibleError) as error:
        raise refusal(str(error)) from None
    return replace(result, disturbances=load.disturbances(result.measures))


if __name__ == "__main__":
    bench()
