"""`medn evaluate loso` on a user's own databases: all of MEDN, one subject left out at a time."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from medn.evaluation.folds import LosoResult, loso
from medn.evaluation.recognition import Answers, Truth
from medn.evaluation.windows import predict_windows
from medn.model.medn import MEDN
from medn.training.config import TrainConfig
from medn.training.samples import Samples
from medn.training.train import train

FOLD = TrainConfig(motion_steps=120, motion_batch=64, motion_rate=5e-4, window_steps=120, window_batch=16)
"""A fold's training from given weights: short, for a few hundred clips are soon learned by heart."""


def loso_samples(
    samples: Samples,
    seeds: Sequence[int] = (0, 1, 2),
    init: MEDN | None = None,
    config: TrainConfig = FOLD,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> LosoResult:
    """Leave each subject of samples with faces out in turn; the last step counts, no step is chosen by test score.

    Samples without a class are left alone. `init` must not have seen a clip of these subjects. `progress` is told
    trainings done, trainings in all. Raises ValueError where there are fewer than two subjects.
    """
    samples = samples.where(np.asarray(samples.emotion) >= 0)
    truth = Truth.of_samples(samples)
    whole, done = len(np.unique(truth.subject)) * len(seeds), 0

    def fit_predict(learn: NDArray[np.int64], test: NDArray[np.int64], seed: int) -> list[Answers]:
        nonlocal done
        known = samples.where(learn)
        held_out = {str(subject) for subject in truth.subject[test]}
        shape = init.config if init else config.network
        network = train(replace(config, seed=seed, network=shape), known, known, init=init, held_out=held_out)
        done += 1
        progress(done, whole)
        told = predict_windows(network, samples.where(test))
        return [Answers(told.emotion_logits.softmax(dim=1).numpy(), told.au_logits.sigmoid().numpy())]

    return loso(truth, fit_predict, seeds)
