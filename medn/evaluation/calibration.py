"""Calibrated probabilities: temperature scaling (Guo et al. 2017), folded into the network's heads."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from medn.evaluation.metrics import expected_calibration_error
from medn.model.medn import MEDN

FOLDS, SPLITS = 10, 10
"""Subjects are parted into so many folds, in so many random ways."""


@dataclass(frozen=True, slots=True)
class TemperatureScaling:
    """How well a network's classes are calibrated by one temperature, on subjects that it was not fitted to."""

    temperature: float
    """Fitted on all clips; 1 if the probabilities need none, above 1 if they are over-confident."""
    folds: int
    calibration_error: float
    """Expected calibration error of the held-out subjects' clips: mean over random ways to part the subjects."""
    calibration_error_spread: float
    """Standard deviation over those."""
    log_loss_before: float
    log_loss: float
    """Mean negative log-likelihood of the true class on held-out subjects, as it is and scaled."""


def folded_scaling(
    probability: NDArray[np.floating], truth: NDArray[np.int64], subject: NDArray[np.str_]
) -> TemperatureScaling:
    """Fit a temperature on nine tenths of the subjects and scale the rest with it, in turn.

    `probability` (N, classes) rows that sum to 1, `truth` (N,) class numbers, `subject` (N,). Raises ValueError if
    there are fewer than two subjects.
    """
    subjects = np.unique(subject)
    if len(subjects) < 2:
        raise ValueError("Calibration over folds needs at least two subjects.")
    logits = torch.from_numpy(np.log(np.maximum(probability, 1e-12)).astype(np.float32))
    label = torch.from_numpy(np.asarray(truth, np.int64))
    folds = min(FOLDS, len(subjects))
    errors, losses = [], []
    for split in range(SPLITS):
        order = np.random.default_rng(split).permutation(subjects)
        scaled = torch.empty_like(logits)
        for fold in range(folds):
            held = torch.from_numpy(np.isin(subject, order[fold::folds]))
            scaled[held] = logits[held] / fit_temperature(logits[~held], label[~held])
        errors.append(expected_calibration_error(scaled.softmax(dim=1).numpy(), truth))
        losses.append(float(F.cross_entropy(scaled, label)))
    return TemperatureScaling(
        fit_temperature(logits, label), folds, float(np.mean(errors)), float(np.std(errors)),
        float(F.cross_entropy(logits, label)), float(np.mean(losses)),
    )  # fmt: skip


def fit_temperature(logits: Tensor, truth: Tensor) -> float:
    """The temperature by which logits should be divided.

    (N, classes) logits with (N,) int64 truth are read through a softmax; logits and float truth of one shape through a
    sigmoid. Least negative log-likelihood over 0.1–10, by golden-section search.
    """

    def loss(log_t: float) -> float:
        scaled = logits / 10**log_t
        if truth.dtype == torch.int64:
            return float(F.cross_entropy(scaled, truth))
        return float(F.binary_cross_entropy_with_logits(scaled, truth))

    low, high, golden = -1.0, 1.0, 0.6180339887
    for _ in range(40):
        width = golden * (high - low)
        if loss(high - width) < loss(low + width):
            high = low + width
        else:
            low = high - width
    return float(10 ** ((low + high) / 2))


def fold_temperatures(network: MEDN, emotion: float, micro: float, motion_emotion: float, au: float) -> None:
    """Divide the network's heads by temperatures, so that its outputs are calibrated from now on."""
    heads: list[tuple[nn.Module, float]] = [(network.to_emotion, emotion), (network.to_micro[-1], micro)]
    for member in network.motion.each_member():
        heads += [(member.emotion, motion_emotion), (member.au, au)]
    with torch.no_grad():
        for head, temperature in heads:
            for parameter in head.parameters():
                parameter.div_(temperature)
