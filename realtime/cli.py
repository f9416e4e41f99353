"""The stream's commands: `medn demo`, `replay`, `export`, `study`, `explain`, `doctor`.

Arguments and output only; the work is done elsewhere.
"""

import math
import threading
from contextlib import closing, suppress
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medn.errors import UserError
from medn.terminal import (
    SOME_FAILED,
    UNUSABLE,
    AsJson,
    input_errors,
    missing_sentence,
    needs,
    needs_folder,
    refusal,
    stderr,
    stdout,
)
from realtime.console import Bars, Faces, Rate, Runtime, SpotterFile, Threshold, ctrl_c_stops, decision_named

if TYPE_CHECKING:
    from realtime.batch import Job, Outcome

app = typer.Typer()


@app.command()
def demo(as_json: AsJson = False) -> None:
    """Analyse the built-in synthetic sample and compare what was found with what was planted."""
    from realtime.batch import Job
    from realtime.evaluation.demo import compare, comparison_record, comparison_table, sample_video
    from realtime.pipeline import PipelineParameters
    from realtime.report import print_line
    from realtime.session.paths import sessions_folder

    stderr.print("The sample is synthetic: a portrait of Eileen Collins (NASA, public domain), moved by known amounts.")
    with ctrl_c_stops() as stop:
        with stderr.status("Making the sample, on first use only …"):
            video = sample_video()
        outcome = _analyse(Job(str(video), sessions_folder(), PipelineParameters()), as_json, stop)
        comparison = compare(outcome.events)
        if as_json:
            print_line(comparison_record(comparison))
        else:
            stdout.print(comparison_table(comparison))
            stdout.print(comparison.sentence(), style="bold")


@app.command()
def replay(
    videos: Annotated[list[str], typer.Argument(help="Videos, folders, patterns, or lists of these, NAME.txt.")],
    out: Annotated[str | None, typer.Option(help="A folder for the sessions, or with --ray a URL.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Recordings analysed at a time.")] = 1,
    ray: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Analyse on a Ray cluster: auto, HOST:PORT, or local.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Also analyse what is finished already.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write a CSV file with a row for each recording.")] = None,
    rest: Annotated[
        tuple[float, float] | None,
        typer.Option(metavar="FROM TO", help="Seconds in which one person is at rest: the background starts from it."),
    ] = None,
    faces: Faces = 4,
    threshold: Threshold = 0.6,
    spotter: SpotterFile = None,
    rate: Rate = None,
    runtime: Runtime = "auto",
    as_json: AsJson = False,
) -> None:
    """Analyse recordings as fast as the machine allows, each into a session; what is finished already is skipped."""
    needs_folder(report)
    folder, address = _destination(out, ray, workers)
    from realtime.batch import find_videos
    from realtime.batch.cluster import Cluster
    from realtime.batch.place import usable
    from realtime.batch.run import run_work_list
    from realtime.batch.work_list import make_work_list
    from realtime.pipeline import PipelineParameters
    from realtime.session.paths import sessions_folder

    parameters = PipelineParameters(
        most_faces=faces,
        runtime=runtime,
        score_threshold=threshold,
        decision=decision_named(spotter),
        rest_s=rest,
    )
    with ctrl_c_stops() as stop:
        # with a rate given, a folder is itself the recording
        found = videos if rate else find_videos(videos)
        if rest and len(found) > 1:
            raise refusal("--rest is a stretch of one recording; name that alone.")
        url = usable(address) if address else ""
        place = None if url else folder or sessions_folder()
        with stderr.status("Checking what is finished already …"):
            work_list = make_work_list(found, place, parameters, rate, again=again)
        where = Cluster(ray, url) if ray else workers
        code = run_work_list(work_list, where, stop, as_json=as_json, report=report)
        if code and not stop.is_set():
            raise typer.Exit(code)


def _destination(out: str | None, ray: str | None, workers: int) -> tuple[Path | None, str]:
    """The folder of the sessions, if one is named, or their URL; refused where the options contradict each other."""
    address = out if out and "://" in out else ""
    folder = Path(out) if out and not address else None
    if folder and folder.suffix == ".medn" and not folder.is_dir():
        raise refusal(f"--out is the folder of the sessions, and {folder} is the name of a session: give its folder.")
    if address and not ray:
        raise refusal(f"--out {out} needs --ray: without it, name a folder.")
    if ray and workers != 1:
        raise refusal("--workers is of this machine: with --ray, what the cluster offers decides.")
    if ray:
        needs("--ray", "ray", "fsspec")
    return folder, address


