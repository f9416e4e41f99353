"""The laboratory's commands: make synthetic data, train, compile. Arguments and words only."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress, TaskID

from realtime.terminal import Bars, Count, ctrl_c_stops, input_errors, needs, needs_folder, refusal, say, show

if TYPE_CHECKING:
    from medn.data.portrait import Split as PortraitSplit

lab = typer.Typer()
synth = typer.Typer(help="Make synthetic micro-expressions whose truth is known.", no_args_is_help=True)
lab.add_typer(synth, name="synth")

Folder = Annotated[Path, typer.Argument(help="Where they go.")]
Portraits = Annotated[Path, typer.Option(help="A folder of portraits with its faces.csv.")]
Ict = Annotated[Path | None, typer.Option(help="An ICT-FaceKit file: a second source of shapes.")]
Split = Annotated[str, typer.Option(help="Whose portraits: train, validation or test.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same.")]


@synth.command()
def videos(
    folder: Folder,
    portraits: Annotated[Path | None, typer.Option(help="Portraits with faces.csv, not the built-in one.")] = None,
    split: Split = "test",
    count: Annotated[int, typer.Option("--videos", min=1)] = 4,
    minutes: Annotated[float, typer.Option(min=0.1, help="Length of each video.")] = 5.0,
    seed: Seed = 0,
    fps: Annotated[float, typer.Option(min=5, max=240)] = 30.0,
    micro_rate: Annotated[
        tuple[float, float], typer.Option(help="Micro-expressions a minute, fewest and most; each video draws its own.")
    ] = (0.4, 4.0),
) -> None:
    """Long videos with planted micro-expressions among all else a face does, with truth.csv and movements.csv."""
    from medn.data.film import write_planted
    from medn.data.portrait import astronaut, read_portraits

    with input_errors():
        faces = read_portraits(portraits, _split(split)) if portraits else [astronaut()]
        for path in write_planted(folder, faces, count, 60 * minutes, seed, fps, micro_rate=micro_rate):
            say.print(str(path))


@synth.command()
def pairs(
    folder: Folder, portraits: Portraits, count: int = 6000, ict: Ict = None, split: Split = "train", seed: Seed = 0
) -> None:
    """Onset→apex pairs for the motion branch."""
    from medn.training.prepare import write_pairs

    with input_errors(), Count("Pairs") as progress:
        write_pairs(folder, portraits, count, seed=seed, split=_split(split), ict=ict, progress=progress)


@synth.command()
def windows(
    folder: Folder, portraits: Portraits, count: int = 2000, ict: Ict = None, split: Split = "train", seed: Seed = 0
) -> None:
    """Whole windows, half micro-expressions, half what a spotter might take for one."""
    from medn.training.prepare import write_windows

    with input_errors(), Count("Windows") as progress:
        write_windows(folder, portraits, count, seed=seed, split=_split(split), ict=ict, progress=progress)


@synth.command()
def database(
    folder: Folder,
    name: Annotated[str, typer.Argument(help="casme2, samm, smic, casme3 or mmew.")],
    root: Annotated[Path, typer.Argument(help="Where your copy of the database lies.")],
) -> None:
    """Windows of the coded clips of a database that you own: real, for `medn train --init`."""
    from medn.data.databases.load import load_database
    from medn.training.prepare import write_database

    with input_errors(), Count("Clips") as progress:
        found = load_database(name, root)
        left_out = write_database(folder, found.clips, progress=progress)
        for sentence in (*found.skipped, *found.doubts, *left_out):
            say.print(str(sentence))


@lab.command()
def train(
    out: Annotated[Path, typer.Argument(help="The run's folder; a run that was killed goes on there.")],
    flow: Annotated[list[Path], typer.Option(help="Samples for the motion branch (medn synth pairs or windows).")],
    windows: Annotated[list[Path] | None, typer.Option(help="Windows for the rest of the network.")] = None,
    validation: Annotated[Path | None, typer.Option(help="Windows of other people, for calibration.")] = None,
    test: Annotated[Path | None, typer.Option(help="Windows of still others, measured at the end.")] = None,
    maps: Annotated[Path | None, typer.Option(help="Published flow maps, measured at the end.")] = None,
    init: Annotated[str | None, typer.Option(help="Weights to start from, by name or file.")] = None,
    name: Annotated[str, typer.Option(help="Of the weights.")] = "medn",
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    seed: Seed = 0,
) -> None:
    """Train MEDN on prepared samples; weights, card and ONNX twin are written into the run's folder."""
    needs("Training", "train", "matplotlib")  # to draw its curves at the end
    from medn.training.config import TrainConfig
    from medn.training.run import run_training

    _check_device(device)
    with input_errors(), Progress(console=say) as bars:
        tasks: dict[str, TaskID] = {}

        def progress(stage: str, step: int, steps: int, losses: Mapping[str, float]) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=steps)
            bars.update(tasks[stage], completed=step, description=f"{stage}, loss {losses.get('total', 0):.3f}")

        path = run_training(
            out, flow, windows or [], config=TrainConfig(seed=seed), validation=validation, test=test, maps=maps,
            init=init, name=name, device=device, progress=progress,
        )  # fmt: skip
    show.print(str(path), soft_wrap=True)


