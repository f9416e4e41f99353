"""`medn train`: from samples to a trained network in a run folder, which can be killed and gone on with."""

import json
import time
from collections.abc import Callable, Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from medn.evaluation.folds import refuse_leak
from medn.model.medn import MEDN
from medn.training.config import TrainConfig
from medn.training.run_folder import RunFolder
from medn.training.samples import Samples
from medn.training.stages import Stage, StageRun

Progress = Callable[[Stage, int, int, dict[str, float]], None]
"""Stage, steps done, steps in all, and the losses of the last step."""

SAVE_EVERY_S = 60.0


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
    be judged on: raises ValueError where one is among the samples, where the samples have no faces for the second
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
