"""The network's commands: `medn synth`, `train`, `evaluate flow|loso`, `compile`. Arguments and output only."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress, TaskID

from medn.terminal import AsJson, Count, input_errors, needs, needs_folder, refusal, stderr, stdout

if TYPE_CHECKING:
    from medn.evaluation.folds import LosoResult
    from medn.evaluation.metrics import ClassScores
    from medn.evaluation.recognition import Recognition
    from medn.synthetic.portrait import Split as PortraitSplit

app = typer.Typer()
synth = typer.Typer(help="Make synthetic micro-expressions with ground truth.", no_args_is_help=True)
app.add_typer(synth, name="synth")
evaluate = typer.Typer(help="Evaluate against the truth, with trivial baselines beside it.", no_args_is_help=True)
app.add_typer(evaluate, name="evaluate")

Folder = Annotated[Path, typer.Argument(help="Where they go.")]
Portraits = Annotated[Path, typer.Option(help="A folder of portraits with its faces.csv.")]
HowMany = Annotated[int, typer.Option(min=1)]
Ict = Annotated[Path | None, typer.Option(help="An ICT-FaceKit file: a second source of shapes.")]
Split = Annotated[str, typer.Option(help="Whose portraits: train, validation or test.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same.")]
WhichWeights = Annotated[str, typer.Option("--weights", help="Shipped weights by name, or a .safetensors file.")]
Picture = Annotated[Path | None, typer.Option(help="Draw the confusion matrix and the action units (PNG).")]


@synth.command()
def videos(
    folder: Folder,
    portraits: Annotated[Path | None, typer.Option(help="Portraits with faces.csv, not the built-in one.")] = None,
    split: Split = "test",
    count: Annotated[int, typer.Option("--videos", min=1)] = 4,
    minutes: Annotated[float, typer.Option(min=0.1, max=600, help="Length of each video.")] = 5.0,
    seed: Seed = 0,
    fps: Annotated[
        float, typer.Option(min=5, max=240, help="Of resting people; cameras of others draw theirs.")
    ] = 30.0,
    micro_rate: Annotated[
        tuple[float, float] | None,
        typer.Option(
            help="Micro-expressions a minute, fewest and most; each video draws its own.",
            show_default="0.4 4, conversing: 3 9",
        ),
    ] = None,
    people: Annotated[str, typer.Option(help="resting (they mostly hold still) or conversing.")] = "resting",
    speech_share: Annotated[
        float | None, typer.Option(help="Share of the time that conversing people speak, 0–0.7; else drawn by video.")
    ] = None,
    ict: Ict = None,
) -> None:
    """Long videos with planted micro-expressions among all else a face does, with truth.csv and movements.csv."""
    from medn.synthetic.conversation import MICRO_RATE, write_conversations
    from medn.synthetic.film import write_planted
    from medn.synthetic.planted import MICRO_RATE as RESTING_MICRO_RATE
    from medn.synthetic.portrait import astronaut, read_portraits
    from medn.synthetic.registration import load_shapes

    if people not in ("resting", "conversing"):
        raise refusal(f"--people {people} is not known; use resting or conversing.")
    if people == "resting" and (ict or speech_share is not None):
        raise refusal("--ict and --speech-share are for --people conversing.")
    with input_errors():
        faces = read_portraits(portraits, _split(split)) if portraits else [astronaut()]
        if people == "conversing":
            shapes = [load_shapes(), load_shapes(ict)] if ict else []
            rate = micro_rate or MICRO_RATE
            paths = write_conversations(folder, faces, count, 60 * minutes, seed, speech_share, rate, shapes)
        else:
            rate = micro_rate or RESTING_MICRO_RATE
            paths = write_planted(folder, faces, count, 60 * minutes, seed, fps, micro_rate=rate)
        for path in paths:
            stderr.print(str(path))


@synth.command()
def pairs(
    folder: Folder, portraits: Portraits, count: HowMany = 6000, ict: Ict = None, split: Split = "train", seed: Seed = 0
) -> None:
    """Onset→apex pairs for the motion branch."""
    from medn.training.prepare import write_pairs

    with input_errors(), Count("Pairs") as progress:
        write_pairs(folder, portraits, count, seed=seed, split=_split(split), ict=ict, progress=progress)


@synth.command()
def windows(
    folder: Folder, portraits: Portraits, count: HowMany = 2000, ict: Ict = None, split: Split = "train", seed: Seed = 0
) -> None:
    """Whole windows, half micro-expressions, half what a spotter might take for one."""
    from medn.training.prepare import write_windows

    with input_errors(), Count("Windows") as progress:
        write_windows(folder, portraits, count, seed=seed, split=_split(split), ict=ict, progress=progress)


@synth.command()
def implants(
    clips: Annotated[list[Path], typer.Argument(help="Footage of one person each: videos, or folders of them.")],
    folder: Annotated[Path, typer.Option("--out", help="Where the videos and their truth.csv go.")],
    seed: Seed = 0,
    rate: Annotated[float, typer.Option(help="Movements a minute; 0 leaves the footage as it is.")] = 13.0,
    amplitude: Annotated[
        tuple[float, float], typer.Option(help="Smallest and largest size, % of the eye distance.")
    ] = (1.0, 3.5),
    ict: Ict = None,
    lengthened: Annotated[
        bool, typer.Option("--forth-and-back", help="Play clips under 20 s forth and back, without their sound.")
    ] = False,
    sheet: Annotated[Path | None, typer.Option(help="Draw a dozen of the movements, magnified, into FILE.png.")] = None,
) -> None:
    """Warp micro-expressions into given footage, all other pixels unchanged; write truth.csv."""
    needs_folder(sheet)
    from medn.synthetic.contact_sheet import draw_sheet
    from medn.synthetic.footage import videos_in
    from medn.synthetic.implants import LENGTHENED_S, Settings, implant_clips

    with input_errors(), Count("Clips") as progress:
        found = videos_in(clips)
        if folder.resolve() in {clip.resolve().parent for clip in found}:
            raise ValueError(
                f"--out {folder} is where the clips are; give another folder, so that none is overwritten."
            )
        settings = Settings(
            seed, rate, (amplitude[0] / 100, amplitude[1] / 100), ict, LENGTHENED_S if lengthened else 0.0
        )
        done = {}
        for clip, (path, made) in zip(found, implant_clips(found, folder, settings), strict=True):
            done[clip] = made
            progress(len(done), len(found))
            stderr.print(f"{path}: {len(made)} movement{'s' * (len(made) != 1)}")
        if sheet:
            draw_sheet(done, settings, sheet)


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
            stderr.print(str(sentence))


@app.command()
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
    needs("Training", "torch", "onnx", "onnxscript", "matplotlib")  # the last to draw its curves at the end
    from medn.training.config import TrainConfig
    from medn.training.train import run_training

    _check_device(device)
    with input_errors(), Progress(console=stderr) as bars:
        tasks: dict[str, TaskID] = {}

        def progress(stage: str, step: int, steps: int, losses: Mapping[str, float]) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=steps)
            bars.update(tasks[stage], completed=step, description=f"{stage}, loss {losses.get('total', 0):.3f}")

        path = run_training(
            out, flow, windows or [], config=TrainConfig(seed=seed), validation=validation, test=test, maps=maps,
            init=init, name=name, device=device, progress=progress,
        )  # fmt: skip
    stdout.print(str(path), soft_wrap=True)


@app.command(name="compile")
def compile_(
    export_only: Annotated[Path | None, typer.Option(help="Only write the program for TensorRT, FILE.pt2.")] = None,
    precision: Annotated[str, typer.Option(help="fp16 or fp32.")] = "fp16",
    weights: Annotated[str, typer.Option(help="Shipped weights by name, or a .safetensors file.")] = "",
) -> None:
    """Build the TensorRT engine for this GPU ahead of time, and compare its output with PyTorch's."""
    needs("Compiling", "torch")
    needs_folder(export_only)
    from medn.runtime import EngineRefusedError, RuntimeUnavailableError
    from medn.runtime.engine import TOLERANCES, compile_engine
    from medn.runtime.tensorrt import export_program
    from medn.synthetic.reference_windows import reference_windows
    from medn.weights import SHIPPED, read_weights

    chosen = next((name for name in TOLERANCES if name == precision), None)
    if chosen is None:
        raise refusal(f"--precision {precision} is not known; use {', '.join(TOLERANCES)}.")
    if export_only and export_only.suffix != ".pt2":
        raise refusal(f"{export_only} must end in .pt2.")
    with input_errors():
        found = read_weights(weights or SHIPPED)
        if export_only:
            export_program(found.network(), export_only, chosen)
            stdout.print(str(export_only), soft_wrap=True)
            return
        try:
            compiled = compile_engine(found, reference_windows(), chosen, progress=stderr.print)
        except (EngineRefusedError, RuntimeUnavailableError) as error:
            raise refusal(str(error)) from None
    stdout.print(
        f"{compiled.path}\nBuilt in {compiled.build_s:.0f} s; against PyTorch: {compiled.parity}", soft_wrap=True
    )


