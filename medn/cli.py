"""The command line: `medn COMMAND`. Arguments and words only; what they ask for is done elsewhere."""

import os
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

# spinning OpenMP threads slow each other on small machines; read when torch and OpenCV are first loaded
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import typer

from benchmarks.cli import bench
from medn.evaluate_cli import evaluate
from medn.lab_cli import lab
from realtime.terminal import SOME_FAILED, UNUSABLE, AsJson, Bars, ctrl_c_stops, needs, refusal, say, show

if TYPE_CHECKING:
    from realtime.batch import Job, Outcome

app = typer.Typer(
    help="Live micro-expression recognition: every event is a moment for a person to look at.",
    add_completion=False,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
)
app.add_typer(lab)
app.add_typer(evaluate, name="evaluate")
app.add_typer(bench, name="bench")
Faces = Annotated[int, typer.Option(min=1, max=4, help="The most faces to follow.")]
Runtime = Annotated[str, typer.Option(help="What recognises: auto, or one that `medn doctor` names.")]
Rate = Annotated[float | None, typer.Option(min=1, help="Pictures a second, where the source is a folder of pictures.")]


def main() -> None:
    """Run the command line."""
    app()


@app.callback()
def window(context: typer.Context) -> None:
    """Open the desktop app where no command is given."""
    if context.invoked_subcommand is None:
        _open_window()


@app.command()
def review(session: Annotated[Path, typer.Argument(help="A session file, NAME.medn.")]) -> None:
    """Open a session in the app."""
    from realtime.session import SessionError, open_session

    try:
        open_session(session).close()
    except SessionError as error:
        raise refusal(str(error)) from None
    _open_window(session=session)


@app.command()
def demo(as_json: AsJson = False) -> None:
    """Analyse the built-in synthetic sample and compare what was found with what was planted."""
    from realtime.batch import Job
    from realtime.demo import compare, comparison_record, comparison_table, sample_video
    from realtime.pipeline import PipelineParameters
    from realtime.recording import sessions_folder
    from realtime.report import print_line

    say.print("The sample is synthetic: a portrait of Eileen Collins (NASA, public domain), moved by known amounts.")
    with say.status("Making the sample, on first use only …"):
        video = sample_video()
    with ctrl_c_stops() as stop:
        outcome = _analyse(Job(str(video), sessions_folder(), PipelineParameters()), as_json, stop)
        comparison = compare(outcome.events)
        if as_json:
            print_line(comparison_record(comparison))
        else:
            show.print(comparison_table(comparison))
            show.print(comparison.sentence(), style="bold")


@app.command()
def live(
    source: Annotated[str, typer.Option(help="auto, a camera's number or name, a URL, or a file.")] = "auto",
    headless: Annotated[bool, typer.Option("--headless", help="Without a window.")] = False,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="Stop after this long.")] = None,
    session: Annotated[Path | None, typer.Option("--out", help="Write a session file, NAME.medn.")] = None,
    faces: Faces = 4,
    rate: Rate = None,
    runtime: Runtime = "auto",
    as_json: AsJson = False,
) -> None:
    """Analyse a camera live; a file is played at its own pace."""
    from realtime.drivers import run_live
    from realtime.pipeline import Pipeline, PipelineParameters
    from realtime.recording import describe
    from realtime.report import EventLines, NoticeLines, accounts_line, print_line, stages_table, summary_record
    from realtime.session import SessionWriter
    from realtime.sources import open_source

    if not headless:
        if seconds or session or as_json:
            raise refusal("--seconds, --out and --json need --headless; the window has its own Record.")
        _open_window(source=source)
    parameters = PipelineParameters(most_faces=faces, runtime=runtime)
    with ctrl_c_stops() as stop, ExitStack() as opened:
        pipeline = opened.enter_context(Pipeline(parameters))
        camera = opened.enter_context(open_source(source, rate_hz=rate))
        sinks = [EventLines(camera.name, as_json), NoticeLines()]
        writer = None
        if session:
            writer = opened.enter_context(
                SessionWriter(session, describe(camera, pipeline, None if camera.live else source))
            )
            sinks.append(writer)
        say.print(f"Analysing {camera.name}; Ctrl-C ends it.")
        summary = run_live(camera, pipeline, sinks, seconds=seconds, stop=stop)
        if writer:
            writer.close(summary)
        if as_json:
            told = pipeline.recognizer
            print_line(summary_record(summary, told.runtime.name, told.weights.name))
        else:
            show.print(stages_table(summary))
        say.print(accounts_line(summary))


