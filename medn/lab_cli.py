"""The laboratory's part of the command line: make planted videos, judge, learn. Arguments and words only."""

from pathlib import Path
from typing import Annotated

import typer

from realtime.terminal import AsJson, Bars, ctrl_c_stops, refusal, say, show

lab = typer.Typer()
evaluate = typer.Typer(help="Judge what is known against the truth.", no_args_is_help=True)


@evaluate.command()
def spotting(
    folder: Annotated[Path, typer.Argument(help="Videos and their truth.csv.")],
    workers: Annotated[int, typer.Option(min=1, help="Videos analysed at a time.")] = 2,
    as_json: AsJson = False,
) -> None:
    """Judge the whole pipeline on videos whose micro-expressions are known."""
    from realtime.judging import judge, judgement_record, judgement_table
    from realtime.pipeline import PipelineParameters
    from realtime.report import print_line

    with ctrl_c_stops() as stop, Bars() as bars:
        judgement = judge(folder, PipelineParameters(), workers, bars.tick, stop)
    if as_json:
        print_line(judgement_record(judgement))
    else:
        show.print(judgement_table(judgement))


@lab.command()
def synth(
    folder: Annotated[Path, typer.Argument(help="Where the videos and their truth go.")],
    portraits: Annotated[
        Path | None, typer.Option(help="Portraits with their faces.csv [default: the built-in one].")
    ] = None,
    split: Annotated[str, typer.Option(help="Whose portraits: train, validation or test.")] = "test",
    videos: Annotated[int, typer.Option(min=1)] = 4,
    minutes: Annotated[float, typer.Option(min=0.1, help="Length of each video.")] = 5.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same videos.")] = 0,
    fps: Annotated[float, typer.Option(min=5, max=240)] = 30.0,
) -> None:
    """Write planted videos: synthetic faces whose every movement is known, with truth.csv and movements.csv."""
    from medn.data.film import write_planted
    from medn.data.portrait import SHARES, astronaut, read_portraits

    if split not in SHARES:
        raise refusal(f"--split {split} is not known; use {', '.join(SHARES)}.")
    try:
        faces = read_portraits(portraits, split) if portraits else [astronaut()]
        for path in write_planted(folder, faces, videos, 60 * minutes, seed, fps):
            say.print(f"{path}")
    except (OSError, ValueError) as error:
        raise refusal(f"{error}.") from None
