"""The motion branch taught on flow maps of real micro-expressions, for judging by leaving one subject out."""

import copy
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from medn.data.flow_archive import FlowArchive, read_flow_archive
from medn.evaluation.folds import LosoResult, loso
from medn.face.flow import published_maps
from medn.model import AU_NAMES
from medn.model.losses import AU_SCALE, emotion_loss, known_bce
from medn.model.motion import MotionBranch
from medn.training.augment import Augmentation, map_variants, mirror_some

EPOCH_STEPS = 10
"""What the oracle calls an epoch."""
MAPS_AUGMENTATION = Augmentation(slow_share=0.2, noise=0.3)


def loso_flow(
    path: Path, seeds: tuple[int, ...] = (0, 1, 2), init: MotionBranch | None = None, oracle: bool = False
) -> LosoResult:
    """Leave each subject of an archive of flow maps out in turn; the motion branch learns from the others.

    From random weights, or from `init`, which must not have seen a clip of the archive. `oracle`: see
    `medn.evaluation.folds.loso`. Raises ValueError where the file cannot be read.
    """
    archive = read_flow_archive(path)
    maps = torch.from_numpy(published_maps(archive.flow))
    aus = _known_units(archive)

    def fit_predict(train: NDArray[np.int64], test: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
        torch.manual_seed(seed)
        branch = copy.deepcopy(init) if init else MotionBranch()
        label = torch.from_numpy(archive.label[train])
        steps, rate = (80, 5e-4) if init else (160, 2e-3)
        answers = []
        for done in fit_maps(branch, maps[train], label, aus[train], steps=steps, rate=rate, seed=seed):
            if done == steps or (oracle and done % EPOCH_STEPS == 0):
                with torch.inference_mode():
                    logits = branch.eval()(maps[test], torch.zeros(len(test), 2)).emotion_logits
                answers.append(logits.argmax(dim=1).numpy())
                branch.train()
        return np.stack(answers)

    return loso(archive.label, archive.dataset.tolist(), archive.subject.tolist(), fit_predict, seeds, oracle=oracle)


def fit_maps(
    branch: MotionBranch,
    maps: torch.Tensor,
    emotion: torch.Tensor,
    aus: torch.Tensor,
    *,
    steps: int,
    rate: float,
    seed: int,
    batch: int = 64,
) -> Iterator[int]:
    """Teach a branch maps (N, 3, 28, 28), classes (N,) and action units (N, 12; NaN unknown); classes balanced.

    Yields after each step how many are done.
    """
    generator = torch.Generator().manual_seed(seed)
    counts = torch.bincount(emotion, minlength=3).clamp_min(1)
    weights = (1.0 / counts)[emotion]
    optimizer = torch.optim.AdamW(branch.members.parameters(), lr=rate, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.15)
    branch.train()
    for done in range(1, steps + 1):
        at = torch.multinomial(weights, batch, replacement=True, generator=generator)
        varied, _ = mirror_some(map_variants(maps[at], MAPS_AUGMENTATION, generator), None, generator)
        loss = torch.zeros(())
        for au, classes in branch.member_logits(varied, torch.zeros(batch, 2)):
            loss = loss + emotion_loss(classes, emotion[at]) + AU_SCALE * known_bce(au, aus[at])
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
        yield done


def _known_units(archive: FlowArchive) -> torch.Tensor:
    """(N, 12) in the network's order, NaN where the archive does not tell."""
    units = np.full((len(archive), len(AU_NAMES)), np.nan, np.float32)
    for column, name in enumerate(archive.au_names):
        if name in AU_NAMES:
            units[:, AU_NAMES.index(name)] = archive.au[:, column]
    return torch.from_numpy(units)
