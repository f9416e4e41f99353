"""`medn evaluate loso`: training with one subject left out at a time, on own databases or on published flow maps."""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from medn.data.samples import Samples
from medn.evaluation.folds import LosoResult, loso
from medn.evaluation.recognition import Predictions, Truth, predict_maps, read_maps
from medn.evaluation.windows import predict_windows
from medn.face.flow import published_maps
from medn.model.losses import AU_SCALE, emotion_loss, known_bce
from medn.model.medn import MEDN
from medn.model.motion import MotionBranch
from medn.training.augment import Augmentation, map_variants, mirror_some
from medn.training.config import TrainConfig
from medn.training.train import train

FOLD = TrainConfig(motion_steps=120, motion_batch=64, motion_rate=5e-4, window_steps=120, window_batch=16)
"""A fold's training from given weights: short, for a few hundred clips are soon learned by heart."""
EPOCH_STEPS = 10
"""What the oracle calls an epoch."""
MAPS_AUGMENTATION = Augmentation(slow_share=0.2, noise=0.3)


def loso_samples(
    samples: Samples,
    seeds: Sequence[int] = (0, 1, 2),
    init: MEDN | None = None,
    config: TrainConfig = FOLD,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> LosoResult:
    """Leave each subject of samples with faces out in turn; the last step counts, no step is chosen by test score.

    Samples without a class are left alone. `init` must not have seen a clip of these subjects. `progress` gets
    the trainings done and their total. Raises ValueError where there are fewer than two subjects.
    """
    samples = samples.where(np.asarray(samples.emotion) >= 0)
    truth = Truth.of_samples(samples)
    whole, done = len(np.unique(truth.subject)) * len(seeds), 0

    def fit_predict(learn: NDArray[np.int64], test: NDArray[np.int64], seed: int) -> list[Predictions]:
        nonlocal done
        known = samples.where(learn)
        held_out = {str(subject) for subject in truth.subject[test]}
        shape = init.config if init else config.network
        network = train(replace(config, seed=seed, network=shape), known, known, init=init, held_out=held_out)
        done += 1
        progress(done, whole)
        output = predict_windows(network, samples.where(test))
        return [Predictions(output.emotion_logits.softmax(dim=1).numpy(), output.au_logits.sigmoid().numpy())]

    return loso(truth, fit_predict, seeds)


def loso_flow(
    path: Path,
    seeds: Sequence[int] = (0, 1, 2),
    init: MotionBranch | None = None,
    oracle: bool = False,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> LosoResult:
    """Leave each subject of an archive of flow maps out in turn; the motion branch learns from the others.

    From random weights, or from `init`, which must not have seen a clip of the archive. `oracle`: see
    `medn.evaluation.folds.loso`. `progress` gets trainings done and their total. Raises ValueError where the file
    cannot be read, or its maps are not 28 × 28.
    """
    archive = read_maps(path)
    truth, maps = Truth.of_archive(archive), published_maps(archive.flow)
    whole, done = len(np.unique(truth.subject)) * len(seeds), 0

    def fit_predict(learn: NDArray[np.int64], test: NDArray[np.int64], seed: int) -> list[Predictions]:
        nonlocal done
        torch.manual_seed(seed)
        branch = copy.deepcopy(init) if init else MotionBranch()
        known = (torch.from_numpy(each[learn]) for each in (maps, truth.emotion, truth.aus))
        steps, rate = (80, 5e-4) if init else (160, 2e-3)
        epochs = []
        for step in fit_maps(branch, *known, steps=steps, rate=rate, seed=seed):
            if step == steps or (oracle and step % EPOCH_STEPS == 0):
                epochs.append(predict_maps(branch, maps[test]))
                branch.train()
        done += 1
        progress(done, whole)
        return epochs

    return loso(truth, fit_predict, seeds, oracle)


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
    """Train a branch on maps (N, 3, 28, 28), classes (N,) and action units (N, 12; NaN unknown); classes balanced.

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