@app.command()
def replay(
    videos: Annotated[list[str], typer.Argument(help="Video files, folders of them, or patterns.")],
    folder: Annotated[Path | None, typer.Option("--out", help="Where sessions go.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Recordings analysed at a time.")] = 1,
    faces: Faces = 4,
    rate: Rate = None,
    runtime: Runtime = "auto",
    as_json: AsJson = False,
) -> None:
    """Analyse recordings as fast as the machine allows, each into a session."""
    from realtime.batch import Job, analyse_all, find_videos
    from realtime.pipeline import PipelineParameters
    from realtime.recording import sessions_folder

    parameters = PipelineParameters(most_faces=faces, runtime=runtime)
    with ctrl_c_stops() as stop:
        # with a rate given, a folder is itself the recording
        found = videos if rate else find_videos(videos)
        jobs = [Job(video, folder or sessions_folder(), parameters, rate) for video in found]
        if len(jobs) == 1:
            _analyse(jobs[0], as_json, stop)
            return
        failed = 0
        with Bars() as bars:
            for outcome in analyse_all(jobs, min(workers, len(jobs)), bars.tick, stop):
                bars.end(outcome.video)
                failed += bool(outcome.error)
                _tell(outcome, as_json, with_events=True)
        if failed:
            say.print(f"{failed} of {len(jobs)} recordings could not be analysed.")
            raise typer.Exit(UNUSABLE if failed == len(jobs) else SOME_FAILED)


@app.command()
def export(
    sessions: Annotated[list[Path], typer.Argument(help="Session files, NAME.medn.")],
    to: Annotated[str, typer.Option(help="Formats, with commas: csv, parquet, elan, boris, textgrid, webvtt, …")],
    folder: Annotated[Path | None, typer.Option("--out", help="Where files go [default: beside the session].")] = None,
    only: Annotated[str, typer.Option(help="all, confirmed, unreviewed or rejected events.")] = "all",
) -> None:
    """Write sessions as files of the tools that people code in."""
    from realtime.export import ExportError, events_named, export_sessions, formats_named

    try:
        formats, keep = formats_named(to), events_named(only)
    except ExportError as error:
        raise refusal(str(error)) from None
    with ctrl_c_stops() as stop, Bars() as bars:
        done = failed = 0
        for outcome in export_sessions(sessions, formats, folder, keep=keep, tick=bars.tick, stop=stop):
            bars.end(str(outcome.session))
            done, failed = done + (not outcome.error), failed + bool(outcome.error)
            if outcome.error:
                say.print(f"medn: {outcome.error}", style="red")
            for path in outcome.files:
                print(path)
        if failed and not stop.is_set():
            raise typer.Exit(SOME_FAILED if done else UNUSABLE)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Tell what this machine has: cameras, display, runtimes, versions."""
    from realtime.doctor import examine, render
    from realtime.recording import sessions_folder
    from realtime.report import print_line

    with say.status("Looking around …"):
        report = examine(sessions_folder())
    if as_json:
        print_line({"type": "doctor"} | report.as_json())
    else:
        show.print(render(report))


def _analyse(job: "Job", as_json: bool, stop: threading.Event) -> "Outcome":
    """One recording in this process, its events told as they come. Exits with 2 if it cannot be read."""
    from realtime.batch import analyse
    from realtime.report import EventLines

    with Bars() as bars:
        outcome = analyse(job, [EventLines(job.video, as_json)], bars.tick, stop)
    if outcome.error:
        raise refusal(outcome.error)
    _tell(outcome, as_json, with_events=False)
    return outcome


def _tell(outcome: "Outcome", as_json: bool, *, with_events: bool) -> None:
    from realtime.report import accounts_line, event_record, events_table, print_line, stages_table, summary_record

    if outcome.summary is None:
        say.print(f"medn: {outcome.error}", style="red")
        return
    if as_json:
        for event in outcome.events if with_events else ():
            print_line(event_record(event, outcome.summary.source))
        print_line(summary_record(outcome.summary, outcome.runtime, outcome.weights))
    else:
        show.print(events_table(outcome.events, f"Events in {outcome.summary.source}"))
        show.print(stages_table(outcome.summary))
    say.print(accounts_line(outcome.summary))
    say.print(f"Session: {outcome.session}")


def _open_window(session: Path | None = None, source: str = "") -> NoReturn:
    """Open the app, and end with it. Exits with 2 where there is no display or no app."""
    named = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform == "linux" and not any(os.environ.get(name) for name in named):
        raise refusal("There is no display for the window; `medn demo` and `medn live --headless` need none.")
    needs("The window", "app", "PyQt6", "pyqtgraph", "qtawesome")
    from gui.app import main as open_app

    raise typer.Exit(open_app(session, source))