@app.command()
def export(
    sessions: Annotated[list[Path], typer.Argument(help="Session files, NAME.medn.")],
    to: Annotated[
        str, typer.Option(help="Formats, with commas: csv, long, parquet, elan, boris, textgrid, bids, html, …")
    ],
    folder: Annotated[Path | None, typer.Option("--out", help="A folder [default: beside the session].")] = None,
    only: Annotated[str, typer.Option(help="all, confirmed, unreviewed or rejected events.")] = "all",
    coder: Annotated[str | None, typer.Option(help="Whose judgements and marks [default: the first coder's].")] = None,
) -> None:
    """Write sessions as files of the tools that people code in."""
    from realtime.export import events_named, export_sessions, formats_named

    with ctrl_c_stops() as stop:
        formats, keep = formats_named(to), events_named(only)
        lacking = {path: fault for path in sessions if coder and (fault := _lacks_coder(path, coder))}
        for fault in lacking.values():
            stderr.print(f"medn: {fault}", style="red")
        chosen = [path for path in sessions if path not in lacking]
        done, failed = 0, len(lacking)
        with (
            Bars() as bars,
            closing(
                export_sessions(
                    chosen, formats, folder, keep=keep, selection=only, coder=coder, tick=bars.tick, stop=stop
                )
            ) as outcomes,
        ):
            for outcome in outcomes:
                bars.end(str(outcome.session))
                done, failed = done + (not outcome.error), failed + bool(outcome.error)
                if outcome.error:
                    stderr.print(f"medn: {outcome.error}", style="red")
                for path in outcome.files:
                    print(path)
            if failed and not stop.is_set():
                raise typer.Exit(SOME_FAILED if done else UNUSABLE)


def _lacks_coder(path: Path, coder: str) -> str:
    """Why a session cannot be exported as a coder saw it, who judged nothing of it; empty if it can."""
    from realtime.session import open_session

    with suppress(UserError), open_session(path, coder) as session:  # what is wrong with the file, its export says
        if coder not in session.coders and session.events():
            known = f"it has {', '.join(session.coders)}" if session.coders else "nobody judged it under a name"
            return f"{path} has no coder {coder}; {known}."
    return ""


@app.command()
def study(
    folder: Annotated[Path, typer.Argument(help="A folder of sessions, with study.csv if you have one.")],
    out: Annotated[Path | None, typer.Option("--out", help="Where tables go [default: study in the folder].")] = None,
    plots: Annotated[bool, typer.Option("--plots", help="Draw four plots (PNG).")] = False,
    as_json: AsJson = False,
) -> None:
    """One table over many sessions: minutes judged, events a minute by coder, and agreement between coders."""
    if plots:
        needs("A plot", "matplotlib")
    from realtime.report import print_line
    from realtime.study.plots import draw_study
    from realtime.study.report import records, sentences, sessions_table
    from realtime.study.sessions import read_study
    from realtime.study.tables import write_study

    try:
        with stderr.status("Reading the sessions …"):
            found = read_study(folder)
    except UserError as error:
        raise refusal(str(error)) from None
    target = out or folder / "study"
    if found.sessions:
        with input_errors():
            written = write_study(found, target)
            written += draw_study(found, target) if plots else []
        if as_json:
            for record in records(found):
                print_line(record)
        else:
            stdout.print(sessions_table(found))
        for sentence in sentences(found):
            stderr.print(sentence)
        stderr.print(f"Written into {target}: {', '.join(path.name for path in written)}.")
        if not find_spec("pyarrow"):
            stderr.print(missing_sentence("Parquet", "pyarrow"), style="yellow")
    for problem in found.problems:
        stderr.print(f"medn: {problem}", style="red")
    if found.problems:
        raise typer.Exit(SOME_FAILED if found.sessions else UNUSABLE)


@app.command()
def explain(
    session: Annotated[Path, typer.Argument(help="A session file, NAME.medn.")],
    at: Annotated[str, typer.Option(help="A time in the recording: 12.3, 1:02.5 or 1:00:02.")],
    units: Annotated[bool, typer.Option(help="Also say from what size on each action unit could be seen.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what could be seen at a moment, what moved, and why it was or was not reported."""
    from realtime.explain import explain as explain_moment
    from realtime.explain import explain_units, explanation_record
    from realtime.report import print_line
    from realtime.session import SessionError, open_session

    parts = at.split(":")
    try:
        time_s = sum(float(part) * 60**place for place, part in enumerate(reversed(parts)))
    except ValueError:
        time_s = math.nan
    if len(parts) > 3 or not 0 <= time_s < math.inf:
        raise refusal(f"{at} is no time; write it as 12.3, 1:02.5 or 1:00:02.")
    try:
        with open_session(session) as opened:
            explanation = explain_moment(opened, time_s)
            if units:
                explanation = replace(explanation, sentences=explanation.sentences + explain_units(opened, time_s))
            damage = opened.damage
    except SessionError as error:
        raise refusal(str(error)) from None
    if as_json:
        print_line(explanation_record(explanation, str(session)))
    else:
        for sentence in explanation.sentences:
            stdout.print(sentence, soft_wrap=True, highlight=False)
    if damage:
        stderr.print(damage, style="yellow")


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Report what this machine has: cameras, display, runtimes, versions."""
    from realtime.doctor import examine, render
    from realtime.report import print_line
    from realtime.session.paths import sessions_folder

    with stderr.status("Examining this machine …"):
        report = examine(sessions_folder())
    if as_json:
        print_line(report.as_json())
    else:
        stdout.print(render(report))


def _analyse(job: "Job", as_json: bool, stop: threading.Event) -> "Outcome":
    """One recording in this process, its events printed as they come. Exits with 2 if it cannot be read."""
    from realtime.batch import analyse
    from realtime.batch.run import print_outcome
    from realtime.report import EventLines

    with Bars() as bars:
        outcome = analyse(job, [EventLines(job.video, as_json, stop)], bars.tick, stop)
    if outcome.error:
        raise refusal(outcome.error)
    print_outcome(outcome, as_json, events_printed=True)
    return outcome
