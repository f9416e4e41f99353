"""Commands that evaluate the spotter: `medn evaluate spotting`, `medn power`.

Arguments and output only; the work is done elsewhere.
"""

from pathlib import Path
from typing import Annotated

import typer

from medn.commands import Seed, evaluate
from medn.errors import UserError
from medn.terminal import SOME_FAILED, UNUSABLE, AsJson, input_errors, needs, needs_folder, refusal, stderr, stdout
from realtime.console import Bars, SpotterFile, Threshold, ctrl_c_stops, decision_named

app = typer.Typer()


@evaluate.command()
def spotting(
    folder: Annotated[Path, typer.Argument(help="Videos and their truth.csv; with --footage, videos alone.")],
    footage: Annotated[
        bool, typer.Option("--footage", help="Implant known movements into the videos; count false alarms without.")
    ] = False,
    ict: Annotated[Path | None, typer.Option(help="With --footage: an ICT-FaceKit file, for half of them.")] = None,
    seed: Seed = 0,
    spotter: SpotterFile = None,
    workers: Annotated[int, typer.Option(min=1, help="Videos analysed at a time.")] = 2,
    report: Annotated[Path | None, typer.Option(help="Write a report into this Markdown file.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Draw recall over false alarms a minute (PNG).")] = None,
    traces: Annotated[Path | None, typer.Option(help="A folder for a picture of each video's trace (PNG).")] = None,
    conditions: Annotated[str, typer.Option(help="For the report: on what, with what.")] = "",
    as_json: AsJson = False,
) -> None:
    """Evaluate the whole pipeline on videos with annotated micro-expressions, or with implanted ones."""
    needs_folder(report)
    needs_folder(picture)
    if picture or traces:
        needs("A picture", "matplotlib")
    if traces and not traces.is_dir():
        raise refusal(f"{traces} is no folder that pictures could be written into.")
    from medn.synthetic.footage import videos_in
    from realtime.evaluation.curve_report import draw_curves
    from realtime.evaluation.footage import (
        evaluate_footage,
        footage_markdown,
        footage_record,
        footage_sentence,
        usual_settings,
    )
    from realtime.evaluation.spotting import (
        evaluate_spotting,
        evaluation_markdown,
        evaluation_record,
        evaluation_tables,
    )
    from realtime.pipeline import PipelineParameters
    from realtime.report import print_line

    parameters = PipelineParameters(decision=decision_named(spotter))
    link = picture.name if picture else ""
    with ctrl_c_stops() as stop, Bars() as bars:
        if footage:
            with input_errors():
                settings = usual_settings(seed, ict)
                both = evaluate_footage(videos_in([folder]), settings, parameters, workers, bars.tick, stop, traces)
            if both is None:  # Ctrl-C: half of it would be no result
                return
            evaluation, record, text = both.implanted, footage_record(both), footage_markdown(both, conditions, link)
        else:
            both = None
            evaluation = evaluate_spotting(folder, parameters, workers, bars.tick, stop, traces)
            record, text = evaluation_record(evaluation), evaluation_markdown(evaluation, conditions, link)
    if as_json:
        print_line(record)
    else:
        stdout.print(evaluation_tables(evaluation))
        if both:
            stdout.print(footage_sentence(both), style="bold")
    with input_errors():
        if report:
            report.write_text(text, encoding="utf-8")
        if picture:
            draw_curves(evaluation.curves, picture)


@app.command()
def power(
    videos: Annotated[list[str], typer.Argument(help="Recordings of one person each: files, folders, or patterns.")],
    minutes: Annotated[float, typer.Option(min=0.1, help="Of a longer recording, so much from its middle.")] = 2.0,
    rounds: Annotated[int, typer.Option(min=1, max=20, help="Times that movements are implanted.")] = 3,
    threshold: Threshold = 0.6,
    spotter: SpotterFile = None,
    seed: Seed = 0,
    pictures: Annotated[Path | None, typer.Option(help="A folder for a picture of each recording (PNG).")] = None,
    as_json: AsJson = False,
) -> None:
    """Implant known movements into your own recordings: from what size on are they found, at how many false alarms."""
    if pictures:
        needs("A picture", "matplotlib")
        if not pictures.is_dir():
            raise refusal(f"{pictures} is no folder that a picture could be written into.")
    from realtime.batch import find_videos
    from realtime.evaluation.power import draw_power, measure_power, power_record
    from realtime.pipeline import PipelineParameters
    from realtime.report import print_line

    failed = 0
    parameters = PipelineParameters(score_threshold=threshold, decision=decision_named(spotter))
    with ctrl_c_stops() as stop, Bars() as bars:
        found = find_videos(videos)
        for video in found:
            if stop.is_set():
                break
            try:
                report = measure_power(
                    Path(video), parameters, bars.tick, stop, seed=seed, part_s=60 * minutes, rounds=rounds
                )
            except (UserError, ValueError, OSError) as error:
                stderr.print(f"medn: {error}", style="red")
                failed += 1
                continue
            if report is None:
                break
            if as_json:
                print_line(power_record(report))
            else:
                for sentence in report.sentences():
                    stdout.print(sentence, soft_wrap=True)
            if pictures:
                with input_errors():
                    draw_power(report, pictures / f"{Path(video).stem}.png")
        if failed and not stop.is_set():
            raise typer.Exit(UNUSABLE if failed == len(found) else SOME_FAILED)