@evaluate.command()
def flow(
    maps: Annotated[Path, typer.Argument(help="Published onset→apex flow maps, FILE.npz.")],
    weights: WhichWeights = "",
    picture: Picture = None,
    as_json: AsJson = False,
) -> None:
    """Evaluate the motion branch on real published flow maps that were not used in training."""
    _check_picture(picture)
    needs("The evaluation", "torch")
    from medn.data.flow_archive import read_flow_archive
    from medn.evaluation.recognition import evaluate_flow
    from medn.training.card import refuse_seen
    from medn.weights import SHIPPED, read_weights

    with input_errors():
        found = read_weights(weights or SHIPPED)
        refuse_seen(found, map(str, read_flow_archive(maps).subject_key))
        result = evaluate_flow(maps, found.network().motion)
        _report("flow", result, [result], picture, as_json)


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
    needs("The evaluation", "torch")
    from medn.data.flow_archive import read_flow_archive
    from medn.data.samples import Samples, read_samples
    from medn.training.card import refuse_seen
    from medn.training.loso import loso_flow, loso_samples
    from medn.weights import read_weights

    maps = [path for path in data if path.suffix.lower() == ".npz"]
    if maps and len(data) > 1:
        raise refusal(
            f"{maps[0]} holds flow maps, which are evaluated alone: name one such file, or folders of samples."
        )
    stderr.print("Training once for each subject and seed; this takes minutes to hours.")
    with input_errors(), Count("Trainings") as progress:
        weights, runs = read_weights(init) if init else None, range(seeds)
        start = weights.network() if weights else None
        if maps:
            if weights:
                refuse_seen(weights, map(str, read_flow_archive(maps[0]).subject_key))
            result = loso_flow(maps[0], runs, start.motion if start else None, oracle, progress)
        else:
            samples = Samples.join([read_samples(folder) for folder in data])
            if weights:
                refuse_seen(weights, map(str, samples.subject))
            result = loso_samples(samples, runs, start, progress=progress)
    with input_errors():
        _report("loso", result, result.by_seed, picture, as_json, result.oracle)


