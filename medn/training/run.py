"""One whole training run, from folders of samples to weights with a card: what `medn train` does."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from medn.evaluation.flow import evaluate_flow
from medn.evaluation.folds import refuse_leak
from medn.evaluation.windows import calibrate, evaluate_windows
from medn.training.card import own_card, synthetic_card
from medn.training.config import TrainConfig
from medn.training.samples import Samples, origin_of, read_samples
from medn.training.train import Progress, train
from medn.weights import read_weights, write_weights


def run_training(
    out: Path,
    flow: Sequence[Path],
    windows: Sequence[Path],
    *,
    config: TrainConfig | None = None,
    validation: Path | None = None,
    test: Path | None = None,
    maps: Path | None = None,
    init: str | None = None,
    held_out: Collection[str] = (),
    name: str = "medn",
    device: str = "cpu",
    progress: Progress = lambda *_: None,
) -> Path:
    """Train on sets of samples and write `NAME.safetensors`, its card and its ONNX twin into `out`; returns the first.

    `flow` are sets for the first stage, `windows` sets with faces for the second (none: the first stage only).
    `validation` are windows of other people, on which the probabilities are calibrated; `test` windows of still others
    and `maps` an archive of flow maps, which are measured at the end for the card and choose nothing. `init` are
    weights to start from, by name or file. A run in `out` that was killed goes on.

    Raises ValueError where a set cannot be read, subjects are shared between training and the others or with
    `held_out`, or `out` holds another run.
    """
    if not flow:
        raise ValueError("Training needs at least one set of samples; make one with `medn synth`.")
    config = config or TrainConfig()
    parts = {folder: read_samples(folder) for folder in (*flow, *windows)}
    others = {folder: read_samples(folder) for folder in (validation, test) if folder}
    judged = {str(subject) for samples in others.values() for subject in samples.subject}
    for samples in parts.values():
        refuse_leak((str(subject) for subject in samples.subject), judged)
    origin = {"flow": [origin_of(folder) for folder in flow], "windows": [origin_of(folder) for folder in windows]}
    start = read_weights(init) if init else None
    network = train(
        config,
        Samples.join([parts[folder] for folder in flow]),
        Samples.join([parts[folder] for folder in windows]) if windows else None,
        run=out,
        init=start.network() if start else None,
        held_out=held_out,
        origin=origin | ({"init": start.sha256} if start else {}),
        device=device,
        progress=progress,
    ).cpu()
    temperatures = calibrate(network, others[validation]) if validation else {}
    figures: dict[str, Any] = {}
    if test:
        figures["windows_of_unseen_people"] = asdict(evaluate_windows(network, others[test]))
    if maps:
        figures["published_flow_maps_by_the_motion_branch"] = asdict(evaluate_flow(maps, network.motion))
    synthetic = all(str(subject).startswith("synthetic/") for part in parts.values() for subject in part.subject)
    if synthetic and (start is None or start.synthetic):
        card = synthetic_card(config, origin, temperatures, figures)
    else:
        card = own_card(config, origin, start.name if start else None, figures)
    return write_weights(out, name, network, card)