@lab.command(name="train-spotter")
def train_spotter(
    out: Annotated[Path, typer.Argument(help="Where the decision goes, FILE.npz.")],
    folders: Annotated[list[Path], typer.Argument(help="Planted videos of training identities, with truth.csv.")],
    workers: Annotated[int, typer.Option(min=1, help="Videos analysed at a time.")] = 2,
    seed: Seed = 0,
) -> None:
    """Learn the spotter's second stage from its own hits and false alarms in planted videos."""
    needs("Learning", "train", "sklearn")
    needs_folder(out)
    from realtime.teaching import teach

    with ctrl_c_stops() as stop, Bars() as bars:
        lesson = teach(folders, workers, bars.tick, stop, seed)
    lesson.decision.save(out)
    show.print(f"{out}: learned from {lesson.hits} hits among {lesson.candidates} candidates; on held-out videos:")
    for least, precision, recall, alarms in lesson.by_least_score:
        show.print(
            f"least score {least}: precision {precision:.2f}, recall {recall:.2f}, {alarms:.2f} false alarms/min"
        )


@lab.command(name="compile")
def compile_(
    export_only: Annotated[Path | None, typer.Option(help="Only write the program for TensorRT, FILE.pt2.")] = None,
    precision: Annotated[str, typer.Option(help="fp16 or fp32.")] = "fp16",
    weights: Annotated[str, typer.Option(help="Shipped weights by name, or a .safetensors file.")] = "",
) -> None:
    """Build the TensorRT engine for this GPU ahead of time, and hold it to PyTorch's answers."""
    needs_folder(export_only)
    from medn.runtime import EngineRefusedError, RuntimeUnavailableError
    from medn.runtime.compile import compile_engine
    from medn.runtime.parity import TOLERANCES
    from medn.runtime.program import export_program
    from medn.runtime.reference import reference_windows
    from medn.weights import SHIPPED, read_weights

    chosen = next((known for known in TOLERANCES if known == precision), None)
    if chosen is None:
        raise refusal(f"--precision {precision} is not known; use {', '.join(TOLERANCES)}.")
    with input_errors():
        found = read_weights(weights or SHIPPED)
        if export_only:
            export_program(found.network(), export_only)
            show.print(str(export_only), soft_wrap=True)
            return
        try:
            compiled = compile_engine(found, reference_windows(), chosen, progress=say.print)
        except (EngineRefusedError, RuntimeUnavailableError) as error:
            raise refusal(str(error)) from None
    show.print(
        f"{compiled.path}\nBuilt in {compiled.build_s:.0f} s; against PyTorch: {compiled.parity}", soft_wrap=True
    )


def _check_device(name: str) -> None:
    import torch

    if name not in ("cpu", "cuda"):
        raise refusal(f"--device {name} is not known; use cpu or cuda.")
    if name == "cuda" and not torch.cuda.is_available():
        raise refusal("--device cuda: PyTorch finds no NVIDIA GPU here; leave it out to train on the processor.")


def _split(name: str) -> "PortraitSplit":
    from medn.data.portrait import SHARES

    if name not in SHARES:
        raise refusal(f"--split {name} is not known; use {', '.join(SHARES)}.")
    return name
