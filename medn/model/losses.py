"""The training losses: emotion, action units, "is a micro-expression", and orthogonality of the two branches."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from medn.model.medn import Prediction


@dataclass(frozen=True, slots=True)
class Targets:
    """What a batch of B windows should be read as."""

    emotion: Tensor
    """(B,) int64 class, −1 where there is none (unknown, or not a micro-expression)."""
    aus: Tensor
    """(B, 12) float 0 or 1, NaN where unknown."""
    micro: Tensor
    """(B,) float 0 or 1, NaN where unknown."""


AU_SCALE = 4.0
"""A unit is there in one sample of ten, so its loss is small beside the emotion's: in the motion branch's own stage it
is multiplied by this before it is weighed."""


@dataclass(frozen=True, slots=True)
class LossWeights:
    """How much each loss counts beside the emotion's own; our reading throughout."""

    au: float = 1.0
    """The AU-detection task that holds the motion branch to explicit motion; 0 is the "no AU task" ablation."""
    motion_emotion: float = 0.5
    """The motion branch's auxiliary emotion head."""
    micro: float = 1.0
    orthogonality: float = 0.1
    """0 is the "no orthogonality" ablation."""


def medn_loss(prediction: Prediction, targets: Targets, weights: LossWeights) -> dict[str, Tensor]:
    """Each loss by name (scalars), and their weighted sum as "total"."""
    losses = {
        "emotion": emotion_loss(prediction.emotion_logits, targets.emotion),
        "au": known_bce(prediction.au_logits, targets.aus),
        "motion_emotion": emotion_loss(prediction.motion_emotion_logits, targets.emotion),
        "micro": known_bce(prediction.micro_logit, targets.micro),
        "orthogonality": orthogonality(prediction.motion_features, prediction.emotion_features),
    }
    total = losses["emotion"] + sum(getattr(weights, name) * losses[name] for name in losses if name != "emotion")
    return losses | {"total": total}


def orthogonality(motion: Tensor, emotion: Tensor) -> Tensor:
    """Mean squared cosine between two (B, D) feature sets, row by row: 0 where the branches' features are orthogonal.

    From the paper: a loss keeps the branches' features orthogonal. Our reading: squared, so that the sign is free and
    the pull fades as the angle nears 90°; over features centred on the batch, because a shared offset is no content.
    """
    motion, emotion = motion - motion.mean(dim=0), emotion - emotion.mean(dim=0)
    return F.cosine_similarity(motion, emotion, dim=1).square().mean()


def emotion_loss(logits: Tensor, emotion: Tensor) -> Tensor:
    """Cross-entropy of (B, 3) logits over the windows whose class is known; 0 where none is."""
    known = (emotion >= 0).to(logits.dtype)
    each = F.cross_entropy(logits, emotion.clamp_min(0), reduction="none", label_smoothing=0.05)
    return (each * known).sum() / known.sum().clamp_min(1)


def known_bce(logits: Tensor, targets: Tensor) -> Tensor:
    """Binary cross-entropy over the targets that are known (not NaN); 0 where none is."""
    known = ~targets.isnan()
    each = F.binary_cross_entropy_with_logits(logits, torch.nan_to_num(targets), reduction="none")
    return (each * known).sum() / known.sum().clamp_min(1)