def _check_picture(picture: Path | None) -> None:
    if picture:
        needs("A picture", "matplotlib")
        needs_folder(picture)


def _report(
    kind: str,
    result: "Recognition | LosoResult",
    results: "Sequence[Recognition]",
    picture: Path | None,
    as_json: bool,
    oracle: "Sequence[ClassScores]" = (),
) -> None:
    """Print an evaluation as text or JSON, and draw it if a picture path is given."""
    from medn.contract import EMOTIONS
    from medn.evaluation.recognition import recognition_table

    record = {"type": kind, "emotions": EMOTIONS, **asdict(result)}
    stdout.print(json.dumps(record) if as_json else recognition_table(results, oracle), soft_wrap=True)
    if picture:  # last: a picture that cannot be written must not cost hours of training
        from medn.evaluation.picture import draw_recognition

        draw_recognition(results, picture)


def _check_device(name: str) -> None:
    import torch

    if name not in ("cpu", "cuda"):
        raise refusal(f"--device {name} is not known; use cpu or cuda.")
    if name == "cuda" and not torch.cuda.is_available():
        raise refusal("--device cuda: PyTorch finds no NVIDIA GPU here; leave it out to train on the processor.")


def _split(name: str) -> "PortraitSplit":
    from medn.synthetic.portrait import SHARES

    if name not in SHARES:
        raise refusal(f"--split {name} is not known; use {', '.join(SHARES)}.")
    return name
