"""`medn evaluate`: what is known, judged against the truth. Arguments and words only."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from realtime.terminal import AsJson, Bars, Count, ctrl_c_stops, input_errors, needs, needs_folder, say, show

if TYPE_CHECKING:
    from medn.evaluation.folds import LosoResult
    from medn.evaluation.metrics import ClassScores
    from medn.evaluation.recognition import Recognition

evaluate = typer.Typer(help="Judge against the truth, with the trivial baseline beside it.", no_args_is_help=True)

WhichWeights = Annotated[str, typer.Option("--weights", help="Shipped weights by name, or a .safetensors file.")]
Picture = Annotated[Path | None, typer.Option(help="Draw the confusion matrix and the action units (PNG).")]


@evaluate.command()
def flow(
    maps: Annotated[Path, typer.Argument(help="Published onset→apex flow maps, FILE.npz.")],
    weights: WhichWeights = "",
    picture: Picture = None,
    as_json: AsJson = False,
) -> None:
    """Judge the motion branch on real published flow maps that no training has seen."""
    _check_picture(picture)
    from medn.evaluation.flow import evaluate_flow
    from medn.weights import SHIPPED, read_weights

    with input_errors():
        result = evaluate_flow(maps, read_weights(weights or SHIPPED).network().motion)
        _tell("flow", result, [result], picture, as_json)


@evaluate.command()
def loso(
    data: Annotated[list[Path], typer.Argument(help="Flow maps, FILE.npz, or folders of `medn synth database`.")],
    seeds: Annotated[int, typer.Option(min=1, max=20, help="So many runs, each from other random numbers.")] = 3,
    init: Annotated[str | None, typer.Option(help="Weights to start from, by name or file.")] = None,
    oracle: Annotated[bool, typer.Option("--oracle", help="Also what choosing epochs by test gives (maps).")] = False,
    picture: Picture = None,
    as_json: AsJson = False,
) -> None:
    """Leave each subject out in turn: the motion branch on flow maps, or all of MEDN on a database's clips."""
    _check_picture(picture)
    from medn.training.loso import loso_samples
    from medn.training.on_maps import loso_flow
    from medn.training.samples import Samples, read_samples
    from medn.weights import read_weights

    say.print("Training once for each subject and seed; this takes minutes to hours.")
    with input_errors(), Count("Trainings") as progress:
        start, runs = read_weights(init).network() if init else None, range(seeds)
        if len(data) == 1 and data[0].suffix == ".npz":
            result = loso_flow(data[0], runs, start.motion if start else None, oracle, progress)
        else:
            samples = Samples.join([read_samples(folder) for folder in data])
            result = loso_samples(samples, runs, start, progress=progress)
    with input_errors():
        _tell("loso", result, result.by_seed, picture, as_json, result.oracle)


@evaluate.command()
def spotting(
    folder: Annotated[Path, typer.Argument(help="Videos and their truth.csv.")],
    workers: Annotated[int, typer.Option(min=1, help="Videos analysed at a time.")] = 2,
    report: Annotated[Path | None, typer.Option(help="Write a report into this Markdown file.")] = None,
    conditions: Annotated[str, typer.Option(help="For the report: on what, with what.")] = "",
    as_json: AsJson = False,
) -> None:
    """Judge the whole pipeline on videos whose micro-expressions are known."""
    needs_folder(report)
    from realtime.judging import judge
    from realtime.judging_report import judgement_markdown, judgement_record, judgement_table
    from realtime.pipeline import PipelineParameters
    from realtime.report import print_line

    with ctrl_c_stops() as stop, Bars() as bars:
        judgement = judge(folder, PipelineParameters(), workers, bars.tick, stop)
    if as_json:
        print_line(judgement_record(judgement))
    else:
        show.print(judgement_table(judgement))
    if report:
        with input_errors():
            report.write_text(judgement_markdown(judgement, conditions), encoding="utf-8")


def _check_picture(picture: Path | None) -> None:
    if picture:
        needs("A picture", "train", "matplotlib")
        needs_folder(picture)


def _tell(
    kind: str,
    result: "Recognition | LosoResult",
    judged: "Sequence[Recognition]",
    picture: Path | None,
    as_json: bool,
    oracle: "Sequence[ClassScores]" = (),
) -> None:
    """Print a judgement, as text or JSON, and draw it where that is asked for."""
    from medn.evaluation.recognition import recognition_table
    from medn.model import EMOTIONS

    record = {"type": kind, "emotions": EMOTIONS, **asdict(result)}
    show.print(json.dumps(record) if as_json else recognition_table(judged, oracle), soft_wrap=True)
    if picture:  # last: a picture that cannot be written must not cost hours of training
        from medn.evaluation.picture import draw_recognition

        draw_recognition(judged, picture)
