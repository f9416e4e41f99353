"""`medn train`: from folders of samples to weights with a card, in a run folder from which a stopped run resumes."""

import json
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from medn.data.flow_archive import read_flow_archive
from medn.data.samples import Samples, origin_of, read_samples
from medn.evaluation.folds import refuse_leak
from medn.evaluation.recognition import evaluate_flow
from medn.evaluation.windows import calibrate, evaluate_windows
from medn.model.medn import MEDN
from medn.training.card import own_card, refuse_seen, synthetic_card
from medn.training.config import TrainConfig
from medn.training.run_folder import RunFolder
from medn.training.stages import Stage, StageRun
from medn.weights import read_weights, write_weights

Progress = Callable[[Stage, int, int, dict[str, float]], None]
"""Stage, steps done, steps in all, and the losses of the last step."""

SAVE_EVERY_S = 60.0


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
    `held_out`, or between `validation` and `test`, or `out` holds another run.
    """
    if not flow:
        raise ValueError("Training needs at least one set of samples; make one with `medn synth`.")
    if not name or Path(name).name != name:
        raise ValueError(f"'{name}' is no name for weights, which are files in {out}; give one without a folder.")
    config = config or TrainConfig()
    parts = {folder: read_samples(folder) for folder in (*flow, *windows)}
    others = {folder: read_samples(folder) for folder in (validation, test) if folder}
    for folder, samples in others.items():
        if not samples.with_faces:
            raise ValueError(f"{folder} holds flow alone; calibration and test need windows with faces.")
    if test and not ((np.asarray(others[test].emotion) >= 0) & (np.asarray(others[test].micro) == 1)).any():
        raise ValueError(f"{test} holds no micro-expression of a known class, so nothing can be measured on it.")
    evaluated = {str(subject) for samples in others.values() for subject in samples.subject}
    if maps:
        evaluated |= set(read_flow_archive(maps).subject_key.tolist())
    if validation and test:
        refuse_leak(others[validation].subject.tolist(), others[test].subject.tolist(), "Calibration")
    for samples in parts.values():
        refuse_leak((str(subject) for subject in samples.subject), evaluated)
    origin = {"flow": [origin_of(folder) for folder in flow], "windows": [origin_of(folder) for folder in windows]}
    start = read_weights(init) if init else None
    if start:
        refuse_seen(start, evaluated)
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
        seen = {str(subject) for part in parts.values() for subject in part.subject}
        card = own_card(config, origin, start, seen, temperatures, figures)
    return write_weights(out, name, network, card)


def train(
    config: TrainConfig,
    flow: Samples,
    windows: Samples | None,
    *,
    run: Path | None = None,
    init: MEDN | None = None,
    held_out: Collection[str] = (),
    origin: dict[str, Any] | None = None,
    device: str = "cpu",
    progress: Progress = lambda *_: None,
) -> MEDN:
    """A network trained on `flow` (first stage), then on `windows` (second stage; None leaves it out).

    With a `run` folder, the configuration, what the samples are (`origin`), every step's losses and their curves are
    kept there, the state once a minute, and a killed run of the same configuration goes on where it was. `init` is
    copied and trained on instead of a fresh network. `held_out` are subjects ("source/subject") that the network is to
    be evaluated on: raises ValueError where one is among the samples, where the samples have no faces for the second
    stage, and where `run` holds another configuration.
    """
    parts = [flow] if windows is None else [flow, windows]
    for part in parts:
        refuse_leak((str(subject) for subject in part.subject), held_out)
    if windows is not None and not windows.with_faces:
        raise ValueError("The second stage needs windows with faces, and these samples are of flow alone.")
    torch.manual_seed(config.seed)
    network = MEDN(config.network)
    if init is not None:
        network.load_state_dict(init.state_dict())
    network.to(device).train()
    about = {"config": asdict(config), "samples": [len(part) for part in parts], "origin": origin or {}}
    folder = RunFolder(run, json.loads(json.dumps(about))) if run else None
    stages: list[tuple[Stage, Samples]] = [("motion", flow)]
    if windows is not None:
        stages.append(("windows", windows))
    for stage, samples in stages:
        _run_stage(StageRun(stage, network, samples, config, device), network, folder, progress)
    network.requires_grad_(True).eval()
    if folder:
        folder.finish()
    return network


def _run_stage(stage: StageRun, network: MEDN, folder: RunFolder | None, progress: Progress) -> None:
    if folder and not folder.go_on(stage, network):
        return
    saved = time.monotonic()
    try:
        for losses in stage:
            if folder:
                folder.note(stage, losses)
                if time.monotonic() - saved > SAVE_EVERY_S:
                    folder.save(stage, network)
                    saved = time.monotonic()
            progress(stage.stage, stage.done, stage.steps, losses)
    finally:
        if folder:
            folder.save(stage, network)
